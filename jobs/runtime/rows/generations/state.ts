/**
 * The generations of a job's rows. Each has its own tables. One of them is *current*: the job works on it, and every reader reads it.
 * Others are being made from the topic (`rebuild.ts`), or were kept when they were replaced (`swap.ts`). The tables store which one is
 * current, beside the claims. A claim reads it after it has set its token and fenced the old owner. A swap first stores that it has begun,
 * then fences every owner. So no owner works on a generation that is no longer current.
 */
import { TributaryError } from '../../../../core/errors.ts';
import type { TableDef } from '../../../../core/target.ts';
import type { Tables } from '../../../../sinks/tables/port.ts';
import { versioned } from '../../../../topics/log/formats.ts';
import type { Job } from '../../../define.ts';
import type { Pause } from '../../pauses.ts';

export interface Generations {
  readonly current: number;
  /** The largest number ever used. No number is used twice, so a late write never reaches a new generation. */
  readonly last: number;
  /** The generations that have tables, in order. */
  readonly kept: readonly number[];
  /** Generations that are made from the archive as well as from the topic. Absent if there never was one. */
  readonly archived?: readonly number[];
  readonly swap: Swap | undefined;
  /** The pauses and resumptions of the job, the latest last. Absent if it was never paused. */
  readonly turns?: readonly Turn[];
}

/** An operator paused or resumed the job. */
export interface Turn extends Pause {
  readonly to: 'paused' | 'running';
}

export interface Swap {
  readonly from: number;
  readonly to: number;
  /** `held`: the job's partitions have no owner until `to` is current. `views`: `to` is current, and its views are being written. */
  readonly stage: 'held' | 'views';
  /** Above the tokens of all owners before the swap, and below those of all owners after it; 0 while the job is held. */
  readonly token: number;
}

const FIRST: Generations = { current: 1, last: 1, kept: [1], swap: undefined };
const VERSION = 1;
/** In characters: the longest table name that every store accepts. */
const LONGEST_NAME = 48;

export async function generationsOf(tables: Pick<Tables, 'generations'>, job: string): Promise<Generations> {
  const stored = await tables.generations(job);
  return stored === undefined ? FIRST : parse(stored.state);
}

/** Throws FORMAT_NEWER. */
function parse(state: string): Generations {
  return { swap: undefined, ...JSON.parse(versioned(state, VERSION, 'the generations of a job') ?? '') };
}

/** Whether the generation is made from the archive, too. */
export const isArchived = ({ archived = [] }: Generations, generation: number): boolean =>
  archived.includes(generation);

export function formatGenerations(generations: Generations): string {
  return `${VERSION}|${JSON.stringify(generations)}`;
}

/** Changes the stored state of a job's generations. Tries again if it changed meanwhile. `change` returns undefined for no change. */
export async function changeGenerations(
  tables: Pick<Tables, 'generations' | 'setGenerations'>,
  job: string,
  change: (now: Generations) => Generations | undefined,
): Promise<Generations> {
  for (;;) {
    const stored = await tables.generations(job);
    const now = stored === undefined ? FIRST : parse(stored.state);
    const after = change(now);
    if (after === undefined) return now;
    const state = formatGenerations(after);
    if (await tables.setGenerations(job, stored?.state, { current: after.current, state })) return after;
  }
}

const generationOf = ({ generation }: TableDef): number => generation ?? 1;

const known = new WeakMap<TableDef, Map<number, TableDef>>();
/** The declared table, by the table of a generation. */
const declarations = new WeakMap<TableDef, TableDef>();

/** The table of one generation. `table` is the declared one, or that of another generation. The first one has the declared name. */
export function tableOf(table: TableDef, generation: number): TableDef {
  const declared = declarations.get(table) ?? table;
  const ofIt = known.get(declared) ?? new Map<number, TableDef>();
  known.set(declared, ofIt);
  const found = ofIt.get(generation) ?? { ...declared, name: nameOf(declared.name, generation), generation };
  ofIt.set(generation, found);
  declarations.set(found, declared);
  return found;
}

/** The job as it works on one generation of its rows. */
export const atGeneration = (job: Job, generation: number): Job => ({ ...job, row: tableOf(job.row, generation) });

function nameOf(name: string, generation: number): string {
  if (generation === 1) return name;
  const suffix = `_g${generation}`;
  if (name.length + suffix.length <= LONGEST_NAME) return `${name}${suffix}`;
  throw new TributaryError(
    'DECLARATION_INVALID',
    `the name of the table ${name} is too long for another generation: with ${suffix} it would have more than ${LONGEST_NAME} characters; choose a shorter name`,
  );
}

/** Throws unless the job may work on its generation now. Called by the newest claim. */
export async function checkGeneration(tables: Pick<Tables, 'generations'>, job: Job): Promise<void> {
  const { current, swap } = await generationsOf(tables, job.name);
  if (swap?.stage === 'held') {
    throw new TributaryError(
      'GENERATION_HELD',
      `${job.name} waits while generation ${swap.to} of its rows becomes the current one; if no process is doing that any more, go on with \`tributary rebuild ${job.name} ${swap.to > swap.from ? '--swap' : '--back'} --yes\``,
    );
  }
  const own = generationOf(job.row);
  if (current !== own) throw movedOn(job.name, own, `generation ${current} is the current one`);
}

export function movedOn(job: string, generation: number, why: string): TributaryError {
  return new TributaryError(
    'GENERATION_MOVED',
    `${job} must not work on generation ${generation} of its rows any more: ${why}; start it again`,
  );
}
