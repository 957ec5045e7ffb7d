import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { timerFired } from '../../../core/event.ts';
import { type Job, type Output, sleep, wakeAt } from '../../../jobs/define.ts';
import { recordsOf } from '../../../testing/produce.ts';
import { avroHeaders } from '../../../topics/codec/codec.ts';
import { formatTime } from '../../../topics/codec/time.ts';
import { added, changed, dropped, things, unread } from './add-up.ts';
import { type Bench, type BenchOptions, bench, rest, START } from './bench.ts';

const MINUTE = 60_000;

/** `colour` is the timer to set: `wake:5` in five minutes, `sleep` to cancel it, or nothing. Every timer adds 1000. */
const job: Job = changed({
  react: (_before, _after, { type, data, time }): Output[] => {
    if (type !== added.type) return [];
    const [timer, minutes] = String(data['colour']).split(':');
    if (timer === 'wake') return [wakeAt('tick', time + Number(minutes) * MINUTE)];
    return timer === 'sleep' ? [sleep('tick')] : [];
  },
});
const setUp = (t: TestContext, options: BenchOptions = {}): Promise<Bench> => bench(t, { jobs: [job], ...options });
const addWith = (colour: string, minute = 0, thingId = 't') =>
  [added, { thingId, partId: 'p', amount: 1, colour }, { time: START + minute * MINUTE }] as const;

const fired = (b: Bench) => b.reported('timers-fired').reduce((sum, { count }) => sum + count, 0);
const sum = async (b: Bench) => (await b.row('t', 'p'))?.sum;

test('a timer fires when the clock reaches it, once, and not before', async (t) => {
  const b = await setUp(t);
  await b.produce(addWith('wake:5'));
  const worker = await b.worker();
  await rest([worker]);
  b.clock.set(START + 5 * MINUTE - 1);
  await rest([worker]);
  assert.deepEqual([await sum(b), fired(b)], [1, 0]);
  b.clock.advance(1);
  await rest([worker]);
  assert.deepEqual([await sum(b), fired(b)], [1001, 1]);
  b.clock.advance(60 * MINUTE);
  await rest([worker]);
  assert.deepEqual([await sum(b), fired(b)], [1001, 1]);
});

test('a fired timer is an event of the log: of the row, at the time it was due', async (t) => {
  const b = await setUp(t);
  await b.produce(addWith('wake:5'));
  b.clock.set(START + 60 * MINUTE);
  await b.run();
  const [, record] = await b.stores.transport.read(things.name, 0, 0, 10);
  const wanted = new Map([[timerFired.type, timerFired]]);
  const decoded = b.stores.codec.decode(things, record as NonNullable<typeof record>, wanted);
  assert.ok(decoded.kind === 'event');
  assert.deepEqual(
    { ...decoded.event.data },
    { job: 'add-up', row: ['t', 'p'], name: 'tick', due: START + 5 * MINUTE },
  );
  assert.equal(decoded.event.time, START + 5 * MINUTE);
  assert.equal(record?.timestamp, START + 60 * MINUTE);
});

test('a second timer of the same name replaces the first; a timer that is cancelled does not fire', async (t) => {
  const b = await setUp(t);
  await b.produce(
    addWith('wake:5'),
    addWith('wake:9'),
    addWith('wake:5', 0, 'u'),
    addWith('sleep', 0, 'u'),
    addWith('sleep', 0, 'v'),
  );
  const worker = await b.worker();
  await rest([worker]);
  b.clock.set(START + 6 * MINUTE);
  await rest([worker]);
  assert.deepEqual(await b.sums(), ['t/p=2', 'u/p=2', 'v/p=1']);
  b.clock.set(START + 9 * MINUTE);
  await rest([worker]);
  assert.deepEqual(await b.sums(), ['t/p=1002', 'u/p=2', 'v/p=1']);
});

