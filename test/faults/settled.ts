/** Whether the jobs have nothing left to do: no records to read, and no timers due. */

import { timerFired } from '../../core/event.ts';
import { jobs } from '../../jobs/index.ts';
import type { Stores } from '../../jobs/runtime/stores.ts';
import { viewLags } from '../../topics/log/progress.ts';

export const PARTITIONS = 6;

export interface Standing {
  /** The number of records that jobs have not read. */
  readonly lag: number;
  /** The sum of the committed offsets of all partitions. */
  readonly committed: number;
  /** The sum of the end offsets of all partitions. */
  readonly end: number;
}

export async function standing({ transport }: Pick<Stores, 'transport'>): Promise<Standing> {
  const lags = (await Promise.all(jobs.map((job) => transport.lag(job.name, job.from.name)))).flat();
  const sum = (of: (one: (typeof lags)[number]) => number): number => lags.reduce((all, one) => all + of(one), 0);
  return { lag: sum(({ lag }) => lag), committed: sum((one) => one.committed ?? 0), end: sum(({ end }) => end) };
}

export async function isSettled(stores: Pick<Stores, 'transport' | 'tables'>): Promise<boolean> {
  const before = await standing(stores);
  if (before.lag > 0 || (await anyViewBehind(stores)) || (await anyTimerDue(stores))) return false;
  // Meanwhile a job that was checked before may have emitted events that another job has yet to read.
  const after = await standing(stores);
  return after.lag === 0 && after.end === before.end;
}

async function anyViewBehind({ transport }: Pick<Stores, 'transport'>): Promise<boolean> {
  const all = await Promise.all(jobs.map((job) => transport.committed(job.name, job.from.name)));
  return all.some((committed) => viewLags(committed).size > 0);
}

async function anyTimerDue({ tables }: Pick<Stores, 'tables'>): Promise<boolean> {
  for (const job of jobs) {
    if (!job.on.some(({ type }) => type === timerFired.type)) continue;
    for (let partition = 0; partition < PARTITIONS; partition++) {
      if ((await tables.due(job.row, [partition], Date.now(), 1)).length > 0) return true;
    }
  }
  return false;
}
