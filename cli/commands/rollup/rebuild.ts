/** `tributary rollup rebuild`: makes a datasource's table again from its topic, beside the rollup. See `reports/operate/rebuild.ts`. */

import { found } from '../../../app/platform/names.ts';
import { type KeptTable, rollupTables } from '../../../app/stores/kept-tables.ts';
import { prepareSchemas, rollupSettingsOf } from '../../../app/stores/wiring.ts';
import { shownLine } from '../../../app/text/shown.ts';
import { TributaryError } from '../../../core/errors.ts';
import { systemClock } from '../../../jobs/runtime/clock.ts';
import type { Telemetry } from '../../../jobs/runtime/telemetry.ts';
import type { Datasource } from '../../../reports/define-datasource.ts';
import { compareTables, isEqual } from '../../../reports/operate/compare.ts';
import { dropGeneration, madeGenerations, openNewest } from '../../../reports/operate/generations.ts';
import { rebuildGeneration } from '../../../reports/operate/rebuild.ts';
import { currentGeneration, makeCurrent, tableName } from '../../../reports/runtime/generations.ts';
import { endOf, GoOn, print, printJson, printTable, type Run } from '../../context.ts';
import { FAILED, usage } from '../../errors.ts';
import { progressLine } from '../../output/progress-line.ts';
import { comparisonLines } from './rebuild/comparison.ts';
import {
  type Args,
  type Doing,
  lostDays,
  type Status,
  snapshotOf,
  statusesOf,
  transportWithArchive,
} from './rebuild/doing.ts';
import { counted } from './tables.ts';

export type { Args };

export const run: Run<Args> = async (context, args) => {
  const { wired, stderr, handover } = context;
  const kept: KeptTable = found('datasource', args.datasource, rollupTables(wired.platform));
  const line = progressLine(stderr, args.progress);
  const say = (text: string): void => {
    line.clear();
    stderr.write(`${shownLine(text)}\n`);
  };
  try {
    return await DO[args.what]({
      context,
      args,
      datasource: kept.datasource as Datasource,
      source: kept.source,
      stores: await wired.segments(),
      runtime: wired.runtime(printingTelemetry(say)),
      signal: endOf(context),
      line,
      say,
    });
  } catch (error) {
    if (handover?.aborted === true && !context.signal.aborted) return new GoOn(args);
    throw error;
  } finally {
    line.clear();
  }
};

/** Reports only waiting and lost records. The rollup itself reported everything else when it read the records. */
function printingTelemetry(say: (text: string) => void): Telemetry {
  return {
    tell(event) {
      if (event.kind === 'waiting') say(`${event.code}: ${event.message}; again in ${event.delayMs} ms`);
      if (event.kind === 'records-lost') {
        const { partition, from, to } = event;
        say(
          `partition ${partition}: the log begins at ${to}, so the records from ${from} up to there are not in this table`,
        );
      }
    },
  };
}

const DO: Readonly<Record<Args['what'], (doing: Doing) => Promise<number | undefined>>> = {
  make,
  status,
  compare,
  swap,
  back,
  drop,
};

async function make(doing: Doing): Promise<undefined> {
  const { context, args, datasource, source, stores } = doing;
  const { generation: current } = await currentGeneration(stores.objects, source.prefix);
  const generation = await openNewest(stores.objects, source.prefix, current);
  await catchUp(doing, generation);
  const table = tableName(source.prefix, generation);
  if (args.json) await printJson(context, { datasource: datasource.name, generation, table });
  else {
    const next = 'compare it with --compare, make it current with --swap';
    await print(context, `generation ${generation} of ${datasource.name} (${table}) has counted the topic: ${next}`);
  }
  return undefined;
}

/** Counts everything that the topic has now. */
async function catchUp(doing: Doing, generation: number): Promise<void> {
  const { context, args, source, stores, runtime, signal, line } = doing;
  const { wired } = context;
  await prepareSchemas(runtime.stores.codec, wired.platform);
  const transport = args.archive ? await transportWithArchive(doing) : runtime.stores.transport;
  const startedAt = systemClock.elapsed();
  let first = -1;
  await rebuildGeneration(
    {
      source,
      generation,
      stores,
      runtime: { ...runtime, stores: { ...runtime.stores, transport } },
      settings: rollupSettingsOf(wired.config),
    },
    {
      signal,
      progress(behind) {
        if (first < 0) first = behind;
        const perSecond = Math.round(((first - behind) * 1000) / Math.max(1, systemClock.elapsed() - startedAt));
        line.show(`generation ${generation}: ${number(behind)} behind (${number(perSecond)}/s)`);
      },
    },
  );
}

async function status(doing: Doing): Promise<undefined> {
  const { context, args, datasource } = doing;
  const generations = await statusesOf(doing);
  if (args.json) {
    await printJson(context, { datasource: datasource.name, generations });
    return undefined;
  }
  const rows = generations.map(({ generation, table, is, group, firstDay, lastDay, behind }) => {
    return [generation, table, is, group, firstDay ?? '-', lastDay ?? '-', behind];
  });
  await printTable(context, ['generation', 'table', 'is', 'group', 'first day', 'last day', 'behind'], rows);
  return undefined;
}

