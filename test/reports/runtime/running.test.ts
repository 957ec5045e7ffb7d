/** A whole counting process: how it stops while its store is away, and how it reacts when another table becomes current. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turnOfOthers } from 'node:timers/promises';
import { TributaryError } from '../../../core/errors.ts';
import { openDuckDb } from '../../../duckdb/database.ts';
import { systemClock } from '../../../jobs/runtime/clock.ts';
import type { RunningJob } from '../../../jobs/runtime/run-group.ts';
import type { PartitionEvent } from '../../../jobs/runtime/telemetry.ts';
import { sourceOf } from '../../../reports/runtime/datasource-source.ts';
import { currentGeneration, makeCurrent, tableName } from '../../../reports/runtime/generations.ts';
import { runRollup } from '../../../reports/runtime/run.ts';
import { CurrentTable, type SegmentTable } from '../../../reports/runtime/tables.ts';
import { filesOf } from '../../../sinks/delta/index.ts';
import type { Objects } from '../../../sinks/objects/port.ts';
import { recordsOf } from '../../../testing/produce.ts';
import { memoryStores, type TestStores, testRuntime } from '../../../testing/stores.ts';
import type { EmbeddedTransport } from '../../../topics/embedded/transport.ts';
import type { NewRecord } from '../../../topics/log/transport.ts';
import { temporaryFolder } from '../../contracts/delta-samples.ts';
import { START, visitEvents, visited, visits } from '../visits.ts';
import { memoryObjects } from './memory-objects.ts';
import { MemorySegments } from './memory-table.ts';

const PARTITIONS = 4;
const source = sourceOf(visits);

async function visitsOf(stores: TestStores, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const data = { userId: `user-${i}`, page: 'home', points: 1 };
    const given = { topic: visitEvents, def: visited, data, id: `v-${i}`, time: START, loggedAt: START };
    await stores.transport.produce(recordsOf(stores.codec, given, PARTITIONS));
  }
}

interface Counting {
  readonly stores: TestStores;
  readonly running: RunningJob;
  /** Settles when this many more events of the kind were reported. */
  reported(kind: PartitionEvent['kind'], times: number): Promise<void>;
}

async function counting(
  t: { after(end: () => Promise<void>): void },
  table: SegmentTable,
  publishMs = 0,
  clock = systemClock,
): Promise<Counting> {
  const stores = await memoryStores([], { topics: [visitEvents], partitions: PARTITIONS });
  const counts = new Map<string, number>();
  const telemetry = { tell: ({ kind }: PartitionEvent) => void counts.set(kind, (counts.get(kind) ?? 0) + 1) };
  const runtime = testRuntime(stores, { clock, telemetry, settings: { backOffMs: [1, 1] } });
  await visitsOf(stores, 40);
  const running = await runRollup({ source, table, runtime, settings: { publishMs } });
  t.after(async () => {
    await running.stop();
    await stores.close();
  });
  return {
    stores,
    running,
    async reported(kind, times) {
      const until = (counts.get(kind) ?? 0) + times;
      while ((counts.get(kind) ?? 0) < until) {
        await Promise.race([turnOfOthers(), running.finished]);
      }
    },
  };
}

const away = async (): Promise<never> => {
  throw new TributaryError('OBJECTS_AWAY', 'nobody answers', { outcome: 'unknown' });
};

for (const publishMs of [0, 3_600_000]) {
  const when = publishMs === 0 ? 'that waits for its store' : 'whose store is away when it has to publish';
  test(`a process ${when} can be stopped`, { timeout: 20_000 }, async (t) => {
    const [objects, segments] = [memoryObjects(), new MemorySegments()];
    const table = { ...segments.table(objects, source.layout), write: away };
    const { reported, running, stores } = await counting(t, table, publishMs);
    await reported(publishMs === 0 ? 'waiting' : 'batch', 1);
    await running.stop();
    // Nothing is lost: the next process counts everything.
    const runtime = testRuntime(stores, { clock: systemClock });
    const next = await runRollup({ source, table: segments.table(objects, source.layout), runtime });
    await next.stop();
    const again = await runRollup({
      source,
      table: segments.table(objects, source.layout),
      runtime,
      settings: { publishMs: 0 },
    });
    while ((await stores.transport.lag(source.name, visitEvents.name)).some(({ lag }) => lag > 0)) await turnOfOthers();
    await again.stop();
    const rows = await segments.rows(objects);
    assert.equal(
      rows.reduce((sum, row) => sum + Number(row['visits']), 0),
      40,
    );
  });
}

test('a process whose store is away stops counting when its memory is full', { timeout: 20_000 }, async (t) => {
  const [objects, segments] = [memoryObjects(), new MemorySegments()];
  const table = { ...segments.table(objects, source.layout), write: away };
  const stores = await memoryStores([], { topics: [visitEvents], partitions: PARTITIONS });
  await visitsOf(stores, 800);
  const seen = { records: 0, waits: 0 };
  const telemetry = {
    tell(event: PartitionEvent) {
      if (event.kind === 'batch') seen.records += event.records;
      if (event.kind === 'waiting') seen.waits += 1;
    },
  };
  const maxRecords = 10;
  const runtime = testRuntime(stores, { clock: systemClock, telemetry, settings: { maxRecords, backOffMs: [1, 1] } });
  const settings = { publishMs: 3_600_000, publishBytes: 1 };
  const running = await runRollup({ source, table, runtime, settings });
  t.after(async () => {
    await running.stop();
    await stores.close();
  });
  while (seen.waits < 100) await Promise.race([turnOfOthers(), running.finished]);
  // The batches in progress, and one batch per partition whose size was unknown until it was counted.
  assert.ok(seen.records <= 2 * PARTITIONS * maxRecords, `${seen.records} records`);
});

