/** Compares the exported documents with their specifications, and with what the codec accepts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import specification from '@asyncapi/specs/schemas/3.0.0.json' with { type: 'json' };
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import avro from 'avsc';
import { defineEvent, type EventDef } from '../../core/event.ts';
import { compileJson } from '../../core/json.ts';
import { jobs } from '../../jobs/index.ts';
import { Codec } from '../../topics/codec/codec.ts';
import { wrongId } from '../../topics/codec/ids.ts';
import { parseTime } from '../../topics/codec/time.ts';
import { defineTopic, type Topic } from '../../topics/define.ts';
import { asyncApi } from '../../topics/export/asyncapi.ts';
import { schemaOf } from '../../topics/export/json-schema.ts';
import { topics } from '../../topics/index.ts';

type Json = Readonly<Record<string, unknown>>;
interface Message {
  readonly contentType: string;
  readonly headers: Json;
  readonly payload: Json;
  readonly bindings: { readonly kafka: Json };
  readonly examples?: readonly { readonly headers: Readonly<Record<string, string>>; readonly payload: Json }[];
}
interface Document {
  readonly channels: Readonly<Record<string, { readonly messages: Json }>>;
  readonly operations: Readonly<Record<string, { readonly messages: readonly { readonly $ref: string }[] }>>;
  readonly components: {
    readonly messages: Readonly<Record<string, Message>>;
    readonly schemas: Readonly<Record<string, Json>>;
  };
}

const formats = { 'date-time': (text: string) => parseTime(text) !== undefined };
const OPTIONS = { strict: true, allowUnionTypes: true, formats, keywords: ['x-unit', 'x-personal'] };

const exported = asyncApi({ topics, jobs, version: '1.2.3' });
const document = exported as unknown as Document;
const events = topics.flatMap((topic) => [
  ...topic.events.map((def) => ({ topic, def, key: topic.key as string | undefined })),
  ...topic.broadcasts.map((def) => ({ topic, def, key: undefined })),
]);

// ---- JSON Schemas ----

/** Whether the codec accepts the value after it was read as JSON. */
function codecTakes(def: EventDef, key: string | undefined): (data: unknown) => boolean {
  const [check, find] = [compileJson(def.schema), wrongId(def.schema, key)];
  return (data) => {
    const checked = check(data, 'data');
    return checked.ok && find(checked.value) === undefined;
  };
}

const VALUES: readonly unknown[] = [
  undefined,
  null,
  true,
  '',
  'x',
  'x'.repeat(512),
  'x'.repeat(513),
  'a\u0000b',
  'a\uFFFDb',
  'AAA=',
  ...[0, -1, 1.5, 101, 2 ** 31, -(2 ** 31) - 1, 2 ** 52, -(2 ** 52), 1_700_000_000_000, 1e300],
  ...[[], [null], [''], ['x'], [1], [{}]],
  ...[{}, { x: '' }, { x: 'y' }, { x: 1 }, { x: null }],
];

/** The value with one part changed, at every position and in every way. */
function* changed(value: unknown): Generator<unknown> {
  yield* VALUES;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) for (const each of changed(item)) yield value.with(i, each ?? null);
  } else if (typeof value === 'object' && value !== null) {
    for (const name of Object.keys(value)) {
      for (const each of changed((value as Json)[name])) yield { ...value, [name]: each };
    }
  }
}

const asJson = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

/** The example with every field of its schema. Fields that it leaves out have their defaults. */
const whole = (def: EventDef): Json => ({
  ...Object.fromEntries(def.schema.fields.map((field) => [field.name, field.default])),
  ...def.example,
});

test('the JSON Schema of an event accepts exactly what the codec accepts', () => {
  let [taken, refused] = [0, 0];
  for (const { def, key } of events) {
    const validate = new Ajv2020(OPTIONS).compile(schemaOf(def, key));
    assert.ok(validate(def.example), `the example of ${def.type}`);
    const takes = codecTakes(def, key);
    for (const data of changed(whole(def))) {
      const json = asJson(data);
      const expected = takes(json);
      if (expected) taken += 1;
      else refused += 1;
      assert.equal(validate(json), expected, `${def.type}: ${JSON.stringify(json)?.slice(0, 300)}`);
    }
  }
  assert.ok(taken > 500 && refused > 5000, `${taken} taken, ${refused} refused`);
});

