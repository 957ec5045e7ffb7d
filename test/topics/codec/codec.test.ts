import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudEvent, Kafka } from 'cloudevents';
import { defineEvent, type EventDef } from '../../../core/event.ts';
import { FIRST_TIME } from '../../../core/moment.ts';
import { contentProgressed, courseStructureChanged, enrolled } from '../../../schemas/enrollment.ts';
import { avroHeaders, Codec, type Decoded, ONLY_FOR } from '../../../topics/codec/codec.ts';
import { eventTimeOf } from '../../../topics/codec/envelope.ts';
import { CLOCK_TOLERANCE, LOGGED_AT } from '../../../topics/codec/own-headers.ts';
import { formatTime } from '../../../topics/codec/time.ts';
import { defineTopic } from '../../../topics/define.ts';
import { enrollmentEvents, topics } from '../../../topics/index.ts';
import { ONLY_ROWS, ONLY_VIEWS } from '../../../topics/log/only.ts';
import type { LogRecord } from '../../../topics/log/transport.ts';
import { MemoryRegistry } from './memory-registry.ts';
import {
  avroRecord,
  bytes,
  enrolledEvent,
  jsonRecord,
  LOGGED,
  plain,
  record,
  structuredRecord,
  TIME,
  wantedOf,
  withHeaders,
} from './records.ts';

const wanted = wantedOf(enrollmentEvents);
const registry = new MemoryRegistry();
const codec = new Codec(registry);
await codec.prepare(topics);

const decode = (each: LogRecord, among = wanted): Decoded => codec.decode(enrollmentEvents, each, among);
const rejection = (each: LogRecord) => {
  const decoded = decode(each);
  return decoded.kind === 'rejected' ? [decoded.code, decoded.message] : assert.fail(`it is ${decoded.kind}`);
};
const eventOf = (each: LogRecord) => {
  const decoded = decode(each);
  return decoded.kind === 'event' ? decoded : assert.fail(JSON.stringify(decoded));
};
// ---- the three forms ----

test('an event is the same whether it comes as Avro, as JSON or in structured mode', () => {
  for (const each of [
    avroRecord(codec, enrollmentEvents, enrolled),
    jsonRecord(enrolled),
    structuredRecord(enrolled),
  ]) {
    assert.deepEqual(plain(decode(each)), enrolledEvent);
  }
});

test('every event of every topic is the same after each form', () => {
  for (const topic of topics) {
    for (const def of wantedOf(topic).values()) {
      const forms = [avroRecord(codec, topic, def), jsonRecord(def), structuredRecord(def)];
      const [avro, json, structured] = forms.map((each) => plain(codec.decode(topic, each, wantedOf(topic))));
      assert.equal((avro as Decoded).kind, 'event', def.type);
      assert.deepEqual(json, avro);
      assert.deepEqual(structured, avro);
    }
  }
});

test('a content type can have parameters, and capitals', () => {
  for (const type of ['application/json; charset=utf-8', 'Application/JSON', 'application/vnd.lms+json;v=1']) {
    assert.deepEqual(plain(decode(withHeaders(jsonRecord(enrolled), { 'content-type': type }))), enrolledEvent);
  }
  const type = 'application/cloudevents+json ; charset=UTF-8';
  assert.deepEqual(plain(decode(withHeaders(structuredRecord(enrolled), { 'content-type': type }))), enrolledEvent);
});

test('without a content type the first byte distinguishes Avro from JSON', () => {
  for (const each of [avroRecord(codec, enrollmentEvents, enrolled), jsonRecord(enrolled)]) {
    assert.deepEqual(plain(decode(withHeaders(each, { 'content-type': undefined }))), enrolledEvent);
  }
});

test('an unknown content type is taken for Avro, and the message explains how to declare JSON', () => {
  const [code, message] = rejection(withHeaders(jsonRecord(enrolled), { 'content-type': 'text/plain' }));
  assert.equal(code, 'VALUE_UNREADABLE');
  assert.match(message as string, /for JSON set content-type to application\/json$/);
  const batch = withHeaders(structuredRecord(enrolled), { 'content-type': 'application/cloudevents-batch+json' });
  assert.equal(rejection(batch)[0], 'ENVELOPE_INVALID');
});

