/** A datasource's table is rebuilt from its topic and archive. The property of `test/reports/runtime` shows that nothing is lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { archivedLog } from '../../../reports/operate/archived-log.ts';
import { compareTables, isEqual } from '../../../reports/operate/compare.ts';
import { dropGeneration, madeGenerations, openNewest } from '../../../reports/operate/generations.ts';
import { currentTable, generationTable } from '../../../reports/operate/kept.ts';
import { rebuildGeneration } from '../../../reports/operate/rebuild.ts';
import { archiveOf } from '../../../reports/runtime/archive-source.ts';
import { sourceOf } from '../../../reports/runtime/datasource-source.ts';
import { currentGeneration, makeCurrent } from '../../../reports/runtime/generations.ts';
import { given, recordsOf } from '../../../testing/produce.ts';
import { deadLetterTopic } from '../../../topics/define.ts';
import type { Transport } from '../../../topics/log/transport.ts';
import { visitEvents, visited, visits } from '../visits.ts';
import { PARTITIONS, SETTINGS, type World, worldOf } from './world.ts';

const TIME = Date.UTC(2026, 2, 1, 12);
const DAY = 86_400_000;
const source = sourceOf(visits);
const SIGNAL = new AbortController().signal;
const USERS = ['ada', 'ben', 'cleo', 'dan', 'eve', 'finn'];

const visitOf = (userId: string, day: number, id = `${userId}-${day}`) =>
  given(visitEvents, visited, { userId, page: 'home', points: 7 }, { id, time: TIME + day * DAY });

async function make(world: World, generation: number, transport: Transport = world.stores.transport): Promise<void> {
  const { kept, runtime } = world;
  // Small, so that there are many batches, also from an archive.
  const settings = { ...runtime.settings, maxRecords: 2 };
  const own = { ...runtime, settings, stores: { ...runtime.stores, transport } };
  const parts = { source, generation, stores: kept, runtime: own, settings: SETTINGS };
  await rebuildGeneration(parts, { signal: SIGNAL, progress: () => {} });
}

async function compared(world: World, one: number, other: number) {
  const [before, after] = await Promise.all(
    [one, other].map((generation) => generationTable(world.kept, source, generation).refresh()),
  );
  assert.ok(before && after);
  const { duck, cache } = world.kept;
  return compareTables(visits, before, after, { duck, cache, signal: SIGNAL, progress: () => {} });
}

test('another generation counts the same, sends nothing, and the rollup continues in it', async (t) => {
  const world = await worldOf(t, [visitEvents]);
  const { objects } = world.kept;
  const [broken] = recordsOf(world.stores.codec, visitOf('ada', 0, 'broken'), PARTITIONS);
  assert.ok(broken);
  await world.stores.transport.produce([
    { ...broken, value: Buffer.from('{'), headers: { ...broken.headers, 'content-type': 'application/json' } },
  ]);
  await world.produce(...USERS.map((user) => visitOf(user, 0)));
  await world.count(source);

  const before = await currentGeneration(objects, source.prefix);
  const generation = await openNewest(objects, source.prefix, before.generation);
  assert.equal(generation, 2);
  await make(world, generation);
  assert.ok(isEqual(await compared(world, 1, 2)));
  await world.produce(...USERS.map((user) => visitOf(user, 1)));
  await world.count(source);
  const behind = await compared(world, 1, 2);
  assert.deepEqual([behind.equalDays, behind.onlyBefore, behind.onlyAfter], [1, ['2026-03-02'], []]);

  await makeCurrent(objects, source.prefix, before, generation);
  await world.produce(...USERS.map((user) => visitOf(user, 2)));
  await world.count(source);
  const [totals] = await world.query(source, 'select cast(sum(visits) as int) as visits from rows');
  assert.deepEqual(totals, { visits: 18 });
  assert.equal((await currentTable(world.kept, source))?.table.table, 'rollups/visits/g2');
  const deadLetters = deadLetterTopic(visitEvents.name);
  const sent = await Promise.all([0, 1].map((partition) => world.stores.transport.read(deadLetters, partition, 0, 10)));
  assert.equal(sent.flat().length, 1);
});

test('differences are shown by day, tenant and metric', async (t) => {
  const world = await worldOf(t, [visitEvents]);
  await world.produce(visitOf('ada', 0), visitOf('ben', 1));
  await world.count(source);
  await make(world, await openNewest(world.kept.objects, source.prefix, 1));
  await world.produce(visitOf('cleo', 1));
  await world.count(source);
  const { equalDays, differentDays, examples } = await compared(world, 1, 2);
  assert.deepEqual([equalDays, differentDays], [1, 1]);
  assert.deepEqual(
    examples.filter(({ metric }) => ['visits', 'points', 'visitors'].includes(metric)),
    [
      { day: '2026-03-02', tenant: 'default', metric: 'visits', before: 2, after: 1 },
      { day: '2026-03-02', tenant: 'default', metric: 'points', before: 14, after: 7 },
      { day: '2026-03-02', tenant: 'default', metric: 'visitors', before: 2, after: 1 },
    ],
  );
});

test('the number of a generation is never reused, and a dropped one is not continued', async (t) => {
  const world = await worldOf(t, [visitEvents]);
  const { objects } = world.kept;
  const { prefix } = source;
  await world.produce(visitOf('ada', 0));
  assert.equal(await openNewest(objects, prefix, 1), 2);
  assert.equal(await openNewest(objects, prefix, 1), 2, 'the one that is being made goes on');
  await make(world, 2);
  assert.ok((await dropGeneration(objects, prefix, 2)) > 0);
  assert.equal(await dropGeneration(objects, prefix, 2), 0, 'again does no harm');
  assert.deepEqual(await madeGenerations(objects, prefix), { kept: [1], last: 2 });
  await assert.rejects(make(world, 2), { code: 'GENERATION_MOVED', message: /it was dropped/ });
  assert.equal(await openNewest(objects, prefix, 1), 3);
  await makeCurrent(objects, prefix, { generation: 1, swaps: 0 }, 3);
  await assert.rejects(make(world, 3), { code: 'GENERATION_MOVED', message: /it is the current one now/ });
  await assert.rejects(makeCurrent(objects, prefix, { generation: 1, swaps: 0 }, 1), { code: 'ALREADY_EXISTS' });
});

test('what the topic has lost by its retention is read from its archive', async (t) => {
  const world = await worldOf(t, [visitEvents]);
  const { transport } = world.stores;
  const archive = archiveOf(visitEvents);
  await world.produce(...USERS.flatMap((user) => [visitOf(user, 0), visitOf(user, 1)]));
  await world.count(source);
  await world.count(archive);
  // Records of one more day are only in the log.
  const late = TIME + 20 * DAY;
  await world.produce(...USERS.map((user) => ({ ...visitOf(user, 20), loggedAt: late })));
  await world.count(source);
  assert.ok((await transport.expire(TIME + DAY + visitEvents.retentionMs + 1)) > 0);

  await make(world, await openNewest(world.kept.objects, source.prefix, 1));
  const short = await compared(world, 1, 2);
  assert.deepEqual(short.onlyBefore, ['2026-03-01', '2026-03-02'], 'the topic alone has lost these');
  await dropGeneration(world.kept.objects, source.prefix, 2);

  const found = await currentTable(world.kept, archive);
  assert.ok(found);
  const whole = await archivedLog({
    stores: world.kept,
    transport,
    topic: visitEvents,
    snapshot: found.snapshot,
    reader: source.name,
    whole: false,
    signal: SIGNAL,
  });
  await make(world, await openNewest(world.kept.objects, source.prefix, 1), whole.transport);
  const all = await compared(world, 1, 3);
  assert.deepEqual([all.equalDays, isEqual(all)], [3, true]);
});
