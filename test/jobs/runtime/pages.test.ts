/** A record for any number of rows, such as a broadcast, is applied page by page. Each page is a batch of its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOrigin } from '../../../topics/log/origin.ts';
import { parseProgress } from '../../../topics/log/progress.ts';
import { added, addUp, polished, sums, things } from './add-up.ts';
import { type Bench, bench, type Given, rest } from './bench.ts';
import type { Hook } from './intercept.ts';

const THINGS = 23;
const settings = { maxKeys: 5 };
const polish: Given = [polished, { partId: 'p', amount: 10 }];
const add = (n: number): Given => [added, { thingId: `t${n}`, partId: 'p', amount: n, colour: 'red' }];

async function filled(b: Bench): Promise<void> {
  for (let n = 0; n < THINGS; n++) await b.produce(add(n));
  await b.run();
}

const sumsAfter = (times: number): string[] =>
  Array.from({ length: THINGS }, (_, n) => `t${n}/p=${n + 10 * times}`).sort();

/** The group's committed offset, and the progress committed with it. */
async function committed(b: Bench) {
  const [at] = await b.stores.transport.committed(addUp.name, things.name);
  return { offset: at?.offset, ...parseProgress(at?.metadata ?? '', at?.offset ?? 0) };
}

/** The indexes of all events emitted for the offset, in log order. */
async function indexesOf(b: Bench, offset: number): Promise<number[]> {
  const records = await b.stores.transport.read(sums.name, 0, 0, 1000);
  const origins = records.map(({ headers }) => parseOrigin(String(headers['ce_origin'])));
  return origins.flatMap((origin) => (origin?.offset === offset ? [origin.index] : []));
}

test('a broadcast is applied page by page, with an index that continues from one to the next', async (t) => {
  const b = await bench(t);
  await filled(b);
  await b.produce(add(0), polish, add(1));
  let most = 0;
  const hook: Hook = async (name, go, args) => {
    if (name === 'tables.write') most = Math.max(most, (args[1] as unknown[]).length);
    return go();
  };
  const worker = await b.worker(0, { hook, settings });
  assert.equal(await worker.turn(0), 'worked');
  assert.equal((await committed(b)).offset, THINGS + 1, 'what is before the broadcast is a batch of its own');
  for (let page = 1; page < Math.ceil(THINGS / settings.maxKeys); page++) {
    assert.equal(await worker.turn(0), 'worked');
    const { offset, within } = await committed(b);
    assert.deepEqual([offset, within?.index], [THINGS + 1, page * settings.maxKeys]);
  }
  await rest([worker]);
  assert.equal((await committed(b)).within, undefined);
  assert.ok(most <= settings.maxKeys);
  const expected = sumsAfter(1).map((sum) => (sum === 't1/p=11' ? 't1/p=12' : sum));
  assert.deepEqual((await b.sums()).sort(), expected);
  assert.deepEqual(await indexesOf(b, THINGS + 1), [...Array(THINGS).keys()]);
  assert.deepEqual((await b.coloured('red')).sort(), expected);
});

for (const call of ['tables.matching', 'tables.write', 'tables.apply', 'claim.look', 'claim.commit']) {
  test(`a broadcast resumes at its page after a crash at ${call}, and nothing is applied or emitted twice`, async (t) => {
    const b = await bench(t);
    await filled(b);
    await b.produce(polish, polish);
    for (let nth = 1; nth <= 12; nth++) {
      let calls = 0;
      const hook: Hook = async (name, go) => {
        // In some runs a page is written but not committed, and the next page has another size.
        if (name === call && ++calls === 2) throw new Error('the process is gone');
        return go();
      };
      const worker = await b.worker(0, { hook, settings: { maxKeys: 2 + (nth % 4) } });
      await rest([worker]).catch((error) => assert.match(String(error), /the process is gone/));
    }
    await b.run({ settings });
    assert.deepEqual((await b.sums()).sort(), sumsAfter(2));
    assert.equal((await b.emittedSums()).length, 3 * THINGS);
    assert.deepEqual((await b.coloured('red')).sort(), sumsAfter(2));
  });
}

test('a rewind to a broadcast does not apply it again', async (t) => {
  const b = await bench(t);
  await filled(b);
  await b.produce(polish);
  await b.run({ settings });
  const expected = await b.everything();
  for (const offset of [THINGS, 0]) {
    await b.stores.transport.seek(addUp.name, things.name, { partition: 0, offset });
    await b.run({ settings });
    assert.deepEqual(await b.everything(), expected);
  }
});

test('a partition that is revoked while it applies a broadcast is released after the current page', async (t) => {
  const b = await bench(t);
  await filled(b);
  await b.produce(polish);
  const stopping = new AbortController();
  let commits = 0;
  const hook: Hook = async (name, go) => {
    const answer = await go();
    if (name === 'claim.commit' && ++commits === 2) stopping.abort();
    return answer;
  };
  await (await b.worker(0, { hook, settings })).run(stopping.signal);
  assert.equal((await committed(b)).within?.index, 2 * settings.maxKeys);
  await b.run({ settings });
  assert.deepEqual((await b.sums()).sort(), sumsAfter(1));
});
