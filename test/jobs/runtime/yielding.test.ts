/** No loop over many records blocks the event loop. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Row } from '../../../jobs/define.ts';
import { yielding } from '../../../jobs/runtime/yielding.ts';
import { added, addUp, changed, emptied } from './add-up.ts';
import { type Bench, bench, type Given } from './bench.ts';

test('other work gets a turn after a long time of work, and then not until another long time', async () => {
  let now = 1000;
  const turns: number[] = [];
  const yieldToLoop = yielding(
    () => now,
    async () => {
      turns.push(now);
      // The turn of other work takes time, too. It must not count as this work.
      now += 100;
    },
  );
  for (const piece of [0, 19, 1, 10, 9, 1, 50, 0]) {
    now += piece;
    await yieldToLoop();
  }
  assert.deepEqual(turns, [1020, 1140, 1290]);
});

const parts = (n: number): Given[] =>
  Array.from({ length: n }, (_, i) => [added, { thingId: 't', partId: `p${i}`, amount: 1, colour: 'red' }]);

/** Other work on the event loop. It takes a turn whenever it can, until the returned function is called. */
function somebodyElse(tick: () => void): () => void {
  let isDone = false;
  const again = (): void => {
    if (isDone) return;
    tick();
    setImmediate(again);
  };
  setImmediate(again);
  return () => {
    isDone = true;
  };
}

test('between two long folds of one batch, other work on the event loop gets a turn', async (t) => {
  let now = 0;
  const log: string[] = [];
  const job = changed({
    fold: {
      'thing.added': (row, event, found) => {
        now += 25;
        log.push('fold');
        return addUp.fold['thing.added']?.(row, event, found);
      },
    },
  });
  const b = await bench(t, { jobs: [job] });
  await b.produce(...parts(4));
  b.clock.yieldToLoop = yielding(() => now);
  const done = somebodyElse(() => log.push('other'));
  await b.run();
  done();
  const between = log.slice(log.indexOf('fold'), log.lastIndexOf('fold') + 1);
  assert.deepEqual(
    between.filter((each, i) => each !== between[i - 1]),
    ['fold', 'other', 'fold', 'other', 'fold', 'other', 'fold'],
  );
});

/** The steps of a batch, with a `breath` wherever it yields to other work. */
async function breathsOf(b: Bench, log: string[]): Promise<string> {
  b.clock.yieldToLoop = async () => {
    log.push('breath');
  };
  const worker = await b.worker(0, {
    settings: { rowCacheMb: 0.009 },
    hook: async (name, go) => {
      if (['tables.write', 'claim.commit'].includes(name)) log.push(name);
      return go();
    },
  });
  await worker.turn(0);
  return log.join(' ');
}

test('a batch yields before each record and each row, whatever it does with them', async (t) => {
  const log: string[] = [];
  const logged = <A extends unknown[], R>(what: string, call: ((...args: A) => R) | undefined) => {
    return (...args: A): R => {
      log.push(what);
      return call?.(...args) as R;
    };
  };
  const [view] = addUp.views;
  assert.ok(view);
  const job = changed({
    key: logged('key', addUp.key),
    fold: { 'thing.added': logged('fold', addUp.fold['thing.added']) },
    views: [{ ...view, record: logged('view', view.record as (row: Row) => Row | undefined) }],
  });
  const b = await bench(t, { jobs: [job] });
  await b.produce(...parts(3));
  const steps = [
    'breath key breath key breath key',
    'breath fold breath fold breath fold',
    'breath view breath view breath view',
    'breath breath breath tables.write',
    'breath breath breath claim.commit',
    // One of the three rows is kept as it is. The other two are weighed and packed.
    'breath breath breath breath',
  ];
  assert.equal(await breathsOf(b, log), steps.join(' '));
});

test('a batch yields between the rows of one event, too', async (t) => {
  const log: string[] = [];
  const job = changed({
    fold: {
      'thing.emptied': (row, event, found) => {
        log.push('fold');
        return addUp.fold['thing.emptied']?.(row, event, found);
      },
    },
  });
  const b = await bench(t, { jobs: [job] });
  await b.produce(...parts(3));
  await b.run();
  await b.produce([emptied, { thingId: 't' }]);
  assert.ok((await breathsOf(b, log)).startsWith('breath breath fold breath fold breath fold'));
});
