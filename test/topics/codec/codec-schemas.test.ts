/** Foreign schemas, the registry, and what our own code encodes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro from 'avsc';
import { type EventDef, timerFired } from '../../../core/event.ts';
import {
  assessmentSubmitted,
  contentProgressed,
  courseStructureChanged,
  enrolled,
} from '../../../schemas/enrollment.ts';
import { preferencesChanged } from '../../../schemas/notification.ts';
import { Codec, type Decoded } from '../../../topics/codec/codec.ts';
import { enrollmentEvents, notificationEvents, topics } from '../../../topics/index.ts';
import type { LogRecord } from '../../../topics/log/transport.ts';
import { MemoryRegistry } from './memory-registry.ts';
import { avroRecord, enrolledEvent, jsonRecord, plain, record, wantedOf, withHeaders } from './records.ts';

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

// ---- foreign schemas ----

test('an Avro value that is not possible for its type is refused', () => {
  const good = avroRecord(codec, enrollmentEvents, enrolled);
  const value = good.value as Uint8Array;
  const of = (...change: number[][]) => rejection({ ...good, value: Uint8Array.from(change.flat()) });
  assert.match(of([1], [...value].slice(1))[1] as string, /^the value does not begin with the zero byte/);
  assert.equal(of([0, 0, 0])[0], 'VALUE_UNREADABLE');
  assert.equal(of([])[0], 'VALUE_UNREADABLE');
  assert.match(of([...value].slice(0, -3))[1] as string, /^the value is not Avro of schema \d+: truncated buffer$/);
  assert.match(of([...value], [0])[1] as string, /^the value is not Avro of schema \d+: trailing data$/);
  assert.deepEqual(of([0, 255, 255, 255, 255], [...value].slice(5)), [
    'SCHEMA_UNKNOWN',
    'the registry has no readable schema with the id 4294967295; register it, then replay the record',
  ]);
});

test('Avro has the same limits of numbers as JSON', () => {
  const good = avroRecord(codec, enrollmentEvents, contentProgressed, { ...contentProgressed.example, views: 1 });
  const wide = [...(good.value as Uint8Array).subarray(0, -1), 0x80, 0x80, 0x80, 0x80, 0x20];
  assert.deepEqual(rejection({ ...good, value: Uint8Array.from(wide) }), [
    'DATA_INVALID',
    'data.views: a whole number is expected, not 4294967296',
  ]);

  const negative = avroRecord(codec, enrollmentEvents, contentProgressed, { ...contentProgressed.example, views: -5 });
  const misfit = ['DATA_INVALID', 'data.views: a number of at least 0 is expected, not -5'];
  assert.deepEqual(rejection(negative), misfit);
  assert.deepEqual(rejection(jsonRecord(contentProgressed, { ...contentProgressed.example, views: -5 })), misfit);

  const { score: _, ...data } = assessmentSubmitted.example;
  const infinite = avroRecord(codec, enrollmentEvents, assessmentSubmitted, { ...data, score: Number.NaN });
  assert.deepEqual(rejection(infinite), ['DATA_INVALID', 'data.score: a number is expected, not NaN']);
  const answers = [{ questionId: 'q', score: 1, maxScore: Number.POSITIVE_INFINITY }];
  const nested = avroRecord(codec, enrollmentEvents, assessmentSubmitted, { ...assessmentSubmitted.example, answers });
  assert.deepEqual(rejection(nested), ['DATA_INVALID', 'data.answers[0].maxScore: a number is expected, not Infinity']);
});

/** A record written with a foreign schema: ours with this change. */
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

