/** The plans for a Delta table, and the fold of its log, without a store. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Action, Add } from '../../sinks/delta/actions.ts';
import { logPlan, vacuumPlan } from '../../sinks/delta/cleaning.ts';
import { compactionPlan, filesOf, growthOf, type Snapshot, txnOf } from '../../sinks/delta/index.ts';
import { checkpointNames, isData, isWriter, logEntry, objectName, segmentPath } from '../../sinks/delta/names.ts';
import { metaDataOf, PROTOCOL } from '../../sinks/delta/schema.ts';
import { folded } from '../../sinks/delta/snapshot.ts';
import { GROWN, LAYOUT } from '../contracts/delta-samples.ts';

const add = (name: string, size = 10, date = '2026-11-30'): Add => ({
  path: `date=${date}/${name}.parquet`,
  partitionValues: { date },
  size,
  modificationTime: 0,
  dataChange: true,
});
const metaData = metaDataOf({ id: 'i', name: 't', layout: LAYOUT, configuration: {}, createdTime: 0 });
const start = (...actions: Action[]): Snapshot =>
  folded('t', undefined, [{ version: 0, actions: [{ protocol: PROTOCOL }, { metaData }, ...actions] }]);
const then = (from: Snapshot, ...actions: Action[]): Snapshot =>
  folded('t', from, [{ version: from.version + 1, actions }]);
const paths = (snapshot: Snapshot): string[] => filesOf(snapshot).map(({ path }) => path);

test('a snapshot does not change when later ones are made from it', () => {
  const first = start({ add: add('a') }, { txn: { appId: 'x', version: 1 } });
  const second = then(first, { add: add('b') }, { txn: { appId: 'x', version: 2 } });
  const third = then(second, { remove: { path: add('a').path, dataChange: true, deletionTimestamp: 5 } });
  assert.deepEqual(
    [paths(first), paths(second), paths(third)].map((each) => each.length),
    [1, 2, 1],
  );
  assert.deepEqual(
    [first, second, third].map((each) => txnOf(each, 'x')),
    [1, 2, 2],
  );
  assert.deepEqual(
    [first, second, third].map((each) => each.removed.size),
    [0, 0, 1],
  );
  assert.deepEqual(paths(then(third, { add: add('a') })).sort(), paths(second).sort());
});

test('a day without files is not listed', () => {
  const gone = then(start({ add: add('a') }), { remove: { path: add('a').path, dataChange: true } });
  assert.deepEqual([...gone.days.keys()], []);
  assert.equal(filesOf(gone, '2026-11-30').length, 0);
});

test('a log cannot begin without protocol and metadata', () => {
  for (const actions of [[], [{ protocol: PROTOCOL }], [{ metaData }]]) {
    assert.throws(() => folded('t', undefined, [{ version: 0, actions }]), { code: 'STORE_BROKEN' });
  }
});

test('the name and the type of a column do not change when the table grows', () => {
  const [action] = growthOf(start(), GROWN);
  const grownOnce = then(start(), action ?? {});
  assert.deepEqual(grownOnce.columns.slice(0, -1), start().columns);
  assert.deepEqual(grownOnce.columns.at(-1)?.field, {
    name: 'added',
    type: 'long',
    nullable: true,
    metadata: { comment: 'Added later.' },
  });
  assert.equal(grownOnce.metaData.id, metaData.id);
});

const HOUR = 3_600_000;
/** A log with this many commits, an hour apart, and with these checkpoints. */
const logOf = (commits: number, checkpoints: readonly number[]) =>
  [
    ...Array.from({ length: commits }, (_, version) => ({ version, parts: 0 })),
    ...checkpoints.map((version) => ({ version, parts: 1 })),
  ].map((each) => ({ ...each, name: `${each.version}/${each.parts}`, modifiedAt: each.version * HOUR }));

test('log entries that are old and before a checkpoint are deleted, and every later version can still be read', () => {
  const plan = (checkpoints: readonly number[], before: number) =>
    logPlan(logOf(10, checkpoints), new Set(checkpoints), before * HOUR).map(({ name }) => name);
  assert.deepEqual(plan([4, 8], 6), ['0/0', '1/0', '2/0', '3/0']);
  assert.deepEqual(plan([4, 8], 8), ['0/0', '1/0', '2/0', '3/0', '4/0', '4/1', '5/0', '6/0', '7/0']);
  assert.deepEqual(plan([4, 8], 3), [], 'version 3 needs all before it');
  assert.deepEqual(plan([], 100), []);
  assert.deepEqual(plan([0], 100), []);
  const young = logOf(10, [8]).map((each) => (each.version === 2 ? { ...each, modifiedAt: 50 * HOUR } : each));
  assert.deepEqual(logPlan(young, new Set([8]), 20 * HOUR), [], 'no hole where one is younger than those after it');
  assert.deepEqual(
    logPlan(logOf(3, [8]), new Set([8]), 100 * HOUR),
    [],
    'a checkpoint whose commit is not there is none',
  );
});

