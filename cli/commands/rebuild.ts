/** `tributary rebuild`: makes a job's rows again from topic and archive, beside the job. See `jobs/runtime/rows/generations/`. */

import { jobNamed } from '../../app/platform/names.ts';
import { prepareSchemas } from '../../app/stores/wiring.ts';
import { shownLine } from '../../app/text/shown.ts';
import { TributaryError } from '../../core/errors.ts';
import type { Job } from '../../jobs/define.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import { compareGenerations } from '../../jobs/runtime/rows/generations/compare.ts';
import { checkDrop, dropGeneration } from '../../jobs/runtime/rows/generations/drop.ts';
import { openGeneration, positionsOf, rebuildGeneration } from '../../jobs/runtime/rows/generations/rebuild.ts';
import { groupOf, judgedBy } from '../../jobs/runtime/rows/generations/silent.ts';
import { type Generations, generationsOf, isArchived, tableOf } from '../../jobs/runtime/rows/generations/state.ts';
import { swapGeneration } from '../../jobs/runtime/rows/generations/swap.ts';
import type { Runtime } from '../../jobs/runtime/stores.ts';
import type { Telemetry } from '../../jobs/runtime/telemetry.ts';
import { type Context, endOf, GoOn, print, printJson, printTable, type Run } from '../context.ts';
import { FAILED, usage } from '../errors.ts';
import { type ProgressLine, progressLine } from '../output/progress-line.ts';
import { comparisonLines, isEqual } from './rebuild/comparison.ts';
import { fromArchive, fromArchiveIfNeeded } from './rebuild/from-archive.ts';

export interface Args {
  readonly job: string;
  readonly what: 'make' | 'status' | 'compare' | 'swap' | 'back' | 'drop';
  /** For `drop`. */
  readonly generation: number | null;
  readonly follow: boolean;
  /** Whether to read records that the topic has lost from its archive. */
  readonly archive: boolean;
  readonly yes: boolean;
  readonly json: boolean;
  /** Whether progress is shown on a terminal. */
  readonly progress: boolean;
}

interface Doing {
  readonly context: Context;
  readonly args: Args;
  readonly job: Job;
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
  readonly line: ProgressLine;
  /** Prints a line beside the progress, to the standard error. */
  readonly say: (text: string) => void;
}

export const run: Run<Args> = async (context, args) => {
  const { wired, stderr, handover } = context;
  const line = progressLine(stderr, args.progress);
  const say = (text: string): void => {
    line.clear();
    stderr.write(`${shownLine(text)}\n`);
  };
  const job = jobNamed(args.job, wired.platform.jobs);
  const doing: Doing = {
    context,
    args,
    job,
    runtime: wired.runtime(reporting(say)),
    signal: endOf(context),
    line,
    say,
  };
  try {
    return await DO[args.what](doing);
  } catch (error) {
    if (handover?.aborted === true && !context.signal.aborted) return new GoOn(args);
    throw error;
  } finally {
    line.clear();
  }
};

/** Reports only waiting. The job itself reported everything else when it read the records. */
function reporting(say: (text: string) => void): Telemetry {
  return {
    tell(event) {
      if (event.kind === 'waiting' || event.kind === 'job-waiting') {
        say(`${event.code}: ${event.message}; again in ${event.delayMs} ms`);
      }
      if (event.kind === 'records-lost') {
        say(
          `partition ${event.partition}: the log begins at ${event.to}, so the records from ${event.from} up to there are not in these rows`,
        );
      }
    },
  };
}

const DO: Readonly<Record<Args['what'], (doing: Doing) => Promise<number | undefined>>> = {
  make,
  status,
  compare,
  swap: (doing) => swap(doing, (now) => Math.max(0, ...now.kept.filter((each) => each > now.current))),
  back: (doing) => swap(doing, (now) => Math.max(0, ...now.kept.filter((each) => each < now.current))),
  drop,
};

