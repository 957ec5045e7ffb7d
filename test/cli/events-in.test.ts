import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf, readLine, type Target } from '../../cli/commands/produce/events-in.ts';
import { IN_MEMORY, openDatabase } from '../../embedded/database.ts';
import { Codec } from '../../topics/codec/codec.ts';
import { keyOf } from '../../topics/define.ts';
import { embeddedRegistry } from '../../topics/embedded/registry.ts';
import { enrollmentEvents, topics } from '../../topics/index.ts';
import { partitionOf } from '../../topics/log/partition.ts';
import { enrolled } from './harness.ts';

const NOW = Date.UTC(2026, 1, 1, 10);
const codec = new Codec(embeddedRegistry(openDatabase(IN_MEMORY)));
await codec.prepare(topics);
const target = { topic: enrollmentEvents, partitions: 6, codec, now: () => NOW };

/** The records made from the line, or the problem with the line. */
function recordsOf(line: Uint8Array, of: Target) {
  const read = readLine(line, of);
  assert.notEqual(read.kind, 'left-out');
  return read.kind === 'records' ? read.records : read.kind === 'wrong' ? read.problem : '';
}
const records = (value: unknown) =>
  recordsOf(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), target);
const recordOf = (value: unknown) => {
  const made = records(value);
  assert.ok(typeof made !== 'string', String(made));
  const [record] = made;
  assert.ok(record !== undefined);
  return record;
};

