/** Every list has three forms, and readable times. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import type { CommandName } from '../../cli/commands.ts';
import { readableOf } from '../../cli/output/listing.ts';
import { keyFields } from '../../core/target.ts';
import { indexesOf, tablesOf } from '../../modules/derived.ts';
import { enrollmentIndex, learnerProgress } from '../../schemas/rows/learner-progress.ts';
import { event, LIST, rejected } from './dead-letters.ts';
import { command, wired } from './in-process.ts';

const version = { token: 1, revision: 1 };
const ONE = { userId: 'u1', courseId: 'c1', courseName: 'Say "hello", twice', active: true, batches: ['b1', 'b2'] };
const enrollment = {
  ...ONE,
  progress: 1500,
  state: 'completed',
  completedAt: Date.UTC(2026, 1, 1),
  lastAccessAt: null,
};

const PAGE = { tenant: 'default', limit: 20, after: null };
const LISTS: readonly (readonly [CommandName, object])[] = [
  ['topics', { topic: null }],
  ['tables', {}],
  ['indexes', {}],
  ['lag', { jobs: [], wait: false, timeoutMs: 1, progress: false }],
  ['offsets show', { jobs: [] }],
  ['show', { projection: 'enrollments', key: [], ...PAGE }],
  ['search', { index: 'enrollments', words: '', filter: [], ...PAGE }],
  ['dead-letters list', LIST],
];

test('every list can be a table for people, CSV with the same columns, or one JSON document', async (t) => {
  const one = await wired(t);
  await rejected(one, event('{}'), ['track-progress']);
  await one.stores.search.apply(enrollmentIndex, [{ key: ['default', 'u1', 'c1'], version, record: enrollment }]);
  for (const [name, args] of LISTS) {
    const table = await command(one, name, { ...args, json: false });
    const csv = await command(one, name, { ...args, json: false, csv: true });
    const json = await command(one, name, { ...args, json: true });
    assert.deepEqual([table.code, csv.code, json.code], [0, 0, 0], name);
    const [head = [], ...rows] = parse(csv.stdout) as string[][];
    const lines = table.stdout.trimEnd().split('\n');
    assert.deepEqual(
      lines[0]
        ?.split(/ {2,}/)
        .map((cell) => cell.trim())
        .filter(Boolean),
      head,
      name,
    );
    assert.equal(lines.length, rows.length + 1, name);
    assert.ok(rows.length > 0, name);
    const listed = JSON.parse(json.stdout);
    const items = Array.isArray(listed) ? listed : listed.items;
    if (name !== 'offsets show') assert.equal(items.length, rows.length, name);
  }
});

test('times are readable in a table and in CSV, and numbers in JSON; cells with special characters are quoted', async (t) => {
  const one = await wired(t);
  await one.stores.search.apply(enrollmentIndex, [{ key: ['default', 'u1', 'c1'], version, record: enrollment }]);
  const args = { index: 'enrollments', words: '', filter: ['completedAt>=2026-01-01'], sort: 'progress:desc', ...PAGE };
  const { stdout: csv } = await command(one, 'search', { ...args, json: false, csv: true });
  const [row] = parse(csv, { columns: true }) as Record<string, string>[];
  assert.deepEqual(row, {
    userId: 'u1',
    courseId: 'c1',
    courseName: 'Say "hello", twice',
    active: 'true',
    batches: '["b1","b2"]',
    left: '',
    progress: '1500',
    state: 'completed',
    completedAt: '2026-02-01T00:00:00.000Z',
    lastAccessAt: '',
  });
  const { stdout: table } = await command(one, 'search', { ...args, json: false });
  assert.match(table, /1,500 .* 2026-02-01T00:00:00\.000Z +-$/m);
  const { stdout: json } = await command(one, 'search', { ...args, json: true });
  assert.deepEqual(JSON.parse(json).items, [enrollment]);
  const show = { projection: 'enrollments', key: ['u1', 'c1'], ...PAGE };
  assert.equal(
    JSON.parse((await command(one, 'show', { ...show, json: false })).stdout).completedAt,
    row?.['completedAt'],
  );
  assert.deepEqual(JSON.parse((await command(one, 'show', { ...show, json: true })).stdout), enrollment);
});

test('times within records, arrays and maps are readable too', () => {
  const time = Date.UTC(2026, 1, 1);
  const batches = { b1: { active: true, since: time, completionSaid: false } };
  const contents = { c1: { completed: true, views: time, firstAt: time, completedAt: null } };
  const iso = '2026-02-01T00:00:00.000Z';
  assert.deepEqual(readableOf(learnerProgress.record, { batches, contents, unknown: time }), {
    batches: { b1: { active: true, since: iso, completionSaid: false } },
    contents: { c1: { completed: true, views: time, firstAt: iso, completedAt: null } },
    unknown: time,
  });
});

test('tables and indexes lists what the jobs declare, and which job writes it', async (t) => {
  const one = await wired(t);
  const tables = JSON.parse((await command(one, 'tables', { json: true })).stdout);
  assert.deepEqual(
    tables.map(({ table, key }: { table: string; key: string[] }) => [table, key]),
    tablesOf(one.platform.jobs).map((table) => [table.name, keyFields(table)]),
  );
  const named = (table: string) => tables.find((each: { table: string }) => each.table === table);
  assert.deepEqual([named('learner_progress').kind, named('learner_progress').jobs], ['rows', ['track-progress']]);
  assert.deepEqual([named('batch_learners').kind, named('batch_learners').jobs], ['view', ['track-progress']]);
  const indexes = JSON.parse((await command(one, 'indexes', { json: true })).stdout);
  assert.deepEqual(
    indexes.map(({ index }: { index: string }) => index),
    indexesOf(one.platform.jobs).map(({ name }) => name),
  );
});