async function make(doing: Doing): Promise<undefined> {
  const { context, args, job, signal, line, say } = doing;
  await prepareSchemas(doing.runtime.stores.codec, context.wired.platform);
  // Opened first: if there is no archive, no generation is begun.
  const asked = args.archive ? await fromArchive(doing) : undefined;
  const generation = await openGeneration(job, doing.runtime, args.archive);
  const isWhole = isArchived(await generationsOf(doing.runtime.stores.tables, job.name), generation);
  const runtime = asked ?? (isWhole ? await fromArchive(doing) : doing.runtime);
  const startedAt = systemClock.elapsed();
  let [first, behind] = [-1, 0];
  try {
    await rebuildGeneration(job, generation, runtime, {
      signal,
      follow: args.follow,
      // Each look is a query of the archive.
      ...(isWhole && { lookMs: ARCHIVE_LOOK_MS }),
      progress(positions) {
        behind = positions.reduce((sum, { lag }) => sum + lag, 0);
        if (first < 0) first = behind;
        const perSecond = Math.round(((first - behind) * 1000) / Math.max(1, systemClock.elapsed() - startedAt));
        line.show(`generation ${generation}: ${number(behind)} behind (${number(perSecond)}/s)`);
      },
    });
  } catch (error) {
    if (!(error instanceof TributaryError && error.code === 'GENERATION_MOVED' && args.follow)) throw error;
    say(error.message);
  }
  const { table } = { table: tableOf(job.row, generation).name };
  if (args.json) await printJson(context, { job: job.name, generation, table, behind });
  else {
    const next = `compare it with --compare, make it current with --swap`;
    await print(context, `generation ${generation} of ${job.name} (${table}) has caught up with the job: ${next}`);
  }
  return undefined;
}

const ARCHIVE_LOOK_MS = 1000;

interface Status {
  readonly generation: number;
  readonly table: string;
  readonly is: 'current' | 'becoming current' | 'kept' | 'being made';
  readonly group: string;
  /** How many offsets it has yet to read: up to the position of the job, or for the current generation up to the end of the topic. */
  readonly behind: number;
}

async function statusOf({ job, runtime }: Doing, now: Generations): Promise<Status[]> {
  const { transport } = runtime.stores;
  const ends = await judgedBy(transport, job);
  const sum = (lags: readonly { readonly lag: number }[]): number => lags.reduce((total, { lag }) => total + lag, 0);
  return Promise.all(
    now.kept.map(async (generation) => {
      const isCurrent = generation === now.current;
      const lags = isCurrent
        ? await transport.lag(job.name, job.from.name)
        : await positionsOf(job, generation, transport, { ends, isWhole: isArchived(now, generation) });
      return {
        generation,
        table: tableOf(job.row, generation).name,
        is: isOf(now, generation),
        group: isCurrent ? job.name : groupOf(job.name, generation),
        behind: sum(lags),
      };
    }),
  );
}

function isOf({ current, swap }: Generations, generation: number): Status['is'] {
  if (generation === current) return 'current';
  if (generation === swap?.to) return 'becoming current';
  return generation < current ? 'kept' : 'being made';
}

async function status(doing: Doing): Promise<undefined> {
  const { context, args, job, runtime } = doing;
  const now = await generationsOf(runtime.stores.tables, job.name);
  const generations = await statusOf(doing, now);
  if (args.json) {
    await printJson(context, { job: job.name, current: now.current, swap: now.swap ?? null, generations });
    return undefined;
  }
  const rows = generations.map(({ generation, table, is, group, behind }) => [generation, table, is, group, behind]);
  await printTable(context, ['generation', 'table', 'is', 'group', 'behind'], rows);
  if (now.swap !== undefined)
    await print(context, `the swap to generation ${now.swap.to} is not finished: ${finish(job, now)}`);
  return undefined;
}

const finish = ({ name }: Job, { swap }: Generations): string =>
  `continue with \`tributary rebuild ${name} ${(swap?.to ?? 0) > (swap?.from ?? 0) ? '--swap' : '--back'} --yes\``;

async function compare(doing: Doing): Promise<number | undefined> {
  const { context, args, job, runtime, signal, line, say } = doing;
  const { current, kept } = await generationsOf(runtime.stores.tables, job.name);
  const other = kept.findLast((each) => each > current) ?? kept.findLast((each) => each !== current);
  if (other === undefined)
    throw usage(`${job.name} has one generation of rows; make another one with \`tributary rebuild ${job.name}\``);
  const compared = await compareGenerations(job, other, runtime, {
    signal,
    waiting: ({ code, message }, delayMs) => say(`${code}: ${message}; again in ${delayMs} ms`),
    progress: (rows) => line.show(`${number(rows)} rows compared`),
  });
  line.clear();
  if (args.json) await printJson(context, compared);
  else for (const text of comparisonLines(compared)) await print(context, text);
  return isEqual(compared) ? undefined : FAILED;
}

