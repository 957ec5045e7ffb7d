/** What a subscriber receives after a break, message by message. On a real server the order varies. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { Redis } from 'ioredis';
import type { Client } from '../../sinks/cache/redis/client.ts';
import { newLink } from '../../sinks/cache/redis/link.ts';
import { newSubscriptions } from '../../sinks/cache/redis/subscriptions.ts';
import { recordingListener, withoutRepeats } from '../contracts/cache-live.ts';
import { courses } from '../contracts/cache-samples.ts';

const HASH = 't:contract_courses:{acme:ann}';
const PATIENCE = 60_000;

test('missed changes are delivered once they are read, and do not undo newer ones', async (t) => {
  const { connections, recorder, breaks, reads } = await subscribed(t);
  await breaks();
  publish(connections, 'a', '1.5', 5);
  publish(connections, 'b', '1.1', 1);
  const [versions, records] = await reads();
  versions.resolve({ a: '1.4', b: '1.2', c: '1.3' });
  records.resolve({ a: '{"count":4}', b: '{"count":2}' });
  await recorder.until('b', 2);
  publish(connections, 'end', '1.1', 9);
  assert.deepEqual(received(recorder), ['a 5', 'b 1', 'b 2', 'c undefined', 'end 9']);
});

test('a message that is older than what was read is dropped, and later ones are delivered', async (t) => {
  const { connections, recorder, breaks, reads } = await subscribed(t);
  await breaks();
  const [versions, records] = await reads();
  versions.resolve({ a: '2.3' });
  records.resolve({ a: '{"count":3}' });
  await recorder.until('a', 3);
  publish(connections, 'a', '1.9', 1);
  publish(connections, 'a', '2.2', 2);
  publish(connections, 'a', '2.3', 3);
  publish(connections, 'a', '2.4', 4);
  assert.deepEqual(received(recorder), ['a 3', 'a 4']);
});

test('older versions are accepted after Redis was emptied', async (t) => {
  const { connections, recorder, breaks, reads } = await subscribed(t);
  await breaks();
  const [versions, records] = await reads();
  versions.resolve({ a: '2.3', b: '2.3' });
  records.resolve({ a: '{"count":3}', b: '{"count":3}' });
  await recorder.until('b', 3);
  publish(connections, 'a', '2.4', 4);
  publish(connections, 'a', '1.1', 1);
  await breaks();
  const [later, now] = await reads();
  later.resolve({ a: '1.2', b: '1.2' });
  now.resolve({ a: '{"count":2}', b: '{"count":2}' });
  await recorder.until('a', 2);
  assert.deepEqual(received(recorder), ['a 3', 'b 3', 'a 4', 'a 1', 'a 2', 'b 2']);
});

test('an entry without subscribers is not subscribed again', async (t) => {
  const { connections, subscribe, leave, breaks, reads } = await subscribed(t);
  await subscribe('t:contract_courses:{acme:bob}');
  leave();
  assert.deepEqual(connections.at(-1)?.names, ['t:contract_courses:{acme:bob}']);
  await breaks();
  assert.deepEqual(connections.at(-1)?.names, ['t:contract_courses:{acme:bob}']);
  for (const reply of await reads()) reply.resolve({});
});

test('a connection without subscribers is not replaced until there is one', async (t) => {
  const { connections, subscribe, leave } = await subscribed(t);
  leave();
  connections.at(-1)?.disconnect();
  await subscribe(HASH);
  assert.equal(connections.length, 2);
  assert.deepEqual(connections.at(-1)?.names, [HASH]);
});

test('an entry is subscribed at the node that serves it, and changes missed during a move are delivered', async (t) => {
  const { connections, recorder, moves, reads } = await subscribed(t);
  const away = connections.at(-1);
  await moves('b:1');
  const [versions, records] = await reads();
  assert.deepEqual([away?.home, away?.names], ['a:1', []]);
  assert.deepEqual([connections.at(-1)?.home, connections.at(-1)?.names], ['b:1', [HASH]]);
  versions.resolve({ a: '1.2' });
  records.resolve({ a: '{"count":2}' });
  await recorder.until('a', 2);
  publish([away ?? assert.fail()], 'a', '1.3', 3);
  publish(connections, 'a', '1.4', 4);
  assert.deepEqual(received(recorder), ['a 2', 'a 4']);
});

test('a subscription during a move of the entry begins once the new node confirms it', async (t) => {
  const { connections, recorder, moves, subscribe } = around(t, 'a:1');
  const subscribing = subscribe(HASH);
  await moves('b:1');
  await subscribing;
  publish(connections, 'a', '1.1', 1);
  assert.deepEqual(received(recorder), ['a 1']);
});

test('a subscription is refused if its connections are closed at once, and none is opened', async (t) => {
  const { connections, subscribe, close } = around(t);
  const subscribing = subscribe(HASH);
  close();
  await assert.rejects(subscribing, { code: 'CACHE_AWAY', message: /was closed/ });
  assert.deepEqual(connections, []);
});

/** A connection that the test controls. */
class Fake extends EventEmitter {
  readonly home: string;
  readonly confirms: boolean;
  status = 'wait';
  names: string[] = [];
  constructor(home: string, confirms: boolean) {
    super();
    this.home = home;
    this.confirms = confirms;
  }
  async connect(): Promise<void> {
    this.status = 'ready';
    this.emit('ready');
  }
  async subscribe(...names: string[]): Promise<void> {
    this.names = [...new Set([...this.names, ...names])];
    if (!this.confirms) await new Promise(() => {});
  }
  async unsubscribe(name: string): Promise<void> {
    this.names = this.names.filter((each) => each !== name);
  }
  async ping(): Promise<void> {}
  disconnect(): void {
    this.status = 'end';
    this.emit('end');
  }
}