async function compare(doing: Doing): Promise<number | undefined> {
  const { context, args, datasource, stores, signal, line } = doing;
  const statuses = await statusesOf(doing);
  const current = statuses.find(({ is }) => is === 'current');
  const other = statuses.findLast(({ is }) => is === 'being made') ?? statuses.findLast(({ is }) => is === 'kept');
  if (current === undefined || other === undefined) {
    throw usage(
      `${datasource.name} has one table; make another one with \`tributary rollup rebuild ${datasource.name}\``,
    );
  }
  const [before, after] = [await snapshotOf(doing, current.generation), await snapshotOf(doing, other.generation)];
  if (before === undefined || after === undefined)
    throw usage('nothing has been counted into one of the two tables yet');
  const { duck, cache } = stores;
  const compared = await compareTables(datasource, before, after, {
    duck,
    cache,
    signal,
    progress: (days, of) => line.show(`${number(days)} of ${number(of)} days compared`),
  });
  line.clear();
  if (args.json) await printJson(context, { before: current, after: other, ...compared });
  else for (const text of comparisonLines(compared, current, other)) await print(context, text);
  return isEqual(compared) ? undefined : FAILED;
}

async function swap(doing: Doing): Promise<undefined> {
  return become(doing, (statuses, current) => statuses.findLast(({ generation }) => generation > current.generation));
}

async function back(doing: Doing): Promise<undefined> {
  return become(doing, (statuses, current) => statuses.findLast(({ generation }) => generation < current.generation));
}

async function become(
  doing: Doing,
  choose: (statuses: readonly Status[], current: Status) => Status | undefined,
): Promise<undefined> {
  const { context, args, datasource, source, stores } = doing;
  const isSwap = args.what === 'swap';
  // Read first: if another process makes a generation current meanwhile, that is noticed at the end.
  const pointer = await currentGeneration(stores.objects, source.prefix);
  const statuses = await statusesOf(doing);
  const current = statuses.find(({ generation }) => generation === pointer.generation);
  const to = current && choose(statuses, current);
  if (current === undefined || to === undefined) {
    const way = isSwap ? 'newer' : 'older';
    throw usage(`${datasource.name} has no ${way} table than generation ${pointer.generation}, the current one`);
  }
  const lost = await lostDays(doing, current, to);
  if (!args.yes) {
    const plan = [
      `Generation ${to.generation} (${to.table}) of ${datasource.name} would become the current one instead of ${current.generation}.`,
      isSwap
        ? `It is ${number(to.behind)} behind the topic; it catches up first, while the rollup keeps running.`
        : `It is ${number(to.behind)} behind the topic: the rollup continues there, as far back as the topic reaches.`,
      'The rollup notices within seconds, and continues in that table where it stands. Queries read it at once.',
      ...(lost.length === 0
        ? []
        : [`Only the current table has ${counted(lost.length, 'day')}: ${lost[0]} to ${lost.at(-1)}.`]),
      `The other table is kept: ${isSwap ? '`--back`' : '`--swap`'} makes it current again, \`--drop ${current.generation}\` deletes it.`,
    ];
    if (args.json) {
      await printJson(context, {
        done: false,
        datasource: datasource.name,
        from: current.generation,
        to: to.generation,
        behind: to.behind,
        lostDays: lost,
      });
    } else {
      const flag = isSwap ? '--swap' : '--back';
      for (const text of [...plan, `Nothing was done: do it with ${flag} --yes.`]) await print(context, text);
    }
    return undefined;
  }
  if (isSwap) await catchUp(doing, to.generation);
  try {
    await makeCurrent(stores.objects, source.prefix, pointer, to.generation);
  } catch (error) {
    if (!(error instanceof TributaryError && error.code === 'ALREADY_EXISTS')) throw error;
    throw usage(`somebody else has made a table of ${datasource.name} current meanwhile; look at it with --status`);
  }
  if (args.json)
    await printJson(context, { done: true, datasource: datasource.name, from: current.generation, to: to.generation });
  else await print(context, `${datasource.name} is counted in generation ${to.generation} (${to.table}) from now on`);
  return undefined;
}

async function drop({ context, args, datasource, source, stores, line }: Doing): Promise<undefined> {
  const generation = args.generation as number;
  const { generation: current } = await currentGeneration(stores.objects, source.prefix);
  const { kept, last } = await madeGenerations(stores.objects, source.prefix);
  if (generation === current) throw usage(`generation ${generation} of ${datasource.name} is the current one`);
  // An earlier drop may have left a part of the generation.
  if (!kept.includes(generation) && (generation < 1 || generation > last)) {
    throw usage(`${datasource.name} has no generation ${generation}; it has ${kept.join(', ')}`);
  }
  const table = tableName(source.prefix, generation);
  const deleted = args.yes
    ? await dropGeneration(stores.objects, source.prefix, generation, (count) =>
        line.show(`${number(count)} objects deleted`),
      )
    : 0;
  line.clear();
  if (args.json) await printJson(context, { done: args.yes, datasource: datasource.name, generation, table, deleted });
  else if (args.yes) await print(context, `generation ${generation} of ${datasource.name} (${table}) is deleted`);
  else {
    await print(context, `The table ${table} would be deleted, and nobody could read it any more.`);
    await print(context, `Nothing was done: do it with --drop ${generation} --yes.`);
  }
  return undefined;
}

const number = (value: number): string => value.toLocaleString('en');
