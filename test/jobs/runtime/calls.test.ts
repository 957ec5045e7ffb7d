import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { callAnswered } from '../../../core/event.ts';
import { call, type Job } from '../../../jobs/define.ts';
import type { Channel, Message } from '../../../sinks/channels/port.ts';
import { avroHeaders } from '../../../topics/codec/codec.ts';
import { added, changed, things } from './add-up.ts';
import { type Bench, bench, plainOrigin, START } from './bench.ts';
import { type Hook, refusingKeys } from './intercept.ts';

/** Calls mail for every added amount. The answers are collected in `owner`. */
const job: Job = changed({
  react: (_before, after, { type }) => {
    if (type !== added.type || after === undefined) return [];
    const address = `${after['thingId']}@example.org`;
    const messageId = `m-${after['sum']}`;
    return [
      call({
        channel: 'mail',
        attempt: 1,
        messageId,
        address,
        title: 'Sum',
        body: 'It grew.',
        link: null,
        unsubscribe: null,
      }),
    ];
  },
  lookups: () => ({}),
});

/** Answers the first message with `away` and the others with `sent`. */
function mail(repeats: Channel['repeats']) {
  const messages: Message[] = [];
  const channel: Channel = {
    repeats,
    async send(message) {
      messages.push(message);
      return messages.length === 1 ? { outcome: 'away', detail: 'try later' } : { outcome: 'sent', detail: 'accepted' };
    },
    close: async () => {},
  };
  return { channel, messages };
}

const setUp = (t: TestContext, channel?: Channel): Promise<Bench> =>
  bench(t, { jobs: [job], ...(channel && { channels: { mail: channel } }) });
const add = (thingId = 't') => [added, { thingId, partId: 'p', amount: 1 }] as const;
const answers = async (b: Bench, thing = 't') => (await b.row(thing, 'p'))?.owner;

function crashAt(name: string): Hook {
  let alive = true;
  return async (each, go) => {
    if (each !== name || !alive) return go();
    alive = false;
    throw new Error('the process is gone');
  };
}

test('only the beginning of a long server response is kept', async (t) => {
  const long = 'x'.repeat(10_000_000);
  for (const send of [
    async () => ({ outcome: 'sent' as const, detail: long }),
    async () => {
      throw new Error(long);
    },
  ]) {
    const b = await setUp(t, { repeats: 'at-least-once', send, close: async () => {} });
    await b.produce(add());
    await b.run();
    const [, answer] = await b.stores.transport.read(things.name, 0, 0, 10);
    assert.ok((answer?.value?.length ?? 0) > 1000 && (answer?.value?.length ?? 0) < 2000);
  }
});

test('the outcome of a call returns to its row as an event, with the message as the job made it', async (t) => {
  const { channel, messages } = mail('honours-key');
  const b = await setUp(t, channel);
  await b.produce(add(), add());
  await b.run();
  assert.equal(await answers(b), 'away;sent;');
  assert.deepEqual(messages, [
    {
      key: 'default%2Ft%2Fp%2Fm-1',
      address: 't@example.org',
      title: 'Sum',
      body: 'It grew.',
      link: null,
      unsubscribe: null,
      time: START,
      sentAt: START,
    },
    {
      key: 'default%2Ft%2Fp%2Fm-2',
      address: 't@example.org',
      title: 'Sum',
      body: 'It grew.',
      link: null,
      unsubscribe: null,
      time: START + 1000,
      sentAt: START,
    },
  ]);
  const [, , answer] = await b.stores.transport.read(things.name, 0, 0, 10);
  assert.equal(plainOrigin(answer?.headers['ce_id']), 'add-up/thing.events/0/0/0/answer');
  assert.equal(answer?.headers['ce_time'], '2026-01-01T00:00:00.000Z');
});

test('a channel that does not exist refuses', async (t) => {
  const b = await setUp(t);
  await b.produce(add());
  await b.run();
  assert.equal(await answers(b), 'refused;');
});

test('a channel that fails is away, and the partition goes on', async (t) => {
  const failing: Channel = {
    repeats: 'honours-key',
    send: async () => {
      throw new Error('a mistake');
    },
    close: async () => {},
  };
  const b = await setUp(t, failing);
  await b.produce(add(), add('u'));
  await b.run();
  assert.deepEqual([await answers(b), await answers(b, 'u')], ['away;', 'away;']);
});