async function* cut(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('lines are the same wherever the input is cut; empty ones count and are skipped', async () => {
  const input = Buffer.from('{"a":"ü"}\n\r\n  \n{"b":1}\r\nlast');
  for (const size of [1, 2, 3, 5, input.length]) {
    const lines = await Array.fromAsync(linesOf(cut(input, size)));
    assert.deepEqual(
      lines.map(({ number, bytes }) => [number, Buffer.from(bytes).toString().trim()]),
      [
        [1, '{"a":"ü"}'],
        [4, '{"b":1}'],
        [5, 'last'],
      ],
    );
  }
});

test('a line without an end is refused before it fills the memory', async () => {
  async function* endless() {
    for (;;) yield Buffer.alloc(1024 * 1024, 'x');
  }
  await assert.rejects(Array.fromAsync(linesOf(endless())), /line 1 has more than \d+ bytes/);
});

test('the example of every event of every topic is accepted, and is in the partition of its key', () => {
  for (const topic of topics) {
    for (const def of [...topic.events, ...topic.broadcasts]) {
      const line = Buffer.from(JSON.stringify({ type: def.type, data: def.example }));
      const made = recordsOf(line, { ...target, topic });
      assert.ok(typeof made !== 'string', `${def.type}: ${made}`);
      const key = keyOf(topic, { type: def.type, data: def.example });
      const bytes = key === null ? null : Buffer.from(key);
      assert.deepEqual(
        made.map((record) => record.partition),
        bytes === null ? [0, 1, 2, 3, 4, 5] : [partitionOf(bytes, 6)],
      );
      for (const record of made) assert.deepEqual(record.key, bytes);
    }
  }
});

test('an event without id, source, time or tenant gets defaults', () => {
  const [first, second] = [recordOf(enrolled('u1')), recordOf(enrolled('u1'))];
  assert.notEqual(first.headers['ce_id'], second.headers['ce_id']);
  assert.equal(first.headers['ce_time'], '2026-02-01T10:00:00.000Z');
  assert.equal(first.headers['ce_source'], '/tributary/produce');
  assert.equal(first.headers['ce_tenant'], undefined);
  assert.equal(first.headers['content-type'], 'application/avro');
});

test('attributes that an event has are kept', () => {
  const { headers, timestamp } = recordOf({
    ...enrolled('u1'),
    id: 'e',
    source: '/s',
    time: '2013-10-01T08:00:00+02:00',
    tenant: 'north',
  });
  assert.deepEqual(
    [headers['ce_id'], headers['ce_source'], headers['ce_time'], headers['ce_tenant']],
    ['e', '/s', '2013-10-01T08:00:00+02:00', 'north'],
  );
  assert.equal(timestamp, NOW, 'it is kept from the time it was sent');
});

test('other attributes of a CloudEvent become headers; those without a value are absent', () => {
  const cloudEvent = {
    specversion: '1.0',
    id: 'e',
    source: '/s',
    ...enrolled('u1'),
    subject: 'u1',
    attempts: 3,
    test: true,
    datacontenttype: 'application/json',
    time: null,
  };
  const { headers } = recordOf(cloudEvent);
  assert.deepEqual([headers['ce_subject'], headers['ce_attempts'], headers['ce_test']], ['u1', '3', 'true']);
  assert.equal(headers['ce_datacontenttype'], undefined);
  assert.equal(headers['ce_time'], '2026-02-01T10:00:00.000Z');
});

const WRONG: readonly (readonly [what: string, line: unknown, because: RegExp])[] = [
  ['no JSON', '{', /^it is not JSON in UTF-8/],
  ['an array', [], /^it is not a JSON object$/],
  ['null', 'null', /^it is not a JSON object$/],
  ['no type', { data: {} }, /^type: a string is missing$/],
  ['a type that is a number', { type: 1 }, /^type: a string is expected$/],
  [
    'an unknown type',
    { type: 'enrollment.enroled' },
    /is not an event of enrollment\.events; did you mean enrollment\.enrolled\?/,
  ],
  [
    'an event of another topic',
    { type: 'user.deleted', data: { userId: 'u1' } },
    /is not an event of enrollment\.events/,
  ],
  ['an event of the runtime', { type: 'timer.fired', data: {} }, /is not an event of enrollment\.events/],
  ['no data', { type: 'enrollment.enrolled' }, /^data: an object is missing$/],
  ['a missing field', { ...enrolled('u1'), data: { userId: 'u1' } }, /^data\.courseId: a string is missing$/],
  ['an empty key', enrolled(''), /^data\.userId: /],
  ['a key with a zero', enrolled('a\0b'), /^data\.userId: /],
  ['another specversion', { specversion: '0.3', ...enrolled('u1') }, /^specversion: it must be "1\.0"$/],
  ['a CloudEvent without id', { specversion: '1.0', source: '/s', ...enrolled('u1') }, /^id: a string is missing$/],
  ['a CloudEvent without source', { specversion: '1.0', id: 'e', ...enrolled('u1') }, /^source: a string is missing$/],
  ['an empty id', { ...enrolled('u1'), id: '' }, /attribute id is missing/],
  ['a time of no calendar', { ...enrolled('u1'), time: '1 February' }, /RFC 3339/],
  ['an empty tenant', { ...enrolled('u1'), tenant: '' }, /tenant/],
  [
    'an unknown attribute of the short form',
    { ...enrolled('u1'), subject: 'u1' },
    /^subject: there is no such attribute; there are type, data/,
  ],
  [
    'an origin',
    { specversion: '1.0', id: 'e', source: '/s', ...enrolled('u1'), origin: 'a/b/0/1/0' },
    /^origin: only jobs set it/,
  ],
  [
    'data as base64',
    { specversion: '1.0', id: 'e', source: '/s', type: 'enrollment.enrolled', data_base64: 'e30=' },
    /^data_base64: /,
  ],
  [
    'an attribute in capitals',
    { specversion: '1.0', id: 'e', source: '/s', ...enrolled('u1'), Subject: 'x' },
    /^Subject: /,
  ],
  [
    'an attribute that is an object',
    { specversion: '1.0', id: 'e', source: '/s', ...enrolled('u1'), subject: {} },
    /^subject: /,
  ],
];

for (const [what, line, because] of WRONG) {
  test(`${what} is refused with the reason`, () => {
    const made = records(line);
    assert.ok(typeof made === 'string', 'it was taken');
    assert.match(made, because);
  });
}

test('bytes that are not UTF-8 are refused', () => {
  assert.match(String(recordsOf(Buffer.from([0x7b, 0xff, 0x7d]), target)), /not JSON in UTF-8/);
});
