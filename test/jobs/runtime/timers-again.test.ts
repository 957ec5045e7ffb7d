import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { LONGEST_KEY_PART } from '../../../core/key-part.ts';
import { type Job, type Output, wakeAt } from '../../../jobs/define.ts';
import type { DueTimers, Found } from '../../../jobs/runtime/rows/timers/due.ts';
import { HELD_BACK_MS, Timers } from '../../../jobs/runtime/rows/timers/timers.ts';
import { partitionsOf } from '../../../testing/dump.ts';
import type { NewRecord } from '../../../topics/log/transport.ts';
import { added, changed, parts, things, unread } from './add-up.ts';
import { type Bench, bench, rest, START } from './bench.ts';
import { type Hook, refusingKeys } from './intercept.ts';

const MINUTE = 60_000;

/** `colour` is the time at which the row is to be woken, in ms since 1970 UTC. A timer adds 1000. */
const job: Job = changed({
  react: (_before, _after, { type, data }): Output[] =>
    type === added.type && data['colour'] !== '' ? [wakeAt('tick', Number(data['colour']))] : [],
});
const addWith = (due: number | string, thingId = 't', partId = 'p') =>
  [added, { thingId, partId, amount: 1, colour: String(due) }] as const;

const fired = (b: Bench) => b.reported('timers-fired').reduce((sum, { count }) => sum + count, 0);
const SETTINGS = { timerMs: 1000 };
const DUE = START + 5 * MINUTE;

test('a timer that is set again, for the time at which it fired, is emitted again after the next search', async (t) => {
  const b = await bench(t, { jobs: [job] });
  await b.produce(addWith(DUE));
  const worker = await b.worker(0, { settings: SETTINGS });
  await rest([worker]);
  b.clock.set(DUE);
  await rest([worker]);
  for (let again = 1; again <= 3; again++) {
    assert.deepEqual([await b.sums(), fired(b)], [[`t/p=${again * 1001}`], again]);
    b.clock.advance(100);
    await b.produce(addWith(DUE));
    await rest([worker]);
    assert.equal(fired(b), again, 'not before the next look');
    b.clock.advance(900);
    await rest([worker]);
  }
  b.clock.advance(60 * MINUTE);
  await rest([worker]);
  assert.equal(fired(b), 4, 'and not once it is pending no more');
});

test('a timer that sets its own time again whenever it fires is emitted once for each search, and delays no others', async (t) => {
  const restless = changed({
    react: (_before, _after, { type }): Output[] => (type === 'thing.dropped' ? [] : [wakeAt('tick', DUE)]),
  });
  const b = await bench(t, { jobs: [restless] });
  await b.produce(addWith(''));
  b.clock.set(DUE);
  const worker = await b.worker(0, { settings: SETTINGS });
  for (let n = 0; n < 50; n++) {
    await worker.turn(0);
    b.clock.advance(100);
  }
  assert.equal(fired(b), 4, 'the first look of an owner is before it has read anything');
});

test('a timer is not emitted again while its record waits to be read, however often a search returns it', async (t) => {
  const b = await bench(t, { jobs: [job] });
  await b.produce(addWith(DUE));
  let reads = true;
  const worker = await b.worker(0, {
    hook: async (name, go) => (name === 'claim.fetch' && !reads ? { records: [], end: 1 } : go()),
  });
  await rest([worker]);
  b.clock.set(DUE);
  reads = false;
  for (let n = 0; n < 5; n++) {
    await worker.turn(0);
    b.clock.advance(MINUTE);
  }
  reads = true;
  await rest([worker]);
  assert.deepEqual([await b.sums(), fired(b)], [['t/p=1001'], 1]);
});

test('an event of another source with the id of a timer is another event', async (t) => {
  const b = await bench(t, { jobs: [job] });
  await b.produce(addWith(DUE));
  const produce = b.stores.transport.produce.bind(b.stores.transport);
  const worker = await b.worker(0, {
    settings: { ...SETTINGS, maxRecords: 1 },
    hook: async (name, go, args) => {
      if (name === 'transport.produce') {
        const [timer] = args[0] as NewRecord[];
        assert.ok(timer !== undefined);
        await produce([{ ...timer, headers: { ...timer.headers, ce_source: '/another', ce_type: unread.type } }]);
      }
      return go();
    },
  });
  await rest([worker]);
  b.clock.set(DUE);
  await worker.turn(0);
  assert.equal(fired(b), 1);
  b.clock.advance(MINUTE);
  await worker.turn(0);
  assert.equal(fired(b), 1, 'it is not the record that was waited for');
  await rest([worker]);
  assert.deepEqual(await b.sums(), ['t/p=1001']);
});