const afterCrash = {
  // The first call was made, but its answer is lost, and no other call is allowed.
  'at-most-once': { calls: 1, answer: 'unknown;' },
  'at-least-once': { calls: 2, answer: 'sent;' },
  'honours-key': { calls: 2, answer: 'sent;' },
} as const;

for (const [repeats, { calls, answer }] of Object.entries(afterCrash) as [
  Channel['repeats'],
  { calls: number; answer: string },
][]) {
  test(`after a crash between the call and its answer a channel that is ${repeats} is called ${calls} times in all`, async (t) => {
    const { channel, messages } = mail(repeats);
    const b = await setUp(t, channel);
    await b.produce(add());
    await assert.rejects(b.run({ hook: crashAt('claim.commit') }), /the process is gone/);
    assert.equal(messages.length, 1);
    await b.run();
    assert.equal(await answers(b), answer);
    assert.equal(messages.length, calls);
    assert.equal(new Set(messages.map(({ key }) => key)).size, 1);
  });

  test(`rewound after its answer was applied, a channel that is ${repeats} is not called again`, async (t) => {
    const { channel, messages } = mail(repeats);
    const b = await setUp(t, channel);
    await b.produce(add(), add('u'));
    await b.run();
    await b.stores.transport.seek(job.name, things.name, { partition: 0, offset: 0 });
    await b.run();
    assert.equal(messages.length, 2);
    assert.deepEqual([await answers(b), await answers(b, 'u')], ['away;', 'sent;']);
  });
}

test('after a crash before the row was written an at-most-once channel is still called', async (t) => {
  const { channel, messages } = mail('at-most-once');
  const b = await setUp(t, channel);
  await b.produce(add());
  await assert.rejects(b.run({ hook: crashAt('tables.write') }), /the process is gone/);
  await b.run();
  assert.equal(messages.length, 1);
  assert.equal(await answers(b), 'away;');
});

test('an answer for a row that does not exist, or for another job, is ignored', async (t) => {
  const b = await setUp(t);
  const key = new TextEncoder().encode('t');
  for (const name of ['add-up', 'add-down']) {
    const data = { job: name, row: ['t', 'p'], attempt: 1, outcome: 'sent' };
    const value = b.stores.codec.encode(things.name, callAnswered, data);
    const headers = avroHeaders(callAnswered.type, { id: name, source: '/test', time: START, tenant: 'default' });
    await b.stores.transport.produce([{ topic: things.name, partition: 0, key, value, headers, timestamp: START }]);
  }
  await b.run();
  assert.deepEqual(await b.sums(), []);
  assert.deepEqual(b.reported('batch')[0]?.skipped, {
    unwanted: 0,
    undeclared: 0,
    repeated: 0,
    unchanged: 1,
    'not-ours': 1,
  });
});

test('a channel that may be called once is called, though another row of the batch was refused first', async (t) => {
  const { channel, messages } = mail('at-most-once');
  const b = await setUp(t, channel);
  await b.produce(add('bad'), add());
  const hook = refusingKeys('bad', 'tables.write');
  await b.run({ hook });
  assert.deepEqual(
    messages.map(({ address }) => address),
    ['t@example.org'],
  );
  assert.equal(await answers(b), 'away;');
});

test('one message by two channels is two calls, and each is made, though another row was refused first', async (t) => {
  const [byMail, byPush] = [mail('at-most-once'), mail('at-most-once')];
  const both: Job = {
    ...job,
    react: (before, after, event, found) =>
      job.react(before, after, event, found).flatMap((each) => [each, { ...each, channel: 'push' } as typeof each]),
  };
  const channels = { mail: byMail.channel, push: byPush.channel };
  const b = await bench(t, { jobs: [both], channels });
  await b.produce(add('bad'), add());
  await b.run({ hook: refusingKeys('bad', 'tables.write') });
  assert.deepEqual([byMail.messages.length, byPush.messages.length], [1, 1]);
});

test('no two messages have the same key, whatever their ids contain', async (t) => {
  const { channel, messages } = mail('honours-key');
  const b = await setUp(t, channel);
  const ids = [
    ['a/b', 'c'],
    ['a', 'b/c'],
    ['a%2Fb', 'c'],
    ['a%252Fb', 'c'],
    ['a', 'b%2Fc'],
  ] as const;
  await b.produce(...ids.map(([thingId, partId]) => [added, { thingId, partId, amount: 1 }] as const));
  await b.run();
  const keys = messages.map(({ key }) => key);
  assert.equal(new Set(keys).size, ids.length);
  assert.ok(keys.every((key) => /^[ -~]+$/.test(key)));
});
