/** The contract of the tables port for preparing tables, and for calls without rows. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import type { Field } from '../../core/avro.ts';
import { Entries } from '../../core/entries.ts';
import { defineTable, type TableDef } from '../../core/target.ts';
import type { RowWrite } from '../../sinks/tables/port.ts';
import { countOf } from '../harness/count.ts';
import { keysWhere } from './keys-where.ts';
import {
  allPages,
  assertHolds,
  board,
  learners,
  place,
  readOne,
  type Scene,
  shown,
  v,
  write,
} from './tables-samples.ts';

export function schemasContract(tablesTest: (title: string, body: (s: Scene) => Promise<void>) => void): void {
  tablesTest('preparing again keeps the rows', async ({ tables, key, job }) => {
    const row = write(key('ada', 'b1'), v(1, 1), { data: { counts: Entries.of([['n', 1]]) } });
    await tables.write(learners, [row]);
    await tables.claim(job, 'topic', 0);
    await tables.prepare([learners, board]);
    await tables.prepare([]);
    await assertHolds(tables, row);
    assert.equal(await tables.token(job, 'topic', 0), 1);
  });

  tablesTest(
    'missing tables and columns are reported, made by preparing, and nothing is missing afterwards',
    async ({ tables }) => {
      const name = `contract_missing_${randomInt(2 ** 40)}`;
      const declare = (key: string, fields: readonly Field[] = []): TableDef => {
        const id = { name: key, type: 'string', doc: '' } as const;
        const counts = { name: 'counts', type: { type: 'map', values: 'int' }, doc: '' } as const;
        const record = { type: 'record', name: 'R', fields: [id, counts, ...fields] } as const;
        return { kind: 'table', name, doc: '', key: [key], sort: [], indexed: [key], record };
      };
      const before = declare('userId');
      const assertMissingThenPrepared = async (table: TableDef): Promise<void> => {
        const statements = await tables.missing([learners, table, board]);
        assert.ok(statements.length > 0);
        for (const statement of statements) assert.match(statement, new RegExp(name));
        assert.deepEqual(await tables.missing([table]), statements, 'saying it changes nothing');
        await tables.prepare([table]);
        assert.deepEqual(await tables.missing([learners, table, board]), []);
      };
      await assertMissingThenPrepared(before);
      await assertMissingThenPrepared(
        declare('userId', [{ name: 'note', type: ['null', 'string'], doc: '', default: null }]),
      );
      await assert.rejects(tables.missing([declare('other')]), { code: 'TABLE_DRIFTED' });
    },
  );

  tablesTest('a field that is added later is in old rows and new ones', async ({ tables, tenant, partition }) => {
    const name = `contract_added_${randomInt(2 ** 40)}`;
    const id = { name: 'userId', type: 'string', doc: 'The key.' } as const;
    const declare = (indexed: string[], fields: readonly Field[]): TableDef => ({
      ...defineTable({ name, doc: '', key: ['userId'], record: { type: 'record', name: 'R', fields: [id] } }),
      record: { type: 'record', name: 'R', fields: [id, ...fields] },
      indexed,
    });
    const before = declare([], []);
    const after = declare(
      ['level'],
      [
        { name: 'level', type: 'string', doc: '', default: "it's none" },
        { name: 'times', type: 'int', doc: '', default: 3 },
        { name: 'seen', type: 'boolean', doc: '', default: true },
        { name: 'tags', type: { type: 'array', items: 'string' }, doc: '', default: ['a'] },
        { name: 'note', type: ['null', 'string'], doc: '', default: null },
        { name: 'counts', type: { type: 'map', values: 'int' }, doc: '', default: {} },
      ],
    );
    const row = (userId: string, data: Record<string, unknown>): RowWrite => ({
      ...write([tenant, userId], v(1, 1), { partition }),
      data,
    });
    await tables.prepare([before]);
    await tables.write(before, [row('ada', { userId: 'ada' })]);
    await tables.prepare([after]);
    const defaults = { userId: 'ada', level: "it's none", times: 3, seen: true, tags: ['a'], note: null };
    const old = await readOne(tables, after, [tenant, 'ada']);
    assert.deepEqual(shown(old?.data), shown({ ...defaults, counts: Entries.empty() }));
    assert.deepEqual(shown(await allPages(tables, after, [tenant], 5)), shown([{ ...defaults, counts: {} }]));
    const counts = Entries.of([['n', 1]]);
    const bob = { userId: 'bob', level: 'high', times: 1, seen: false, tags: [], note: 'x', counts };
    assert.deepEqual(await tables.write(after, [row('bob', bob)]), ['written']);
    assert.deepEqual(shown((await readOne(tables, after, [tenant, 'bob']))?.data), shown(bob));
    assert.deepEqual(await keysWhere(tables, after, partition, tenant, 'level', 'high'), [[tenant, 'bob']]);
  });

  tablesTest('a field that is added to a record within a row is in old entries', async (s) => {
    const { tables, tenant, partition } = s;
    const name = `contract_grown_${randomInt(2 ** 40)}`;
    const id = { name: 'userId', type: 'string', doc: 'The key.' } as const;
    const declare = (added: readonly Field[]): TableDef => {
      const entry = { type: 'record', name: 'E', fields: [{ name: 'n', type: 'int', doc: '' }, ...added] } as const;
      const fields = [
        id,
        { name: 'entries', type: { type: 'map', values: entry }, doc: '' },
        { name: 'list', type: { type: 'array', items: entry }, doc: '' },
        { name: 'one', type: ['null', entry], doc: '' },
      ] as const;
      return defineTable({ name, doc: '', key: ['userId'], record: { type: 'record', name: 'R', fields } });
    };
    const before = declare([]);
    await tables.prepare([before]);
    const row = write([tenant, 'ada'], v(1, 1), { partition });
    const data = { userId: 'ada', entries: Entries.of([['x', { n: 1 }]]), list: [{ n: 2 }], one: null };
    await tables.write(before, [{ ...row, data }]);
    const after = declare([
      { name: 'at', type: ['null', 'long'], doc: '', default: null },
      { name: 'ways', type: { type: 'array', items: 'string' }, doc: '', default: [] },
      { name: 'mark', type: 'bytes', doc: '', default: '\u00ff' },
      { name: 'inner', type: { type: 'record', name: 'I', fields: [] }, doc: '', default: {} },
    ]);
    await tables.prepare([after]);
    const added = { at: null, ways: [], mark: Uint8Array.of(255), inner: {} };
    const found = (await readOne(tables, after, [tenant, 'ada']))?.data as Record<string, unknown>;
    assert.deepEqual([...(found['entries'] as Entries<unknown>)], [['x', { n: 1, ...added }]]);
    assert.deepEqual([found['list'], found['one']], [[{ n: 2, ...added }], null]);
  });

  tablesTest('calls with empty lists return empty lists', async ({ tables, tenant, partition }) => {
    assert.deepEqual(await tables.write(learners, []), []);
    assert.deepEqual(await tables.apply(board, []), []);
    assert.deepEqual(await tables.read(learners, []), []);
    assert.deepEqual(await tables.under(learners, [tenant, 'nobody']), []);
    assert.deepEqual(await keysWhere(tables, learners, partition, tenant, 'region', 'none'), []);
    assert.deepEqual(await tables.due(learners, [partition], Number.MAX_SAFE_INTEGER, 10), []);
    assert.deepEqual(await tables.select(board, [tenant], { limit: 10 }), { items: [], next: undefined });
    assert.equal(await countOf(tables, board, tenant), 0);
  });

  tablesTest('rows, views, timers and claims are available to the next client', async (s) => {
    const { tables, partition, job } = s;
    const key = s.key('ada', 'b1');
    const row = write(key, v(4, 2), { partition, timers: { end: 5 }, data: { counts: Entries.of([['n', 1]]) } });
    await tables.write(learners, [row]);
    await tables.claim(job, 'topic', 3);
    await tables.apply(board, [place([s.tenant, 'c1', '1', 'ada'], v(1, 1))]);
    const next = await s.reopen();
    await next.prepare([learners, board]);
    await assertHolds(next, row);
    assert.equal(await countOf(next, board, s.tenant), 1);
    assert.deepEqual(await next.due(learners, [partition], 5, 1), [{ partition, key, name: 'end', due: 5 }]);
    assert.equal(await next.claim(job, 'topic', 3), 2);
    assert.deepEqual(await next.write(learners, [write(key, v(4, 3))]), ['written']);
  });
}