test('missing fields get their defaults in JSON as in Avro', () => {
  const { views: _, ...data } = contentProgressed.example;
  for (const each of [
    avroRecord(codec, enrollmentEvents, contentProgressed, data),
    jsonRecord(contentProgressed, data),
  ]) {
    assert.equal(eventOf(each).event.data['views'], 1);
  }
});

// ---- events of the CloudEvents SDK ----

const sdkEvent = (extra: object = {}) =>
  new CloudEvent({
    type: enrolled.type,
    id: 'e-1',
    source: '/platform',
    time: new Date(TIME).toISOString(),
    data: enrolled.example,
    ...extra,
  });
/** The record that a producer sends from the output of the SDK's Kafka binding: undefined headers are left out. */
const sent = ({ headers, value }: { headers: object; value: unknown }): LogRecord =>
  withHeaders(record(bytes(typeof value === 'string' ? value : JSON.stringify(value)), {}), headers);

test('the CloudEvents SDK can produce for us in both modes', () => {
  for (const extra of [{}, { datacontenttype: 'application/json' }, { subject: 'a', partitionkey: 'learner-1' }]) {
    const event = sdkEvent(extra);
    assert.deepEqual(plain(decode(sent(Kafka.binary(event) as never))), enrolledEvent);
    assert.deepEqual(plain(decode(sent(Kafka.structured(event) as never))), enrolledEvent);
  }
});

test('our extension attributes are supported by the CloudEvents SDK', () => {
  const event = sdkEvent({ tenant: 'north', origin: 'track-progress/enrollment.events/3/41/0' });
  for (const message of [Kafka.binary(event), Kafka.structured(event)]) {
    const decoded = eventOf(sent(message as never));
    assert.equal(decoded.event.tenant, 'north');
    assert.deepEqual(decoded.origin, { line: 'track-progress/enrollment.events/3', offset: 41, index: 0 });
  }
});

test('the CloudEvents SDK reads what we write', () => {
  const each = avroRecord(codec, enrollmentEvents, enrolled);
  const event = Kafka.toEvent({ ...each, key: '', body: '', timestamp: '' } as never) as CloudEvent<unknown>;
  assert.equal(event.validate(), true);
  assert.deepEqual([event.id, event.type, event.source], ['e-1', enrolled.type, '/platform']);
  assert.equal(event.time, new Date(TIME).toISOString());
});

// ---- attributes ----

test('an attribute that is missing is named', () => {
  for (const name of ['id', 'source', 'type']) {
    const message = `the CloudEvents attribute ${name} is missing (in binary mode: the header ce_${name})`;
    for (const value of [undefined, '']) {
      const binary = withHeaders(jsonRecord(enrolled), { [`ce_${name}`]: value });
      assert.deepEqual(rejection(binary), ['ENVELOPE_INVALID', message]);
      assert.deepEqual(rejection(structuredRecord(enrolled, { [name]: value })), ['ENVELOPE_INVALID', message]);
    }
    assert.deepEqual(rejection(structuredRecord(enrolled, { [name]: null })), ['ENVELOPE_INVALID', message]);
  }
  for (const version of [undefined, '0.3', '1']) {
    const expected = ['ENVELOPE_INVALID', 'the attribute specversion must be "1.0"'];
    assert.deepEqual(rejection(withHeaders(jsonRecord(enrolled), { ce_specversion: version })), expected);
    assert.deepEqual(rejection(structuredRecord(enrolled, { specversion: version })), expected);
  }
});

test('an attribute that is not text is refused', () => {
  const notText = Uint8Array.of(0xff);
  for (const name of ['id', 'source', 'time', 'tenant', 'origin', 'specversion']) {
    assert.equal(rejection(withHeaders(jsonRecord(enrolled), { [`ce_${name}`]: notText }))[0], 'ENVELOPE_INVALID');
    assert.equal(rejection(structuredRecord(enrolled, { [name]: { a: 1 } }))[0], 'ENVELOPE_INVALID');
  }
  assert.equal(rejection(withHeaders(jsonRecord(enrolled), { ce_type: notText }))[0], 'ENVELOPE_INVALID');
  assert.equal(rejection(structuredRecord(enrolled, { type: 7 }))[0], 'ENVELOPE_INVALID');
});