const odd = defineEvent(
  'odd.happened',
  {
    type: 'record',
    name: 'Odd',
    namespace: 'org.example',
    doc: 'Has every kind of field.',
    fields: [
      { name: 'name', type: 'string', doc: 'The key.' },
      { name: 'small', type: 'int', doc: 'Bounded.', minimum: -3, maximum: 3, personal: true },
      { name: 'half', type: ['null', 'double'], doc: 'Bounded.', minimum: 0.5, default: null },
      { name: 'bytes', type: 'bytes', doc: 'Bytes.', default: '' },
      { name: 'map', type: { type: 'map', values: 'long' }, doc: 'A map.', default: {} },
      { name: 'partIds', type: ['null', { type: 'array', items: 'string' }], doc: 'Ids.', default: null },
      { name: 'kind', type: ['null', { type: 'enum', name: 'Kind', symbols: ['x', 'y'] }], doc: 'One.', default: null },
      {
        name: 'inner',
        type: {
          type: 'array',
          items: { type: 'record', name: 'Inner', fields: [{ name: 'name', type: 'string', doc: 'Any.' }] },
        },
        doc: 'Records.',
        default: [],
      },
    ],
  },
  { name: 'n', small: 1, map: { x: 1 }, partIds: ['p'], kind: 'x', inner: [{ name: '' }] },
);

test('every kind of field has the same rules in the JSON Schema and the codec', () => {
  const schema = schemaOf(odd, 'name');
  const validate = new Ajv2020(OPTIONS).compile(schema);
  const takes = codecTakes(odd, 'name');
  for (const data of changed(whole(odd))) {
    const json = asJson(data);
    assert.equal(validate(json), takes(json), JSON.stringify(json)?.slice(0, 300));
  }
  const { small } = schema['properties'] as Readonly<Record<string, Json>>;
  assert.deepEqual(small, { description: 'Bounded.', type: 'integer', minimum: -3, maximum: 3, 'x-personal': true });
});

// ---- AsyncAPI ----

test('the document is AsyncAPI 3.0', () => {
  // The specification contains the schema of draft 7.
  const ajv = new Ajv({ meta: false, strict: false, allErrors: true, validateFormats: false });
  const validate = ajv.compile(specification);
  validate(exported);
  assert.deepEqual(validate.errors ?? [], []);
  const withoutAddress = { ...exported, channels: { x: { messages: 1 } } };
  assert.equal(validate(withoutAddress), false, 'the specification is looked at');
});

test('every reference can be resolved', () => {
  const references = JSON.stringify(exported).match(/"\$ref":"[^"]*"/g) ?? [];
  for (const reference of new Set(references)) {
    const path = reference.slice('"$ref":"#/'.length, -1).split('/');
    const target = path.reduce<unknown>((node, name) => (node as Json | undefined)?.[name], exported);
    assert.notEqual(target, undefined, reference);
  }
  assert.ok(references.length > 200);
});

// AsyncAPI's own schemas are a superset of draft 7.
const ajv = new Ajv({ ...OPTIONS, strict: false }).addSchema(exported, 'asyncapi');
/** A validator for the part of the document that the pointer refers to. */
const validatorOf = (pointer: string) => ajv.compile({ $ref: `asyncapi#${pointer}` });

const DAMAGES: readonly ((headers: Json) => Json)[] = [
  ({ ce_id, ...others }) => others,
  ({ ce_source, ...others }) => others,
  ({ ce_specversion, ...others }) => others,
  ({ ce_type, ...others }) => others,
  ({ 'content-type': type, ...others }) => others,
  (headers) => ({ ...headers, ce_type: 'other' }),
  (headers) => ({ ...headers, ce_specversion: '0.3' }),
  (headers) => ({ ...headers, ce_id: '' }),
  (headers) => ({ ...headers, ce_time: 'yesterday' }),
  (headers) => ({ ...headers, 'content-type': 'text/plain' }),
];

const recordOf = (topic: Topic, def: EventDef, headers: Readonly<Record<string, string>>, value: unknown) => ({
  topic: topic.name,
  partition: 0,
  offset: 0,
  timestamp: Date.parse('2026-02-01T10:00:00Z'),
  key: Buffer.from(String(def.example[topic.key] ?? '')),
  headers,
  value: Buffer.from(JSON.stringify(value)),
});

