/**
 * Our Delta tables as read by deltalake, polars and daft: the same rows, value by value, the same types and the same txn. And our tables
 * after delta-rs has compacted, checkpointed, cleaned, vacuumed and written them.
 */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { compact, filesOf, growthOf, type Snapshot, txnOf } from '../../sinks/delta/index.ts';
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import type { Layout, SegmentRow } from '../../sinks/segments/columns.ts';
import {
  GROWN,
  LAYOUT,
  plain,
  rowsOf,
  TABLE,
  temporaryFolder,
  type World,
  worldOf,
} from '../contracts/delta-samples.ts';
import { isInstalled, REQUIRED_VARIABLE, type Readers, type ReadRows, startReaders } from './readers.ts';

const DAY = 24 * 3_600_000;
const isRequired = process.env[REQUIRED_VARIABLE] !== undefined;
const skip =
  isInstalled() || isRequired ? false : 'deltalake, polars and daft are not installed: npm run test:readers does it';

let started: Readers | undefined;
const readers = (): Readers => {
  started ??= startReaders();
  return started;
};
after(() => started?.close());

interface Case extends World {
  readonly path: string;
  /** Every reader, including our own, finds exactly these rows, in the order of `at`. */
  readsAs(rows: readonly SegmentRow[], layout?: Layout): Promise<Snapshot>;
  files(): Promise<string[]>;
}

async function caseOf(t: TestContext): Promise<Case> {
  const root = await temporaryFolder(t);
  const world = await worldOf(t, directoryObjects(root));
  const path = join(root, TABLE);
  return {
    ...world,
    path,
    async readsAs(rows, layout = LAYOUT) {
      const expected = rows.map((row) => plain(row, layout));
      for (const [name, found] of Object.entries(await readers().ask<ReadRows>('read', path))) {
        assert.deepEqual(found, expected, name);
      }
      const snapshot = await world.open().refresh();
      assert.deepEqual(await world.rows(snapshot, layout), expected);
      return snapshot;
    },
    files: async () => (await readdir(path, { recursive: true })).filter((name) => name.endsWith('.parquet')),
  };
}

const txn = (version: number) => ({ txn: { appId: 'job:topic-id:0', version } });

interface Facts {
  readonly version: number;
  readonly schema: {
    readonly fields: readonly { readonly name: string; readonly type: unknown; readonly nullable: boolean }[];
  };
  readonly txns: Readonly<Record<string, number | null>>;
  readonly polars: Readonly<Record<string, string>>;
  readonly daft: Readonly<Record<string, string>>;
}

test('a table has the same rows, types and txn for every reader', { skip }, async (t) => {
  const each = await caseOf(t);
  const table = each.open();
  await table.create({ layout: LAYOUT, description: 'Who joined.' });
  await each.write(table, rowsOf(0, 40), [txn(40)]);
  await each.write(table, [...rowsOf(40, 60), ...rowsOf(0, 5, '2026-12-01')], [txn(60)]);
  await each.readsAs([...rowsOf(0, 60), ...rowsOf(0, 5, '2026-12-01')]);
  const facts = await readers().ask<Facts>('facts', each.path, { apps: ['job:topic-id:0', 'other'] });
  assert.deepEqual(facts.txns, { 'job:topic-id:0': 60, other: null });
  assert.deepEqual(
    facts.schema.fields.map(({ name, nullable }) => [name, nullable]),
    LAYOUT.columns.map(({ name, nullable }) => [name, nullable]),
  );
  const types = LAYOUT.columns.map(({ name }) => [facts.polars[name], facts.daft[name]]);
  assert.deepEqual(types, [
    ['Date', 'Date'],
    ["Datetime(time_unit='us', time_zone='UTC')", 'Timestamp[us; UTC]'],
    ['String', 'String'],
    ['String', 'String'],
    ['Int64', 'Int64'],
    ['Float64', 'Float64'],
    ['Boolean', 'Bool'],
    ['Date', 'Date'],
    ['List(Int64)', 'List[Int64]'],
    ['Map(Int32, Int64)', 'Map[Int32: Int64]'],
    ['Map(String, Int64)', 'Map[String: Int64]'],
  ]);
  const old = await readers().ask<ReadRows>('read', each.path, { version: 1 });
  for (const [name, rows] of Object.entries(old)) assert.equal(rows.length, 40, name);
});

test('no row is lost to statistics when readers filter', { skip }, async (t) => {
  const each = await caseOf(t);
  const table = each.open();
  await table.create({ layout: LAYOUT });
  // Each row is in its own segment, so that its own bounds decide whether it is skipped.
  const rows = rowsOf(0, 24);
  for (const row of rows) await each.write(table, [row]);
  const at = (n: number) => rows[n]?.['at'] as number;
  for (const [column, op, value, kind] of [
    ['at', '=', at(7), 'timestamp'],
    ['at', '>=', at(23), 'timestamp'],
    ['at', '<=', at(0), 'timestamp'],
    ['tenant', '=', 'süd', 'string'],
    ['course', '=', rows[6]?.['course'] as string, 'string'],
    ['course', '>', 'größer als alle anderen, und noc', 'string'],
    ['course', '<', 'course-3', 'string'],
    ['count', '>', 2 ** 53, 'long'],
    ['score', '>=', 2.75, 'double'],
    ['score', '<', 0.5, 'double'],
  ] as const) {
    const where = { column, op, value, kind };
    const expected = rows.filter((row) => holds(row[column], op, value)).map((row) => plain(row));
    assert.ok(expected.length > 0);
    for (const [name, found] of Object.entries(await readers().ask<ReadRows>('read', each.path, { where }))) {
      assert.deepEqual(found, expected, `${name}: ${column} ${op} ${value}`);
    }
  }
});