test('a timer that is replaced or cancelled between firing and reading is not applied', async (t) => {
  for (const [colour, expected] of [
    ['sleep', 2],
    ['wake:60', 2],
  ] as const) {
    const b = await setUp(t);
    await b.produce(addWith('wake:5'));
    const worker = await b.worker(0, {
      hook: async (name, go) => {
        if (name === 'transport.produce') await b.produce(addWith(colour));
        return go();
      },
    });
    await rest([worker]);
    b.clock.set(START + 5 * MINUTE);
    await rest([worker]);
    assert.deepEqual([await sum(b), fired(b)], [expected, 1]);
  }
});

test('a timer that is emitted twice is applied once', async (t) => {
  const b = await setUp(t);
  await b.produce(addWith('wake:5'));
  const worker = await b.worker(0, {
    hook: async (name, go) => {
      if (name === 'transport.produce') await go();
      return go();
    },
  });
  await rest([worker]);
  b.clock.set(START + 5 * MINUTE);
  await rest([worker]);
  assert.equal(await sum(b), 1001);
  assert.equal(b.reported('batch').at(-1)?.skipped.unchanged, 1);
});

test('timers outlive their process: set by one, fired by another, applied by a third', async (t) => {
  const b = await setUp(t);
  await b.produce(addWith('wake:5'));
  await b.run();
  b.clock.set(START + 5 * MINUTE);
  const dies = await b.worker(0, {
    hook: async (name, go) => {
      if (name === 'tables.write') throw new Error('the process is gone');
      return go();
    },
  });
  await assert.rejects(rest([dies]), /the process is gone/);
  assert.equal(fired(b), 1);
  await b.run();
  assert.equal(await sum(b), 1001);
});

test('in a backlog time is the time of the log: a timer fires when the events have passed it, whatever the clock shows', async (t) => {
  const b = await setUp(t);
  b.clock.set(START + 1000 * MINUTE);
  await b.produce(addWith('wake:5'), addWith('', 1), addWith('', 4), addWith('', 5), addWith('', 6), addWith('', 7));
  const worker = await b.worker(0, { settings: { maxRecords: 1 } });
  const firedAfter: number[] = [];
  for (let n = 1; n <= 6; n++) {
    await worker.turn(0);
    firedAfter.push(fired(b));
  }
  assert.deepEqual(firedAfter, [0, 0, 0, 0, 1, 1], 'it fires before the turn that follows the fourth event');
  await rest([worker]);
  assert.equal(await sum(b), 1006);
});

test('the time of the log is that of events in structured mode as well, limited by the times of their records', async (t) => {
  const b = await setUp(t);
  const came = START + 3 * MINUTE;
  b.clock.set(START + 1000 * MINUTE);
  await b.produce(addWith('wake:5'));
  const key = new TextEncoder().encode('t');
  const headers = { 'content-type': 'application/cloudevents+json' };
  const data = { thingId: 't', partId: 'p', amount: 1 };
  const say = async (time: number, timestamp: number) => {
    const event = { specversion: '1.0', id: 'x', source: '/s', type: added.type, time: formatTime(time), data };
    const value = new TextEncoder().encode(JSON.stringify(event));
    await b.stores.transport.produce([{ topic: things.name, partition: 0, key, value, headers, timestamp }]);
  };
  // First a late event that happened before the timer was due, then one with a time in the future, logged before the timer was due.
  await say(START, START + 100 * MINUTE);
  await say(START + 100 * MINUTE, came);
  await say(START + 5 * MINUTE, START + 100 * MINUTE);
  await b.produce(addWith('', 6), addWith('', 6));
  const worker = await b.worker(0, { settings: { maxRecords: 1 } });
  const firedAfter: number[] = [];
  for (let n = 1; n <= 6; n++) {
    await worker.turn(0);
    firedAfter.push(fired(b));
  }
  assert.deepEqual(firedAfter, [0, 0, 0, 0, 1, 1], 'it fires before the turn that follows the fourth event');
});

test('after a pause a backlog is read before the clock fires anything', async (t) => {
  const b = await setUp(t);
  await b.produce(addWith('wake:5'));
  await b.run();
  await b.produce(addWith('sleep', 3));
  b.clock.set(START + 60 * MINUTE);
  await b.run();
  assert.deepEqual([await sum(b), fired(b)], [2, 0]);
});

