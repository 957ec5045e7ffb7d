/**
 * Writes the changes of a view with bulk requests, several at a time. Each has few enough documents and bytes to stay
 * far below the limits of servers and proxies. A document that failed for a transient reason is sent again; the others
 * of its request are not.
 */
import type { Change, WriteResult } from '../../port.ts';
import { type Elasticsearch, failureOf, isPassing, refusal, type Sending } from './client.ts';
import type { IndexRequests } from './request.ts';

export interface Bounds {
  readonly documents: number;
  readonly bytes: number;
  /** The number of bulk requests of one call that are in flight at once. */
  readonly together: number;
  /** How long one bulk request may take with all its attempts, in ms. */
  readonly patienceMs: number;
}

/** A change as two lines of a bulk request, and the index of its result. */
interface Entry {
  readonly position: number;
  readonly lines: string;
}

export async function writeAll(
  elasticsearch: Elasticsearch,
  requests: IndexRequests,
  changes: readonly Change[],
  { doing, ...bounds }: Bounds & { readonly doing: string },
): Promise<WriteResult[]> {
  const results = new Array<WriteResult>(changes.length);
  const chunks = chunksOf(requests, changes, results, bounds);
  const failing = new AbortController();
  const write = async (): Promise<void> => {
    for (const chunk of chunks) {
      if (failing.signal.aborted) return;
      const sending = { doing, deadline: performance.now() + bounds.patienceMs, signal: failing.signal };
      await writeChunk({ elasticsearch, requests, results, sending, patienceMs: bounds.patienceMs }, chunk);
    }
  };
  // The writers share the chunks: each takes the next one when it is done.
  await Promise.all(Array.from({ length: bounds.together }, write)).catch((error: unknown) => {
    failing.abort();
    throw error;
  });
  return results;
}

/** Yields each chunk while earlier ones are sent. Sets the results of changes that are never sent. */
function* chunksOf(
  requests: IndexRequests,
  changes: readonly Change[],
  results: WriteResult[],
  bounds: Bounds,
): Generator<Entry[], undefined> {
  const now = new Date().toISOString();
  let [chunk, size]: [Entry[], number] = [[], 0];
  for (const [position, change] of changes.entries()) {
    const lines = requests.write(change, now);
    if (typeof lines !== 'string') {
      results[position] = lines;
      continue;
    }
    const bytes = Buffer.byteLength(lines);
    if (chunk.length > 0 && (chunk.length >= bounds.documents || size + bytes > bounds.bytes)) {
      yield chunk;
      [chunk, size] = [[], 0];
    }
    chunk.push({ position, lines });
    size += bytes;
  }
  if (chunk.length > 0) yield chunk;
}

interface Item {
  readonly status: number;
  readonly error?: unknown;
}

const TOO_LARGE = 413;

interface ChunkContext {
  readonly elasticsearch: Elasticsearch;
  readonly requests: IndexRequests;
  /** The results of all changes, by index. */
  readonly results: WriteResult[];
  readonly sending: Sending;
  readonly patienceMs: number;
}

async function writeChunk(context: ChunkContext, chunk: readonly Entry[]): Promise<void> {
  const { elasticsearch, requests, results, sending, patienceMs } = context;
  let left = chunk;
  for (let attempt = 0; ; attempt += 1) {
    // Elasticsearch itself waits for a missing shard for at most half of the time, so that another attempt is possible.
    const request = requests.bulk(
      left.map(({ lines }) => lines),
      Math.ceil(patienceMs / 2),
    );
    const { status, body } = await elasticsearch.send(request, sending, [TOO_LARGE]);
    if (status === TOO_LARGE) {
      const [first] = left;
      if (left.length === 1 && first !== undefined) {
        const bytes = Buffer.byteLength(first.lines);
        results[first.position] = {
          refused: `the document is too large for Elasticsearch: ${bytes} bytes with its words`,
        };
        return;
      }
      const middle = Math.ceil(left.length / 2);
      for (const half of [left.slice(0, middle), left.slice(middle)]) {
        await writeChunk(context, half);
      }
      return;
    }
    const { items } = body as { items: readonly { readonly index: Item }[] };
    let passing: string | undefined;
    left = left.filter(({ position }, number) => {
      const result = resultOf(items[number]?.index, sending.doing);
      if ('again' in result) passing = result.again;
      else results[position] = result.done;
      return 'again' in result;
    });
    if (passing === undefined) return;
    await elasticsearch.pause(attempt, passing, sending);
  }
}

/** The result of one document, or the reason to send it again. Throws if no document can be written. */
function resultOf(item: Item | undefined, doing: string): { done: WriteResult } | { again: string } {
  const { status, error } = item ?? { status: 500 };
  if (status < 300) return { done: 'written' };
  if (status === 409) return { done: 'stale' };
  const { type, reason } = failureOf({ error });
  if (isPassing(status, type)) return { again: `Elasticsearch answers ${status}: ${reason}` };
  if (status !== 400 || ofTheIndex(type, reason)) throw refusal(status, type, reason, doing);
  return { done: { refused: `${type}: ${reason}` } };
}

/** Whether the error would occur for every document. */
function ofTheIndex(type: string, reason: string): boolean {
  return (
    type === 'strict_dynamic_mapping_exception' ||
    type === 'index_closed_exception' ||
    reason.includes('no write index')
  );
}
