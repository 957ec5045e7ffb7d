/** The contract of the tables port: see `sinks/tables/port.ts`. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Entries } from '../../core/entries.ts';
import type { RowWrite } from '../../sinks/tables/port.ts';
import { countOf } from '../harness/count.ts';
import { keysWhere } from './keys-where.ts';
import { claimsContract } from './tables-claims.ts';
import { generationsContract } from './tables-generations.ts';
import { keysContract } from './tables-keys.ts';
import { largeRowsContract } from './tables-large.ts';
import { rowsBehaveLikeTheModel } from './tables-model.ts';
import { removedRowsContract } from './tables-removed.ts';
import {
  assertHolds,
  assertLost,
  learners,
  type Scene,
  scene,
  shown,
  type TablesOptions,
  type TablesUnderTest,
  v,
  write,
} from './tables-samples.ts';
import { scanContract } from './tables-scan.ts';
import { schemasContract } from './tables-schemas.ts';
import { takenContract } from './tables-taken.ts';
import { timersContract } from './tables-timers.ts';
import { viewsContract } from './tables-views.ts';

/** `make` returns a client of a store that may have rows of other tests. Each test has its own tenant, job and partition. */
export function tablesContract(
  name: string,
  make: (t: TestContext) => Promise<TablesUnderTest>,
  options: TablesOptions = {},
): void {
  const tablesTest = (title: string, body: (s: Scene, t: TestContext) => Promise<void>): void => {
    test(`${name}: ${title}`, async (t) => body(await scene(await make(t), options), t));
  };
  keysContract(tablesTest);
  timersContract(tablesTest);
  viewsContract(tablesTest);
  schemasContract(tablesTest);
  scanContract(tablesTest);
  claimsContract(tablesTest);
  generationsContract(tablesTest);
  removedRowsContract(tablesTest);
  takenContract(tablesTest);
  largeRowsContract(tablesTest);
  rowsBehaveLikeTheModel(tablesTest);

  tablesTest('a row of every type of field comes back as it was written', async ({ tables, key }) => {
    const contents = Entries.of([
      ['content-1', { at: 1_700_000_000_001, score: null }],
      ['content-2', { at: 0, score: -0.25 }],
    ]);
    const rows = [
      write(key('ada', 'b1'), v(3, 17), {
        at: '{"topic":[1,2]}',
        outbox: '[{"said":"something"}]',
        timers: { 'ends soon': 1_900_000_000_000, __proto: 1 },
        partition: 4,
        data: {
          region: 'Scotland',
          state: 'done',
          active: false,
          disability: false,
          progress: -2_147_483_648,
          joinedAt: Number.MAX_SAFE_INTEGER,
          completedAt: Number.MIN_SAFE_INTEGER,
          score: 0.1 + 0.2,
          digest: Uint8Array.from({ length: 256 }, (_, i) => i),
          tags: ['', 'b', 'a', 'ü🎓', '"'],
          last: { at: 5, sign: Uint8Array.of(0, 255), by: { b: 'x', a: '' } },
          contents,
          counts: Entries.of([['n', Number.MAX_SAFE_INTEGER]]),
        },
      }),
      write(key('bob', 'b1'), v(1, 1), {
        data: { region: '', disability: true, score: 1e300, digest: new Uint8Array(), completedAt: 0, joinedAt: 0 },
      }),
      write(key('cid', 'b1'), v(1, 1), { data: { score: 5, last: { at: 0, sign: null, by: {} } } }),
    ];
    assert.deepEqual(await tables.write(learners, rows), ['written', 'written', 'written']);
    for (const row of rows) await assertHolds(tables, row);
  });

  tablesTest('many rows are read in the order of the keys, and a missing one is undefined', async (s) => {
    const keys = Array.from({ length: 300 }, (_, i) => s.key(`user-${i}`, `batch-${i % 3}`));
    const odd = keys.filter((_, i) => i % 2 === 1);
    await s.tables.write(
      learners,
      odd.map((key, i) => write(key, v(1, 1), { data: { counts: Entries.of([[`c${i}`, i]]) } })),
    );
    const asked = [...keys.reverse(), ...odd.slice(0, 1)];
    const rows = await s.tables.read(learners, asked);
    assert.equal(rows.length, asked.length);
    for (const [i, key] of asked.entries()) {
      const index = odd.indexOf(key);
      assert.deepEqual(rows[i]?.key, index < 0 ? undefined : key);
      assert.deepEqual(
        shown(rows[i]?.data?.['counts']),
        index < 0 ? undefined : shown(Entries.of([[`c${index}`, index]])),
      );
    }
  });

  tablesTest('an older version does not replace a newer one, and an equal one is accepted', async (s) => {
    const key = s.key('ada', 'b1');
    const now = write(key, v(2, 5), { whole: true, data: { progress: 50 } });
    assert.deepEqual(await s.tables.write(learners, [now]), ['written']);
    assertLost(await s.tables.write(learners, [write(key, v(2, 4), { whole: true, data: { progress: 40 } })]), s);
    await assertHolds(s.tables, now);
    assert.deepEqual(await s.tables.write(learners, [now]), ['written']);
    await assertHolds(s.tables, now);
    const next = write(key, v(2, 6), { data: { progress: 60 } });
    assert.deepEqual(await s.tables.write(learners, [next]), ['written']);
    await assertHolds(s.tables, next);
  });

  tablesTest('a newer owner wins with a lower revision, and the older one loses with a higher', async (s) => {
    const key = s.key('ada', 'b1');
    await s.tables.write(learners, [write(key, v(1, 90), { data: { progress: 90 } })]);
    const newer = write(key, v(2, 10), { whole: true, data: { progress: 10 } });
    assert.deepEqual(await s.tables.write(learners, [newer]), ['written']);
    await assertHolds(s.tables, newer);
    assertLost(await s.tables.write(learners, [write(key, v(1, 91), { data: { progress: 91 } })]), s);
    await assertHolds(s.tables, newer);
  });

  tablesTest('a call writes each of its rows by that row’s own version', async (s) => {
    const keys = ['a', 'b', 'c', 'd'].map((user) => s.key(user, 'b'));
    const held = keys.map((key) => write(key, v(5, 5), { whole: true }));
    await s.tables.write(learners, held);
    const rows = keys.map((key, i) => write(key, v(i % 2 === 0 ? 4 : 6, 1), { whole: true, data: { progress: 1 } }));
    const results = await s.tables.write(learners, rows);
    assert.equal(results.length, 4);
    assertLost([results[0] ?? '', results[2] ?? ''] as ('stale' | 'written')[], s);
    assert.deepEqual([results[1], results[3]], ['written', 'written']);
    for (const [i, row] of rows.entries()) await assertHolds(s.tables, i % 2 === 0 ? (held[i] as RowWrite) : row);
  });

  tablesTest('a write touches only the entries that changed', async (s) => {
    const key = s.key('ada', 'b1');
    const content = (at: number) => ({ at, score: null });
    const first = Entries.of([
      ['kept', content(1)],
      ['changed', content(1)],
      ['deleted', content(1)],
    ]);
    await s.tables.write(learners, [write(key, v(1, 1), { data: { contents: first } })]);
    // A row as after a read. The store has another value for "kept", which shows whether the entry is written.
    const read = Entries.stored([
      ['kept', content(999)],
      ['changed', content(1)],
      ['deleted', content(1)],
    ]);
    const contents = read.set('changed', content(2)).set('added', content(2)).delete('deleted').delete('never there');
    await s.tables.write(learners, [write(key, v(1, 2), { data: { contents } })]);
    const expected = Entries.of([
      ['kept', content(1)],
      ['changed', content(2)],
      ['added', content(2)],
    ]);
    await assertHolds(s.tables, write(key, v(1, 2), { data: { contents: expected } }));
    await s.tables.write(learners, [write(key, v(1, 3), { data: { contents: contents.settled(), progress: 3 } })]);
    await assertHolds(s.tables, write(key, v(1, 3), { data: { contents: expected, progress: 3 } }));
  });

  tablesTest('many entries are written, read, changed and deleted', async (s) => {
    const key = s.key('ada', 'b1');
    const names = Array.from({ length: 1003 }, (_, i) => `content-${i}`);
    let counts = Entries.of(names.map((each, i) => [each, i]));
    await s.tables.write(learners, [write(key, v(1, 1), { data: { counts } })]);
    await assertHolds(s.tables, write(key, v(1, 1), { data: { counts } }));
    counts = counts.settled();
    for (const [i, each] of names.entries()) {
      if (i % 3 === 0) counts = counts.delete(each);
      if (i % 3 === 1) counts = counts.set(each, -i);
    }
    await s.tables.write(learners, [write(key, v(1, 2), { data: { counts } })]);
    await assertHolds(s.tables, write(key, v(1, 2), { data: { counts } }));
  });

  tablesTest('a whole write leaves no entry of an older owner', async (s) => {
    const key = s.key('ada', 'b1');
    const old = Entries.of([
      ['old', 1],
      ['both', 1],
    ]);
    await s.tables.write(learners, [write(key, v(1, 5), { data: { counts: old } })]);
    // Both entries count as stored and unchanged. A whole write writes them nevertheless.
    const counts = Entries.stored([
      ['both', 2],
      ['new', 2],
    ]);
    const whole = write(key, v(2, 1), { whole: true, data: { counts } });
    await s.tables.write(learners, [whole]);
    await assertHolds(s.tables, whole);
    const none = write(key, v(2, 2), { whole: true });
    await s.tables.write(learners, [none]);
    await assertHolds(s.tables, none);
  });

  tablesTest('fields that the same owner did not change stay, and changed ones are written', async (s) => {
    const { tables, partition } = s;
    const key = s.key('ada', 'b1');
    const counts = Entries.of([['n', 1]]);
    const data = { region: 'Wales', progress: 5, completedAt: 7, tags: ['a'], counts };
    const first = write(key, v(1, 1), { whole: true, partition, timers: { end: 100 }, data });
    await tables.write(learners, [first]);
    const fields = new Set(['region', 'tags']);
    const more = { ...first.data, progress: 6, completedAt: null, counts: counts.settled().set('m', 2) };
    const second = write(key, v(1, 2), {
      partition,
      at: 'later',
      outbox: 'news',
      timers: first.timers,
      data: more,
      unchanged: { fields, timers: true },
    });
    assert.deepEqual(await tables.write(learners, [second]), ['written']);
    await assertHolds(tables, second);
    assert.deepEqual(await keysWhere(tables, learners, partition, s.tenant, 'region', 'Wales'), [key]);
    assert.deepEqual(await tables.due(learners, [partition], 1000, 10), [{ partition, key, name: 'end', due: 100 }]);
    const third = { ...second, version: v(1, 3), timers: {}, unchanged: { fields, timers: false } };
    await tables.write(learners, [third]);
    await assertHolds(tables, third);
    assert.deepEqual(await tables.due(learners, [partition], 1000, 10), []);
    // The older owner writes last. None of its entries may show, whether or not the newer owner wrote them.
    const taken = write(key, v(2, 1), { whole: true, partition, data: { region: 'Kent', counts: Entries.of([]) } });
    await tables.write(learners, [taken]);
    const late = write(key, v(1, 9), {
      partition,
      data: { ...more, progress: 9 },
      unchanged: { fields, timers: true },
    });
    assertLost(await tables.write(learners, [late]), s);
    await assertHolds(tables, taken);
  });

  tablesTest('a stale write changes neither fields nor entries nor timers nor outbox', async (s) => {
    const { tables, partition } = s;
    const key = s.key('ada', 'b1');
    const held = write(key, v(3, 1), {
      whole: true,
      partition,
      at: 'now',
      outbox: 'to say',
      timers: { end: 100 },
      data: { progress: 7, region: 'Wales', counts: Entries.of([['n', 1]]) },
    });
    await tables.write(learners, [held]);
    const counts = Entries.stored([['n', 1]]);
    const other = { partition, at: 'before', outbox: 'said', timers: { end: 5, more: 6 } };
    const stale = [
      write(key, v(2, 9), { ...other, data: { region: 'Kent', counts: counts.set('n', 2).set('m', 2) } }),
      write(key, v(2, 9), { ...other, data: { region: 'Kent', counts: counts.delete('n') } }),
      write(key, v(2, 9), { ...other, whole: true, data: { region: 'Kent', counts: Entries.of([['x', 1]]) } }),
      write(key, v(2, 9), { ...other, timers: {}, data: undefined }),
    ];
    for (const each of stale) assertLost(await tables.write(learners, [each]), s);
    await assertHolds(tables, held);
    assert.deepEqual(await tables.due(learners, [partition], 1000, 10), [{ partition, key, name: 'end', due: 100 }]);
    assert.deepEqual(await keysWhere(tables, learners, partition, s.tenant, 'region', 'Kent'), []);
    assert.deepEqual(await keysWhere(tables, learners, partition, s.tenant, 'region', 'Wales'), [key]);
  });

  tablesTest('a deleted row keeps its position, and is in no list', async (s) => {
    const { tables, tenant, partition } = s;
    const [ada, bob] = [s.key('ada', 'b1'), s.key('ada', 'b2')];
    const counts = Entries.of([['n', 1]]);
    await tables.write(learners, [write(ada, v(1, 1), { partition, data: { counts } })]);
    await tables.write(learners, [write(bob, v(1, 1), { partition })]);
    const gone = write(ada, v(1, 2), { partition, at: 'end', outbox: 'bye', timers: { purge: 9 }, data: undefined });
    assert.deepEqual(await tables.write(learners, [gone]), ['written']);
    await assertHolds(tables, gone);
    const { data: _, whole: __, partition: ___, ...position } = gone;
    const [first, second, ...rest] = (await tables.under(learners, [tenant, 'ada'])).sort((a, b) =>
      byText(a.key, b.key),
    );
    assert.deepEqual(first, { ...position, data: undefined });
    assert.deepEqual([second?.key, rest], [bob, []]);
    assert.equal(await countOf(tables, learners, tenant), 1);
    const page = await tables.select(learners, [tenant], { limit: 10 });
    assert.deepEqual(
      page.items.map((each) => each['batchId']),
      ['b2'],
    );
    assertLost(await tables.write(learners, [write(ada, v(1, 1), { partition })]), s);
    await assertHolds(tables, gone);
    const again = write(ada, v(1, 3), { partition, data: { counts: Entries.of([['m', 2]]) } });
    await tables.write(learners, [again]);
    await assertHolds(tables, again);
    assert.equal(await countOf(tables, learners, tenant), 2);
  });
}

function byText(a: readonly string[], b: readonly string[]): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