test('ids and sources have a maximum length', () => {
  for (const name of ['id', 'source']) {
    assert.equal(eventOf(withHeaders(jsonRecord(enrolled), { [`ce_${name}`]: 'x'.repeat(4096) })).kind, 'event');
    assert.deepEqual(rejection(withHeaders(jsonRecord(enrolled), { [`ce_${name}`]: 'x'.repeat(4097) })), [
      'ENVELOPE_INVALID',
      `the attribute ${name} must be a text of 1 to 4096 characters`,
    ]);
  }
});

test('a time is a timestamp of RFC 3339; without one it is the time of the record', () => {
  const at = (time: unknown) => withHeaders(jsonRecord(enrolled), { ce_time: time });
  assert.equal(eventOf(at('2026-02-01T11:30:00.25+01:30')).event.time, TIME + 250);
  assert.equal(eventOf(at(undefined)).event.time, LOGGED);
  assert.equal(eventOf(structuredRecord(enrolled, { time: null })).event.time, LOGGED);
  const message = 'the attribute time must be an RFC 3339 timestamp such as 2026-02-01T10:00:00Z';
  for (const time of ['', 'yesterday', '2026-02-01', '2026-02-30T10:00:00Z', '1769940000000']) {
    assert.deepEqual(rejection(at(time)), ['ENVELOPE_INVALID', message]);
  }
  assert.deepEqual(rejection({ ...at(undefined), timestamp: -1 }), ['ENVELOPE_INVALID', message]);
});

test('no event is later than its record was logged, except by a minute', () => {
  for (const record of [
    (time: string) => withHeaders(jsonRecord(enrolled), { ce_time: time }),
    (time: string) => structuredRecord(enrolled, { time }),
  ]) {
    const seen = (ms: number, change: object = {}) => {
      const { event, isAhead } = eventOf({ ...record(formatTime(ms)), ...change });
      return [event.time, event.loggedAt, isAhead];
    };
    assert.deepEqual(seen(LOGGED + CLOCK_TOLERANCE), [LOGGED + CLOCK_TOLERANCE, LOGGED, false]);
    assert.deepEqual(seen(LOGGED + CLOCK_TOLERANCE + 1), [LOGGED + CLOCK_TOLERANCE, LOGGED, true]);
    assert.deepEqual(seen(Date.UTC(2099, 0, 1)), [LOGGED + CLOCK_TOLERANCE, LOGGED, true]);
    assert.deepEqual(seen(Date.UTC(1999, 0, 1)), [Date.UTC(1999, 0, 1), LOGGED, false]);
    // A record without a time sets no limit. Neither does one whose producer used the wrong unit.
    for (const timestamp of [-1, LOGGED / 1000, LOGGED * 1000]) {
      assert.deepEqual(seen(Date.UTC(2099, 0, 1), { timestamp }), [Date.UTC(2099, 0, 1), Date.UTC(2099, 0, 1), false]);
    }
  }
});

test('a forwarded record is compared with its first time of logging, which can only be earlier', () => {
  const at = (first: string, ce_time?: string) =>
    eventOf(withHeaders({ ...jsonRecord(enrolled), timestamp: LOGGED }, { ce_time, [LOGGED_AT]: first })).event;
  assert.equal(at(String(LOGGED - 1000)).time, LOGGED - 1000);
  assert.equal(at(String(LOGGED - 1000)).loggedAt, LOGGED);
  assert.equal(at(String(LOGGED - 1000), '2099-01-01T00:00:00Z').time, LOGGED - 1000 + CLOCK_TOLERANCE);
  for (const wrong of [String(LOGGED + 1000), '5', '', 'x', '-1', '9'.repeat(30)]) assert.equal(at(wrong).time, LOGGED);
});

