/**
 * Stores pauses, with who began and ended them, beside the generations of a job's rows, where all workers of the job can read them. A
 * rollup or another group has no rows of its own; its pauses are stored there under its name
 * (docs/decisions/0068-a-pause-is-stored-with-the-generations.md).
 */
import type { Tables } from '../../../../sinks/tables/port.ts';
import type { Pause } from '../../pauses.ts';
import { changeGenerations, type Generations, generationsOf, type Turn } from './state.ts';

/** How many turns are kept: the latest. */
const MOST_KEPT = 50;

type Stored = Pick<Tables, 'generations' | 'setGenerations'>;

export interface Turned {
  /** The pause now. */
  readonly pause: Pause | undefined;
  /** Whether this call changed it. */
  readonly changed: boolean;
}

export async function pauseOf(tables: Pick<Tables, 'generations'>, job: string): Promise<Pause | undefined> {
  return pauseIn(await generationsOf(tables, job));
}

/** Keeps the existing pause if the job is paused already. */
export const pauseJob = (tables: Stored, job: string, pause: Pause): Promise<Turned> =>
  turn(tables, job, { ...pause, to: 'paused' });

export const resumeJob = (tables: Stored, job: string, by: Pause): Promise<Turned> =>
  turn(tables, job, { ...by, to: 'running' });

async function turn(tables: Stored, job: string, to: Turn): Promise<Turned> {
  let changed = false;
  const after = await changeGenerations(tables, job, (now) => {
    changed = (pauseIn(now) !== undefined) !== (to.to === 'paused');
    return changed ? { ...now, turns: [...(now.turns ?? []), to].slice(-MOST_KEPT) } : undefined;
  });
  return { pause: pauseIn(after), changed };
}

function pauseIn({ turns = [] }: Generations): Pause | undefined {
  const last = turns.at(-1);
  return last?.to === 'paused' ? { by: last.by, why: last.why, at: last.at } : undefined;
}
