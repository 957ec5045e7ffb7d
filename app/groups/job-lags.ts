/** How far behind the groups of an installation are, according to its log. */

import type { Pause } from '../../jobs/runtime/pauses.ts';
import { viewLags } from '../../topics/log/progress.ts';
import type { GroupLag } from '../../topics/log/transport.ts';
import { workNamed } from '../platform/names.ts';
import { possibleGroupsOf } from '../platform/works.ts';
import type { Failure } from '../run/running-jobs.ts';
import type { Wired } from '../stores/wiring.ts';
import { pausesOf } from './pauses.ts';

/** What the log alone knows. */
export interface LogLag {
  readonly job: string;
  readonly topic: string;
  readonly lag: number;
  readonly partitions: readonly GroupLag[];
  /** The views that are behind the rows of the job, with the number of records. */
  readonly views: Readonly<Record<string, number>>;
  /** The error that ended the job, if this process runs it and it failed. Failures in other processes are unknown. */
  readonly failed: Failure | null;
}

export interface JobLag extends LogLag {
  /** The pause, if the job is paused and the tables, which store pauses, answer. */
  readonly paused: Pause | null;
}

export type Lagging = Pick<Wired, 'stores' | 'platform' | 'failed'>;

export async function lagsOf(wired: Lagging, names: readonly string[]): Promise<JobLag[]> {
  const pauses = await pausesOf(wired.stores.tables, names);
  return (await logLagsOf(wired, names)).map((lag) => ({ ...lag, paused: pauses.get(lag.job) ?? null }));
}

export async function logLagsOf(
  { stores: { transport }, platform, failed }: Lagging,
  names: readonly string[],
): Promise<LogLag[]> {
  const lags: LogLag[] = [];
  for (const job of names) {
    const { from } = workNamed(job, possibleGroupsOf(platform));
    const partitions = await transport.lag(job, from.name);
    lags.push({
      job,
      topic: from.name,
      lag: partitions.reduce((sum, { lag }) => sum + lag, 0),
      partitions,
      views: Object.fromEntries(viewLags(await transport.committed(job, from.name))),
      failed: failed.get(job) ?? null,
    });
  }
  return lags;
}