test('a record of a newer schema is read without the unknown fields', async () => {
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

test('a record of an older schema gets the defaults of missing fields', async () => {
  const { views: _, ...data } = contentProgressed.example;
  const each = await foreign(contentProgressed, data, ({ fields, ...schema }) => ({
    ...schema,
    fields: fields.filter(({ name }) => name !== 'views').reverse(),
  }));
  await codec.learn([each]);
  assert.deepEqual({ ...eventOf(each).event.data }, { ...data, views: 1 });
});

test('a schema that cannot be read as the event is a mismatch, for the first record and for later ones', async () => {
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

test('of preferences written with other channels and types, everything that fits is kept', async () => {
  const wantedHere = wantedOf(notificationEvents);
  const decodeIt = (each: LogRecord) => codec.decode(notificationEvents, each, wantedHere);
  const channels = { type: 'enum', name: 'Theirs', symbols: ['fax', 'mail'] };
  const address = {
    type: 'record',
    name: 'A',
    fields: ['channel', 'address'].map((name) => ({ name, type: name === 'channel' ? channels : 'string' })),
  };
  const changed: Readonly<Record<string, unknown>> = {
    addresses: { type: 'array', items: address },
    timeZone: ['null', 'long', 'string'],
    digest: ['null', 'boolean'],
  };
  const change = ({ fields, ...schema }: Fields) => ({
    ...schema,
    fields: fields.map(({ name, type }) => ({ name, type: changed[name] ?? type })),
  });
  const data = {
    ...preferencesChanged.example,
    addresses: [
      { channel: 'fax', address: '+1' },
      { channel: 'mail', address: 'learner@example.org' },
    ],
    timeZone: 99,
    digest: true,
  };
  const each = await foreign(preferencesChanged, data, change);
  await codec.learn([each]);
  const { event } = plain(decodeIt(each)) as { event: object };
  const whole = plain(decodeIt(jsonRecord(preferencesChanged))) as { event: object };
  assert.deepEqual(event, {
    ...whole.event,
    data: { ...preferencesChanged.example, timeZone: '99', digest: null },
    unfit: [
      {
        path: 'data.addresses[0]',
        problem: 'data.addresses[0].channel: one of mail, webhook, push, sms is expected, not "fax"',
      },
      { path: 'data.digest', problem: 'data.digest: an object is expected, not true' },
    ],
  });
  // A required field is still missing.
  const nobody = await foreign(preferencesChanged, { timeZone: 99 }, ({ fields: _, ...schema }) => ({
    ...schema,
    fields: [{ name: 'timeZone', type: 'long' }],
  }));
  await codec.learn([nobody]);
  const rejected = decodeIt(nobody);
  assert.ok(rejected.kind === 'rejected' && rejected.code === 'DATA_INVALID');
});

test('the schema of another event is a mismatch', () => {
  const other = avroRecord(codec, enrollmentEvents, courseStructureChanged);
  assert.equal(rejection(withHeaders(other, { ce_type: enrolled.type }))[0], 'SCHEMA_MISMATCH');
});

test('a block of a skipped field cannot move the decoder back', async () => {
  const each = await foreign(enrolled, { ...enrolled.example, tags: [] }, ({ fields, ...schema }) => ({
    ...schema,
    fields: [{ name: 'tags', type: { type: 'array', items: 'int' } }, ...fields],
  }));
  await codec.learn([each]);
  assert.deepEqual(plain(decode(each)), enrolledEvent);
  const value = each.value as Uint8Array;
  const zigzag = (n: number) => (n >= 0 ? n * 2 : -n * 2 - 1);
  // A block with one item and a stated size, then the end of the array. The true size is 1; -2 leads back to the count.
  const withSize = (size: number) => [...value.subarray(0, 5), zigzag(-1), zigzag(size), 0, 0, ...value.subarray(6)];
  assert.deepEqual(plain(decode({ ...each, value: Uint8Array.from(withSize(1)) })), enrolledEvent);
  for (const size of [-2, 0, 2, 60]) {
    const [code, message] = rejection({ ...each, value: Uint8Array.from(withSize(size)) });
    assert.equal(code, 'VALUE_UNREADABLE');
    assert.match(message as string, /a block is not as long as it says$/);
  }
});

// ---- the registry ----

test('an id is looked up once, and only when a wanted record needs it', async () => {
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

test('an id that the registry does not have is looked up again, since it may be registered later', async () => {
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

test('a registry response that is not a schema makes its records unreadable, and is requested once', async () => {
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

test('an outage of the registry delays new schemas and no others', async (t) => {
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

test('a codec encodes with a schema that it already knows', async () => {
  const other = new Codec(registry);
  const each = avroRecord(codec, enrollmentEvents, enrolled);
  await other.learn([each]);
  await other.prepare([enrollmentEvents]);
  assert.deepEqual(plain(other.decode(enrollmentEvents, each, wanted)), enrolledEvent);
  assert.deepEqual(avroRecord(other, enrollmentEvents, enrolled).value, each.value);
});

// ---- encoding ----

test('an event that every topic can carry is prepared separately', async () => {
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

test('invalid data from our own code is thrown with the field that does not fit', () => {
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

test('a long event is encoded like a short one, and so are later ones', async () => {
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
