/**
 * An event for several rows: each decides for itself, the dead letter names those that it is still of use to, and its replay
 * reaches them alone. `ROWS_SEED=7 node --test test/jobs/runtime/several-rows.test.ts` runs one seed of the random ones.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replayOf } from '../../../cli/commands/dead-letters/replay.ts';
import { readTopic } from '../../../cli/letters.ts';
import { reject } from '../../../jobs/define.ts';
import { DEAD_LETTER } from '../../../jobs/runtime/dead-letter.ts';
import { DEFAULT_TENANT } from '../../../schemas/event.ts';
import { ONLY_ROWS, ONLY_VIEWS } from '../../../topics/only.ts';
import type { NewRecord } from '../../../topics/transport.ts';
import { recordsOf } from '../../harness/produce.ts';
import { Random } from '../../harness/random.ts';
import { added, addUp, changed, emptied, moved, partIndex, polished, things } from './add-up.ts';
import { type Bench, bench, type Given, thingIn } from './bench.ts';
import { type Hook, refusingKeys } from './intercept.ts';

const add = (partId: string, amount = 10, thingId = 't'): Given => [added, { thingId, partId, amount, colour: 'red' }];
const move = (fromPart: string, toPart: string): Given => [moved, { thingId: 't', fromPart, toPart }];

/** Takes nothing for the parts that are broken just now, whatever the event. */
function breakable(broken: ReadonlySet<string>) {
  const fold = Object.fromEntries(
    Object.entries(addUp.fold).map(([type, folded]): [string, typeof folded] => [
      type,
      (row, event, found) => {
        const partId = String(row?.['partId'] ?? event.data['partId']);
        return broken.has(partId) ? reject('FACT_IMPOSSIBLE', `${partId} is broken`) : folded(row, event, found);
      },
    ]),
  );
  return changed({ fold });
}

/** As `dead-letters replay --all` does. Answers the ids. */
async function replayAll(b: Bench): Promise<string[]> {
  const { transport } = b.stores;
  const letters = (await readTopic(transport, things, new AbortController().signal)).filter((one) => !one.replayed);
  for (const letter of letters) {
    const replay = await replayOf(transport, letter);
    assert.ok('records' in replay, 'why' in replay ? replay.why : '');
    await transport.produce(replay.records);
  }
  return letters.map(({ id }) => id);
}

const namesIn = async (b: Bench, which: 'rows' | 'unshown' = 'rows') =>
  (await b.letters()).flatMap(({ headers }) => {
    const names = headers[DEAD_LETTER[which]];
    return names === undefined ? [] : [JSON.parse(String(names))];
  });

test('a row that rejects an event of two is named, and the replay reaches it alone', async (t) => {
  const b = await bench(t);
  const broken = new Set(['q']);
  await b.produce(add('p'), add('q'));
  await b.run();
  await b.produce(move('p', 'q'), move('q', 'p'));
  await b.run({ job: breakable(broken) });
  assert.deepEqual(await b.sums(), ['t/p=10', 't/q=10']);
  assert.deepEqual(await namesIn(b), [[['t', 'q']], [['t', 'q']]]);
  broken.clear();
  assert.equal((await replayAll(b)).length, 2);
  await b.run();
  assert.deepEqual(await b.sums(), ['t/p=10', 't/q=10']);
  await b.produce(move('p', 'q'));
  broken.add('p');
  await b.run({ job: breakable(broken) });
  await replayAll(b);
  await b.run();
  assert.deepEqual(await b.sums(), ['t/p=9', 't/q=11']);
  assert.deepEqual(await replayAll(b), []);
});

test('a replay that one of its rows rejects once more names that row', async (t) => {
  const b = await bench(t);
  const broken = new Set(['p', 'q']);
  await b.produce(add('p'), add('q'));
  await b.run();
  await b.produce(move('p', 'q'));
  for (const [names, mended] of [
    [['t/p', 't/q'], 'p'],
    [['t/q'], ''],
    [['t/q'], 'q'],
  ] as const) {
    await b.run({ job: breakable(broken) });
    const last = (await namesIn(b)).at(-1) as string[][];
    assert.deepEqual(last.map((key) => key.join('/')).sort(), names);
    broken.delete(mended);
    await replayAll(b);
  }
  await b.run({ job: breakable(broken) });
  assert.deepEqual(await b.sums(), ['t/p=9', 't/q=11']);
});

test('a row that its store refuses is named as one that rejects', async (t) => {
  const b = await bench(t);
  await b.produce(add('p'), add('bad'));
  await b.run();
  await b.produce(move('p', 'bad'));
  await b.run({ hook: refusingKeys('bad', 'tables.write') });
  assert.deepEqual(await namesIn(b), [[['t', 'bad']]]);
  await replayAll(b);
  await b.run();
  assert.deepEqual(await b.sums(), ['t/bad=11', 't/p=9']);
});

