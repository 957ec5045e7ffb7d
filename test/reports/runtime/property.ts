/**
 * The property: rollups count every visit once. Counting processes are killed between any two effects, wake up late, run two at a time, and
 * are rewound. Other processes, killed as often, compact segments and rebuild, swap, swap back and drop tables. The totals equal a direct
 * count, and each unreadable record has one dead letter.
 */
import assert from 'node:assert/strict';
import { DEAD_LETTER } from '../../../jobs/runtime/dead-letter.ts';
import { withKinds } from '../../../jobs/runtime/retrying.ts';
import { dropGeneration, madeGenerations, openNewest } from '../../../reports/operate/generations.ts';
import { MadeTable, rebuildGroup, silentTransport } from '../../../reports/operate/rebuild.ts';
import { sourceOf } from '../../../reports/runtime/datasource-source.ts';
import { currentGeneration, makeCurrent } from '../../../reports/runtime/generations.ts';
import { ALL_ROLLUP_RULES, type RollupRules } from '../../../reports/runtime/rules.ts';
import type { SegmentSource } from '../../../reports/runtime/source.ts';
import { CurrentTable, type TableStores } from '../../../reports/runtime/tables.ts';
import type { ObjectInfo, Objects } from '../../../sinks/objects/port.ts';
import type { SegmentRow } from '../../../sinks/segments/columns.ts';
import { Random } from '../../../testing/random.ts';
import { ManualClock, memoryStores, type TestStores, testRuntime } from '../../../testing/stores.ts';
import { deadLetterTopic } from '../../../topics/define.ts';
import type { AssignmentListener } from '../../../topics/log/transport.ts';
import { START, visitEvents, visits } from '../visits.ts';
import { randomHistory } from './history.ts';
import { MemoryGenerations } from './memory-generations.ts';
import { memoryObjects } from './memory-objects.ts';
import { Process } from './process.ts';

const PARTITIONS = 2;
const PUBLISH_MS = 1000;
/** Segments are rows in memory. */
const NO_DUCK = {} as TableStores['duck'];
type JoinRest = [topic: string, listener: AssignmentListener];

/** The rules that operators keep to. A test can turn each of them off. */
export interface OperatorRules {
  /** A compaction is dropped if one of its segments is gone. */
  readonly segmentsChecked: boolean;
  /** A rebuild sends no dead letters. */
  readonly silent: boolean;
  /** A rollup checks which table is current before each commit. */
  readonly swapsNoticed: boolean;
}

export const ALL_OPERATOR_RULES: OperatorRules = {
  segmentsChecked: true,
  silent: true,
  swapsNoticed: true,
};

export interface Options {
  readonly rules?: Partial<RollupRules>;
  readonly operators?: Partial<OperatorRules>;
  readonly events?: number;
  /** Whether operators compact, rebuild, swap and drop tables meanwhile. */
  readonly isMadeAnew?: boolean;
}

export async function assertCountedOnce(seed: number, options: Options = {}): Promise<void> {
  const stores = await memoryStores([], { topics: [visitEvents], partitions: PARTITIONS });
  try {
    await run(new Random(seed), stores, options);
  } finally {
    await stores.close();
  }
}

async function run(
  random: Random,
  stores: TestStores,
  { rules, operators, events = 40, isMadeAnew = false }: Options,
): Promise<void> {
  const history = randomHistory(random, stores.codec, PARTITIONS, events);
  const source = sourceOf(visits);
  const [objects, segments] = [memoryObjects(), new MemoryGenerations(source)];
  const clock = new ManualClock(START + 1000);
  const keeps = { ...ALL_OPERATOR_RULES, ...operators };
  const start = async (made: number | undefined): Promise<Process> => {
    const process = new Process();
    const own = process.objects(objects);
    const open = segments.opener(own);
    const tables = { objects: keeps.swapsNoticed ? own : blindTo(own), duck: NO_DUCK, now: () => 0, engine: 'test' };
    const table = made === undefined ? new CurrentTable(tables, source, open) : new MadeTable(own, source, made, open);
    const settings = { maxRecords: 1 + random.below(5), backOffMs: [1, 1] as const };
    const runtime = testRuntime(stores, { clock, settings });
    if (made !== undefined) {
      const group = rebuildGroup(source.name, made);
      const transport = keeps.silent
        ? silentTransport(stores.transport, group)
        : {
            ...withKinds(stores.transport, {}),
            join: (_: string, ...rest: JoinRest) => stores.transport.join(group, ...rest),
          };
      Object.assign(runtime, { stores: { ...runtime.stores, transport } });
    }
    const publish = {
      publishMs: PUBLISH_MS,
      publishBytes: random.chance(0.2) ? 1 : 1e9,
    };
    await process.start(
      { source, table, runtime, settings: publish, rules: { ...ALL_ROLLUP_RULES, ...rules } },
      PARTITIONS,
    );
    return process;
  };
  let live = [await start(undefined)];
  let others: Process[] = [];
  for (const record of history.records) {
    await stores.transport.produce([record]);
    for (let steps = random.below(30); steps > 0; steps--) {
      clock.advance(random.below(300));
      await random.pick([...live, ...others]).step(random);
    }
    // A killed process takes no more steps. One that is only believed dead continues beside its successor.
    if (random.chance(0.15))
      live = random.chance(0.5) ? [await start(undefined)] : [...live.slice(-1), await start(undefined)];
    if (random.chance(0.05)) await rewind(random, stores, source.name);
    if (isMadeAnew && random.chance(0.15))
      others = await operate(random, others.slice(-2), { objects, segments, source, start, keeps });
  }
  // At the end no more events arrive. A remaining process must notice on its own that another table is current.
  if (isMadeAnew && random.chance(0.3)) {
    const current = await currentGeneration(objects, source.prefix);
    const { kept } = await madeGenerations(objects, source.prefix);
    await makeCurrent(objects, source.prefix, current, random.pick(kept));
  }
  // A remaining process continues. If none remains, a new one starts.
  await settle(random.chance(0.5) ? live.slice(-1) : [await start(undefined)], random, clock, stores, source.name);
  await check(history, await segments.rows(objects), stores);
}