test('a time of 1970 is refused, and the message mentions seconds instead of milliseconds', () => {
  for (const time of [
    '1970-01-21T12:00:00Z',
    '1970-12-31T23:59:59.999Z',
    '1969-01-01T00:00:00Z',
    '0001-01-01T00:00:00Z',
  ]) {
    const message = `the attribute time is ${time}: times begin with 1971; were seconds taken for milliseconds, or was a clock never set?`;
    assert.deepEqual(rejection(withHeaders(jsonRecord(enrolled), { ce_time: time })), ['ENVELOPE_INVALID', message]);
    assert.deepEqual(rejection(structuredRecord(enrolled, { time })), ['ENVELOPE_INVALID', message]);
  }
  assert.equal(eventOf(structuredRecord(enrolled, { time: '1971-01-01T00:00:00Z' })).event.time, FIRST_TIME);
});

test('the time of a record is read without decoding it, in every mode, and despite other errors', () => {
  const time = '2026-01-31T10:00:00Z';
  const ms = Date.UTC(2026, 0, 31, 10);
  for (const [record, expected] of [
    [withHeaders(jsonRecord(enrolled), { ce_time: time, ce_type: undefined }), ms],
    [structuredRecord(enrolled, { time, type: 'other' }), ms],
    [structuredRecord(enrolled, { time: 'no time' }), LOGGED],
    [structuredRecord(enrolled, { time: '2099-01-01T00:00:00Z' }), LOGGED + CLOCK_TOLERANCE],
    [{ ...structuredRecord(enrolled), value: bytes('null') }, LOGGED],
    [{ ...structuredRecord(enrolled), value: bytes('{') }, LOGGED],
    [{ ...structuredRecord(enrolled), value: null }, LOGGED],
    [withHeaders(jsonRecord(enrolled), { ce_time: 'no time' }), LOGGED],
  ] as const) {
    assert.equal(eventTimeOf(record), expected);
  }
});

test('a tenant is a short text, and without one it is the default', () => {
  const of = (tenant: unknown) => withHeaders(jsonRecord(enrolled), { ce_tenant: tenant });
  assert.equal(eventOf(of('north')).event.tenant, 'north');
  assert.equal(eventOf(of(undefined)).event.tenant, 'default');
  assert.equal(eventOf(structuredRecord(enrolled, { tenant: null })).event.tenant, 'default');
  for (const tenant of ['', 'x'.repeat(513), 'a\0b']) assert.equal(rejection(of(tenant))[0], 'ENVELOPE_INVALID');
});

test('an origin is the same after writing and reading, and an invalid one is refused', () => {
  const of = (origin: string) => withHeaders(jsonRecord(enrolled), { ce_origin: origin });
  assert.deepEqual(eventOf(of('notify/a.events/0/12/3')).origin, { line: 'notify/a.events/0', offset: 12, index: 3 });
  assert.equal(eventOf(jsonRecord(enrolled)).origin, undefined);
  for (const origin of [
    '',
    'notify/a.events/0/12',
    'notify/a.events/x/12/3',
    `${'j'.repeat(300)}/a/0/1/1`,
    'a b/a/0/1/1',
  ]) {
    assert.deepEqual(rejection(of(origin)), [
      'ENVELOPE_INVALID',
      'the attribute origin is not one that a job wrote; leave it out',
    ]);
  }
});

test('a header has priority over the value for the origin of a record', () => {
  const each = structuredRecord(enrolled, { origin: 'notify/a.events/0/1/0' });
  assert.equal(eventOf(each).origin?.offset, 1);
  assert.equal(eventOf(withHeaders(each, { ce_origin: 'routed/a.events/0/2/0' })).origin?.offset, 2);
});

test('a replay for one job names it', () => {
  assert.equal(eventOf(jsonRecord(enrolled)).onlyFor, undefined);
  assert.equal(eventOf(withHeaders(jsonRecord(enrolled), { [ONLY_FOR]: 'notify' })).onlyFor, 'notify');
  assert.equal(eventOf(withHeaders(jsonRecord(enrolled), { [ONLY_FOR]: Uint8Array.of(1) })).onlyFor, undefined);
});

