/** The contract of the tables port for deleted rows. */
import assert from 'node:assert/strict';
import { Entries } from '../../core/entries.ts';
import { keysWhere } from './keys-where.ts';
import { assertHolds, learners, type Scene, v, write } from './tables-samples.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export function removedRowsContract(tablesTest: (title: string, body: (s: Scene) => Promise<void>) => void): void {
  tablesTest('a search by the former value of a field finds the deleted row', async (s) => {
    const { tables, partition, tenant } = s;
    const [ada, bob, never] = [s.key('ada', 'b1'), s.key('bob', 'b1'), s.key('eve', 'b1')];
    const where = async (field: string, value: string) =>
      (await keysWhere(tables, learners, partition, tenant, field, value)).map((key) => key[1]).sort();
    await tables.write(learners, [
      write(ada, v(1, 1), { whole: true, partition, data: { region: 'Wales' } }),
      write(bob, v(1, 1), { whole: true, partition, data: { region: 'Wales' } }),
    ]);
    const gone = write(ada, v(1, 2), { partition, outbox: 'bye', keepMs: DAY_MS, data: undefined });
    await tables.write(learners, [gone, write(never, v(1, 1), { partition, whole: true, data: undefined })]);
    await assertHolds(tables, gone);
    assert.deepEqual(await where('region', 'Wales'), ['ada', 'bob']);
    assert.deepEqual(await where('courseId', 'course-1'), ['ada', 'bob']);
    // The next owner writes without knowing the earlier data.
    const again = write(ada, v(2, 2), { partition, whole: true, outbox: 'bye', keepMs: DAY_MS, data: undefined });
    await tables.write(learners, [again]);
    await assertHolds(tables, again);
    assert.deepEqual(await where('region', 'Wales'), ['ada', 'bob']);
    const back = write(ada, v(2, 3), { partition, data: { region: 'Kent', counts: Entries.of([['n', 1]]) } });
    await tables.write(learners, [back]);
    await assertHolds(tables, back);
    assert.deepEqual(await where('region', 'Wales'), ['bob']);
    assert.deepEqual(await where('region', 'Kent'), ['ada']);
  });

  tablesTest('rows and removals within their retention are not swept away', async (s) => {
    const { tables, partition } = s;
    const forEver = write(s.key('ada', 'b1'), v(1, 1), { partition, whole: true, data: undefined });
    const forADay = write(s.key('bob', 'b1'), v(1, 1), { partition, whole: true, keepMs: DAY_MS, data: undefined });
    const there = write(s.key('cid', 'b1'), v(1, 2), { partition });
    await tables.write(learners, [forEver, forADay]);
    await tables.write(learners, [write(there.key, v(1, 1), { partition, whole: true, keepMs: 0, data: undefined })]);
    await tables.write(learners, [there]);
    await tables.sweep([learners]);
    for (const row of [forEver, forADay, there]) await assertHolds(tables, row);
  });
}
