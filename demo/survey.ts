/** The progress of jobs, from their transport and tables. */

import { timerFired } from '../core/event.ts';
import type { Job } from '../jobs/define.ts';
import type { Stores } from '../jobs/runtime/stores.ts';
import type { Work } from '../jobs/runtime/work.ts';
import type { GroupLag } from '../topics/log/transport.ts';

export interface TopicProgress {
  readonly topic: string;
  /** Records that every job of the topic has read. */
  readonly read: number;
  readonly total: number;
}

export interface Survey {
  /** The topics that the jobs read, in the order of the jobs. */
  readonly topics: readonly TopicProgress[];
  /**
   * Whether there was a moment during the survey at which the jobs had nothing left to do: everything was read and no timer was due. Then
   * no derived event was on its way, since it is appended together with the offset of its cause.
   */
  readonly quiet: boolean;
}

type Lags = ReadonlyMap<Job | Work, GroupLag[]>;

/** `now` is the time up to which timers are due, in ms since 1970 UTC. */
export async function survey(
  stores: Pick<Stores, 'transport' | 'tables'>,
  works: readonly (Job | Work)[],
  now: number,
): Promise<Survey> {
  const lags = new Map<Job | Work, GroupLag[]>();
  for (const job of works) lags.set(job, await stores.transport.lag(job.name, job.from.name));
  const behind = [...lags.values()].flat().some(({ lag }) => lag > 0);
  const quiet = !behind && !(await timerIsDue(stores, lags, now)) && !(await hasGrown(stores, lags));
  return { topics: progressOf(lags), quiet };
}

async function timerIsDue({ tables }: Pick<Stores, 'tables'>, lags: Lags, now: number): Promise<boolean> {
  for (const [job, partitions] of lags) {
    if (!('row' in job) || !job.on.includes(timerFired)) continue;
    for (const { partition } of partitions) {
      if ((await tables.due(job.row, [partition], now, 1)).length > 0) return true;
    }
  }
  return false;
}

/** Offsets only grow. A log that still ends where its groups were found has been read to its end throughout. */
async function hasGrown({ transport }: Pick<Stores, 'transport'>, lags: Lags): Promise<boolean> {
  const ends = new Map<string, number>();
  for (const { name, partitions } of await transport.describe([...lags.keys()].map((job) => job.from.name))) {
    for (const { partition, end } of partitions) ends.set(`${name}/${partition}`, end);
  }
  return [...lags].some(([job, partitions]) =>
    partitions.some(({ partition, end }) => ends.get(`${job.from.name}/${partition}`) !== end),
  );
}

function progressOf(lags: Lags): TopicProgress[] {
  return [...Map.groupBy(lags, ([job]) => job.from.name)].map(([topic, groups]) => {
    let read = 0;
    let total = 0;
    // Groups are surveyed in sequence, so a later one may know a later end.
    for (const of of Map.groupBy(
      groups.flatMap(([, partitions]) => partitions),
      ({ partition }) => partition,
    ).values()) {
      const begin = Math.max(...of.map((each) => each.begin));
      total += Math.max(...of.map(({ end }) => end)) - begin;
      read += Math.max(0, Math.min(...of.map(({ end, lag }) => end - lag)) - begin);
    }
    return { topic, read, total };
  });
}