async function swap(doing: Doing, choose: (now: Generations) => number): Promise<number | undefined> {
  const { context, args, job, signal, line, say } = doing;
  const { tables, codec } = doing.runtime.stores;
  const flag = args.what === 'swap' ? '--swap' : '--back';
  const now = await generationsOf(tables, job.name);
  const to = now.swap?.to ?? choose(now);
  if (to === 0 || (now.swap === undefined && to === now.current)) {
    const way = args.what === 'swap' ? 'newer' : 'older';
    throw usage(
      `${job.name} has no ${way} generation of its rows than ${now.current}, the current one: nothing was done${way === 'newer' ? `; \`tributary rebuild ${job.name}\` makes one` : ''}`,
    );
  }
  const isWhole = args.archive || isArchived(now, to);
  const behind = (await statusOf(doing, now)).find(({ generation }) => generation === to)?.behind ?? 0;
  const plan = [
    `Generation ${to} (${tableOf(job.row, to).name}) of ${job.name} would become the current one instead of ${now.swap?.from ?? now.current}.`,
    `It is ${number(behind)} behind the job; it catches up first, while the job keeps running.`,
    'Then the owners of the job stop for a moment, and continue where they were, with its rows. No event is emitted again.',
    'After that, all views are written from its rows, and view records that only the previous rows had are removed.',
    `The previous generation is kept: \`--back\` makes it current again, \`--drop ${now.swap?.from ?? now.current}\` deletes it.`,
  ];
  if (!args.yes) {
    if (args.json)
      await printJson(context, { done: false, job: job.name, from: now.swap?.from ?? now.current, to, behind });
    else for (const text of [...plan, `Nothing was done: do it with ${flag} --yes.`]) await print(context, text);
    return undefined;
  }
  await prepareSchemas(codec, context.wired.platform);
  const runtime = isWhole ? await fromArchiveIfNeeded(doing, to) : doing.runtime;
  let failed = 0;
  const heldAt = { begun: 0, heldMs: 0 };
  await swapGeneration(job, to, runtime, {
    signal,
    step(what, of) {
      if (what === 'held') heldAt.begun = systemClock.elapsed();
      if (what === 'current') {
        heldAt.heldMs = Math.round(systemClock.elapsed() - heldAt.begun);
        say(`generation ${to} is the current one; the job was held for ${number(heldAt.heldMs)} ms`);
      }
      line.show(of === undefined ? what : `${what}: ${of}`);
    },
    failed(view, key, why) {
      failed += 1;
      if (failed <= FAILURES_SHOWN) say(`may be wrong in ${view}: ${key}: ${why}`);
    },
    waiting: ({ code, message }, delayMs) => say(`${code}: ${message}; again in ${delayMs} ms`),
  });
  line.clear();
  if (args.json) await printJson(context, { done: true, job: job.name, to, heldMs: heldAt.heldMs, failed });
  else
    await print(context, `${job.name} works on generation ${to} (${tableOf(job.row, to).name}), and its views show it`);
  return failed === 0 ? undefined : FAILED;
}

const FAILURES_SHOWN = 20;

async function drop({ context, args, job, runtime }: Doing): Promise<undefined> {
  const generation = args.generation as number;
  const before = await generationsOf(runtime.stores.tables, job.name);
  checkDrop(job, generation, before);
  const isKept = before.kept.includes(generation);
  const { name } = tableOf(job.row, generation);
  if (args.yes) await dropGeneration(job, generation, runtime);
  if (args.json) await printJson(context, { done: args.yes, job: job.name, generation, table: name });
  else if (args.yes || !isKept) {
    const when = isKept ? '' : ' already';
    await print(context, `generation ${generation} of ${job.name} (${name}) is deleted${when}`);
  } else {
    await print(
      context,
      `The table ${name} would be deleted, with all rows of generation ${generation} of ${job.name}.`,
    );
    await print(context, `Nothing was done: do it with --drop ${generation} --yes.`);
  }
  return undefined;
}

const number = (value: number): string => value.toLocaleString('en');