test('a replay for some rows names them, and headers that name none are wrong', () => {
  const only = (headers: Record<string, string | Uint8Array>) =>
    eventOf(withHeaders(jsonRecord(enrolled), headers)).only;
  assert.equal(only({}), undefined);
  assert.deepEqual(only({ [ONLY_ROWS]: '[["u","c"],["u","d"]]' }), {
    rows: [
      ['u', 'c'],
      ['u', 'd'],
    ],
    views: [],
  });
  assert.deepEqual(only({ [ONLY_VIEWS]: Buffer.from('[["u"]]') }), { rows: [], views: [['u']] });
  for (const header of ['', '{', '{}', '["u"]', '[[1]]', '[[""]]', `${'['.repeat(100_000)}`, Uint8Array.of(0xff)]) {
    for (const name of [ONLY_ROWS, ONLY_VIEWS]) {
      const decoded = decode(withHeaders(jsonRecord(enrolled), { [name]: header }));
      assert.equal(decoded.kind === 'rejected' && decoded.code, 'ENVELOPE_INVALID');
      assert.match(decoded.kind === 'rejected' ? decoded.message : '', new RegExp(name));
    }
  }
});

test('the headers of an event carry everything, and omit the default tenant', () => {
  assert.deepEqual(avroHeaders('a.b', { id: 'i', source: 's', time: TIME, tenant: 'default' }), {
    ce_specversion: '1.0',
    ce_id: 'i',
    ce_source: 's',
    ce_type: 'a.b',
    ce_time: '2026-02-01T10:00:00.000Z',
    'content-type': 'application/avro',
  });
  const more = avroHeaders('a.b', { id: 'i', source: 's', time: TIME, tenant: 'north', origin: 'o' });
  assert.deepEqual([more['ce_tenant'], more['ce_origin']], ['north', 'o']);
});

// ---- what is ignored, and what is not an event ----

test('a record of an unwanted type is not decoded', () => {
  const none = new Map<string, EventDef>();
  const garbage = record(Uint8Array.of(9, 9, 9), { ce_type: 'enrollment.enrolled' });
  assert.deepEqual(decode(garbage, none), { kind: 'ignored', type: 'enrollment.enrolled' });
  assert.equal(decode(withHeaders(garbage, { 'content-type': 'application/json' }), none).kind, 'ignored');
  assert.equal(decode(structuredRecord(enrolled, { data: 7, id: 7 }), none).kind, 'ignored');
  assert.equal(decode(withHeaders(garbage, { ce_type: '__proto__' })).kind, 'ignored');
});

test('a record without a value, or with one that is too large, is refused before anything is read', () => {
  const headers = jsonRecord(enrolled).headers;
  assert.deepEqual(rejection(record(null, headers)), [
    'VALUE_UNREADABLE',
    'the record has no value; events are never tombstones',
  ]);
  assert.deepEqual(rejection(record(new Uint8Array(8 * 1024 * 1024 + 1), headers)), [
    'RECORD_TOO_LARGE',
    'the value has 8388609 bytes; at most 8388608 are taken',
  ]);
});

test('a value that is not JSON is unreadable', () => {
  const unreadable = (value: Uint8Array) => {
    for (const each of [jsonRecord(enrolled), structuredRecord(enrolled)]) {
      const [code, message] = rejection({ ...each, value });
      assert.equal(code, 'VALUE_UNREADABLE');
      assert.match(message as string, /^the value (?:is not JSON in UTF-8: .+|nests deeper than 1000 levels)$/);
    }
  };
  unreadable(bytes('{"userId":'));
  unreadable(bytes(''));
  unreadable(Uint8Array.of(0x22, 0xc3, 0x28, 0x22));
  unreadable(bytes('['.repeat(1_000_000)));
  unreadable(bytes(`{"a":"\\"${'['.repeat(70_000)}","b":${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}}`));
});

test('brackets in a long text are text, and a long value can have many of them side by side', () => {
  const name = `\\"${'['.repeat(100_000)}`;
  const data = { ...enrolled.example, name, list: Array.from({ length: 5000 }, () => [{}]) };
  assert.deepEqual(plain(decode(jsonRecord(enrolled, data))), { ...enrolledEvent, unknown: true });
});