function holds(cell: unknown, op: string, value: string | number): boolean {
  if (cell === null || cell === undefined) return false;
  const [a, b] = [cell, value] as [number, number];
  if (op === '=') return a === b;
  if (op.endsWith('=') && a === b) return true;
  return op.startsWith('>') ? a > b : a < b;
}

test('after growth, checkpoint, compaction, clean-up and vacuum by us the rows are the same', { skip }, async (t) => {
  const each = await caseOf(t);
  const table = each.open();
  await table.create({ layout: LAYOUT });
  for (let n = 0; n < 4; n += 1) await each.write(table, rowsOf(n * 5, n * 5 + 5), [txn(n)]);
  const added = rowsOf(20, 30).map((row, n) => ({ ...row, added: n % 3 === 0 ? null : n }));
  await each.write(table, added, [...growthOf(await table.refresh(), GROWN), txn(4)], GROWN);
  const rows: SegmentRow[] = [...rowsOf(0, 20), ...added];
  await each.readsAs(rows, GROWN);
  await table.checkpoint();
  await each.readsAs(rows, GROWN);
  await compact(table, { ...each, layout: GROWN, writer: 'c', sortBy: ['tenant', 'at'], now: () => each.clock.now });
  assert.equal(filesOf(await each.readsAs(rows, GROWN)).length, 1);
  await table.checkpoint();
  await each.readsAs(rows, GROWN);
  each.clock.now += 8 * DAY;
  await table.checkpoint();
  assert.equal((await table.cleanLog()).length, 7);
  await each.readsAs(rows, GROWN);
  assert.equal((await table.vacuum()).files.length, 5);
  const snapshot = await each.readsAs(rows, GROWN);
  assert.deepEqual([snapshot.version, txnOf(snapshot, 'job:topic-id:0')], [6, 4]);
  const { txns } = await readers().ask<Facts>('facts', each.path, { apps: ['job:topic-id:0'] });
  assert.deepEqual(txns, { 'job:topic-id:0': 4 });
  await each.write(table, [{ ...rowsOf(30, 31)[0], added: 1 }], [txn(5)], GROWN);
  await each.readsAs([...rows, { ...rowsOf(30, 31)[0], added: 1 }], GROWN);
});

test('after changes by delta-rs we and all other readers read the same, and can continue', { skip }, async (t) => {
  const each = await caseOf(t);
  const table = each.open();
  await table.create({ layout: LAYOUT });
  for (let n = 0; n < 5; n += 1) await each.write(table, rowsOf(n * 5, n * 5 + 5), [txn(n)]);
  const foreign = (what: string, more?: object) => readers().ask(what, each.path, more);
  await foreign('compact');
  assert.equal(filesOf(await each.readsAs(rowsOf(0, 25))).length, 1);
  await each.write(table, rowsOf(25, 30), [txn(5)]);
  await foreign('checkpoint');
  const read = await each.readsAs(rowsOf(0, 30));
  assert.deepEqual([read.checkpoint, txnOf(read, 'job:topic-id:0')], [read.version, 5]);
  await each.write(table, rowsOf(30, 32), [txn(6)]);
  const deleted = (await foreign('vacuum')) as string[];
  assert.equal(deleted.length, 5);
  await each.write(table, rowsOf(32, 34), [txn(7)]);
  await each.readsAs(rowsOf(0, 34));
  const row = { date: '2026-11-30', at: rowsOf(34, 35)[0]?.['at'], tenant: 'theirs', count: 34 };
  await foreign('append', { row });
  const rows: SegmentRow[] = [...rowsOf(0, 34), row as SegmentRow];
  await each.readsAs(rows);
  await compact(table, { ...each, layout: LAYOUT, writer: 'c', rules: { leastFiles: 2 }, now: () => each.clock.now });
  assert.equal(filesOf(await each.readsAs(rows)).length, 1);
  await foreign('checkpoint');
  await foreign('clean');
  await foreign('vacuum');
  const last = await each.readsAs(rows);
  assert.equal(txnOf(last, 'job:topic-id:0'), 7);
  assert.equal((await each.files()).filter((name) => !name.includes('_delta_log')).length, 1);
  const facts = await readers().ask<Facts>('facts', each.path, { apps: ['job:topic-id:0'] });
  assert.deepEqual([facts.version, facts.txns['job:topic-id:0']], [last.version, 7]);
});