test('a rejection that an earlier attempt left in a row is named too, and the row may take later events', async (t) => {
  const b = await bench(t);
  const broken = new Set(['q']);
  await b.produce(add('p'), add('q'));
  await b.run();
  await b.produce(move('p', 'q'), [added, { thingId: 't', partId: 'r', amount: 1 }]);
  const fails: Hook = async (name, go) => {
    if (name === 'claim.commit') throw new Error('a crash');
    return go();
  };
  const { 'thing.moved': move_ } = breakable(broken).fold;
  const job = changed({ fold: { 'thing.moved': move_ as never } });
  await b.produce(add('q', 5));
  await assert.rejects(b.run({ job, hook: fails }), /a crash/);
  broken.clear();
  await b.run({ job });
  assert.deepEqual(await namesIn(b), [[['t', 'q']]]);
  await replayAll(b);
  await b.run();
  assert.deepEqual(await b.sums(), ['t/p=9', 't/q=16', 't/r=1']);
});

test('rows of a broadcast that reject it are named by the letter of their partition', async (t) => {
  const b = await bench(t, { partitions: 2 });
  const broken = new Set<string>();
  const [one, two] = [thingIn(b, 0), thingIn(b, 1)];
  await b.produce(add('p', 10, one), add('q', 10, one), add('p', 10, two), [polished, { partId: 'p', amount: 3 }]);
  broken.add('p');
  const job = breakable(broken);
  const [polish] = [job.fold['thing.polished']];
  await b.run({ job: changed({ fold: { 'thing.polished': polish as never } }) });
  assert.deepEqual((await namesIn(b)).sort(), [[[one, 'p']], [[two, 'p']]].sort());
  broken.clear();
  await b.produce(add('p', 10, `${one}-new`));
  await replayAll(b);
  await b.run();
  const sums = [`${one}/p=13`, `${one}/q=10`, `${one}-new/p=10`, `${two}/p=13`];
  assert.deepEqual((await b.sums()).sort(), sums.sort());
});

test('all rows under a prefix: those that reject are named', async (t) => {
  const b = await bench(t);
  await b.produce(add('p'), add('q'), add('r'), [emptied, { thingId: 't' }]);
  const { 'thing.emptied': empty } = breakable(new Set(['p', 'r'])).fold;
  await b.run({ job: changed({ fold: { 'thing.emptied': empty as never } }) });
  assert.deepEqual(await namesIn(b), [
    [
      ['t', 'p'],
      ['t', 'r'],
    ],
  ]);
  await b.produce(add('q', 4));
  await replayAll(b);
  await b.run();
  assert.deepEqual(await b.sums(), ['t/p=0', 't/q=4', 't/r=0']);
});

test('a view that was refused is written by a replay, and its event is not folded again', async (t) => {
  const b = await bench(t);
  const refuses = refusingKeys('bad', 'search.apply');
  await b.produce(add('p'), add('bad'));
  await b.run({ hook: refuses });
  assert.deepEqual(await namesIn(b, 'unshown'), [[['t', 'bad']]]);
  assert.deepEqual(await found(b), ['p=10']);
  await replayAll(b);
  await b.run({ hook: refuses });
  assert.equal((await namesIn(b, 'unshown')).length, 2, 'it was refused once more');
  await replayAll(b);
  await b.run();
  assert.deepEqual(await b.sums(), ['t/bad=10', 't/p=10']);
  assert.deepEqual(await found(b), ['bad=10', 'p=10']);
  assert.deepEqual(await b.saidSums(), ['t/p=10', 't/bad=10']);
});

test('a row that is to take an event, and to be shown besides, is', async (t) => {
  const b = await bench(t);
  await b.produce(add('p', 0));
  await b.run({ hook: refusingKeys('p', 'search.apply') });
  const given = { topic: things, def: emptied, data: { thingId: 't' }, id: 'e', time: 0 };
  const [record] = recordsOf(b.stores.codec, given, 1) as [NewRecord];
  const only = JSON.stringify([['t', 'p']]);
  const headers = { ...record.headers, [ONLY_ROWS]: only, [ONLY_VIEWS]: only };
  await b.stores.transport.produce([{ ...record, headers }]);
  await b.run();
  assert.deepEqual(await found(b), ['p=0']);
  assert.deepEqual(await b.saidSums(), ['t/p=0', 't/p=0']);
});