test('a vacuum keeps what is in the table, what was removed lately, and what is new or not data', () => {
  const snapshot = then(
    start({ add: add('kept') }, { add: add('old') }, { add: add('late') }),
    { remove: { path: add('old').path, dataChange: false, deletionTimestamp: 100 } },
    { remove: { path: add('late').path, dataChange: false, deletionTimestamp: 300 } },
  );
  const objects = ['kept', 'old', 'late', 'lost'].map((name) => ({
    name: `t/${add(name).path}`,
    bytes: 1,
    modifiedAt: 50,
  }));
  const others = [
    '_delta_log/00000000000000000000.json',
    '_delta_log/x.parquet',
    'date=2026-11-30/.hidden.parquet',
    'notes.txt',
  ];
  const all = [
    ...objects,
    { name: `t/${add('new').path}`, bytes: 1, modifiedAt: 150 },
    ...others.map((name) => ({ name: `t/${name}`, bytes: 1, modifiedAt: 0 })),
  ];
  const names = vacuumPlan(snapshot, all, { removedBefore: 200, leftBefore: 100 }).map(({ name }) => name);
  assert.deepEqual(names, [`t/${add('old').path}`, `t/${add('lost').path}`]);
});

test('small files of one day are grouped so that each group fits into memory', () => {
  const files = Array.from({ length: 7 }, (_, n) => ({ add: add(`f${n}`, 10) }));
  const snapshot = start(...files, { add: add('big', 1000) }, { add: add('lone', 1, '2026-12-01') });
  const plan = (rules: object, day?: string) =>
    compactionPlan(snapshot, { smallBytes: 100, leastFiles: 2, ...rules }, day).map(({ files }) =>
      files.map(({ size }) => size),
    );
  assert.deepEqual(plan({}), [[10, 10, 10, 10, 10, 10, 10]]);
  assert.deepEqual(
    plan({ groupBytes: 30 }),
    [
      [10, 10, 10],
      [10, 10, 10],
    ],
    'one alone is no group',
  );
  assert.deepEqual(
    plan({ mostFiles: 4 }).map((group) => group.length),
    [4, 3],
  );
  assert.deepEqual(plan({ leastFiles: 8 }), []);
  assert.deepEqual(plan({}, '2026-12-01'), []);
  assert.deepEqual(
    plan({ smallBytes: 5000, groupBytes: 5000 }).map((group) => group.length),
    [8],
  );
});

test('names follow the protocol, and are valid names of objects', () => {
  assert.equal(segmentPath('date', '2026-11-30', 'w-1', 42), 'date=2026-11-30/w-1-00000042.parquet');
  assert.deepEqual(checkpointNames('t', { version: 7, parts: 2 }), [
    't/_delta_log/00000000000000000007.checkpoint.0000000001.0000000002.parquet',
    't/_delta_log/00000000000000000007.checkpoint.0000000002.0000000002.parquet',
  ]);
  const entry = (name: string) => logEntry('t', `t/_delta_log/${name}`, 5);
  assert.deepEqual(entry('00000000000000000007.json')?.version, 7);
  assert.deepEqual(entry('00000000000000000007.checkpoint.0000000001.0000000002.parquet')?.parts, 2);
  for (const other of ['_last_checkpoint', '7.json', '00000000000000000007.crc']) assert.equal(entry(other), undefined);
  assert.equal(objectName('t', 'date=2026-11-30/a%20b.parquet'), 't/date=2026-11-30/a b.parquet');
  for (const elsewhere of ['s3://b/a.parquet', '/a.parquet', 'file:/a.parquet', 'a%b.parquet']) {
    assert.equal(objectName('t', elsewhere), undefined, elsewhere);
  }
  assert.ok(isData('t', 't/date=1/a.parquet') && !isData('t', 't/_change_data/a.parquet'));
  assert.deepEqual(['w', 'a-b_c=1', '', '-w', '_w', 'w/x', 'w x', 'ü'].map(isWriter), [
    true,
    true,
    ...Array(6).fill(false),
  ]);
});
