/** The contract of the tables port for scans of all rows of a table. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { Entries } from '../../core/entries.ts';
import type { TableDef } from '../../core/target.ts';
import type { StoredRow, Tables } from '../../sinks/tables/port.ts';
import { learner, learners, type Scene, shown, v, write } from './tables-samples.ts';

/** A table for this contract alone, since a scan sees the rows of all tests. */
async function ownTable(tables: Tables): Promise<TableDef> {
  const table = { ...learners, name: `contract_scan_${randomInt(2 ** 40)}` };
  await tables.prepare([table]);
  return table;
}

async function scanned(
  tables: Tables,
  table: TableDef,
  limit: number,
  between: (page: number) => Promise<void> = async () => {},
): Promise<StoredRow[]> {
  const rows: StoredRow[] = [];
  let after: string | undefined;
  for (let page = 0; ; page += 1) {
    const { items, next } = await tables.scan(table, { limit, after });
    assert.ok(items.length <= limit, 'a page keeps to the limit');
    rows.push(...items);
    assert.ok(page < 1000, 'the pages come to an end');
    if (next === undefined) return rows;
    assert.equal(items.length, limit, 'only the last page is short');
    after = next;
    await between(page);
  }
}

const byKey = (a: StoredRow, b: StoredRow): number => (a.key.join('\0') < b.key.join('\0') ? -1 : 1);

export function scanContract(tablesTest: (title: string, body: (s: Scene) => Promise<void>) => void): void {
  tablesTest(
    'every row of every tenant is returned once, as a read by its key returns it',
    async ({ tables, tenant }) => {
      const table = await ownTable(tables);
      assert.deepEqual(await tables.scan(table, { limit: 5 }), { items: [], next: undefined });
      const keys = Array.from({ length: 40 }, (_, i) => [`${tenant}-${i % 3}`, `user-${i % 7}`, `batch-${i}`]);
      const writes = keys.map((key, i) =>
        write(key, v(2, i), {
          timers: i % 5 === 0 ? { end: i } : {},
          outbox: `says ${i}`,
          data: i % 9 === 0 ? undefined : { progress: i, counts: Entries.of([['n', i]]) },
        }),
      );
      await tables.write(table, writes);
      const expected = (await tables.read(table, keys)).map((row) => row as StoredRow).sort(byKey);
      assert.equal(expected.filter(({ data }) => data === undefined).length, 5, 'deleted ones too');
      for (const limit of [1, 7, 39, 40, 100]) {
        assert.deepEqual(shown((await scanned(tables, table, limit)).sort(byKey)), shown(expected), `by ${limit}`);
      }
      assert.deepEqual(shown(await scanned(tables, table, 7)), shown(await scanned(tables, table, 3)), 'in one order');
    },
  );

  tablesTest('a row that is written during a scan of the table is returned once', async ({ tables, key }) => {
    const table = await ownTable(tables);
    const keys = Array.from({ length: 30 }, (_, i) => key(`user-${i % 4}`, `batch-${i}`));
    await tables.write(
      table,
      keys.map((each) => write(each, v(1, 1))),
    );
    const rows = await scanned(tables, table, 4, async (page) => {
      const each = keys[page * 3] as string[];
      await tables.write(table, [write(each, v(1, 2), { data: learner(each, { progress: 2 }) })]);
    });
    assert.deepEqual(rows.map((row) => row.key.join()).sort(), keys.map((each) => each.join()).sort());
    const changed = (await tables.read(table, keys)).filter((row) => row?.version.revision === 2);
    assert.ok(changed.length > 3);
    assert.deepEqual(shown(await scanned(tables, table, 50)), shown((await tables.scan(table, { limit: 50 })).items));
  });

  tablesTest('a page after an invalid token is refused', async ({ tables }) => {
    const table = await ownTable(tables);
    for (const after of ['x', '["a"]', '-1']) {
      await assert.rejects(tables.scan(table, { limit: 1, after }), { code: 'USAGE' }, after);
    }
  });
}