const unused = async (): Promise<never> => assert.fail('JSON needs no registry');
const codec = new Codec({ register: unused, schema: unused, close: unused });

test('the examples of both modes fit their schemas, and the codec accepts them', () => {
  for (const { topic, def } of events) {
    for (const name of [def.type, `${def.type}.json`]) {
      const { examples = [], contentType } = document.components.messages[name] as Message;
      const [example] = examples;
      assert.ok(example !== undefined, name);
      const { headers, payload } = example;
      assert.equal(headers['content-type'], contentType);
      assert.ok(validatorOf(`/components/messages/${name}/headers`)(headers), name);
      assert.ok(validatorOf(`/components/messages/${name}/payload`)(payload), name);
      const decoded = codec.decode(topic, recordOf(topic, def, headers, payload), new Map([[def.type, def]]));
      assert.equal(decoded.kind, 'event', `${name}: ${JSON.stringify(decoded)}`);
    }
  }
});

test('damaged attributes do not fit, in binary and in structured mode', () => {
  const { def } = events[0] as (typeof events)[number];
  const messages = document.components.messages;
  const binary = validatorOf(`/components/messages/${def.type}.json/headers`);
  const [example] = messages[`${def.type}.json`]?.examples ?? [];
  for (const damage of DAMAGES) assert.equal(binary(damage(example?.headers ?? {})), false, String(damage));

  const structured = validatorOf(`/components/messages/${def.type}/payload`);
  const [whole] = messages[def.type]?.examples ?? [];
  for (const name of ['specversion', 'id', 'source', 'type', 'data']) {
    const { [name]: left, ...others } = whole?.payload ?? {};
    assert.notEqual(left, undefined, name);
    assert.equal(structured(others), false, name);
  }
  assert.equal(structured({ ...whole?.payload, data: {} }), false);
});

test('the Avro schema of a message encodes the example', () => {
  for (const { def } of events) {
    const { payload, bindings } = document.components.messages[`${def.type}.avro`] as Message;
    assert.equal(payload['schemaFormat'], 'application/vnd.apache.avro+json;version=1.9.0');
    const type = avro.Type.forSchema(payload['schema'] as avro.Schema, { wrapUnions: false });
    assert.ok(type.toBuffer(whole(def)).length > 0, def.type);
    assert.equal(bindings.kafka['schemaIdPayloadEncoding'], 'confluent');
  }
});

test('a channel has every event in its three forms, and those of the runtime', () => {
  const { messages } = document.channels['notification.events'] ?? {};
  const topic = topics.find(({ name }) => name === 'notification.events') as Topic;
  const declared = topic.events.flatMap(({ type }) => [type, `${type}.json`, `${type}.avro`]);
  assert.deepEqual(Object.keys(messages ?? {}), [...declared, 'timer.fired.avro', 'call.answered.avro']);
  const received = document.operations['receive.notification.events']?.messages ?? [];
  assert.equal(received.length, declared.length, 'only the runtime emits its events');
  assert.equal(document.operations['send.content.events'], undefined, 'no job emits there');
});

test('two events can have different types with the same name', () => {
  const made = (type: string, symbols: readonly string[]) =>
    defineEvent(
      type,
      {
        type: 'record',
        name: 'Made',
        namespace: `org.example.${type}`,
        fields: [
          { name: 'userId', type: 'string', doc: 'Who.' },
          { name: 'kind', type: { type: 'enum', name: 'Kind', symbols }, doc: 'What.' },
        ],
      },
      { userId: 'u', kind: symbols[0] as never },
    );
  const topic = defineTopic({
    name: 'made',
    doc: 'Made.',
    key: 'userId',
    events: [made('a', ['x']), made('b', ['y']), made('c', ['x'])],
  });
  const { components } = asyncApi({ topics: [topic], jobs: [], version: '1' }) as unknown as Document;
  assert.deepEqual(
    Object.keys(components.schemas).filter((name) => name.endsWith('Kind')),
    ['Kind', 'b.Kind'],
  );
  assert.deepEqual(components.schemas['b.Kind']?.['enum'], ['y']);
});
