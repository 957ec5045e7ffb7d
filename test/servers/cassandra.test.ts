/** The tables port on a real Cassandra: its contract, and what is particular to Cassandra. */
import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { Client } from 'cassandra-driver';
import type { Field } from '../../core/avro.ts';
import { Entries } from '../../core/entries.ts';
import { defineTable, type TableDef } from '../../core/target.ts';
import { running } from '../../servers/running.ts';
import type { Key } from '../../sinks/port.ts';
import { LONGEST_INDEXED } from '../../sinks/tables/cassandra/rows.ts';
import { tablesCql } from '../../sinks/tables/cassandra/schema.ts';
import { cassandraTables } from '../../sinks/tables/cassandra/tables.ts';
import { MOST_REVISIONS } from '../../sinks/tables/cassandra/version.ts';
import type { Tables } from '../../sinks/tables/port.ts';
import { keysWhere } from '../contracts/keys-where.ts';
import { tablesContract } from '../contracts/tables.ts';
import { assertHolds, board, learners, place, readOne, removal, shown, v, write } from '../contracts/tables-samples.ts';
import { countOf } from '../harness/count.ts';

const server = await running('cassandra');
const keyspaceName = (): string => `test_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
const keyspace = keyspaceName();
const url = `${server.url}/${keyspace}`;

tablesContract(
  'Cassandra',
  async (t) => {
    let tables = opened(t, url);
    return {
      tables,
      async reopen() {
        await tables.close();
        tables = opened(t, url);
        return tables;
      },
      limited(largest) {
        const limited = cassandraTables({ url, largest });
        t.after(() => limited.close());
        return limited;
      },
    };
  },
  { tellsStale: false, ordersKeys: false, longestIndexed: LONGEST_INDEXED },
);

const MIB = 1024 ** 2;

test('people read projections with plain CQL', async (t) => {
  const { tables, tenant, key } = await prepared(t);
  const counts = Entries.of([['n', 5]]);
  await tables.write(learners, [write(key, v(1, 1), { data: { region: tenant, tags: ['x'], score: 2.5, counts } })]);
  const client = await clientOf(t);
  const where = `WHERE tenant = '${tenant}' AND user_id = 'ada'`;
  const columns = 'batch_id, region, active, score, tags, counts, completed_at';
  const { rows } = await client.execute(`SELECT ${columns} FROM ${keyspace}.contract_learners ${where}`);
  const { counts: entries, ...row } = { ...rows[0] };
  assert.deepEqual(row, { batch_id: 'b1', region: tenant, active: true, score: 2.5, tags: ['x'], completed_at: null });
  assert.equal(String(entries.n), '5');
  const found = await client.execute(`SELECT user_id FROM ${keyspace}.contract_learners WHERE region = '${tenant}'`);
  assert.deepEqual(
    found.rows.map((row) => row['user_id']),
    ['ada'],
  );
});

test('what Cassandra never accepts is refused alone, and leaves nothing behind', async (t) => {
  const { tables, tenant } = await prepared(t);
  const long = 'x'.repeat(LONGEST_INDEXED + 1);
  const huge = 'x'.repeat(17 * 1024 * 1024);
  const rows = [
    write([tenant, 'ada', 'b1'], v(1, 1)),
    write([tenant, 'ada', 'b2'], v(1, 1), { outbox: huge }),
    write([tenant, 'ada', 'b3'], v(1, 1), { data: { region: long } }),
    write([tenant, 'ada', 'b4'], v(1, 1), { data: { progress: 2 ** 40 } }),
    write([tenant, 'ada', 'b5'], v(1, MOST_REVISIONS + 1)),
    write([tenant, 'ada', 'y'.repeat(70_000)], v(1, 1)),
    write([tenant, 'bob', 'b1'], v(1, 1), { outbox: huge }),
    write([tenant, 'ada', 'b6'], v(1, MOST_REVISIONS)),
  ];
  const results = await tables.write(learners, rows);
  assert.deepEqual(
    results.map((result) => (typeof result === 'string' ? result : 'refused')),
    ['written', 'refused', 'refused', 'refused', 'refused', 'refused', 'refused', 'written'],
  );
  for (const result of results) if (typeof result === 'object') assert.ok(result.refused.length < 300, result.refused);
  const kept = await tables.under(learners, [tenant, 'ada']);
  assert.deepEqual(
    kept.map((row) => row.key[2]),
    ['b1', 'b6'],
  );
  const key = (user: string) => [tenant, 'c1', '1', user];
  const changes = [
    place(key('ada'), v(1, 1), { progress: 2 ** 40 }),
    place(key('bob'), v(1, 1)),
    removal(key('y'.repeat(70_000)), v(1, 1)),
  ];
  const [first, second, third] = await tables.apply(board, changes);
  assert.deepEqual([typeof first, second, typeof third], ['object', 'written', 'object']);
  assert.equal(await countOf(tables, board, tenant), 1);
});

test('a row that is too large does not prevent rows written beside it', async (t) => {
  const { tables, tenant } = await prepared(t);
  for (const [n, outbox] of ['x'.repeat(17 * MIB), 'ü'.repeat(7 * MIB), 'x'.repeat(12 * MIB)].entries()) {
    const rows = [write([tenant, 'ada', `b${n}`], v(1, 1), { outbox }), write([tenant, 'bob', `b${n}`], v(1, 1))];
    const results = await tables.write(learners, rows);
    assert.deepEqual([typeof results[0], results[1]], ['object', 'written']);
  }
  const largest = write([tenant, 'ada', 'b'], v(1, 1), { whole: true, outbox: 'x'.repeat(11 * MIB) });
  assert.deepEqual(await tables.write(learners, [largest]), ['written']);
});

test('the longest value that an index accepts can be searched', async (t) => {
  const { tables, tenant, key } = await prepared(t);
  const region = 'ü'.repeat(LONGEST_INDEXED / 2);
  assert.deepEqual(await tables.write(learners, [write(key, v(1, 1), { data: { region } })]), ['written']);
  assert.deepEqual(await keysWhere(tables, learners, 0, tenant, 'region', region), [key]);
});

test('what people delete or write without a version does not hide what a job writes', async (t) => {
  const { tables, tenant, key } = await prepared(t);
  const client = await clientOf(t);
  const where = `WHERE tenant = '${tenant}' AND user_id = 'ada'`;
  await client.execute(`DELETE FROM ${keyspace}.contract_learners ${where}`);
  const row = write(key, v(1, 1), { data: { progress: 5 } });
  await tables.write(learners, [row]);
  await client.execute(`UPDATE ${keyspace}.contract_learners SET progress = 99 ${where} AND batch_id = 'b1'`);
  await client.execute(`DELETE FROM ${keyspace}.contract_learners ${where}`);
  await assertHolds(tables, row);
});

test('the statements that are shown make the same tables as preparing', async (t) => {
  await prepared(t);
  const client = await clientOf(t);
  const shown = keyspaceName();
  for (const statement of tablesCql([learners, board], shown)) await client.execute(statement);
  const names = ['tables_claims', learners.name, board.name];
  const schema = async (name: string) => {
    const all = await Promise.all(
      ['columns', 'indexes', 'tables'].map((table) =>
        client.execute(`SELECT * FROM system_schema.${table} WHERE keyspace_name = ?`, [name], { prepare: true }),
      ),
    );
    const made = all.map(({ rows }) => rows.filter((row) => names.includes(row['table_name'])));
    return JSON.stringify(made.map((rows) => rows.map((row) => ({ ...row, keyspace_name: '', id: '' }))));
  };
  const before = await schema(shown);
  assert.equal(before, await schema(keyspace));
  await opened(t, `${server.url}/${shown}`).prepare([learners, board]);
  assert.equal(await schema(shown), before, 'and preparing finds nothing to do');
});

test('concurrent prepares of several clients make the tables once', async (t) => {
  const own = keyspaceName();
  const client = await clientOf(t);
  for (const statement of tablesCql([], own)) await client.execute(statement);
  const clients = Array.from({ length: 3 }, () => opened(t, `${server.url}/${own}`));
  await Promise.all(clients.map((tables) => tables.prepare([learners, board])));
  for (const [i, tables] of clients.entries()) {
    const row = write(['acme', `user-${i}`, 'b1'], v(1, 1));
    await tables.write(learners, [row]);
    await assertHolds(clients[(i + 1) % 3] as Tables, row);
  }
});

const id = { name: 'id', type: 'string', doc: '' } as const;
const other = { name: 'other', type: 'string', doc: '' } as const;
/** Declares a table for one test, which keeps its name whatever its declaration is. */
const declaring =
  (name = `drifting_${randomInt(2 ** 40)}`) =>
  (over: Partial<TableDef>, ...fields: Field[]): TableDef => ({
    ...defineTable({ name, doc: '', key: ['id'], record: { type: 'record', name: 'R', fields: [id] } }),
    record: { type: 'record', name: 'R', fields: [id, ...fields] },
    ...over,
  });

test('a table with columns of another type or key is left unchanged', async (t) => {
  const { tables } = await prepared(t);
  const declare = declaring();
  const level = (type: 'string' | 'int'): Field => ({ name: 'level', type, doc: '' });
  await tables.prepare([declare({}, other, level('string'))]);
  const drifted = (message: RegExp) => ({ code: 'TABLE_DRIFTED', message });
  await assert.rejects(
    tables.prepare([declare({}, other, level('int'))]),
    drifted(/has the column level as text, but it is declared as int/),
  );
  await assert.rejects(
    tables.prepare([declare({ sort: ['other'] }, other, level('string'))]),
    drifted(/has the clustering \(\), but is declared with \(other\)/),
  );
  await tables.prepare([declare({}, other, level('string'))]);
});

test('a field without a default is added only to an empty table', async (t) => {
  const { tables, tenant } = await prepared(t);
  const declare = declaring();
  const before = declare({}, other);
  await tables.prepare([before]);
  const after = declare({}, other, { name: 'more', type: 'int', doc: '' });
  await tables.prepare([after]);
  const row = { ...write([tenant, 'a'], v(1, 1)), data: { id: 'a', other: 'b', more: 1 } };
  assert.deepEqual(await tables.write(after, [row]), ['written']);
  const late = declare({}, other, { name: 'late', type: 'int', doc: '' });
  await assert.rejects(tables.prepare([late]), { code: 'TABLE_DRIFTED' });
});

test('rows match the default of a field that was added and indexed later', async (t) => {
  const { tables, tenant } = await prepared(t);
  const declare = declaring();
  const before = declare({}, other);
  await tables.prepare([before]);
  const row = (name: string, revision: number, data: Record<string, unknown>) => ({
    ...write([tenant, name], v(1, revision), { partition: 3 }),
    data: { id: name, other: 'x', ...data },
  });
  await tables.write(before, [row('a', 1, {}), row('b', 1, {})]);
  const after = declare({ indexed: ['level', 'other'] }, other, {
    name: 'level',
    type: 'string',
    doc: '',
    default: 'low',
  });
  await tables.prepare([after]);
  const where = async (value: string) =>
    (await keysWhere(tables, after, 3, tenant, 'level', value)).map((key) => key[1]).sort();
  assert.deepEqual(await where('low'), ['a', 'b']);
  assert.deepEqual((await keysWhere(tables, after, 3, tenant, 'other', 'x')).length, 2);
  await tables.write(after, [row('a', 2, { level: 'high' })]);
  assert.deepEqual([await where('low'), await where('high')], [['b'], ['a']]);
  assert.deepEqual((await readOne(tables, after, [tenant, 'b']))?.version, v(1, 1), 'the row is of its version still');
});

test('a list of several pages goes through every key of a tenant', async (t) => {
  const { tables, tenant } = await prepared(t);
  const rows = Array.from({ length: 1200 }, (_, i) =>
    write([tenant, `user-${i}`, 'b'], v(1, 1), { data: i % 3 ? {} : undefined }),
  );
  await tables.write(learners, rows);
  const { items } = await tables.select(learners, [tenant], { limit: 2000 });
  assert.equal(new Set(items.map((each) => each['userId'])).size, 800);
  assert.equal(await countOf(tables, learners, tenant), 800);
});

test('a missing array is distinguished from an empty one', async (t) => {
  const { tables, tenant } = await prepared(t);
  const declare = declaring();
  const table = declare(
    {},
    { name: 'list', type: ['null', { type: 'array', items: 'long' }], doc: '' },
    { name: 'map', type: { type: 'map', values: ['null', 'int'] }, doc: '' },
  );
  await tables.prepare([table]);
  const lists = [null, [], [1, Number.MAX_SAFE_INTEGER]];
  const map = Entries.of<unknown>([
    ['none', null],
    ['one', 1],
  ]);
  const rows = lists.map((list, i) => ({ ...write([tenant, `${i}`], v(1, 1)), data: { id: `${i}`, list, map } }));
  await tables.write(table, rows);
  const read = await tables.read(
    table,
    rows.map((row) => row.key),
  );
  assert.deepEqual(
    read.map((row) => row?.data?.['list']),
    lists,
  );
  assert.deepEqual(shown(read[0]?.data?.['map']), shown(map));
});

test('a wrong call, a wrong datacenter and a lost table are reported as such', async (t) => {
  const { tables, tenant, key } = await prepared(t);
  const wrong = { code: 'USAGE' };
  await assert.rejects(tables.read(learners, [[tenant, 'ada']]), wrong);
  await assert.rejects(tables.write(learners, [write([tenant, 'ada', 'b1', 'x'], v(1, 1))]), wrong);
  await assert.rejects(tables.under(learners, [tenant]), wrong);
  await assert.rejects(tables.select(learners, [], { limit: 1 }), wrong);
  await assert.rejects(keysWhere(tables, learners, 0, tenant, 'state', 'open'), wrong);
  await assert.rejects(opened(t, `${url}?dc=nowhere`).token('job', 'topic', 0), { code: 'CONFIG_INVALID' });
  const lost = { ...learners, name: `lost_${randomInt(2 ** 40)}` };
  await assert.rejects(tables.write(lost, [write(key, v(1, 2))]), { code: 'STORE_BROKEN', message: /tables apply/ });
  await tables.prepare([lost]);
  await tables.write(lost, [write(key, v(1, 2))]);
  await (await clientOf(t)).execute(`DROP TABLE ${keyspace}.${lost.name}`);
  await assert.rejects(tables.write(lost, [write(key, v(1, 2))]), { code: 'STORE_BROKEN', message: /tables apply/ });
  await assert.rejects(tables.read(lost, [key]), { code: 'STORE_BROKEN' });
  await tables.close();
  await tables.close();
  await assert.rejects(tables.read(learners, [key]), wrong);
});

function opened(t: TestContext, at: string): Tables {
  const tables = cassandraTables({ url: at });
  t.after(() => tables.close());
  return tables;
}

/** Tables in the keyspace that all tests share, with a separate tenant for this test. */
async function prepared(t: TestContext) {
  const tables = opened(t, `${url}?dc=datacenter1&replication=1`);
  await tables.prepare([learners, board]);
  const tenant = `tenant-${randomUUID()}`;
  return { tables, tenant, key: [tenant, 'ada', 'b1'] as Key };
}

async function clientOf(t: TestContext): Promise<Client> {
  const client = new Client({
    contactPoints: [server.url.slice('cassandra://'.length)],
    localDataCenter: 'datacenter1',
  });
  t.after(() => client.shutdown());
  await client.connect();
  return client;
}