test('an event from the future fires nothing before its time', async (t) => {
  const b = await setUp(t);
  await b.produce(addWith('wake:5'), addWith('', 100_000_000), addWith('', 1), addWith('', 2));
  const worker = await b.worker(0, { settings: { maxRecords: 1 } });
  await rest([worker]);
  assert.deepEqual([await sum(b), fired(b)], [4, 0]);
  b.clock.set(START + 5 * MINUTE);
  await rest([worker]);
  assert.equal(await sum(b), 1004);
});

test('the time of an event without one, or without a readable one, is that of its record', async (t) => {
  for (const headers of [{}, { ce_time: Uint8Array.of(0xff) }]) {
    const b = await setUp(t);
    b.clock.set(START + 1000 * MINUTE);
    await b.produce(addWith('wake:5'));
    const given = { topic: things, def: unread, data: { thingId: 't' }, id: 'late', time: START + 6 * MINUTE };
    const [record] = recordsOf(b.stores.codec, given, 1);
    const { ce_time: _, ...rests } = record?.headers ?? {};
    await b.stores.transport.produce([
      { ...(record as NonNullable<typeof record>), headers: { ...rests, ...headers } },
    ]);
    await b.produce(addWith('', 1), addWith('', 1));
    const worker = await b.worker(0, { settings: { maxRecords: 1 } });
    for (let n = 0; n < 3; n++) await worker.turn(0);
    assert.equal(fired(b), 1);
  }
});

test('the settings decide how often timers are searched; a job without timers never searches', async (t) => {
  const looks = async (each: Job, settings: { timerMs: number }) => {
    const b = await setUp(t);
    let count = 0;
    const worker = await b.worker(0, {
      job: each,
      settings,
      hook: async (name, go) => {
        if (name === 'tables.due') count += 1;
        return go();
      },
    });
    for (let n = 0; n < 10; n++) {
      await worker.turn(0);
      b.clock.advance(100);
    }
    return count;
  };
  assert.equal(await looks(job, { timerMs: 500 }), 2);
  assert.equal(await looks(changed({ on: [added, dropped] }), { timerMs: 0 }), 0);
});

test('timers of another job, or of a row with an invalid key, are ignored', async (t) => {
  const b = await setUp(t);
  await b.produce(addWith('wake:5'));
  await b.run();
  const due = START + 5 * MINUTE;
  const key = new TextEncoder().encode('t');
  for (const [name, row] of [
    ['add-down', ['t', 'p']],
    ['add-up', ['t']],
    ['add-up', ['t', 'p\0q']],
    ['add-up', ['', 'p']],
    ['add-up', ['t', 'p']],
  ] as const) {
    const value = b.stores.codec.encode(things.name, timerFired, { job: name, row, name: 'tick', due });
    const headers = avroHeaders(timerFired.type, { id: 'x', source: '/test', time: due, tenant: 'default' });
    await b.stores.transport.produce([{ topic: things.name, partition: 0, key, value, headers, timestamp: due }]);
  }
  await b.run();
  assert.equal(await sum(b), 1001, 'the last one is the right one');
  assert.equal(
    b.reported('batch').reduce((all, { skipped }) => all + skipped['not-ours'], 0),
    4,
  );
});

test('a timer that the job fails at is one dead letter, whichever owner has the row', async (t) => {
  const failing = changed({
    react: job.react,
    fold: {
      'timer.fired': () => {
        throw new Error('a mistake');
      },
    },
  });
  const b = await bench(t, { jobs: [failing] });
  await b.produce(addWith('wake:5'));
  b.clock.set(START + 10 * MINUTE);
  for (let owner = 0; owner < 3; owner++) await b.run();
  assert.deepEqual(await b.deadLetters(), ['JOB_FAILED@0:1']);
  assert.deepEqual([await sum(b), fired(b)], [1, 1]);
  await b.produce(addWith('', 11));
  await b.run();
  assert.equal(await sum(b), 2, 'and the row goes on');
});
