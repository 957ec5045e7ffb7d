/** Pauses of jobs, for operators of an installation. */
import { kindOf, TributaryError } from '../../core/errors.ts';
import { hint } from '../../core/hint.ts';
import type { Pause } from '../../jobs/runtime/pauses.ts';
import { pauseJob, pauseOf, resumeJob } from '../../jobs/runtime/rows/generations/pause.ts';
import type { Tables } from '../../sinks/tables/port.ts';
import { possibleGroupsOf } from '../platform/works.ts';
import type { Wired } from '../stores/wiring.ts';
import { timeText } from '../text/time-text.ts';

/** None while the tables do not answer: the lag is still worth reporting. */
export async function pausesOf(
  tables: Pick<Tables, 'generations'>,
  names: readonly string[],
): Promise<ReadonlyMap<string, Pause>> {
  const pauses = new Map<string, Pause>();
  try {
    for (const name of names) {
      const pause = await pauseOf(tables, name);
      if (pause !== undefined) pauses.set(name, pause);
    }
  } catch (error) {
    if (kindOf(error) !== 'retry') throw error;
  }
  return pauses;
}

/** `is paused by ada since 2026-03-01T10:02:03Z: the mail server moves`. */
export const pauseText = ({ by, at, why }: Pause): string =>
  `is paused${by === '' ? '' : ` by ${by}`} since ${timeText(at)}${why === '' ? '' : `: ${why}`}`;

interface Turning {
  readonly job: string;
  readonly to: 'paused' | 'running';
}

interface By {
  readonly by: string;
  readonly why: string;
  /** Report what would be done, and do nothing. */
  readonly dryRun: boolean;
}

export interface TurnedJob {
  /** Null if it is not paused. */
  readonly paused: Pause | null;
  /** Whether the call changed the pause, or in a dry run would have. */
  readonly changed: boolean;
}

/** Pauses or resumes a job. Throws NOT_FOUND if no job has the name. */
export async function turnJob(
  { stores: { tables }, platform }: Pick<Wired, 'stores' | 'platform'>,
  { job, to }: Turning,
  { by, why, dryRun }: By,
): Promise<TurnedJob> {
  const names = possibleGroupsOf(platform).map(({ name }) => name);
  if (!names.includes(job)) throw new TributaryError('NOT_FOUND', `there is no job ${job}${hint(job, names)}`);
  const pause = { by, why, at: Date.now() };
  if (dryRun) {
    const now = await pauseOf(tables, job);
    return { paused: to === 'paused' ? (now ?? pause) : null, changed: (now !== undefined) !== (to === 'paused') };
  }
  const turned = await (to === 'paused' ? pauseJob : resumeJob)(tables, job, pause);
  return { paused: turned.pause ?? null, changed: turned.changed };
}