interface Operated {
  readonly objects: Objects;
  readonly segments: MemoryGenerations;
  readonly source: SegmentSource;
  readonly start: (made: number | undefined) => Promise<Process>;
  readonly keeps: OperatorRules;
}

/** One action of an operator. Earlier actions may still be running. */
async function operate(random: Random, others: Process[], operated: Operated): Promise<Process[]> {
  const { objects, segments, source, start, keeps } = operated;
  const current = await currentGeneration(objects, source.prefix);
  const { kept } = await madeGenerations(objects, source.prefix);
  const what = random.pick(['compact', 'compact', 'make', 'make', 'swap', 'drop'] as const);
  if (what === 'compact') {
    const generation = random.chance(0.7) ? current.generation : random.pick(kept);
    const [one, two] = [new Process(), new Process()];
    for (const each of [one, two]) {
      each.begin(() => segments.compact(each.objects(objects), generation, keeps.segmentsChecked));
    }
    return [...others.slice(-1), one, two];
  }
  if (what === 'make') {
    return [...others, await start(await openNewest(objects, source.prefix, current.generation))];
  }
  const other = random.pick(kept);
  if (other === current.generation) return others;
  // Whichever table is current, the rollup continues there from its position.
  if (what === 'swap') await makeCurrent(objects, source.prefix, current, other);
  else await dropGeneration(objects, source.prefix, other);
  return others;
}

/** Objects that hide swaps: a process keeps seeing the table that was current when it first looked. */
function blindTo(objects: Objects): Objects {
  const known = new Map<string, Promise<ObjectInfo | undefined>>();
  return {
    ...objects,
    head(name) {
      if (!name.includes('/generations/')) return objects.head(name);
      const found = known.get(name) ?? objects.head(name);
      known.set(name, found);
      return found;
    },
  };
}

async function rewind(random: Random, { transport }: TestStores, job: string): Promise<void> {
  const partition = random.below(PARTITIONS);
  const [committed] = (await transport.committed(job, visitEvents.name)).slice(partition);
  if (committed?.offset === undefined) return;
  await transport.seek(job, visitEvents.name, { partition, offset: random.below(committed.offset + 1) });
}

async function settle(
  live: Process[],
  random: Random,
  clock: ManualClock,
  stores: TestStores,
  job: string,
): Promise<void> {
  const [process] = live as [Process];
  for (let quiet = false; !quiet; ) {
    const before = process.worked;
    clock.advance(PUBLISH_MS);
    process.stir();
    for (let steps = 0; !process.isIdle; steps++) {
      if (steps > 20_000) throw new Error('it never comes to rest');
      clock.advance(50);
      await process.step(random);
    }
    const lag = await stores.transport.lag(job, visitEvents.name);
    quiet = process.worked === before && lag.every((each) => each.lag === 0);
  }
}

async function check(
  { points, visits: count, records }: Awaited<ReturnType<typeof randomHistory>>,
  rows: readonly SegmentRow[],
  stores: TestStores,
): Promise<void> {
  const totals = new Map<string, number>();
  let counted = 0;
  for (const row of rows) {
    const page = row['page'] as string;
    totals.set(page, (totals.get(page) ?? 0) + Number(row['points']));
    counted += Number(row['visits']);
  }
  assert.equal(counted, count, 'visits');
  assert.deepEqual(new Map([...totals].sort()), new Map([...points].sort()));
  const deadLetters: string[] = [];
  const unreadable: string[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (const { headers } of await stores.transport.read(deadLetterTopic(visitEvents.name), partition, 0, 10_000)) {
      deadLetters.push(`${headers[DEAD_LETTER.partition]}:${headers[DEAD_LETTER.offset]}`);
    }
    const read = await stores.transport.read(visitEvents.name, partition, 0, 10_000);
    for (const { value, offset } of read) if (value?.length === 1) unreadable.push(`${partition}:${offset}`);
  }
  assert.ok(records.length > 0);
  assert.deepEqual(deadLetters.sort(), unreadable.sort());
}
