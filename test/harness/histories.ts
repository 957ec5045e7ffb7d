/** The property of a row's history: replaying the history's records gives the row, whatever crashed while the row was being written. */
import assert from 'node:assert/strict';
import type { Job } from '../../jobs/define.ts';
import type { Change } from '../../jobs/runtime/rows/history/changes.ts';
import { historyOf } from '../../jobs/runtime/rows/history/history.ts';
import type { HistoryEntry } from '../../jobs/runtime/rows/history/judge.ts';
import { type RowStanding, standingOf } from '../../jobs/runtime/rows/history/standing.ts';
import type { Runtime } from '../../jobs/runtime/stores.ts';
import type { Key } from '../../sinks/port.ts';

export interface History {
  readonly standing: RowStanding;
  readonly entries: readonly HistoryEntry[];
  readonly differences: readonly Change[];
  readonly isOnlyOne: boolean;
}

export async function historyIn(job: Job, key: Key, runtime: Runtime): Promise<History> {
  const standing = await standingOf(job, key, runtime);
  const { signal } = new AbortController();
  const history = historyOf(job, standing, runtime, { signal, looked: () => {} });
  const entries: HistoryEntry[] = [];
  for (;;) {
    const step = await history.next();
    if (step.done === true) return { standing, entries, ...step.value };
    entries.push(step.value);
  }
}

/** Checks every row of the job. Returns their number. */
export async function assertHistoriesMakeRows(job: Job, runtime: Runtime): Promise<number> {
  const { items } = await runtime.stores.tables.scan(job.row, { limit: 10_000 });
  for (const { key } of items) {
    const { differences, isOnlyOne } = await historyIn(job, key, runtime);
    assert.deepEqual({ differences, isOnlyOne }, { differences: [], isOnlyOne: false }, `${job.name} ${key.join('/')}`);
  }
  return items.length;
}
