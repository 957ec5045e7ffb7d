/**
 * An event for several rows: each row decides by itself, the dead letter names the rows that rejected the event, and its replay
 * reaches only those.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reject } from '../../../jobs/define.ts';
import { DEAD_LETTER } from '../../../jobs/runtime/dead-letter.ts';
import { recordsOf } from '../../../testing/produce.ts';
import { ONLY_ROWS, ONLY_VIEWS } from '../../../topics/log/only.ts';
import type { NewRecord } from '../../../topics/log/transport.ts';
import { added, addUp, changed, emptied, polished, things } from './add-up.ts';
import { type Bench, bench, START, thingIn } from './bench.ts';
import { type Hook, refusingKeys } from './intercept.ts';
import { add, breakable, found, move, replayAll } from './replays.ts';

const namesIn = async (b: Bench, which: 'rows' | 'unshown' = 'rows') =>
  (await b.deadLetterRecords()).flatMap(({ headers }) => {
    const names = headers[DEAD_LETTER[which]];
    return names === undefined ? [] : [JSON.parse(String(names))];
  });

test('of two rows of an event the one that rejects it is named, and the replay reaches it alone', async (t) => {
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

test('a replay that one of its rows rejects again names that row', async (t) => {
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

test('a row that its store refuses is named like one that rejects', async (t) => {
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

test('a rejection that an earlier attempt left in a row is named too, and the row can apply later events', async (t) => {
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

test('rows of a broadcast that reject it are named by the dead letter of their partition', async (t) => {
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

test('an event for more rows than one commit has a dead letter for each commit, and one replay for all of them', async (t) => {
  const b = await bench(t);
  const names = Array.from({ length: 9 }, (_, n) => `thing-${n}`);
  await b.produce(...names.map((name) => add('p', 10, name)));
  await b.run();
  const broken = new Set(['thing-1', 'thing-4', 'thing-8']);
  const job = changed({
    fold: {
      'thing.polished': (row, event, found) =>
        broken.has(String(row?.['thingId']))
          ? reject('FACT_IMPOSSIBLE', 'it is broken')
          : addUp.fold['thing.polished']?.(row, event, found),
    },
  });
  await b.produce([polished, { partId: 'p', amount: 3 }]);
  await b.run({ job, settings: { maxKeys: 2 } });
  assert.ok((await namesIn(b)).length > 1);
  assert.deepEqual(
    (await namesIn(b)).flat().sort(),
    [...broken].map((name) => [name, 'p']),
  );
  assert.equal((await replayAll(b)).length, 1);
  await b.run({ settings: { maxKeys: 2 } });
  assert.deepEqual(
    await b.sums(),
    names.map((name) => `${name}/p=13`),
  );
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
  assert.deepEqual(await b.emittedSums(), ['t/p=10', 't/bad=10']);
});

test('a row that must both apply an event and write its view does both', async (t) => {
  const b = await bench(t);
  await b.produce(add('p', 0));
  await b.run({ hook: refusingKeys('p', 'search.apply') });
  const given = { topic: things, def: emptied, data: { thingId: 't' }, id: 'e', time: START };
  const [record] = recordsOf(b.stores.codec, given, 1) as [NewRecord];
  const only = JSON.stringify([['t', 'p']]);
  const headers = { ...record.headers, [ONLY_ROWS]: only, [ONLY_VIEWS]: only };
  await b.stores.transport.produce([{ ...record, headers }]);
  await b.run();
  assert.deepEqual(await found(b), ['p=0']);
  assert.deepEqual(await b.emittedSums(), ['t/p=0', 't/p=0']);
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
