/**
 * The log of a topic including what it has lost: below the first offset that can still be read, records come from the archive. So a reader
 * that reads the topic from its beginning reads beyond its retention, and no other code needs to know.
 */
import { withKinds } from '../../jobs/runtime/retrying.ts';
import type { Snapshot } from '../../sinks/delta/index.ts';
import type { Topic } from '../../topics/define.ts';
import { shortId } from '../../topics/log/origin.ts';
import type { Claim, LogRecord, Transport } from '../../topics/log/transport.ts';
import { type Archived, ArchiveReader, recordOf } from './archive-reader.ts';
import type { KeptStores } from './kept.ts';

export interface ArchivedLog {
  readonly transport: Transport;
  /** By partition: the first offset that is in the archive but not in the log; undefined where there is none. */
  readonly firsts: readonly (number | undefined)[];
}

export interface ArchivedLogParts {
  readonly stores: KeptStores;
  readonly transport: Transport;
  readonly topic: Topic;
  /** Of the topic's archive. */
  readonly snapshot: Snapshot;
  readonly signal: AbortSignal;
}

export async function archivedLog(parts: ArchivedLogParts): Promise<ArchivedLog> {
  const { stores, transport, topic, snapshot, signal } = parts;
  const reader = new ArchiveReader(stores, topic, snapshot);
  const [info] = await transport.describe([topic.name]);
  const topicId = shortId(info?.id);
  const begins = (info?.partitions ?? []).map(({ begin }) => begin);
  const extents = (await reader.extents(signal)).filter((each) => each.topicId === topicId);
  const firsts = begins.map((begin, partition) => {
    const first = extents.find((each) => each.partition === partition)?.first;
    return first !== undefined && first < begin ? first : undefined;
  });
  const archived = (partition: number, from: number): AsyncGenerator<Archived[]> =>
    reader.read({ topicId, partition, from, to: begins[partition] ?? 0 }, signal);

  const wrapped: Transport = {
    ...withKinds(transport, {}),
    async describe(names) {
      const found = await transport.describe(names);
      return found.map((each) =>
        each.name !== topic.name
          ? each
          : {
              ...each,
              partitions: each.partitions.map((one) => ({ ...one, begin: firsts[one.partition] ?? one.begin })),
            },
      );
    },
    async read(name, partition, offset, limit) {
      if (name !== topic.name || offset >= (begins[partition] ?? 0)) {
        return transport.read(name, partition, offset, limit);
      }
      for await (const some of archived(partition, offset)) return some.slice(0, limit).map(recordOf);
      return transport.read(name, partition, begins[partition] ?? 0, limit);
    },
    async join(group, name, listener) {
      const membership = await transport.join(group, name, listener);
      return {
        get partitions() {
          return membership.partitions;
        },
        async claim(partition) {
          const claim = await membership.claim(partition);
          const first = firsts[partition];
          if (name !== topic.name || first === undefined || shortId(claim.shape.id) !== topicId) return claim;
          // The log may have lost more since.
          const { begin } = claim;
          return archivedClaim(claim, first, (from) => reader.read({ topicId, partition, from, to: begin }, signal));
        },
        leave: () => membership.leave(),
      };
    },
  };
  return { transport: wrapped, firsts };
}

function archivedClaim(claim: Claim, first: number, archived: (from: number) => AsyncGenerator<Archived[]>): Claim {
  const { begin } = claim;
  let next = begin;
  let source: AsyncGenerator<Archived[]> | undefined;
  let buffer: LogRecord[] = [];

  async function fill(): Promise<void> {
    if (buffer.length > 0) return;
    source ??= archived(next);
    const { value } = await source.next();
    buffer = value?.map(recordOf) ?? [];
  }

  return {
    partition: claim.partition,
    shape: claim.shape,
    committed: claim.committed,
    begin: first,
    async fetch(options) {
      if (next < begin) {
        await fill();
        const records = buffer.slice(0, options.maxRecords);
        buffer = buffer.slice(records.length);
        const last = records.at(-1);
        if (last !== undefined) {
          next = last.offset + 1;
          return { records, end: begin };
        }
        next = begin;
        claim.seek(begin);
      }
      return claim.fetch(options);
    },
    seek(offset) {
      next = offset;
      buffer = [];
      source = undefined;
      if (offset >= begin) claim.seek(offset);
    },
    look: () => claim.look(),
    commit: (transaction) => claim.commit(transaction),
    close: () => claim.close(),
  };
}