type Reply = PromiseWithResolvers<Record<string, string>>;

async function subscribed(t: TestContext) {
  const parts = around(t);
  return { ...parts, leave: await parts.subscribe(HASH) };
}

/** A Redis where the node `a:1` serves all keys. The node `silent` confirms no subscription. */
function around(t: TestContext, silent?: string) {
  const connections: Fake[] = [];
  const events = new EventEmitter();
  const asked: Reply[] = [];
  const link = newLink('nowhere');
  link.up();
  let home = 'a:1';
  const client: Client = {
    link,
    apply: () => assert.fail('a subscriber writes nothing'),
    hash() {
      const reply = Promise.withResolvers<Record<string, string>>();
      if (asked.push(reply) % 2 === 0) events.emit('asked');
      return reply.promise;
    },
    homeOf: () => home,
    mixUp: async () => undefined,
    onMoved: (listener) => events.on('moved', listener),
    forSubscriber(to = '') {
      const connection = new Fake(to, to !== silent);
      connections.push(connection);
      events.emit('opened', connection);
      return connection as unknown as Redis;
    },
    close() {},
  };
  const subscriptions = newSubscriptions(client, PATIENCE);
  t.after(() => subscriptions.close());
  const recorder = recordingListener();
  const subscribe = (name: string) =>
    subscriptions.subscribe({ name, hash: name, cache: courses, entry: ['acme', 'ann'] }, recorder.listener);
  return {
    connections,
    recorder,
    subscribe,
    close: () => subscriptions.close(),
    /** From now on, another node serves all keys. Waits until there is a connection to this node. */
    async moves(to: string): Promise<void> {
      home = to;
      const opened = once(events, 'opened');
      events.emit('moved');
      await opened;
    },
    /** Breaks the connection, and waits for the next one. */
    async breaks(): Promise<void> {
      const opened = once(events, 'opened');
      connections.at(-1)?.disconnect();
      const [connection] = (await opened) as [Fake];
      if (connection.status !== 'ready') await once(connection, 'ready');
    },
    /** The replies that the subscription waits for: first versions, then records. */
    async reads(): Promise<[Reply, Reply]> {
      if (asked.length < 2) await once(events, 'asked');
      return asked.splice(0) as [Reply, Reply];
    },
  };
}

function publish(connections: readonly Fake[], field: string, version: string, count: number): void {
  connections.at(-1)?.emit('message', HASH, JSON.stringify({ field, version, record: { count } }));
}

function received(recorder: ReturnType<typeof recordingListener>): string[] {
  return withoutRepeats(recorder.updates().map(({ key, record }) => `${key[2]} ${record?.['count']}`));
}