for (const due of [1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 60, 8.64e15 + 1, -9e15]) {
  test(`a timer cannot be due at ${due}: that event is a dead letter, which names the timer, and the row goes on`, async (t) => {
    const b = await bench(t, { jobs: [job] });
    await b.produce(addWith(1), addWith(due), addWith(DUE), addWith(due, 'u'));
    await b.run();
    assert.deepEqual(await b.sums(), ['t/p=2']);
    assert.deepEqual(await b.deadLetters(), ['JOB_FAILED@0:1', 'JOB_FAILED@0:3']);
    const messages = b.reported('dead-letter').map(({ message }) => message);
    assert.match(
      String(messages[0]),
      new RegExp(`the timer tick cannot be due at ${due.toString().replace('+', '\\+')}: `),
    );
  });
}

test('an invalid time that an earlier release stored neither fires nor ends the process', async (t) => {
  const b = await bench(t, { jobs: [job] });
  const row = { at: '', outbox: '', partition: 0, whole: true, version: { token: 0, revision: 1 } };
  const data = (thingId: string) => ({ thingId, partId: 'p', sum: 0, colour: 'red', owner: '', items: {} });
  await b.stores.tables.write(parts, [
    { ...row, key: ['default', 'a', 'p'], data: data('a'), timers: { tick: Number.NaN, other: 1.5 } },
    { ...row, key: ['default', 'b', 'p'], data: data('b'), timers: { tick: -(2 ** 60) } },
    { ...row, key: ['default', 'c', 'p'], data: data('c'), timers: { tick: 1 } },
  ]);
  const worker = await b.worker(0, { settings: { maxRecords: 1 } });
  await rest([worker]);
  assert.deepEqual(await b.sums(), ['a/p=0', 'b/p=0', 'c/p=1000']);
});

test('a timer of a row that its store refuses is one dead letter, and is held back for an hour', async (t) => {
  const b = await bench(t, { jobs: [job] });
  await b.produce(addWith(DUE), addWith(DUE, 'u'));
  await b.run();
  b.clock.set(DUE);
  let writes = 0;
  const refusing = refusingKeys('t', 'tables.write');
  const hook: Hook = (name, go, args) => {
    if (name === 'tables.write') writes += 1;
    return refusing(name, go, args);
  };
  const worker = await b.worker(0, { hook, settings: SETTINGS });
  await rest([worker]);
  b.clock.advance(1000);
  await rest([worker]);
  assert.deepEqual([await b.deadLetters(), await b.sums()], [['ROW_REFUSED@0:2'], ['t/p=1', 'u/p=1001']]);
  assert.ok(writes <= 6, `${writes} writes`);
  for (let ms = 0; ms < HELD_BACK_MS; ms += MINUTE) {
    await rest([worker]);
    b.clock.advance(MINUTE);
  }
  assert.deepEqual([(await b.deadLetters()).length, fired(b)], [1, 2]);
  await rest([worker]);
  assert.deepEqual([(await b.deadLetters()).length, fired(b)], [2, 3], 'the store may have been mended');
});

test('a timer that was held back is emitted again as soon as its row could be written', async (t) => {
  const b = await bench(t, { jobs: [job] });
  await b.produce(addWith(DUE));
  await b.run();
  b.clock.set(DUE);
  let refuses = true;
  const refusing = refusingKeys('t', 'tables.write');
  const worker = await b.worker(0, {
    hook: (name, go, args) => (refuses ? refusing(name, go, args) : go()),
    settings: SETTINGS,
  });
  await rest([worker]);
  b.clock.advance(1000);
  await rest([worker]);
  refuses = false;
  await b.produce(addWith(''));
  await rest([worker]);
  assert.deepEqual(await b.sums(), ['t/p=2']);
  b.clock.advance(1000);
  await rest([worker]);
  assert.deepEqual([await b.sums(), await b.deadLetters()], [['t/p=1002'], ['ROW_REFUSED@0:1']]);
});

test('a new owner emits a timer of a refused row once, too', async (t) => {
  const b = await bench(t, { jobs: [job] });
  await b.produce(addWith(DUE));
  await b.run();
  b.clock.set(DUE);
  for (let owner = 1; owner <= 3; owner++) {
    await b.run({ hook: refusingKeys('t', 'tables.write') });
    assert.equal((await b.deadLetters()).length, owner);
  }
  await b.run();
  assert.deepEqual(await b.sums(), ['t/p=1001']);
});

test('a timer at which a view of the job fails is dropped like any other failing timer', async (t) => {
  const views = job.views.map((view) => ({
    ...view,
    record: (row: Readonly<Record<string, unknown>>, entry: never, name: string) => {
      if (Number(row['sum']) > 1000) throw new Error('a mistake');
      return view.record(row, entry, name);
    },
  }));
  const b = await bench(t, { jobs: [{ ...job, views }] });
  await b.produce(addWith(DUE));
  b.clock.set(DUE);
  for (let owner = 0; owner < 3; owner++) await b.run();
  assert.deepEqual([await b.sums(), await b.deadLetters()], [['t/p=1'], ['JOB_FAILED@0:1']]);
});

