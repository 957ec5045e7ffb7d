/**
 * The generations of a job's rows. Each has tables of its own; one of them is *current*: the job works on it, and everybody reads it. Others are
 * made from the topic beside it (`rebuild.ts`), or kept from before a swap (`swap.ts`). Which one is current is said in the tables, where
 * the claims are: a claim reads it when its token is set and the old owner is fenced, and a swap fences every owner once it has said that it
 * has begun. So no owner works on a generation that is not current any more.
 */
import { TributaryError } from '../../../../core/errors.ts';
import type { TableDef } from '../../../../core/target.ts';
import type { Tables } from '../../../../sinks/tables/port.ts';
import { versioned } from '../../../../topics/log/formats.ts';
import type { Job } from '../../../define.ts';

export interface Generations {
  readonly current: number;
  /** The largest that there ever was: no number is used again, so that what is written late meets nothing new. */
  readonly last: number;
  /** Those that have tables, in order. */
  readonly kept: readonly number[];
  readonly swap: Swap | undefined;
}

export interface Swap {
  readonly from: number;
  readonly to: number;
  /** `held`: nobody owns the job's partitions until the other generation is current. `views`: it is, and views are made of its rows. */
  readonly stage: 'held' | 'views';
  /** Below the tokens of all owners since, above those of all before; 0 while it is held. */
  readonly token: number;
}

const FIRST: Generations = { current: 1, last: 1, kept: [1], swap: undefined };
const VERSION = 1;
/** What names of tables may have in every store. */
const LONGEST_NAME = 48;

export async function generationsOf(tables: Pick<Tables, 'generations'>, job: string): Promise<Generations> {
  const stored = await tables.generations(job);
  return stored === undefined ? FIRST : parse(stored.state);
}

/** Throws FORMAT_NEWER. */
function parse(state: string): Generations {
  return { swap: undefined, ...JSON.parse(versioned(state, VERSION, 'the generations of a job') ?? '') };
}

export function formatGenerations(generations: Generations): string {
  return `${VERSION}|${JSON.stringify(generations)}`;
}

/** Changes what is said of a job's generations, again where somebody else has changed it meanwhile. `change` answers undefined for nothing. */
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
/** By the table of a generation: the one that is declared. */
const declarations = new WeakMap<TableDef, TableDef>();

/** The table of one generation of the rows that are declared so, or of which another generation is given. The first has the declared name. */
export function tableOf(table: TableDef, generation: number): TableDef {
  const declared = declarations.get(table) ?? table;
  const ofIt = known.get(declared) ?? new Map<number, TableDef>();
  known.set(declared, ofIt);
  const found = ofIt.get(generation) ?? { ...declared, name: nameOf(declared.name, generation), generation };
  ofIt.set(generation, found);
  declarations.set(found, declared);
  return found;
}

/** The job, working on one generation of its rows. */
export const atGeneration = (job: Job, generation: number): Job => ({ ...job, row: tableOf(job.row, generation) });

function nameOf(name: string, generation: number): string {
  if (generation === 1) return name;
  const suffix = `_g${generation}`;
  if (name.length + suffix.length <= LONGEST_NAME) return `${name}${suffix}`;
  throw new TributaryError(
    'DECLARATION_INVALID',
    `the table ${name} has a name that is too long for another generation of it: with ${suffix} it would have more than ${LONGEST_NAME} characters; choose a shorter name`,
  );
}

/** Throws unless the job may work on its generation now. Called by a claim that is the newest. */
export async function checkGeneration(tables: Pick<Tables, 'generations'>, job: Job): Promise<void> {
  const { current, swap } = await generationsOf(tables, job.name);
  if (swap?.stage === 'held') {
    throw new TributaryError(
      'GENERATION_HELD',
      `${job.name} waits while generation ${swap.to} of its rows becomes the current one; if nobody is at it any more, go on with \`tributary rebuild ${job.name} ${swap.to > swap.from ? '--swap' : '--back'} --yes\``,
    );
  }
  const own = generationOf(job.row);
  if (current !== own) throw movedOn(job.name, own, `generation ${current} is the current one`);
}

export function movedOn(job: string, generation: number, why: string): TributaryError {
  return new TributaryError(
    'GENERATION_MOVED',
    `${job} is not to work on generation ${generation} of its rows any more: ${why}; start it again`,
  );
}
