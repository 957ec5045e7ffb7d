/** Deletes documents that were marked as removed long ago. */
import { type Elasticsearch, failureOf, isPassing, refusal, type Sending } from './client.ts';
import { OWN } from './mapping.ts';

const AT_ONCE = 1000;

interface Hit {
  readonly _id: string;
  readonly _seq_no: number;
  readonly _primary_term: number;
}

/**
 * Deletes the documents of an index that were removed before a time in ISO 8601, and returns how many. A document that
 * was written again meanwhile is kept. Each round has its own deadline.
 */
export async function cleanUp(
  elasticsearch: Elasticsearch,
  name: string,
  before: string,
  sending: () => Sending,
): Promise<number> {
  const path = `/${encodeURIComponent(name)}`;
  let deleted = 0;
  for (let attempt = 0; ; ) {
    const round = sending();
    await elasticsearch.send({ method: 'POST', path: `${path}/_refresh` }, round);
    const { body } = await elasticsearch.send(
      {
        method: 'POST',
        path: `${path}/_search`,
        query: { allow_partial_search_results: false },
        body: {
          size: AT_ONCE,
          _source: false,
          seq_no_primary_term: true,
          query: { range: { [`${OWN}.removed`]: { lt: before } } },
        },
      },
      round,
    );
    const { hits } = (body as { hits: { hits: readonly Hit[] } }).hits;
    if (hits.length === 0) return deleted;
    const lines = hits.map(({ _id, _seq_no, _primary_term }) => {
      return `${JSON.stringify({ delete: { _id, if_seq_no: _seq_no, if_primary_term: _primary_term } })}\n`;
    });
    const { body: answer } = await elasticsearch.send(
      { method: 'POST', path: `${path}/_bulk`, lines: lines.join('') },
      round,
    );
    const { items } = answer as { items: readonly { delete: { status: number; error?: unknown } }[] };
    let passing: string | undefined;
    for (const { delete: item } of items) {
      const { type, reason } = failureOf(item);
      if (item.status < 300) deleted += 1;
      else if (isPassing(item.status, type)) passing = `Elasticsearch answers ${item.status}: ${reason}`;
      else if (item.status !== 409 && item.status !== 404) throw refusal(item.status, type, reason, round.doing);
    }
    attempt = passing === undefined ? 0 : attempt + 1;
    if (passing !== undefined) await elasticsearch.pause(attempt, passing, round);
  }
}
