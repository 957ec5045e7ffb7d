/** How a Delta table grows, is compacted, and drops expired data: the second half of `delta.ts`. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import {
  compact,
  countRows,
  eraseRows,
  filesOf,
  growthOf,
  removalsOf,
  segmentWriter,
} from '../../sinks/delta/index.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import { DAY, deltaTests, GROWN, LAYOUT, plain, rowsOf, TABLE } from './delta-samples.ts';
import { names } from './objects-samples.ts';

const HOUR = 3_600_000;

export function deltaUpkeepContract(name: string, make: (t: TestContext) => Promise<Objects>): void {
  const deltaTest = deltaTests(name, make);

  deltaTest('a table grows by nullable columns, which are null in older segments', async (world) => {
    const table = world.open({ checkpointEvery: 3 });
    await table.create({ layout: LAYOUT });
    await world.write(table, rowsOf(0, 3));
    const added = rowsOf(3, 6).map((row, n) => ({ ...row, added: n }));
    assert.deepEqual(
      await world.rows(await table.refresh(), GROWN),
      rowsOf(0, 3).map((row) => plain(row, GROWN)),
      'when no segment has it yet',
    );
    await world.write(table, added, growthOf(await table.refresh(), GROWN), GROWN);
    for (const snapshot of [await table.refresh(), await world.open().refresh()]) {
      assert.deepEqual(growthOf(snapshot, GROWN), []);
      assert.deepEqual(growthOf(snapshot, LAYOUT), [], 'who knows fewer columns can go on');
      assert.deepEqual(
        await world.rows(snapshot, GROWN),
        [...rowsOf(0, 3), ...added].map((row) => plain(row, GROWN)),
      );
    }
    await world.write(table, rowsOf(6, 7));
    const read = await world.open().refresh();
    assert.equal(read.checkpoint, 3);
    assert.equal((await world.rows(read, GROWN)).length, 7);
  });

  deltaTest('a table with other columns is not used as the declared one', async (world) => {
    const table = world.open();
    await table.create({ layout: LAYOUT });
    const change = (index: number, part: object) => ({
      ...LAYOUT,
      columns: LAYOUT.columns.map((each, at) => (at === index ? { ...each, ...part } : each)),
    });
    for (const [layout, message] of [
      [change(4, { type: 'double' }), /its column count is long, not count: double/],
      [change(4, { nullable: true }), /its column count must have a value/],
      [change(4, { name: 'Count' }), /its column count is long, not Count/],
      [{ ...GROWN, columns: [...GROWN.columns, { name: 'more', type: 'long', nullable: false }] }, /lacks more/],
      [{ ...change(7, { nullable: false }), partition: 'birthday' }, /partitioned by date, not by birthday/],
    ] as const) {
      await assert.rejects(world.open().create({ layout: layout as typeof LAYOUT }), {
        code: 'TABLE_DRIFTED',
        message,
      });
    }
  });

  deltaTest('segments are compacted beside writers, and no row is lost', async (world) => {
    const table = world.open();
    await table.create({ layout: LAYOUT });
    for (let n = 0; n < 6; n += 1) await world.write(table, rowsOf(n * 3, n * 3 + 3));
    await world.write(table, rowsOf(0, 2, '2026-12-01'));
    const before = await world.open().refresh();
    const [, done] = await Promise.all([
      world.write(world.open(), rowsOf(18, 20)),
      compact(world.open(), {
        ...world,
        layout: LAYOUT,
        writer: 'c1',
        sortBy: ['tenant', 'at'],
        now: () => world.clock.now,
      }),
    ]);
    assert.deepEqual([done.groups, done.files >= 6, done.dropped], [1, true, 0]);
    const after = await table.refresh();
    assert.ok(filesOf(after).length <= 3);
    const expected = [...rowsOf(0, 20), ...rowsOf(0, 2, '2026-12-01')].map((row) => plain(row));
    assert.deepEqual(await world.rows(after), expected);
    // Readers of an older snapshot still find its files.
    assert.deepEqual((await world.rows(before)).length, 20);
  });

  deltaTest(
    'rows are taken out beside writers and compactions, and older versions have them until a vacuum',
    async (world) => {
      const table = world.open();
      await table.create({ layout: LAYOUT });
      for (let n = 0; n < 4; n += 1) await world.write(table, rowsOf(n * 3, n * 3 + 3));
      await world.write(table, rowsOf(5, 6, '2026-12-01'));
      const before = await world.open().refresh();
      const options = { ...world, layout: LAYOUT, sortBy: ['tenant', 'at'], now: () => world.clock.now };
      // Matches all rows of some segments, and some rows of others.
      const where = 'count BETWEEN 4 AND 8 OR score IS NOT NULL AND score > 1.3';
      const isOut = ({ count, score }: ReturnType<typeof rowsOf>[number]) =>
        (Number(count) >= 4 && Number(count) <= 8) || (typeof score === 'number' && score > 1.3);
      const all = [...rowsOf(0, 12), ...rowsOf(5, 6, '2026-12-01')];
      const out = all.filter(isOut).length;
      assert.equal(await countRows(table, { ...options, writer: 'e0', where }), out);
      const [erased] = await Promise.all([
        eraseRows(world.open(), { ...options, writer: 'e1', where }),
        world.write(world.open(), rowsOf(20, 21)),
        compact(world.open(), { ...options, writer: 'c1' }),
      ]);
      const late = rowsOf(20, 21).filter(isOut).length;
      const again = await eraseRows(table, { ...options, writer: 'e2', where });
      assert.equal(erased + again, out + late);
      assert.equal(await countRows(table, { ...options, writer: 'e3', where }), 0);
      const expected = all.filter((row) => !isOut(row)).map((row) => plain(row));
      assert.deepEqual(await world.rows(await table.refresh()), expected);
      assert.equal((await world.rows(before)).length, all.length);
    },
  );

  deltaTest('rows are taken out of every segment of a day by one call', async (world) => {
    const table = world.open();
    await table.create({ layout: LAYOUT });
    for (let n = 0; n < 3; n += 1) await world.write(table, rowsOf(2 * n, 2 * n + 2));
    const where = 'count % 2 = 0';
    const options = { ...world, layout: LAYOUT, now: () => world.clock.now };
    assert.equal(await eraseRows(table, { ...options, writer: 'e', where }), 3);
    const left = rowsOf(0, 6).filter(({ count }) => Number(count) % 2 === 1);
    assert.deepEqual(
      await world.rows(await table.refresh()),
      left.map((row) => plain(row)),
    );
  });

  deltaTest('segments are merged by the SQL of their columns', async (world) => {
    const table = world.open();
    await table.create({ layout: LAYOUT });
    for (let n = 0; n < 4; n += 1)
      await world.write(
        table,
        rowsOf(1, 5).map((row) => ({ ...row, count: 2n ** 60n + BigInt(n) })),
      );
    const sum = 'CAST(sum("count") AS BIGINT)';
    const merge = (relation: string) =>
      `SELECT "at", tenant, any_value(course) AS course, ${sum} AS "count", any_value(score) AS score, any_value("isActive") AS "isActive",
         any_value(birthday) AS birthday, any_value(learners) AS learners, any_value(buckets) AS buckets, any_value(regions) AS regions
       FROM ${relation} GROUP BY "at", tenant`;
    await compact(table, { ...world, layout: LAYOUT, writer: 'c', merge, now: () => world.clock.now });
    const expected = rowsOf(1, 5).map((row) => plain({ ...row, count: 2n ** 62n + 6n }));
    assert.deepEqual(await world.rows(await table.refresh()), expected);
  });

  deltaTest('a compaction is dropped without a trace when somebody removed one of its segments', async (world) => {
    const table = world.open();
    await table.create({ layout: LAYOUT });
    for (let n = 0; n < 4; n += 1) await world.write(table, rowsOf(n, n + 1));
    const other = world.open();
    const objects: Objects = {
      ...world.objects,
      async create(name, body) {
        const info = await world.objects.create(name, body);
        const [file] = filesOf(await other.refresh());
        await other.commit(() => ({
          operation: 'DELETE',
          actions: [{ remove: { path: file?.path ?? '', dataChange: true, deletionTimestamp: world.clock.now } }],
        }));
        return info;
      },
    };
    const done = await compact(table, { ...world, objects, layout: LAYOUT, writer: 'c', now: () => world.clock.now });
    assert.deepEqual([done.groups, done.dropped], [0, 1]);
    assert.deepEqual(
      (await names(world.objects, `${TABLE}/date`)).filter((each) => each.includes('/c-')),
      [],
    );
    assert.deepEqual(
      await world.rows(await table.refresh()),
      rowsOf(1, 4).map((row) => plain(row)),
    );
  });

  deltaTest(
    'a vacuum deletes files that no snapshot within the retention has, and files that were never committed',
    async (world) => {
      const table = world.open();
      await table.create({ layout: LAYOUT });
      for (let n = 0; n < 4; n += 1) await world.write(table, rowsOf(n, n + 1));
      const options = { ...world, layout: LAYOUT, writer: 'c', now: () => world.clock.now };
      await segmentWriter({ ...options, table: TABLE, writer: 'lost' }).write(rowsOf(9, 10));
      await compact(table, options);
      const stored = async () => (await names(world.objects, `${TABLE}/date`)).map((each) => each.split('/').at(-1));
      assert.equal((await table.vacuum()).files.length, 0);
      await assert.rejects(table.vacuum({ olderThanMs: 0 }), { code: 'USAGE' });
      await assert.rejects(table.vacuum({ olderThanMs: 8 * DAY }), { code: 'USAGE' });
      world.clock.now += 2 * HOUR;
      const plan = await table.vacuum({ olderThanMs: HOUR, dryRun: true });
      assert.deepEqual(
        plan.files.map((each) => each.name.split('/').at(-1)),
        [1, 2, 3, 4].map((n) => `w${n}-00000000.parquet`),
      );
      assert.equal((await stored()).length, 6, 'nothing is deleted in a dry run');
      assert.equal((await table.vacuum({ olderThanMs: HOUR })).bytes, plan.bytes);
      assert.deepEqual(await stored(), ['c-00000000.parquet', 'lost-00000000.parquet']);
      world.clock.now += 8 * DAY;
      await table.checkpoint();
      await table.vacuum();
      assert.deepEqual(await stored(), ['c-00000000.parquet']);
      assert.deepEqual(
        await world.rows(await world.open().refresh()),
        rowsOf(0, 4).map((row) => plain(row)),
      );
    },
  );

  deltaTest('days that are over are removed whole', async (world) => {
    const table = world.open();
    await table.create({ layout: LAYOUT });
    await world.write(table, [...rowsOf(0, 2), ...rowsOf(0, 2, '2026-11-29'), ...rowsOf(0, 2, '2026-11-28')]);
    const { snapshot } = await table.commit((each) => ({
      operation: 'DELETE',
      actions: removalsOf(each, (day) => day < '2026-11-30', world.clock.now),
    }));
    assert.deepEqual([...snapshot.days.keys()], ['2026-11-30']);
    assert.equal(snapshot.removed.size, 2);
    const { snapshot: none } = await table.commit((each) => ({
      operation: 'DELETE',
      actions: removalsOf(each, () => true, world.clock.now),
    }));
    assert.deepEqual(await world.rows(none), []);
  });
}
