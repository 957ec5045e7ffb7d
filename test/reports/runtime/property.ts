/**
 * The property: processes that count are killed between any two effects, wake up late, run two at a time, and are sent back; the totals
 * are those of a direct count, and each record that cannot be read has one dead letter.
 */
import assert from 'node:assert/strict';
import { DEAD_LETTER } from '../../../jobs/runtime/dead-letter.ts';
import { sourceOf } from '../../../reports/runtime/datasource-source.ts';
import { ALL_ROLLUP_RULES, type RollupRules } from '../../../reports/runtime/rules.ts';
import type { SegmentRow } from '../../../sinks/segments/columns.ts';
import { Random } from '../../../testing/random.ts';
import { ManualClock, memoryStores, type TestStores, testRuntime } from '../../../testing/stores.ts';
import { deadLetterTopic } from '../../../topics/define.ts';
import { START, visitEvents, visits } from '../visits.ts';
import { randomHistory } from './history.ts';
import { memoryObjects } from './memory-objects.ts';
import { MemorySegments } from './memory-table.ts';
import { Process } from './process.ts';

const PARTITIONS = 2;
const PUBLISH_MS = 1000;

export interface Options {
  readonly rules?: Partial<RollupRules>;
  readonly events?: number;
  /** Now and then the table is made anew, and everything is counted again into it. */
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
  { rules, events = 40, isMadeAnew = false }: Options,
): Promise<void> {
  const history = randomHistory(random, stores.codec, PARTITIONS, events);
  const [objects, segments] = [memoryObjects(), new MemorySegments()];
  const source = sourceOf(visits);
  const clock = new ManualClock(START + 1000);
  const begin = async (): Promise<Process> => {
    const process = new Process();
    const table = segments.table(process.objects(objects), source.layout);
    const settings = { maxRecords: 1 + random.below(5), backOffMs: [1, 1] as const };
    const runtime = testRuntime(stores, { clock, settings });
    const publish = { publishMs: PUBLISH_MS, publishBytes: random.chance(0.2) ? 1 : 1e9 };
    await process.start(
      { source, table, runtime, settings: publish, rules: { ...ALL_ROLLUP_RULES, ...rules } },
      PARTITIONS,
    );
    return process;
  };
  let live = [await begin()];
  for (const record of history.records) {
    await stores.transport.produce([record]);
    for (let steps = random.below(30); steps > 0; steps--) {
      clock.advance(random.below(300));
      await random.pick(live).step(random);
    }
    // Killed: nobody steps it any more. Or only taken for dead: it goes on beside its successor.
    if (random.chance(0.15)) live = random.chance(0.5) ? [await begin()] : [...live.slice(-1), await begin()];
    if (isMadeAnew && random.chance(0.05)) segments.makeAnew();
    if (random.chance(0.05)) await rewind(random, stores, source.name);
  }
  await settle([await begin()], random, clock, stores, source.name);
  await check(history, await segments.rows(objects), stores);
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
  const letters: string[] = [];
  const unreadable: string[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (const { headers } of await stores.transport.read(deadLetterTopic(visitEvents.name), partition, 0, 10_000)) {
      letters.push(`${headers[DEAD_LETTER.partition]}:${headers[DEAD_LETTER.offset]}`);
    }
    const read = await stores.transport.read(visitEvents.name, partition, 0, 10_000);
    for (const { value, offset } of read) if (value?.length === 1) unreadable.push(`${partition}:${offset}`);
  }
  assert.ok(records.length > 0);
  assert.deepEqual(letters.sort(), unreadable.sort());
}