test('a process with nothing to count notices that another table counts', { timeout: 20_000 }, async (t) => {
  const [objects, segments] = [memoryObjects(), new MemorySegments()];
  let skipped = 0;
  const clock = {
    now: () => systemClock.now(),
    elapsed: () => systemClock.elapsed() + skipped,
    sleep: (ms: number, signal: AbortSignal) => systemClock.sleep(ms, signal),
    yieldToLoop: () => systemClock.yieldToLoop(),
  };
  const { reported } = await counting(t, segments.table(objects, source.layout), 0, clock);
  await reported('published', PARTITIONS);
  segments.makeAnew();
  skipped += 30_000;
  await reported('published', PARTITIONS);
  const rows = await segments.rows(objects);
  assert.equal(
    rows.reduce((sum, row) => sum + Number(row['visits']), 0),
    40,
  );
});

test('the dedupe position of an origin also applies in partitions that a topic gets later', {
  timeout: 20_000,
}, async (t) => {
  const [objects, segments] = [memoryObjects(), new MemorySegments()];
  const stores = await memoryStores([], { topics: [visitEvents], partitions: 2 });
  t.after(() => stores.close());
  const derived = (from: number, to: number, partition: number): NewRecord[] =>
    Array.from({ length: to - from }, (_, i) => {
      const data = { userId: `user-${from + i}`, page: 'home', points: 1 };
      const given = { topic: visitEvents, def: visited, data, id: `v-${from + i}`, time: START, loggedAt: START };
      const [record] = recordsOf(stores.codec, given, 2) as [NewRecord];
      return { ...record, partition, headers: { ...record.headers, ce_origin: `visit/page.events/0/${from + i}/0` } };
    });
  const count = async (): Promise<void> => {
    const table = segments.table(objects, source.layout);
    const runtime = testRuntime(stores, { clock: systemClock });
    const running = await runRollup({ source, table, runtime, settings: { publishMs: 0 } });
    const isBehind = async () => (await stores.transport.lag(source.name, visitEvents.name)).some(({ lag }) => lag > 0);
    while (await isBehind()) await Promise.race([turnOfOthers(), running.finished]);
    await running.stop();
  };
  await stores.transport.produce(derived(1, 11, 0));
  await count();
  const { name, retentionMs } = visitEvents;
  const { topics } = stores.transport as EmbeddedTransport;
  const found = await topics.apply([{ name, partitions: 4, retentionMs, groups: [source.name] }]);
  assert.deepEqual(
    found.map(({ action }) => action),
    ['expand'],
  );
  await stores.transport.produce([...derived(5, 11, 3), ...derived(11, 13, 3)]);
  await count();
  const rows = await segments.rows(objects);
  assert.equal(
    rows.reduce((sum, row) => sum + Number(row['visits']), 0),
    12,
  );
});

test('what was written for a table that no longer counts is not committed to another', {
  timeout: 20_000,
}, async (t) => {
  const objects = memoryObjects();
  const current = await tableOn(t, objects);
  let isSwapped = false;
  const table: SegmentTable = {
    get name() {
      return current.name;
    },
    refresh: () => current.refresh(),
    async write(rows) {
      const adds = await current.write(rows);
      if (!isSwapped) {
        isSwapped = true;
        await makeCurrent(objects, source.prefix, await currentGeneration(objects, source.prefix), 2);
        // A partition that is claimed at this moment refreshes, too.
        await current.refresh();
      }
      return adds;
    },
    commit: (propose) => current.commit(propose),
  };
  const { reported } = await counting(t, table);
  await reported('published', PARTITIONS);
  const snapshot = await current.refresh();
  assert.equal(snapshot.table, tableName(source.prefix, 2));
  for (const { path } of filesOf(snapshot)) {
    assert.ok(await objects.head(`${snapshot.table}/${decodeURIComponent(path)}`), `${path} is there`);
  }
});

async function tableOn(t: Parameters<typeof temporaryFolder>[0], objects: Objects): Promise<CurrentTable> {
  const duck = await openDuckDb({ folder: await temporaryFolder(t) });
  t.after(() => duck.close());
  return new CurrentTable({ objects, duck, now: Date.now, engine: 'test' }, source);
}

test('many partitions that are claimed at once read the table a few times', async (t) => {
  const objects = memoryObjects();
  let reads = 0;
  const counted: Objects = {
    ...objects,
    get: (...args) => {
      reads += 1;
      return objects.get(...args);
    },
    head: (...args) => {
      reads += 1;
      return objects.head(...args);
    },
  };
  const table = await tableOn(t, counted);
  await table.refresh();
  reads = 0;
  await Promise.all(Array.from({ length: 300 }, () => table.refresh()));
  assert.ok(reads < 10, `${reads} reads`);
});

test('a request for the table gets at least its state at the time of the request', async (t) => {
  const objects = memoryObjects();
  const table = await tableOn(t, objects);
  const other = await tableOn(t, objects);
  await table.refresh();
  await other.refresh();
  const first = table.refresh();
  await other.commit(() => ({ operation: 'WRITE', actions: [{ txn: { appId: 'a', version: 1 } }] }));
  const [, second] = await Promise.all([first, table.refresh()]);
  assert.equal(second.version, 1);
});