test('JSON with fields that the schema does not have is reported, in either mode, and still read', () => {
  const data = { ...enrolled.example, batch: 'b' };
  for (const record of [jsonRecord(enrolled, data), structuredRecord(enrolled, { data })]) {
    assert.deepEqual(plain(decode(record)), { ...enrolledEvent, unknown: true });
  }
});

test('a structured value is an object with data', () => {
  for (const text of ['[]', '7', 'null', '"text"']) {
    assert.equal(rejection({ ...structuredRecord(enrolled), value: bytes(text) })[0], 'ENVELOPE_INVALID');
  }
  assert.deepEqual(rejection(structuredRecord(enrolled, { data: undefined })), [
    'DATA_INVALID',
    'data: an object is missing',
  ]);
  const inherited = bytes(JSON.stringify({ specversion: '1.0' }).replace('{', '{"__proto__":{"type":"x"},'));
  assert.equal(rejection({ ...structuredRecord(enrolled), value: inherited })[0], 'ENVELOPE_INVALID');
});

test('the message about JSON that does not fit names the path', () => {
  const { batchId: _, ...data } = enrolled.example as Record<string, unknown>;
  assert.deepEqual(rejection(jsonRecord(enrolled, data)), ['DATA_INVALID', 'data.batchId: a string is missing']);
  assert.deepEqual(rejection(structuredRecord(enrolled, { data })), [
    'DATA_INVALID',
    'data.batchId: a string is missing',
  ]);
  assert.deepEqual(codec.check(enrolled, data), { ok: false, problem: 'data.batchId: a string is missing' });
  assert.deepEqual(codec.check(enrolled, enrolled.example), { ok: true, value: enrolled.example });
});

// ---- ids ----

test('every id must be a text that a store can keep as a part of a key', () => {
  for (const id of ['', 'x'.repeat(513), 'a\0b', 'a\uFFFDb']) {
    for (const name of ['userId', 'courseId', 'batchId']) {
      const data = { ...enrolled.example, [name]: id };
      for (const each of [
        avroRecord(codec, enrollmentEvents, enrolled, data),
        jsonRecord(enrolled, data),
        structuredRecord(enrolled, { data }),
      ]) {
        assert.deepEqual(rejection(each), ['KEY_INVALID', `data.${name}: an id must be a text of 1 to 512 characters`]);
      }
    }
  }
  for (const id of ['x'.repeat(512), '__proto__', 'größe', '\u{1F30A}']) {
    assert.equal(eventOf(jsonRecord(enrolled, { ...enrolled.example, batchId: id })).event.data['batchId'], id);
  }
});

test('the ids of a broadcast are checked too', () => {
  const [code] = rejection(jsonRecord(courseStructureChanged, { courseId: '' }));
  assert.equal(code, 'KEY_INVALID');
});

test('an optional id can be null, and the key of a topic can have any name', async () => {
  const opened = defineEvent(
    'shop.opened',
    {
      type: 'record',
      name: 'Opened',
      fields: [
        { name: 'town', type: 'string', doc: 'Where.' },
        { name: 'ownerId', type: ['null', 'string'], doc: 'Whose.', default: null },
        { name: 'gridId', type: 'int', doc: 'A number that is no text.' },
      ],
    },
    { town: 'York', gridId: 3 },
  );
  const shops = defineTopic({ name: 'shops', doc: 'Shops.', key: 'town', events: [opened] });
  const answer = (data: object) => codec.decode(shops, jsonRecord(opened, data), wantedOf(shops));
  assert.equal(answer({ town: 'York', gridId: 3 }).kind, 'event');
  assert.equal(answer({ town: 'York', gridId: 3, ownerId: 'o' }).kind, 'event');
  assert.deepEqual(answer({ town: 'York', gridId: 3, ownerId: '' }), {
    kind: 'rejected',
    code: 'KEY_INVALID',
    message: 'data.ownerId: an id must be a text of 1 to 512 characters',
  });
  assert.equal((answer({ town: '', gridId: 3 }) as { code?: string }).code, 'KEY_INVALID');
});
