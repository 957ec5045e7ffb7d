/** The contract of the tables port for generations, and for tables that are created and dropped with them. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { Entries } from '../../core/entries.ts';
import type { TableDef } from '../../core/target.ts';
import { learners, type Scene, v, write } from './tables-samples.ts';

const text = (name: string) => ({ name, type: 'string', doc: '' }) as const;

export function generationsContract(tablesTest: (title: string, body: (s: Scene) => Promise<void>) => void): void {
  tablesTest('the current generation is changed only by a caller that knows the previous value', async (s) => {
    const { tables, job } = s;
    assert.equal(await tables.generations(job), undefined);
    assert.equal(await tables.setGenerations(job, 'something', { current: 2, state: 'a' }), false);
    assert.equal(await tables.setGenerations(job, undefined, { current: 1, state: 'a' }), true);
    assert.equal(await tables.setGenerations(job, undefined, { current: 9, state: 'b' }), false);
    assert.equal(await tables.setGenerations(job, 'b', { current: 9, state: 'c' }), false);
    assert.deepEqual(await tables.generations(job), { current: 1, state: 'a' });
    assert.equal(await tables.setGenerations(job, 'a', { current: 2, state: 'b' }), true);
    assert.deepEqual(await tables.generations(job), { current: 2, state: 'b' });
    assert.equal(await tables.generations(`${job}-2`), undefined);
    assert.deepEqual(await (await s.reopen()).generations(job), { current: 2, state: 'b' });
  });

  tablesTest('of several concurrent changes one is made', async ({ tables, job }) => {
    await tables.setGenerations(job, undefined, { current: 1, state: 'a' });
    const changes = Array.from({ length: 6 }, (_, n) =>
      tables.setGenerations(job, 'a', { current: 2 + n, state: `b${n}` }).catch(() => false),
    );
    const made = (await Promise.all(changes)).map((isMade, n) => (isMade ? 2 + n : 0)).filter((each) => each > 0);
    assert.ok(made.length <= 1);
    assert.ok(made.length === 0 || (await tables.generations(job))?.current === made[0]);
  });

  tablesTest(
    'a table reports the fields that differ from its declaration, and is gone when it is dropped',
    async (s) => {
      const { tables, tenant } = s;
      const name = `contract_dropped_${randomInt(2 ** 40)}`;
      const counts = { name: 'counts', type: { type: 'map', values: 'int' }, doc: '' } as const;
      const made: TableDef = {
        ...{ kind: 'table', name, doc: '', key: ['userId'], sort: [], indexed: [] },
        record: { type: 'record', name: 'R', fields: [text('userId'), text('state'), text('grade'), counts] },
      };
      const fields = [text('userId'), text('state'), { name: 'grade', type: 'long', doc: '' } as const, text('note')];
      const declared: TableDef = { ...made, record: { ...made.record, fields: [...fields, counts] } };
      assert.equal(await tables.drifted(made), undefined, 'there is no such table');
      await tables.drop([made]);
      await tables.prepare([made]);
      const data = { userId: 'ada', state: 's', grade: 'g', counts: Entries.of([['n', 1]]) };
      await tables.write(made, [{ ...write([tenant, 'ada'], v(1, 1)), data }]);
      assert.deepEqual(await tables.drifted(made), []);
      assert.deepEqual((await tables.drifted(declared))?.toSorted(), ['grade', 'note']);
      const readable = { ...made, record: { ...made.record, fields: [text('userId'), text('state'), counts] } };
      const [row] = await tables.read(readable, [[tenant, 'ada']]);
      assert.equal(row?.data?.['state'], 's');
      assert.equal(await tables.drifted({ ...made, key: ['userId', 'state'] }), undefined, 'another key');
      await tables.drop([made, made]);
      assert.equal(await tables.drifted(made), undefined);
      await tables.prepare([made]);
      assert.deepEqual(await tables.read(made, [[tenant, 'ada']]), [undefined], 'a table of that name begins empty');
      await tables.drop([made]);
      assert.deepEqual(await tables.drifted(learners), []);
    },
  );
}
