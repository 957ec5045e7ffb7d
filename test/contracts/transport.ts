/** The contract of the transport port: see `topics/log/transport.ts`. This file covers topics, records and reading. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { WantedTopic } from '../../topics/log/admin.ts';
import type { LogRecord, Transport } from '../../topics/log/transport.ts';
import { claimsContract } from './transport-claims.ts';
import { claimOf, codeOf, DAY, keysOf, record, take, transportCases } from './transport-members.ts';
import { ownersContract } from './transport-owners.ts';
import { timesContract } from './transport-times.ts';

export interface TransportAbilities {
  /** Whether `expire` deletes records; otherwise the broker does it in its own time. */
  readonly expires: boolean;
  /** Applies the topic as `topics apply` does. */
  apply(transport: Transport, wanted: WantedTopic): Promise<unknown>;
}

const LONG = 60_000;

/** `make` returns an open transport, and closes it after the test. It may have topics of other tests. */
export function transportContract(
  name: string,
  make: (t: TestContext) => Promise<Transport>,
  abilities: TransportAbilities,
): void {
  const cases = transportCases(name, make);
  claimsContract(cases);
  ownersContract(cases, abilities);
  timesContract(cases);

  cases('records of a partition keep their order and their offsets', async (transport, topic, group) => {
    const keys = Array.from({ length: 150 }, (_, i) => `k${i}`);
    const offsets: number[] = [];
    for (let i = 0; i < keys.length; i += 50) {
      const batch = keys.slice(i, i + 50);
      offsets.push(...(await transport.produce(batch.map((key) => record(topic, 1, { key })))));
    }
    assert.deepEqual(
      offsets,
      [...new Set(offsets)].sort((a, b) => a - b),
      'each offset is larger than the one before',
    );
    const claim = await claimOf(transport, group, topic, 1);
    const records = await take(claim, keys.length);
    assert.deepEqual(keysOf(records), keys);
    assert.deepEqual(
      records.map(({ offset, partition }) => [offset, partition]),
      offsets.map((offset) => [offset, 1]),
    );
  });

  cases(
    'one call appends to several topics and partitions and returns offsets in its order',
    async (transport, topic) => {
      const other = `${topic}.other`;
      await transport.createTopics([{ name: other, partitions: 1, retentionMs: DAY }]);
      const positions = [3, 0, 3, 2, 0, 3].map((partition) => [topic, partition] as const);
      const records = [...positions, [other, 0] as const].map(([name, partition], i) =>
        record(name, partition, { key: `k${i}` }),
      );
      const offsets = await transport.produce(records);
      assert.equal(offsets.length, records.length);
      for (const [i, { topic, partition }] of records.entries()) {
        const found = await transport.read(topic, partition, offsets[i] as number, 1);
        assert.deepEqual([found[0]?.offset, ...keysOf(found)], [offsets[i], `k${i}`]);
      }
      assert.deepEqual(await transport.produce([]), []);
    },
  );

  cases('nothing is appended when the topic or partition of one record does not exist', async (transport, topic) => {
    for (const [missing, partition] of [
      [`${topic}.missing`, 0],
      [topic, 4],
      [topic, -1],
    ] as const) {
      const records = [record(topic, 0), record(missing, partition), record(topic, 1)];
      assert.equal(await codeOf(transport.produce(records)), 'TOPIC_MISSING');
    }
    const [info] = await transport.describe([topic]);
    assert.equal(info?.partitions.length, 4);
    for (const { begin, end } of info?.partitions ?? []) assert.equal(begin, end);
  });

  cases('keys, values and headers are returned byte for byte', async (transport, topic) => {
    const notText = new Uint8Array([0, 255, 128, 10]);
    const samples: Partial<LogRecord>[] = [
      { key: null, value: null, headers: {} },
      { key: notText, value: notText, headers: { bytes: notText, text: 'plain' } },
      { key: Buffer.from('k'), value: new Uint8Array(0), headers: { empty: '' } },
      {
        key: Buffer.from('k'),
        value: Buffer.from('v'),
        headers: { ce_id: 'grüße "quoted" \\ \n 学', 'a b': '{"b":"eA=="}' },
      },
      { key: Buffer.from('k'), value: Buffer.from('v'), headers: JSON.parse('{"__proto__":"p","constructor":"c"}') },
      { key: Buffer.from('k'), value: Buffer.from('v'), headers: hostile(notText) },
    ];
    await transport.produce(samples.map((sample) => ({ ...record(topic, 0), ...sample })));
    const found = await transport.read(topic, 0, 0, 10);
    assert.deepEqual(found.map(plain), samples.map(plain));
  });

  cases('bytes that were produced or read belong to the caller', async (transport, topic) => {
    const value = Buffer.from('first');
    await transport.produce([{ ...record(topic, 0), value }]);
    value.fill(0);
    const [first] = await transport.read(topic, 0, 0, 1);
    assert.equal(Buffer.from(first?.value ?? []).toString(), 'first');
    first?.value?.fill(0);
    const [again] = await transport.read(topic, 0, 0, 1);
    assert.equal(Buffer.from(again?.value ?? []).toString(), 'first');
  });

  cases('a description has the begin and end of each partition', async (transport, topic) => {
    const other = `${topic}.other`;
    await transport.createTopics([{ name: other, partitions: 2, retentionMs: DAY }]);
    const before = await transport.describe([other, `${topic}.missing`, topic]);
    assert.deepEqual(
      before.map(({ name, partitions }) => [name, partitions.map(({ partition }) => partition)]),
      [
        [other, [0, 1]],
        [topic, [0, 1, 2, 3]],
      ],
    );
    const offsets = await transport.produce([record(topic, 2), record(topic, 2)]);
    const all = await transport.describe();
    const now = all.find(({ name }) => name === topic);
    assert.ok(all.some(({ name }) => name === other));
    assert.ok((now?.partitions[2]?.end ?? 0) > (offsets[1] as number));
    assert.deepEqual(now?.partitions[1], before[1]?.partitions[1], 'the other partitions did not move');
    assert.equal(now?.id, before[1]?.id);
    if (now?.id !== undefined) assert.notEqual(now.id, before[0]?.id);
  });

  cases('creating topics again changes no existing one', async (transport, topic) => {
    await transport.produce([record(topic, 3)]);
    const before = await transport.describe([topic]);
    const other = `${topic}.other`;
    await transport.createTopics([
      { name: topic, partitions: 2, retentionMs: 1 },
      { name: other, partitions: 1, retentionMs: DAY },
    ]);
    assert.deepEqual(await transport.describe([topic]), before);
    assert.equal((await transport.describe([other])).length, 1);
  });

  cases('every call names a topic or partition that is missing', async (transport, topic, group) => {
    const missing = `${topic}.missing`;
    const listener = { assigned: () => {}, revoked: async () => {} };
    const membership = await transport.join(group, topic, listener);
    for (const [what, call] of [
      ['join', () => transport.join(group, missing, listener)],
      ['read', () => transport.read(missing, 0, 0, 1)],
      ['read', () => transport.read(topic, 9, 0, 1)],
      ['lag', () => transport.lag(group, missing)],
      ['seek', () => transport.seek(group, topic, { partition: 9, offset: 0 })],
      ['claim', () => membership.claim(9)],
    ] as const) {
      assert.equal(await codeOf(call()), 'TOPIC_MISSING', what);
    }
  });

  cases('reading for browsing moves no group', async (transport, topic, group) => {
    const offsets = await transport.produce(['a', 'b', 'c', 'd'].map((key) => record(topic, 0, { key })));
    assert.deepEqual(keysOf(await transport.read(topic, 0, offsets[1] as number, 2)), ['b', 'c']);
    assert.deepEqual(await transport.read(topic, 0, (offsets[3] as number) + 1, 5), []);
    assert.deepEqual(await transport.read(topic, 1, 0, 5), []);
    assert.deepEqual(keysOf(await take(await claimOf(transport, group, topic, 0), 4)), ['a', 'b', 'c', 'd']);
  });

  cases(
    'a fetch returns at most as many records as asked for, and continues after them',
    async (transport, topic, group) => {
      const keys = ['a', 'b', 'c', 'd', 'e'];
      await transport.produce(keys.map((key) => record(topic, 0, { key })));
      const claim = await claimOf(transport, group, topic, 0);
      const got: string[] = [];
      while (got.length < keys.length) {
        const { records } = await claim.fetch({ maxRecords: 2, waitMs: LONG });
        assert.ok(records.length === 1 || records.length === 2);
        got.push(...keysOf(records));
      }
      assert.deepEqual(got, keys);
    },
  );

  cases('a fetch returns records of at most as many keys as asked for', async (transport, topic, group) => {
    const keys = ['a', 'a', 'b', 'a', 'b', 'b', 'c', 'a', 'd', 'd'];
    await transport.produce(keys.map((key) => record(topic, 0, { key })));
    const claim = await claimOf(transport, group, topic, 0);
    const got: string[] = [];
    while (got.length < keys.length) {
      const some = keysOf((await claim.fetch({ maxRecords: 100, maxKeys: 2, waitMs: LONG })).records);
      assert.ok(some.length > 0 && new Set(some).size <= 2, some.join());
      got.push(...some);
    }
    assert.deepEqual(got, keys);
  });

  cases('records too large for one batch all arrive', async (transport, topic, group) => {
    const value = Buffer.alloc(900_000, 'x');
    for (let i = 0; i < 12; i++) await transport.produce([{ ...record(topic, 0, { key: `k${i}` }), value }]);
    const records = await take(await claimOf(transport, group, topic, 0), 12);
    assert.deepEqual(
      keysOf(records),
      Array.from({ length: 12 }, (_, i) => `k${i}`),
    );
    for (const { value } of records) assert.equal(value?.length, 900_000);
  });

  cases('a fetch shows the end that a reader without lag has reached', async (transport, topic, group) => {
    await transport.produce([record(topic, 0), record(topic, 0)]);
    const claim = await claimOf(transport, group, topic, 0);
    const [first] = await take(claim, 1);
    const behind = await claim.fetch({ maxRecords: 1, waitMs: LONG });
    assert.ok(behind.end > (first?.offset as number));
    assert.equal((behind.records[0]?.offset as number) + 1, behind.end);
    await transport.produce([record(topic, 0), record(topic, 0)]);
    const ahead = await claim.fetch({ maxRecords: 1, waitMs: LONG });
    assert.ok(ahead.end > (ahead.records[0]?.offset as number) + 1);
  });

  cases('a fetch waits for the first record', async (transport, topic, group) => {
    const claim = await claimOf(transport, group, topic, 0);
    assert.deepEqual((await claim.fetch({ maxRecords: 10, waitMs: 0 })).records, []);
    for (const key of ['a', 'b']) {
      const waiting = claim.fetch({ maxRecords: 10, waitMs: LONG });
      for (let turn = 0; turn < 5; turn++) await setImmediate();
      await transport.produce([record(topic, 1, { key: 'elsewhere' })]);
      await transport.produce([record(topic, 0, { key })]);
      assert.deepEqual(keysOf((await waiting).records), [key]);
    }
  });

  cases('a fetch ends without records when its signal is aborted', async (transport, topic, group) => {
    const claim = await claimOf(transport, group, topic, 0);
    const stop = new AbortController();
    const waiting = claim.fetch({ maxRecords: 10, waitMs: LONG, signal: stop.signal });
    for (let turn = 0; turn < 5; turn++) await setImmediate();
    stop.abort();
    assert.deepEqual((await waiting).records, []);
    const again = await claim.fetch({ maxRecords: 10, waitMs: LONG, signal: stop.signal });
    assert.deepEqual(again.records, []);
    await transport.produce([record(topic, 0, { key: 'a' })]);
    assert.deepEqual(keysOf(await take(claim, 1)), ['a']);
  });

  if (!abilities.expires) return;

  cases(
    'records older than the retention are dropped from the front, and offsets continue',
    async (transport, topic, group) => {
      const now = Date.UTC(2024, 5, 1);
      const ages = [3 * DAY, 2 * DAY, 0, 2 * DAY, 0];
      const offsets = await transport.produce(
        ages.map((age, i) => record(topic, 0, { key: `k${i}`, timestamp: now - age })),
      );
      const other = `${topic}.other`;
      await transport.createTopics([{ name: other, partitions: 1, retentionMs: 5 * DAY }]);
      await transport.produce([record(other, 0, { timestamp: now - 4 * DAY })]);
      const early = await claimOf(transport, group, topic, 0);
      assert.equal(await transport.expire(now), 2);
      assert.deepEqual(
        keysOf(await transport.read(topic, 0, 0, 10)),
        ['k2', 'k3', 'k4'],
        'a newer record ends what is dropped',
      );
      assert.equal((await transport.read(other, 0, 0, 10)).length, 1, 'each topic has its own retention');
      const [info] = (await transport.describe([topic]))[0]?.partitions ?? [];
      assert.deepEqual(info, { partition: 0, begin: offsets[2], end: (offsets[4] as number) + 1 });
      assert.deepEqual(
        keysOf(await take(early, 3)),
        ['k2', 'k3', 'k4'],
        'a reader goes on at the first record there is',
      );
      assert.equal((await transport.lag(group, topic))[0]?.lag, 3);

      assert.equal(await transport.expire(now + 2 * DAY), 4, 'all that were left, and that of the other topic');
      const [next] = await transport.produce([record(topic, 0, { timestamp: now + 2 * DAY })]);
      assert.equal(next, (offsets[4] as number) + 1, 'no offset is used twice');
      assert.equal(await transport.expire(now + 2 * DAY), 0);
      assert.equal((await claimOf(transport, `${group}-late`, topic, 0)).begin, next);
    },
  );
}

/** Headers with a name that a plain assignment would lose, and a value that is not text. */
function hostile(bytes: Uint8Array): Record<string, string | Uint8Array> {
  return Object.fromEntries([
    ['__proto__', bytes],
    ['b', 'text'],
  ]);
}

function plain({ key, value, headers }: Partial<LogRecord>): unknown {
  const hex = (bytes: Uint8Array | null | undefined) => (bytes == null ? bytes : Buffer.from(bytes).toString('hex'));
  const named = Object.entries(headers ?? {}).map(([name, text]) => [
    name,
    typeof text === 'string' ? text : [hex(text)],
  ]);
  return { key: hex(key), value: hex(value), headers: named };
}