test('a view that fails at a row which an earlier attempt wrote is written by a replay, and the event is not folded again', async (t) => {
  const b = await bench(t);
  await b.produce(add('bad', 5));
  const crash: Hook = async (name, go) => {
    if (name === 'claim.commit') throw new Error('a crash');
    return go();
  };
  await assert.rejects(b.run({ hook: crash }), /a crash/);
  const views = addUp.views.map((view) => ({
    ...view,
    record: (): never => {
      throw new Error('a mistake');
    },
  }));
  await b.run({ job: changed({ views }) });
  assert.deepEqual(await b.deadLetters(), ['JOB_FAILED@0:0']);
  assert.deepEqual(await namesIn(b, 'unshown'), [[['t', 'bad']]]);
  await replayAll(b);
  await b.run();
  assert.deepEqual(await b.sums(), ['t/bad=5']);
  assert.deepEqual(await found(b), ['bad=5']);
});

async function found(b: Bench): Promise<string[]> {
  const page = await b.stores.search.search(partIndex, { tenant: DEFAULT_TENANT, words: '', limit: 1000 });
  return page.items.map((item) => `${item['partId']}=${item['sum']}`).sort();
}

const PARTS = ['a', 'b', 'c', 'd'];
const CRASHES = ['tables.write', 'search.apply', 'claim.commit', 'claim.look', 'cache.apply'];

/** Rows break and mend, stores refuse rows and views, and processes crash before and after whatever they do. */
async function randomly(b: Bench, random: Random): Promise<Map<string, number>> {
  const expected = new Map(PARTS.map((part) => [part, 10]));
  const broken = new Set<string>();
  const job = breakable(broken);
  const change = (part: string, by: number) => expected.set(part, (expected.get(part) as number) + by);
  const living = async (calm: boolean): Promise<void> => {
    for (let lives = calm ? 0 : random.below(4); ; lives--) {
      if (!calm) for (const part of PARTS) random.chance(0.3) ? broken.add(part) : broken.delete(part);
      const [refusedRow, refusedView, dies, after] = calm
        ? []
        : [random.pick(PARTS), random.pick(PARTS), random.pick(CRASHES), random.chance(0.5)];
      const [rowHook, viewHook] = [
        refusingKeys(refusedRow ?? '', 'tables.write', random.chance(0.4) ? 'parts' : 'none'),
        refusingKeys(refusedView ?? '', 'search.apply', random.chance(0.6) ? partIndex.name : 'none'),
      ];
      let calls = random.below(6);
      const hook: Hook = async (name, go, args) => {
        const isDeath = lives > 0 && name === dies && calls-- === 0;
        if (isDeath && after !== true) throw new Error('a crash');
        const answer = await rowHook(name, () => viewHook(name, go, args), args);
        if (isDeath) throw new Error('a crash');
        return answer;
      };
      try {
        await b.run({ job, hook, settings: { maxRecords: 1 + random.below(6) } });
        if (lives <= 0) return;
      } catch (error) {
        if (!(error instanceof Error) || error.message !== 'a crash') throw error;
      }
    }
  };
  await b.produce(...PARTS.map((part) => add(part)));
  await living(true);
  for (let round = 0; round < 5; round++) {
    for (let n = random.below(6); n > 0; n--) {
      const [from, to] = random.shuffled(PARTS) as [string, string];
      if (random.chance(0.2)) {
        const amount = 1 + random.below(5);
        await b.produce([polished, { partId: from, amount }]);
        change(from, amount);
      } else {
        await b.produce(move(from, to));
        change(from, -1);
        change(to, 1);
      }
    }
    await living(false);
    await replayAll(b);
  }
  broken.clear();
  await living(true);
  assert.deepEqual(await replayAll(b), []);
  return expected;
}

const alone = process.env['ROWS_SEED'];
const seeds = alone === undefined ? Array.from({ length: 60 }, (_, seed) => seed) : [Number(alone)];

test(`${seeds.length} random histories: once every letter is replayed, every row has every event once, and is shown so`, async (t) => {
  let letters = 0;
  for (const seed of seeds) {
    const b = await bench(t);
    const expected = await randomly(b, new Random(seed));
    const sums = [...expected].map(([part, sum]) => `${part}=${sum}`);
    const rows = (await b.sums()).map((sum) => sum.slice('t/'.length));
    assert.deepEqual(rows, sums, `ROWS_SEED=${seed}`);
    assert.deepEqual(await found(b), sums, `ROWS_SEED=${seed}: the view`);
    letters += (await b.letters()).filter(({ value }) => value !== null).length;
  }
  if (alone === undefined) assert.ok(letters > 100, `${letters} letters are too few`);
});
