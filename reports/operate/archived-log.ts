/**
 * The log of a topic including the records it has lost: below the first offset that can still be read, records come from the archive. So a
 * consumer that starts at the beginning of the topic reads beyond its retention, and no other code needs to know.
 */
import { TributaryError } from '../../core/errors.ts';
import { withKinds } from '../../jobs/runtime/retrying.ts';
import type { Snapshot } from '../../sinks/delta/index.ts';
import type { Topic } from '../../topics/define.ts';
import { ofKeys } from '../../topics/log/key-count.ts';
import { shortId } from '../../topics/log/origin.ts';
import type { Claim, LogRecord, Transport } from '../../topics/log/transport.ts';
import { archiveOf } from '../runtime/archive-source.ts';
import { type Archived, ArchiveReader, recordOf } from './archive-reader.ts';
import { type ArchivedPart, archivedParts, checkJoined, checkWhole } from './archived-parts.ts';
import type { KeptStores } from './kept.ts';

export interface ArchivedLog {
  readonly transport: Transport;
  readonly parts: readonly ArchivedPart[];
}

export interface ArchivedLogParts {
  readonly stores: KeptStores;
  readonly transport: Transport;
  readonly topic: Topic;
  /** The snapshot of the topic's archive. */
  readonly snapshot: Snapshot;
  /** The job or datasource that reads. Of the records for one reader alone, it gets its own. */
  readonly reader: string;
  /** Whether to refuse the log if anything is missing: records for one job alone, or records between the archive and the topic. */
  readonly whole: boolean;
  readonly signal: AbortSignal;
}

/** Throws USAGE if it has to be whole and is not. A claim does so too, if the topic has lost more since. */
export async function archivedLog(options: ArchivedLogParts): Promise<ArchivedLog> {
  const { stores, transport, topic, snapshot, reader: name, whole, signal } = options;
  const reader = new ArchiveReader(stores, topic, snapshot, { reader: name });
  const archive = await archivedParts({ transport, topic, snapshot, reader, signal });
  if (whole) await checkWhole(archive, { topic, reader, signal });
  const { topicId, parts } = archive;
  const archived = (partition: number, from: number, limit: number): AsyncGenerator<Archived[]> =>
    reader.read({ topicId, partition, from, to: parts[partition]?.begin ?? 0, limit }, signal);

  const wrapped: Transport = {
    ...withKinds(transport, {}),
    async describe(names) {
      const found = await transport.describe(names);
      return found.map((each) =>
        each.name !== topic.name
          ? each
          : {
              ...each,
              partitions: each.partitions.map((one) => ({ ...one, begin: parts[one.partition]?.first ?? one.begin })),
            },
      );
    },
    async read(name, partition, offset, limit) {
      const begin = parts[partition]?.begin ?? 0;
      if (name !== topic.name || offset >= begin) return transport.read(name, partition, offset, limit);
      for await (const some of archived(partition, offset, limit)) return some.map(recordOf);
      return transport.read(name, partition, begin, limit);
    },
    async join(group, name, listener) {
      const membership = await transport.join(group, name, listener);
      return {
        get partitions() {
          return membership.partitions;
        },
        async claim(partition) {
          const claim = await membership.claim(partition);
          const part = parts[partition];
          if (name !== topic.name || part?.first === undefined || shortId(claim.shape.id) !== topicId) return claim;
          // The log may have lost more since.
          const { begin } = claim;
          if (whole) {
            try {
              checkJoined(archiveOf(topic), part, begin);
            } catch (error) {
              await claim.close();
              throw error;
            }
          }
          return archivedClaim(claim, {
            first: part.first,
            archived: (from) => reader.read({ topicId, partition, from, to: begin }, signal),
            beginOfLog: async () => {
              const [info] = await transport.describe([name]);
              return info?.partitions[partition]?.begin ?? begin;
            },
          });
        },
        leave: () => membership.leave(),
      };
    },
  };
  return { transport: wrapped, parts };
}

interface Before {
  /** The first offset that the archive has. */
  readonly first: number;
  readonly archived: (from: number) => AsyncGenerator<Archived[]>;
  /** The first offset of the topic's partition at the time of the call. */
  readonly beginOfLog: () => Promise<number>;
}

function archivedClaim(claim: Claim, { first, archived, beginOfLog }: Before): Claim {
  const { begin } = claim;
  let next = Math.max(claim.committed.offset ?? first, first);
  let isInLog = next >= begin;
  let source: AsyncGenerator<Archived[]> | undefined;
  let buffer: LogRecord[] = [];

  async function fill(): Promise<void> {
    if (buffer.length > 0) return;
    source ??= archived(next);
    const { value } = await source.next();
    buffer = value?.map(recordOf) ?? [];
  }

  async function fetchArchived(maxRecords: number, maxKeys: number): Promise<LogRecord[]> {
    await fill();
    const records = ofKeys(buffer.slice(0, maxRecords), maxKeys);
    buffer = buffer.slice(records.length);
    const last = records.at(-1);
    if (last !== undefined) {
      next = last.offset + 1;
      return records;
    }
    const now = await beginOfLog();
    if (now > begin) {
      throw new TributaryError(
        'FENCED',
        `partition ${claim.partition} of ${claim.shape.name} begins at ${now} now, and began at ${begin} when it was claimed; claim it again`,
      );
    }
    isInLog = true;
    claim.seek(begin);
    return records;
  }

  return {
    partition: claim.partition,
    shape: claim.shape,
    committed: claim.committed,
    begin: first,
    async fetch(options) {
      if (!isInLog) {
        const records = await fetchArchived(options.maxRecords, options.maxKeys ?? options.maxRecords);
        if (records.length > 0) return { records, end: begin };
      }
      return claim.fetch(options);
    },
    seek(offset) {
      next = offset;
      buffer = [];
      source = undefined;
      isInLog = offset >= begin;
      if (isInLog) claim.seek(offset);
    },
    look: () => claim.look(),
    commit: (transaction) => claim.commit(transaction),
    close: () => claim.close(),
  };
}
