/**
 * How a row came to be: every record of the topic that concerns it, in order, with what the runtime made of it. Memory holds one page of
 * records of the partition at a time, and only this row.
 */
import type { Job } from '../../../define.ts';
import type { Runtime } from '../../stores.ts';
import { checkRebuildable } from '../generations/silent.ts';
import { wantedOf } from '../plan.ts';
import { type Change, changesBetween, NO_ROW } from './changes.ts';
import { type HistoryEntry, RowJudge } from './judge.ts';
import type { RowStanding } from './standing.ts';

const RECORDS_AT_ONCE = 512;

export interface HistoryOptions {
  readonly signal: AbortSignal;
  /** Called after each page with the number of records read so far. */
  readonly looked: (records: number) => void;
}

/** What is known once all records are folded. */
export interface HistoryEnd {
  /** The differences between the row that the records make and the stored row; empty if they are equal. */
  readonly differences: readonly Change[];
  /** Whether only one of the two has a row. */
  readonly isOnlyOne: boolean;
}

/**
 * Ends with a comparison of the stored row with the one that its records make. Throws USAGE if the topic was expanded since the job began,
 * because older records may lie in other partitions.
 */
export async function* historyOf(
  job: Job,
  standing: RowStanding,
  runtime: Runtime,
  { signal, looked }: HistoryOptions,
): AsyncGenerator<HistoryEntry, HistoryEnd> {
  const { transport, codec } = runtime.stores;
  await checkRebuildable(transport, job);
  const judge = await RowJudge.open(job, standing, runtime);
  const { partition, begin, end, row } = standing;
  let count = 0;
  for (let next = begin; next < end; ) {
    signal.throwIfAborted();
    const records = await transport.read(job.from.name, partition, next, RECORDS_AT_ONCE);
    await codec.learn(records, wantedOf(job));
    for (const record of records) {
      if (record.offset >= end) break;
      const entry = await judge.judge(record);
      if (entry !== undefined) yield entry;
    }
    // What is left may be transaction markers, which cannot be read.
    next = (records.at(-1)?.offset ?? end) + 1;
    count += records.length;
    looked(count);
  }
  const made = judge.state;
  const is = row ?? NO_ROW;
  const isOnlyOne = (made.data === undefined) !== (is.data === undefined);
  return { differences: changesBetween(job.row, made, is), isOnlyOne };
}
