/** One claim: it reads from the committed offset on, and commits with fencing. */
import { setImmediate } from 'node:timers/promises';
import { guarded } from '../../embedded/database.ts';
import { ofKeys } from '../log/key-count.ts';
import type { Claim } from '../log/transport.ts';
import { type Log, shapeOf, wake } from './log.ts';
import { fenced, type Offsets } from './offsets.ts';
import type { Partition } from './records.ts';

/** The most that one fetch returns, unless a single record is larger. */
const FETCH_BYTES = 4 * 1024 * 1024;
/** The longest delay that Node's timers accept. */
const LONGEST_MS = 2 ** 31 - 1;

export function openClaim(log: Log, offsets: Offsets, group: string, partition: Partition): Claim {
  const { epoch, committed } = offsets.claim(group, partition);
  const { begin } = partition;
  const shape = shapeOf(log.topic(partition.topic));
  let position = committed.offset ?? begin;
  let closed = false;

  /** Throws FENCED if there is a newer claim, or if the topic was expanded or created again. */
  function check(): void {
    if (closed) throw fenced(group, partition, 'this claim was closed');
    const { id, partitions } = shapeOf(log.topic(partition.topic));
    if (id !== shape.id || partitions !== shape.partitions) throw fenced(group, partition, 'its topic was expanded');
    offsets.check(group, partition, epoch);
  }

  return {
    partition: partition.partition,
    shape,
    committed,
    begin,

    fetch: ({ maxRecords, maxKeys = maxRecords, waitMs, signal }) =>
      guarded('LOG_AWAY', 'reading the log', async () => {
        // Yield to the event loop. SQLite is synchronous, so a loop of fetches and commits would starve timers and sockets.
        await setImmediate();
        const deadline = performance.now() + waitMs;
        for (;;) {
          const idle = closed || log.stopping() || signal?.aborted === true;
          const records = idle ? [] : ofKeys(log.read(partition, position, maxRecords, FETCH_BYTES), maxKeys);
          const last = records.at(-1);
          // An owner without work commits nothing, so it learns only here that somebody claimed the partition or moved the offset.
          if (last === undefined && !closed) check();
          if (last !== undefined) position = last.offset + 1;
          const left = deadline - performance.now();
          if (last !== undefined || idle || left <= 0) return { records, end: partition.end };
          await change(partition, left, signal);
        }
      }),

    seek(offset) {
      position = offset;
      wake(partition);
    },

    look: () => guarded('LOG_AWAY', 'looking at a claim', check),

    commit: ({ records, offset, metadata }) =>
      guarded('LOG_AWAY', 'committing to the log', () => {
        check();
        log.append(records, () => offsets.commit(group, partition, { epoch, offset, metadata }));
      }),

    async close() {
      closed = true;
      wake(partition);
    },
  };
}

/** Settles when the partition changes, after `ms`, or when `signal` is aborted. */
function change(partition: Partition, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      partition.waiting.delete(done);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(ms, LONGEST_MS));
    partition.waiting.add(done);
    signal?.addEventListener('abort', done);
  });
}
