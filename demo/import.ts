/**
 * Imports a list of events into the log exactly once, whatever happens to the process meanwhile.
 *
 * The import is its own consumer group on its own small topic, which has no records. The offset that it commits is the number of events of
 * the list that are in the log, in one transaction with these events. So the next process continues where the last one stopped, and finds
 * nothing to do when everything is done.
 *
 * The metadata of the same commit identify the source of the list. A list from another source is refused, since its events have other
 * places.
 */
import { setImmediate } from 'node:timers/promises';
import { TributaryError } from '../core/errors.ts';
import { DEFAULT_TENANT } from '../core/event.ts';
import type { Codec } from '../topics/codec/codec.ts';
import { newRecord } from '../topics/codec/new-record.ts';
import type { Claim, Membership, NewRecord, Transport } from '../topics/log/transport.ts';
import { type DemoEvent, SOURCE } from './events.ts';

const GROUP = 'import-demo';
const TOPIC = { name: 'demo.imports', partitions: 1, retentionMs: 30 * 24 * 60 * 60 * 1000 };

export interface Import {
  /** How many events of the list are in the log. */
  readonly done: number;
  /** The length of the list, if an import has begun. With it, a caller can see whether the list is needed at all. */
  readonly total: number | undefined;
  /**
   * Continues with the list, with `chunk` events per transaction, until its first `until` events are in the log. Topics have to exist and
   * the codec to be prepared. `progress` is called after each transaction with the number of events in the log.
   */
  run(
    events: readonly DemoEvent[],
    options: { until: number; chunk: number; progress: (done: number) => void },
  ): Promise<void>;
  close(): Promise<void>;
}

/** `made` identifies the source of the list. Throws ALREADY_EXISTS if an import has begun with a list from another source. */
export async function openImport(transport: Transport, codec: Codec, made: string): Promise<Import> {
  await transport.createTopics([TOPIC]);
  const assigned = Promise.withResolvers<void>();
  const membership = await transport.join(GROUP, TOPIC.name, {
    assigned: () => assigned.resolve(),
    revoked: async () => {},
  });
  await assigned.promise;
  const claim = await membership.claim(0);
  const begun = parseImport(claim.committed.metadata);
  if (begun !== undefined && begun.made !== made) {
    await leave(claim, membership);
    throw new TributaryError(
      'ALREADY_EXISTS',
      `this installation has the demo with ${begun.made}, not with ${made}: ask for the same again, or choose another folder with --data`,
    );
  }
  let done = claim.committed.offset ?? 0;
  let total = begun?.total;

  return {
    get done() {
      return done;
    },
    get total() {
      return total;
    },

    async run(events, { until, chunk, progress }) {
      const counts = await partitionCounts(transport);
      const metadata = JSON.stringify({ made, total: events.length });
      total = events.length;
      while (done < until) {
        const next = events.slice(done, Math.min(done + chunk, until));
        const now = Date.now();
        const records = next.map((event) => recordOf(event, codec, counts, now));
        await claim.commit({ records, offset: done + next.length, metadata });
        done += next.length;
        progress(done);
        // An embedded log answers at once. Without this, signals and the display would wait until the end.
        await setImmediate();
      }
    },

    close: () => leave(claim, membership),
  };
}

function parseImport(metadata: string): { made: string; total: number } | undefined {
  return metadata === '' ? undefined : JSON.parse(metadata);
}

async function leave(claim: Claim, membership: Membership): Promise<void> {
  await claim.close();
  await membership.leave();
}

async function partitionCounts(transport: Transport): Promise<ReadonlyMap<string, number>> {
  const topics = await transport.describe();
  return new Map(topics.map(({ name, partitions }) => [name, partitions.length]));
}

/** `now` is the time of the record, in ms since 1970 UTC: the log keeps the record as long as any other, however old its event is. */
function recordOf(event: DemoEvent, codec: Codec, counts: ReadonlyMap<string, number>, now: number): NewRecord {
  const { topic, def, id, time, data } = event;
  const partitions = counts.get(topic.name);
  if (partitions === undefined) {
    throw new TributaryError('TOPIC_MISSING', `the demo needs the topic ${topic.name}; create the topics first`);
  }
  return newRecord({ def, id, source: SOURCE, tenant: DEFAULT_TENANT, time, data }, { topic, partitions, codec, now });
}
