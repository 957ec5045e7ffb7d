/** The upkeep that keeps a table small. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { currentTable, daysOf, extentOf } from '../../../reports/operate/kept.ts';
import { compactTable, expireTable, firstKeptDay, plannedCompaction } from '../../../reports/operate/upkeep.ts';
import { sourceOf } from '../../../reports/runtime/datasource-source.ts';
import { given } from '../../../testing/produce.ts';
import { visitEvents, visited, visits } from '../visits.ts';
import { type World, worldOf } from './world.ts';

const DAY = 86_400_000;
const TIME = Date.UTC(2026, 2, 1, 12);
const source = sourceOf(visits);
const RULES = { leastFiles: 2 };

/** Two visits on each of these days, each in a segment of its own. */
async function visitsOn(world: World, days: number): Promise<void> {
  for (const userId of ['ada', 'ben']) {
    for (let day = 0; day < days; day++) {
      const data = { userId, page: 'home', points: 1, seconds: 2 };
      await world.produce(given(visitEvents, visited, data, { id: `${userId}-${day}`, time: TIME + day * DAY }));
      await world.count(source);
    }
  }
}

async function tableOf({ kept }: World) {
  const found = await currentTable(kept, source);
  assert.ok(found);
  return found;
}

test('small segments of a day become one, with the same totals, in fewer rows', async (t) => {
  const world = await worldOf(t, [visitEvents]);
  await visitsOn(world, 2);
  const { table, snapshot } = await tableOf(world);
  const before = extentOf(snapshot);
  assert.deepEqual([before.segments, before.rows], [4, 4]);
  assert.deepEqual([before.firstDay, before.lastDay], ['2026-03-01', '2026-03-02']);

  const planned = await plannedCompaction(table, { rules: RULES });
  assert.deepEqual(
    planned.map(({ day, files }) => [day, files]),
    [
      ['2026-03-01', 2],
      ['2026-03-02', 2],
    ],
  );
  const one = await compactTable(world.kept, source, table, { rules: RULES, day: '2026-03-02' });
  assert.deepEqual([one.groups, one.files, one.dropped], [1, 2, 0]);
  const rest = await compactTable(world.kept, source, table, { rules: RULES });
  assert.deepEqual([rest.groups, rest.files], [1, 2], 'what is done is not done again');
  const after = extentOf(await table.refresh());
  assert.deepEqual([after.segments, after.rows], [2, 2]);
  const [totals] = await world.query(
    source,
    'select cast(sum(visits) as int) as visits, sum(seconds) as seconds, max(len(visitors)) as visitors from rows',
  );
  assert.deepEqual(totals, { visits: 4, seconds: 8, visitors: 2n });
});

test('expired days are removed in one commit, and only those', async (t) => {
  const world = await worldOf(t, [visitEvents]);
  await visitsOn(world, 3);
  const { table, snapshot } = await tableOf(world);
  const options = { now: world.kept.now, dryRun: false };
  const wouldBe = await expireTable(table, '2026-03-03', { ...options, dryRun: true });
  assert.deepEqual(wouldBe, { days: ['2026-03-01', '2026-03-02'], segments: 4 });
  assert.equal((await table.refresh()).version, snapshot.version, 'a dry run changes nothing');
  assert.deepEqual(await expireTable(table, '2026-03-03', options), wouldBe);
  const after = await table.refresh();
  assert.deepEqual([after.version, daysOf(after)], [snapshot.version + 1, ['2026-03-03']]);
  assert.deepEqual(await expireTable(table, '2026-03-03', options), { days: [], segments: 0 });
  assert.equal((await table.refresh()).version, after.version);
});

test('with a retention of one day the current day is the first, with two the one before it', () => {
  const now = Date.UTC(2026, 2, 1, 23, 59);
  assert.deepEqual(
    [1, 2, 30].map((days) => firstKeptDay(days, now)),
    ['2026-03-01', '2026-02-28', '2026-01-31'],
  );
});
