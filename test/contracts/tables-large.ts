/** The contract of the tables port for rows that grow. */
import assert from 'node:assert/strict';
import { Entries } from '../../core/entries.ts';
import type { RowWrite, Tables } from '../../sinks/tables/port.ts';
import { assertHolds, learners, type Scene, v, write } from './tables-samples.ts';

const LARGEST = 64 * 1024;
/** The approximate size of an entry of `counts`, in bytes. */
const ENTRY = 20;

const entry = (n: number): string => `entry-${String(n).padStart(6, '0')}`;
const numbered = (count: number): Entries<number> =>
  Entries.of(Array.from({ length: count }, (_, n): [string, number] => [entry(n), n]));

/** The row as last written, and its entries as stored. */
interface Grown {
  row: RowWrite;
  counts: Entries<number>;
}

export function largeRowsContract(tablesTest: (title: string, body: (s: Scene) => Promise<void>) => void): void {
  /** Writes the changed entries. Returns whether the write was refused; then `grown` stays as it was. */
  async function isRefused(
    tables: Tables,
    grown: Grown,
    change: (counts: Entries<number>) => Entries<number>,
  ): Promise<boolean> {
    const { row } = grown;
    const counts = change(grown.counts);
    const next = write(row.key, v(row.version.token, row.version.revision + 1), { data: { counts } });
    const [result] = await tables.write(learners, [next]);
    if (typeof result === 'object') {
      assert.match(result.refused, /bytes/);
      return true;
    }
    assert.equal(result, 'written');
    grown.counts = counts.settled();
    grown.row = next;
    return false;
  }

  async function begun(tables: Tables, { key }: Scene, counts: Entries<number>): Promise<Grown> {
    const row = write(key('ada', 'b1'), v(1, 1), { whole: true, data: { counts } });
    assert.deepEqual(await tables.write(learners, [row]), ['written']);
    return { row, counts: counts.settled() };
  }

  tablesTest('a row grows until its next owner could not write it whole, and no further', async (s) => {
    const tables = s.limited(LARGEST);
    const grown = await begun(tables, s, Entries.empty());
    let count = 0;
    const more = (counts: Entries<number>): Entries<number> => {
      for (let n = count; n < count + 40; n++) counts = counts.set(entry(n), n);
      return counts;
    };
    while (!(await isRefused(tables, grown, more))) {
      count += 40;
      assert.ok(count * ENTRY < 2 * LARGEST, 'it is refused at last');
    }
    assert.ok(count * ENTRY > 0.7 * LARGEST, `${count} entries are not many`);
    await assertHolds(tables, { ...grown.row, data: { ...grown.row.data, counts: grown.counts } });
    // After a restart the process does not know how the row grew, and neither does the next owner.
    grown.counts = Entries.stored(grown.counts);
    assert.equal(await isRefused(tables, grown, more), true);
    const whole = write(grown.row.key, v(2, 1), { whole: true, data: { counts: grown.counts } });
    assert.deepEqual(await tables.write(learners, [whole]), ['written']);
    await assertHolds(tables, whole);
    grown.row = whole;
    assert.equal(await isRefused(tables, grown, more), true);
    const fewer = (counts: Entries<number>): Entries<number> => counts.delete(entry(0)).delete(entry(1));
    assert.equal(await isRefused(tables, grown, fewer), false, 'it may become smaller');
    assert.equal(await isRefused(tables, grown, (counts) => counts.set(entry(0), 0)), false, 'and as large as it was');
    const gone = write(grown.row.key, v(2, 9), { data: undefined });
    assert.deepEqual(await tables.write(learners, [gone]), ['written']);
  });

  tablesTest('a replacement does not make a row larger', async (s) => {
    const tables = s.limited(LARGEST);
    const grown = await begun(tables, s, numbered(1200));
    for (let round = 1; round <= 120; round++) {
      const again = (counts: Entries<number>): Entries<number> => {
        for (let n = 0; n < 40; n++) counts = counts.set(entry(n), round);
        return counts;
      };
      assert.equal(await isRefused(tables, grown, again), false, `round ${round}`);
    }
    assert.ok(120 * 40 * ENTRY > LARGEST);
  });

  tablesTest(
    'a row that is too large is refused, written whole or not, and rows written beside it are not',
    async (s) => {
      const tables = s.limited(LARGEST);
      const [ada, bob] = [s.key('ada', 'b1'), s.key('bob', 'b1')];
      const large = { tags: ['x'.repeat(LARGEST)] };
      for (const whole of [true, false]) {
        const beside = write(bob, v(1, 1), { whole });
        const [refused, written] = await tables.write(learners, [write(ada, v(1, 1), { whole, data: large }), beside]);
        assert.equal(typeof refused, 'object');
        assert.equal(written, 'written');
        await assertHolds(tables, beside);
      }
      assert.deepEqual(await tables.read(learners, [ada]), [undefined]);
      const counts = numbered(Math.ceil(LARGEST / ENTRY) + 500);
      for (const whole of [true, false]) {
        const [refused] = await tables.write(learners, [write(ada, v(1, 1), { whole, data: { counts } })]);
        assert.equal(typeof refused, 'object');
      }
    },
  );
}