test('timers that are held back take no capacity from others, however many they are', async (t) => {
  const b = await bench(t, { jobs: [job] });
  for (let n = 0; n < 5; n++) await b.produce(addWith(DUE, 'held', `p${n}`));
  for (let n = 0; n < 5; n++) await b.produce(addWith(DUE + 1, 'free', `p${n}`));
  await b.run();
  b.clock.set(DUE);
  const worker = await b.worker(0, {
    hook: refusingKeys('held', 'tables.write'),
    settings: { maxRecords: 2, timerMs: 1000 },
  });
  for (let n = 0; n < 20; n++) {
    await rest([worker]);
    b.clock.advance(1000);
  }
  const sums = await b.sums();
  assert.deepEqual(sums.filter((sum) => sum.startsWith('free')).length, 5);
  assert.ok(
    sums.every((sum) => sum.endsWith(sum.startsWith('free') ? '=1001' : '=1')),
    String(sums),
  );
  assert.equal((await b.deadLetters()).length, 5);
});

test('a clock that was ahead for a moment, and is set back, suppresses no timer', async (t) => {
  const b = await bench(t, { jobs: [job] });
  b.clock.setWall(START + 365 * 24 * 60 * MINUTE);
  const worker = await b.worker(0, { settings: SETTINGS });
  await rest([worker]);
  b.clock.setWall(START);
  await b.produce(addWith(DUE));
  await rest([worker]);
  b.clock.set(DUE);
  await rest([worker]);
  assert.deepEqual(await b.sums(), ['t/p=1001']);
});

test('no two timers have the same id, whatever their keys contain; and timers with the longest keys fire like others', async (t) => {
  const b = await bench(t, { jobs: [job] });
  const keys = [
    ['a/b', 'c'],
    ['a', 'b/c'],
    ['a', 'b#tick'],
    ['a"', '\\b'],
    ['a', '"\\b'],
    ['€'.repeat(LONGEST_KEY_PART), '\u0001'.repeat(LONGEST_KEY_PART)],
    ['€'.repeat(LONGEST_KEY_PART), `${'\u0001'.repeat(LONGEST_KEY_PART - 1)}\u0002`],
  ] as const;
  await b.produce(...keys.map(([thing, part]) => addWith(DUE, thing, part)));
  b.clock.set(DUE);
  await b.run();
  const records = (await partitionsOf(b.stores.transport, things.name)).flat();
  const ids = records.flatMap(({ headers }) => (headers['ce_type'] === 'timer.fired' ? [headers['ce_id']] : []));
  assert.deepEqual([new Set(ids).size, ids.length], [keys.length, keys.length]);
  assert.ok((await b.sums()).every((sum) => sum.endsWith('=1001')));
  assert.deepEqual(await b.deadLetters(), []);
});

/** Timers whose search returns what the test sets. */
async function scripted(t: TestContext) {
  const b = await bench(t, { jobs: [job] });
  const due = {
    searches: 1,
    begun: () => due.searches,
    found: undefined as Found | undefined,
    take: async () => due.found,
  };
  const assignment = { job: job.name, topic: things.name, partition: 0 };
  const timers = new Timers({
    job,
    assignment,
    runtime: b.runtime(),
    partitions: () => 1,
    due: due as unknown as DueTimers,
  });
  const key = ['default', 't', 'p'];
  const fire = (search: number, ...times: readonly number[]) => {
    due.found = { search, timers: times.map((time) => ({ partition: 0, key, name: 'tick', due: time })) };
    return timers.fire(undefined);
  };
  const hear = async () => {
    const records = await b.stores.transport.read(things.name, 0, 0, 10);
    timers.committed({ records, deadLetters: [], isChanged: () => true });
  };
  return { due, fire, hear };
}

test('a timer that a search returned before its record was read is not emitted again; one that a later search returns is', async (t) => {
  const { due, fire, hear } = await scripted(t);
  assert.equal(await fire(1, DUE), true);
  due.searches = 2;
  await hear();
  assert.equal(await fire(2, DUE), false);
  assert.equal(await fire(3, DUE), true);
});

test('an emitted timer is remembered until its record is read, even if a search does not return it', async (t) => {
  const { fire, hear } = await scripted(t);
  await fire(1, DUE);
  assert.equal(await fire(2), false);
  assert.equal(await fire(3, DUE), false);
  await hear();
  assert.equal(await fire(4, DUE), true);
});
