import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro from 'avsc';
import { CloudEvent, Kafka } from 'cloudevents';
import { assessmentSubmitted, contentProgressed, courseStructureChanged, enrolled } from '../../schemas/enrollment.ts';
import { defineEvent, type EventDef, timerFired } from '../../schemas/event.ts';
import { avroHeaders, Codec, type Decoded, isKeyPart, ONLY_FOR } from '../../topics/codec.ts';
import { defineTopic } from '../../topics/define.ts';
import { enrollmentEvents, topics } from '../../topics/index.ts';
import type { LogRecord } from '../../topics/transport.ts';
import { MemoryRegistry } from './memory-registry.ts';
import { avroRecord, bytes, jsonRecord, plain, record, structuredRecord, TIME, wantedOf } from './records.ts';

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
const withHeaders = (each: LogRecord, headers: object): LogRecord => {
  const all = Object.entries({ ...each.headers, ...headers }).filter(([, value]) => value !== undefined);
  return { ...each, headers: Object.fromEntries(all) };
};

const enrolledEvent = {
  kind: 'event',
  event: {
    type: 'enrollment.enrolled',
    id: 'e-1',
    source: '/platform',
    time: TIME,
    tenant: 'default',
    data: { userId: 'learner-1', courseId: 'AAA-2013J', batchId: 'AAA-2013J' },
  },
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

test('every event of every topic survives each form', () => {
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

test('a content type may have parameters, and capitals', () => {
  for (const type of ['application/json; charset=utf-8', 'Application/JSON', 'application/vnd.lms+json;v=1']) {
    assert.deepEqual(plain(decode(withHeaders(jsonRecord(enrolled), { 'content-type': type }))), enrolledEvent);
  }
  const type = 'application/cloudevents+json ; charset=UTF-8';
  assert.deepEqual(plain(decode(withHeaders(structuredRecord(enrolled), { 'content-type': type }))), enrolledEvent);
});

test('without a content type the first byte tells Avro from JSON', () => {
  for (const each of [avroRecord(codec, enrollmentEvents, enrolled), jsonRecord(enrolled)]) {
    assert.deepEqual(plain(decode(withHeaders(each, { 'content-type': undefined }))), enrolledEvent);
  }
});

test('a content type nobody knows is taken for Avro, and the message says how to say JSON', () => {
  const [code, message] = rejection(withHeaders(jsonRecord(enrolled), { 'content-type': 'text/plain' }));
  assert.equal(code, 'VALUE_UNREADABLE');
  assert.match(message as string, /for JSON set content-type to application\/json$/);
  const batch = withHeaders(structuredRecord(enrolled), { 'content-type': 'application/cloudevents-batch+json' });
  assert.equal(rejection(batch)[0], 'ENVELOPE_INVALID');
});

test('fields left out get their defaults in JSON as in Avro', () => {
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
/** As a producer sends what the SDK's Kafka binding made: headers that are undefined are left out. */
const sent = ({ headers, value }: { headers: object; value: unknown }): LogRecord =>
  withHeaders(record(bytes(typeof value === 'string' ? value : JSON.stringify(value)), {}), headers);

test('the CloudEvents SDK can produce for us in both modes', () => {
  for (const extra of [{}, { datacontenttype: 'application/json' }, { subject: 'a', partitionkey: 'learner-1' }]) {
    const event = sdkEvent(extra);
    assert.deepEqual(plain(decode(sent(Kafka.binary(event) as never))), enrolledEvent);
    assert.deepEqual(plain(decode(sent(Kafka.structured(event) as never))), enrolledEvent);
  }
});

test('our extension attributes go through the CloudEvents SDK', () => {
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

test('an attribute that is no text is refused', () => {
  const notText = Uint8Array.of(0xff);
  for (const name of ['id', 'source', 'time', 'tenant', 'origin', 'specversion']) {
    assert.equal(rejection(withHeaders(jsonRecord(enrolled), { [`ce_${name}`]: notText }))[0], 'ENVELOPE_INVALID');
    assert.equal(rejection(structuredRecord(enrolled, { [name]: { a: 1 } }))[0], 'ENVELOPE_INVALID');
  }
  assert.equal(rejection(withHeaders(jsonRecord(enrolled), { ce_type: notText }))[0], 'ENVELOPE_INVALID');
  assert.equal(rejection(structuredRecord(enrolled, { type: 7 }))[0], 'ENVELOPE_INVALID');
});

test('ids and sources have an end', () => {
  for (const name of ['id', 'source']) {
    assert.equal(eventOf(withHeaders(jsonRecord(enrolled), { [`ce_${name}`]: 'x'.repeat(4096) })).kind, 'event');
    assert.deepEqual(rejection(withHeaders(jsonRecord(enrolled), { [`ce_${name}`]: 'x'.repeat(4097) })), [
      'ENVELOPE_INVALID',
      `the attribute ${name} must be a text of 1 to 4096 characters`,
    ]);
  }
});

test('a time is a timestamp of RFC 3339, or else the time of the record', () => {
  const at = (time: unknown) => withHeaders(jsonRecord(enrolled), { ce_time: time });
  assert.equal(eventOf(at('2026-02-01T11:30:00.25+01:30')).event.time, TIME + 250);
  assert.equal(eventOf(at(undefined)).event.time, 1000);
  assert.equal(eventOf(structuredRecord(enrolled, { time: null })).event.time, 1000);
  const message = 'the attribute time must be an RFC 3339 timestamp such as 2026-02-01T10:00:00Z';
  for (const time of ['', 'yesterday', '2026-02-01', '2026-02-30T10:00:00Z', '1769940000000']) {
    assert.deepEqual(rejection(at(time)), ['ENVELOPE_INVALID', message]);
  }
  assert.deepEqual(rejection({ ...at(undefined), timestamp: -1 }), ['ENVELOPE_INVALID', message]);
});

test('a tenant is a short text, and who names none is of the default one', () => {
  const of = (tenant: unknown) => withHeaders(jsonRecord(enrolled), { ce_tenant: tenant });
  assert.equal(eventOf(of('north')).event.tenant, 'north');
  assert.equal(eventOf(of(undefined)).event.tenant, 'default');
  assert.equal(eventOf(structuredRecord(enrolled, { tenant: null })).event.tenant, 'default');
  for (const tenant of ['', 'x'.repeat(513), 'a\0b']) assert.equal(rejection(of(tenant))[0], 'ENVELOPE_INVALID');
});

test('an origin is read as it was written, and what is none is refused', () => {
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

test('a header speaks before the value does of where a record came from', () => {
  const each = structuredRecord(enrolled, { origin: 'notify/a.events/0/1/0' });
  assert.equal(eventOf(each).origin?.offset, 1);
  assert.equal(eventOf(withHeaders(each, { ce_origin: 'routed/a.events/0/2/0' })).origin?.offset, 2);
});

test('a replay for one job says so', () => {
  assert.equal(eventOf(jsonRecord(enrolled)).onlyFor, undefined);
  assert.equal(eventOf(withHeaders(jsonRecord(enrolled), { [ONLY_FOR]: 'notify' })).onlyFor, 'notify');
  assert.equal(eventOf(withHeaders(jsonRecord(enrolled), { [ONLY_FOR]: Uint8Array.of(1) })).onlyFor, undefined);
});

test('the headers of an event say it all, and say the default tenant by silence', () => {
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

// ---- what is ignored, and what is no event at all ----

test('a record of a type nobody wants is not decoded', () => {
  const none = new Map<string, EventDef>();
  const garbage = record(Uint8Array.of(9, 9, 9), { ce_type: 'enrollment.enrolled' });
  assert.deepEqual(decode(garbage, none), { kind: 'ignored', type: 'enrollment.enrolled' });
  assert.equal(decode(withHeaders(garbage, { 'content-type': 'application/json' }), none).kind, 'ignored');
  assert.equal(decode(structuredRecord(enrolled, { data: 7, id: 7 }), none).kind, 'ignored');
  assert.equal(decode(withHeaders(garbage, { ce_type: '__proto__' })).kind, 'ignored');
});

test('a record without a value, or with too large a one, is refused before anything is read', () => {
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

test('a value that is no JSON is unreadable', () => {
  const unreadable = (value: Uint8Array) => {
    for (const each of [jsonRecord(enrolled), structuredRecord(enrolled)]) {
      const [code, message] = rejection({ ...each, value });
      assert.equal(code, 'VALUE_UNREADABLE');
      assert.match(message as string, /^the value (?:is no JSON in UTF-8: .+|nests deeper than 1000 levels)$/);
    }
  };
  unreadable(bytes('{"userId":'));
  unreadable(bytes(''));
  unreadable(Uint8Array.of(0x22, 0xc3, 0x28, 0x22));
  unreadable(bytes('['.repeat(1_000_000)));
  unreadable(bytes(`{"a":"\\"${'['.repeat(70_000)}","b":${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}}`));
});

test('brackets in a long text are text, and a long value may have many of them side by side', () => {
  const name = `\\"${'['.repeat(100_000)}`;
  const data = { ...enrolled.example, name, list: Array.from({ length: 5000 }, () => [{}]) };
  assert.deepEqual(plain(decode(jsonRecord(enrolled, data))), enrolledEvent);
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

test('JSON that does not fit says where', () => {
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

test('whatever is called an id is a text that a store can hold as a part of a key', () => {
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

test('the ids of a broadcast are ids too', () => {
  const [code] = rejection(jsonRecord(courseStructureChanged, { courseId: '' }));
  assert.equal(code, 'KEY_INVALID');
});

test('an id that may be absent may be null, and the key of a topic need not be called an id', async () => {
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

test('a part of a key is well-formed text of 1 to 512 characters', () => {
  for (const good of ['a', ' ', 'x'.repeat(512), 'ä', '\u{1F30A}', 'a\nb']) assert.equal(isKeyPart(good), true, good);
  for (const bad of ['', 'x'.repeat(513), '\0', '\uFFFD', '\ud800', 7, null, undefined, ['a']]) {
    assert.equal(isKeyPart(bad), false, String(bad));
  }
});

// ---- Avro, and schemas that are not ours ----

test('an Avro value that cannot be what it says is refused', () => {
  const good = avroRecord(codec, enrollmentEvents, enrolled);
  const value = good.value as Uint8Array;
  const of = (...change: number[][]) => rejection({ ...good, value: Uint8Array.from(change.flat()) });
  assert.match(of([1], [...value].slice(1))[1] as string, /^the value does not begin with the zero byte/);
  assert.equal(of([0, 0, 0])[0], 'VALUE_UNREADABLE');
  assert.equal(of([])[0], 'VALUE_UNREADABLE');
  assert.match(of([...value].slice(0, -3))[1] as string, /^the value is no Avro of schema \d+: truncated buffer$/);
  assert.match(of([...value], [0])[1] as string, /^the value is no Avro of schema \d+: trailing data$/);
  assert.deepEqual(of([0, 255, 255, 255, 255], [...value].slice(5)), [
    'SCHEMA_UNKNOWN',
    'the registry has no readable schema with the id 4294967295; register it, then replay the record',
  ]);
});

test('Avro is held to the numbers that JSON is held to', () => {
  const good = avroRecord(codec, enrollmentEvents, contentProgressed, { ...contentProgressed.example, views: 1 });
  const wide = [...(good.value as Uint8Array).subarray(0, -1), 0x80, 0x80, 0x80, 0x80, 0x20];
  assert.deepEqual(rejection({ ...good, value: Uint8Array.from(wide) }), [
    'DATA_INVALID',
    'data.views: a whole number is expected, not 4294967296',
  ]);

  const { score: _, ...data } = assessmentSubmitted.example;
  const infinite = avroRecord(codec, enrollmentEvents, assessmentSubmitted, { ...data, score: Number.NaN });
  assert.deepEqual(rejection(infinite), ['DATA_INVALID', 'data.score: a number is expected, not NaN']);
  const answers = [{ questionId: 'q', score: 1, maxScore: Number.POSITIVE_INFINITY }];
  const nested = avroRecord(codec, enrollmentEvents, assessmentSubmitted, { ...assessmentSubmitted.example, answers });
  assert.deepEqual(rejection(nested), ['DATA_INVALID', 'data.answers[0].maxScore: a number is expected, not Infinity']);
});

/** A record that somebody wrote with a schema of theirs: `change` is made to ours. */
async function foreign(def: EventDef, data: object, change: (schema: Fields) => object): Promise<LogRecord> {
  const schema = change(structuredClone(def.schema) as unknown as Fields);
  const id = await registry.register('theirs', JSON.stringify(schema));
  const body = avro.Type.forSchema(schema as avro.Schema, { wrapUnions: 'auto' }).toBuffer(data);
  const value = Buffer.concat([Buffer.from([0, 0, 0, 0, 0]), body]);
  value.writeUInt32BE(id, 1);
  return { ...jsonRecord(def), value, headers: { ...jsonRecord(def).headers, 'content-type': 'application/avro' } };
}
interface Fields {
  fields: { name: string; type: unknown; default?: unknown }[];
}

test('a record of a newer schema is read without what we do not know', async () => {
  const data = { ...enrolled.example, note: { text: 'hello' }, tags: ['a', 'b'], choice: { int: 7 } };
  const each = await foreign(enrolled, data, ({ fields, ...schema }) => ({
    ...schema,
    fields: [
      { name: 'tags', type: { type: 'array', items: 'string' } },
      { name: 'choice', type: ['int', 'long'] },
      ...fields,
      { name: 'note', type: { type: 'record', name: 'Note', fields: [{ name: 'text', type: 'string' }] } },
    ],
  }));
  assert.deepEqual(rejection(each)[0], 'SCHEMA_UNKNOWN');
  await codec.learn([each]);
  assert.deepEqual(plain(decode(each)), enrolledEvent);
});

test('a record of an older schema gets the default of what it does not have', async () => {
  const { views: _, ...data } = contentProgressed.example;
  const each = await foreign(contentProgressed, data, ({ fields, ...schema }) => ({
    ...schema,
    fields: fields.filter(({ name }) => name !== 'views').reverse(),
  }));
  await codec.learn([each]);
  assert.deepEqual({ ...eventOf(each).event.data }, { ...data, views: 1 });
});

test('a schema that cannot be read as the event is a mismatch, for the first record as for the next', async () => {
  const each = await foreign(enrolled, { userId: 'learner-1', courseId: 'c' }, ({ fields, ...schema }) => ({
    ...schema,
    fields: fields.filter(({ name }) => name !== 'batchId'),
  }));
  await codec.learn([each]);
  for (const [code, message] of [rejection(each), rejection(each)]) {
    assert.equal(code, 'SCHEMA_MISMATCH');
    assert.match(message as string, /^schema \d+ cannot be read as enrollment\.enrolled: .+/);
    assert.ok((message as string).length < 300);
  }
});

test('the schema of another event is a mismatch', () => {
  const other = avroRecord(codec, enrollmentEvents, courseStructureChanged);
  assert.equal(rejection(withHeaders(other, { ce_type: enrolled.type }))[0], 'SCHEMA_MISMATCH');
});

test('a block of a field we skip cannot send the decoder back to where it was', async () => {
  const each = await foreign(enrolled, { ...enrolled.example, tags: [] }, ({ fields, ...schema }) => ({
    ...schema,
    fields: [{ name: 'tags', type: { type: 'array', items: 'int' } }, ...fields],
  }));
  await codec.learn([each]);
  assert.deepEqual(plain(decode(each)), enrolledEvent);
  const value = each.value as Uint8Array;
  const zigzag = (n: number) => (n >= 0 ? n * 2 : -n * 2 - 1);
  // One item in a block of a stated size, then the end of the array. The true size is 1; -2 leads back to the count.
  const withSize = (size: number) => [...value.subarray(0, 5), zigzag(-1), zigzag(size), 0, 0, ...value.subarray(6)];
  assert.deepEqual(plain(decode({ ...each, value: Uint8Array.from(withSize(1)) })), enrolledEvent);
  for (const size of [-2, 0, 2, 60]) {
    const [code, message] = rejection({ ...each, value: Uint8Array.from(withSize(size)) });
    assert.equal(code, 'VALUE_UNREADABLE');
    assert.match(message as string, /a block is not as long as it says$/);
  }
});

// ---- the registry ----

test('an id is asked for once, and only when a record that is wanted needs it', async () => {
  const each = await foreign(enrolled, enrolled.example, (schema) => ({ ...schema, doc: 'asked for once' }));
  registry.asked = [];
  await codec.learn([record(null, {}), jsonRecord(enrolled), record(Uint8Array.of(0, 1), {})]);
  await codec.learn([withHeaders(each, { 'content-type': 'application/json' })]);
  await codec.learn([withHeaders(each, { ce_type: 'enrollment.other' })], wanted);
  assert.deepEqual(registry.asked, []);
  await codec.learn([each, each, avroRecord(codec, enrollmentEvents, enrolled)], wanted);
  await codec.learn([each]);
  assert.equal(registry.asked.length, 1);
  assert.deepEqual(plain(decode(each)), enrolledEvent);
});

test('an id that the registry does not have is asked for again: somebody may register it', async () => {
  const late = new MemoryRegistry();
  const reader = new Codec(late);
  const each = avroRecord(codec, enrollmentEvents, enrolled);
  await reader.learn([each]);
  assert.equal((reader.decode(enrollmentEvents, each, wanted) as { code?: string }).code, 'SCHEMA_UNKNOWN');
  const [id] = late.asked;
  for (let i = 1; i <= (id ?? 0); i++) await late.register('theirs', (await registry.schema(i)) ?? 'null');
  await reader.learn([each]);
  assert.deepEqual(plain(reader.decode(enrollmentEvents, each, wanted)), enrolledEvent);
});

test('a text of the registry that is no schema makes its records unreadable, and is asked for once', async () => {
  for (const text of ['no JSON', '{"type": "no such type"}', '7']) {
    const id = await registry.register('theirs', text);
    const each = { ...avroRecord(codec, enrollmentEvents, enrolled), value: Uint8Array.of(0, 0, 0, 0, id, 1) };
    registry.asked = [];
    await codec.learn([each]);
    await codec.learn([each]);
    assert.deepEqual(registry.asked, [id]);
    assert.equal(rejection(each)[0], 'SCHEMA_UNKNOWN');
  }
});

test('an outage of the registry stops new schemas and no others', async (t) => {
  t.after(() => {
    registry.away = false;
  });
  const known = await foreign(enrolled, enrolled.example, (schema) => ({ ...schema, doc: 'known before' }));
  const unknown = await foreign(enrolled, enrolled.example, (schema) => ({ ...schema, doc: 'not known' }));
  await codec.learn([known]);
  registry.away = true;
  await codec.learn([known, avroRecord(codec, enrollmentEvents, enrolled)]);
  assert.deepEqual(plain(decode(known)), enrolledEvent);
  await assert.rejects(codec.learn([known, unknown]), { code: 'REGISTRY_AWAY', kind: 'retry' });
  registry.away = false;
  await codec.learn([unknown]);
  assert.deepEqual(plain(decode(unknown)), enrolledEvent);
});

test('a codec that knows a schema already takes it for its own', async () => {
  const other = new Codec(registry);
  const each = avroRecord(codec, enrollmentEvents, enrolled);
  await other.learn([each]);
  await other.prepare([enrollmentEvents]);
  assert.deepEqual(plain(other.decode(enrollmentEvents, each, wanted)), enrolledEvent);
  assert.deepEqual(avroRecord(other, enrollmentEvents, enrolled).value, each.value);
});

// ---- encoding ----

test('an event that every topic may carry is prepared by itself', async () => {
  const one = new Codec(new MemoryRegistry());
  assert.throws(() => one.encode('enrollment.events', timerFired, timerFired.example), {
    code: 'DECLARATION_INVALID',
    message: 'timer.fired is not registered for enrollment.events; prepare the codec with that topic first',
  });
  await one.prepareEvent('enrollment.events', timerFired);
  const among = new Map([[timerFired.type as string, timerFired as EventDef]]);
  const decoded = one.decode(enrollmentEvents, avroRecord(one, enrollmentEvents, timerFired), among) as Decoded;
  assert.equal(decoded.kind, 'event');
  assert.throws(() => one.encode('batch.events', timerFired, timerFired.example), { code: 'DECLARATION_INVALID' });
});

test('data that our own code got wrong is thrown with the field that does not fit', () => {
  const encode = (data: object) => codec.encode('enrollment.events', contentProgressed, data as never);
  assert.throws(() => encode({ ...contentProgressed.example, views: 1.5 }), {
    name: 'TypeError',
    message: 'enrollment.content-progressed: data.views: a whole number is expected, not 1.5',
  });
  const { userId: _, ...nobody } = contentProgressed.example;
  assert.throws(() => encode(nobody), {
    name: 'TypeError',
    message: 'enrollment.content-progressed: data.userId: a string is missing',
  });
});

test('a long event is encoded as a short one is, and what comes after it too', async () => {
  const one = new Codec(registry);
  await one.prepare([enrollmentEvents]);
  const answers = Array.from({ length: 1000 }, (_, i) => ({
    questionId: `${i}/${'x'.repeat(90)}`,
    score: 1,
    maxScore: 2,
  }));
  const data = { ...assessmentSubmitted.example, answers };
  const { event } = eventOf(avroRecord(one, enrollmentEvents, assessmentSubmitted, data));
  assert.equal((event.data['answers'] as object[]).length, 1000);
  assert.deepEqual(plain(decode(avroRecord(one, enrollmentEvents, enrolled))), enrolledEvent);
});

test('two values that were encoded one after the other share no bytes', () => {
  const one = avroRecord(codec, enrollmentEvents, enrolled);
  const copy = Uint8Array.from(one.value as Uint8Array);
  avroRecord(codec, enrollmentEvents, enrolled, { ...enrolled.example, userId: 'somebody-else' });
  assert.deepEqual(Uint8Array.from(one.value as Uint8Array), copy);
});
