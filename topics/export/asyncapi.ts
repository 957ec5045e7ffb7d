/**
 * All topics and events as one AsyncAPI 3.0 document, from which platform engineers generate clients. Each event is three messages, one
 * for each form: `<type>` is structured, `<type>.json` and `<type>.avro` are binary (see `core/event.ts`).
 */
import { type EnumSchema, normalize, type RecordSchema } from '../../core/avro.ts';
import { callAnswered, DEFAULT_TENANT, type EventDef, timerFired } from '../../core/event.ts';
import { LONGEST_ATTRIBUTE, LONGEST_KEY_PART } from '../../core/key-part.ts';
import type { Topic } from '../define.ts';
import { dataSchema, idOf, type JsonSchema, type Refer } from './json-schema.ts';

/** The topic and events that a job reads, and the topics to which it emits. */
interface Reader {
  readonly from: Topic;
  readonly on: readonly EventDef[];
  readonly to: readonly Topic[];
}

export interface Exported {
  readonly topics: readonly Topic[];
  readonly jobs: readonly Reader[];
  /** The version of the package that declares the events. */
  readonly version: string;
}

type Json = Readonly<Record<string, unknown>>;

const KAFKA = { bindingVersion: '0.5.0' } as const;
const STRUCTURED = 'application/cloudevents+json';
const FORMS = ['', '.json', '.avro'] as const;
/** Events that only the runtime emits and only its jobs read. */
const OF_RUNTIME: readonly EventDef[] = [timerFired, callAnswered];

export function asyncApi({ topics, jobs, version }: Exported): Json {
  const schemas = new Map<string, JsonSchema>([
    ['StructuredHeaders', STRUCTURED_HEADERS],
    ['BinaryHeaders', BINARY_HEADERS],
  ]);
  const channels = topics.map((topic) => ({
    topic,
    received: [...topic.events, ...topic.broadcasts],
    isSentTo: jobs.some(({ to }) => to.includes(topic)),
    ofRuntime: OF_RUNTIME.filter((def) => jobs.some(({ from, on }) => from === topic && on.includes(def))),
  }));
  const messages = Object.fromEntries([
    ...channels.flatMap(({ topic, received }) => received.flatMap((def) => messagesOf(topic, def, schemas))),
    ...OF_RUNTIME.map((def) => [`${def.type}.avro`, avroMessage(def, keyBinding(true))] as const),
  ]);
  return {
    asyncapi: '3.0.0',
    info: { title: 'Tributary', version, description: ABOUT, license: { name: 'Apache-2.0' } },
    defaultContentType: STRUCTURED,
    channels: Object.fromEntries(channels.map((each) => [each.topic.name, channel(each)])),
    operations: Object.fromEntries(channels.flatMap(operations)),
    components: { messages, schemas: Object.fromEntries(schemas) },
  };
}

const ABOUT = `The events of a learning platform. Each is a CloudEvent 1.0 in a record of its topic, in one of three forms: structured (\`${STRUCTURED}\`: the value is one JSON object), binary with JSON (\`application/json\`: the attributes are headers named \`ce_…\`, the value is the data), or binary with Avro (\`application/avro\`: the value is the data in the Confluent wire format). Operations are as Tributary sees them: it receives what a platform sends, and sends what its jobs emit, as Avro in binary mode. Fields that a schema does not have are ignored.`;

interface Channel {
  readonly topic: Topic;
  readonly received: readonly EventDef[];
  readonly isSentTo: boolean;
  readonly ofRuntime: readonly EventDef[];
}

function channel({ topic, received, ofRuntime }: Channel): Json {
  const { name, doc, partitions, retentionMs } = topic;
  const names = [...received.flatMap(namesOf), ...ofRuntime.map(avroName)];
  return {
    address: name,
    description: doc,
    messages: Object.fromEntries(names.map((each) => [each, { $ref: `#/components/messages/${each}` }])),
    bindings: {
      kafka: { topic: name, partitions, topicConfiguration: { 'retention.ms': retentionMs }, ...KAFKA },
    },
  };
}

const namesOf = ({ type }: EventDef): string[] => FORMS.map((form) => `${type}${form}`);
const avroName = ({ type }: EventDef): string => `${type}.avro`;

function operations({ topic, received, isSentTo, ofRuntime }: Channel): [string, Json][] {
  const { name, ofRuntime: isOfRuntime } = topic;
  const operation = (action: string, summary: string, messages: readonly string[]): [string, Json] => [
    `${action}.${name}`,
    {
      action,
      summary,
      channel: { $ref: `#/channels/${name}` },
      messages: messages.map((each) => ({ $ref: `#/channels/${name}/messages/${each}` })),
    },
  ];
  const sent = [...(isSentTo ? received : []), ...ofRuntime].map(avroName);
  if (isOfRuntime) return [operation('send', 'The runtime emits these.', received.map(avroName))];
  return [
    operation('receive', 'What a platform sends, and what jobs emit to each other.', received.flatMap(namesOf)),
    ...(sent.length === 0 ? [] : [operation('send', 'Jobs emit some of these.', sent)]),
  ];
}

// ---- messages ----

function messagesOf(topic: Topic, def: EventDef, schemas: Map<string, JsonSchema>): [string, Json][] {
  const { type, schema, example } = def;
  const isBroadcast = topic.broadcasts.includes(def);
  const key = isBroadcast ? undefined : topic.key;
  schemas.set(type, dataSchema(schema, referring(def, schemas), key));
  const data = { $ref: `#/components/schemas/${type}` };
  const described = {
    ...about(def),
    ...(isBroadcast ? { description: `${schema.doc ?? ''} ${BROADCAST}`.trim() } : {}),
  };
  const binding = { bindings: { kafka: keyBinding(!isBroadcast, topic.key) } };
  const structured = {
    ...described,
    contentType: STRUCTURED,
    headers: { $ref: '#/components/schemas/StructuredHeaders' },
    payload: structuredPayload(type, data),
    ...binding,
    examples: [{ headers: { 'content-type': STRUCTURED }, payload: { ...attributesOf(type), data: example } }],
  };
  const json = {
    ...described,
    contentType: 'application/json',
    headers: binaryHeaders(type, 'application/json'),
    payload: data,
    ...binding,
    examples: [{ headers: headersOf(type, 'application/json'), payload: example }],
  };
  return [
    [type, structured],
    [`${type}.json`, json],
    [`${type}.avro`, { ...avroMessage(def, binding.bindings.kafka), ...described }],
  ];
}

const BROADCAST = 'A broadcast: its record has no key, and every partition gets one.';

const about = ({ type, schema }: EventDef): Json => ({
  name: type,
  title: schema.name,
  ...(schema.doc === undefined ? {} : { description: schema.doc }),
});

function avroMessage(def: EventDef, kafka: Json): Json {
  return {
    ...about(def),
    contentType: 'application/avro',
    headers: binaryHeaders(def.type, 'application/avro'),
    payload: { schemaFormat: 'application/vnd.apache.avro+json;version=1.9.0', schema: normalize(def.schema) },
    bindings: {
      kafka: {
        ...kafka,
        schemaIdLocation: 'payload',
        schemaIdPayloadEncoding: 'confluent',
        schemaLookupStrategy: 'TopicRecordNameStrategy',
      },
    },
  };
}

/** If two events have different types of the same name, the event's type becomes part of the second one's name. */
function referring({ type }: EventDef, schemas: Map<string, JsonSchema>): Refer {
  const names = new Map<RecordSchema | EnumSchema, string>();
  return (named, make) => {
    let name = names.get(named);
    if (name === undefined) {
      const schema = make();
      const other = schemas.get(named.name);
      const isFree = other === undefined || JSON.stringify(other) === JSON.stringify(schema);
      name = isFree ? named.name : `${type}.${named.name}`;
      names.set(named, name);
      schemas.set(name, schema);
    }
    return { $ref: `#/components/schemas/${name}` };
  };
}

function keyBinding(isKeyed: boolean, field?: string): Json {
  const of = field === undefined ? 'The key of the row' : `The same as \`data.${field}\``;
  const doc = `${of}, in UTF-8. Partitioned as Kafka's Java client does.`;
  return isKeyed ? { key: { ...idOf(LONGEST_KEY_PART), description: doc }, ...KAFKA } : KAFKA;
}

// ---- attributes ----

const ATTRIBUTES = {
  specversion: { const: '1.0' },
  id: {
    ...idOf(LONGEST_ATTRIBUTE),
    description: 'Unique within its source: the same id of the same source again is the same event.',
  },
  source: { ...idOf(LONGEST_ATTRIBUTE), description: 'Who sends it.' },
  type: { type: 'string', description: 'What happened.' },
  time: {
    type: 'string',
    format: 'date-time',
    description:
      'When it happened. Without it, the time of the record. A minute after that is the latest that is believed.',
  },
  tenant: { ...idOf(LONGEST_KEY_PART), description: 'Whose learners these are.', default: DEFAULT_TENANT },
} as const;

const REQUIRED = ['specversion', 'id', 'source', 'type'] as const;

const STRUCTURED_HEADERS: JsonSchema = {
  type: 'object',
  properties: { 'content-type': { const: STRUCTURED } },
  required: ['content-type'],
};

const BINARY_HEADERS: JsonSchema = {
  type: 'object',
  properties: Object.fromEntries(Object.entries(ATTRIBUTES).map(([name, schema]) => [`ce_${name}`, schema])),
  required: [...REQUIRED.map((name) => `ce_${name}`), 'content-type'],
};

const binaryHeaders = (type: string, contentType: string): JsonSchema => ({
  type: 'object',
  allOf: [{ $ref: '#/components/schemas/BinaryHeaders' }],
  properties: { ce_type: { const: type }, 'content-type': { const: contentType } },
});

const structuredPayload = (type: string, data: JsonSchema): JsonSchema => ({
  type: 'object',
  properties: { ...ATTRIBUTES, type: { const: type }, data },
  required: [...REQUIRED, 'data'],
});

const attributesOf = (type: string): Json => ({
  specversion: '1.0',
  id: `example-${type}`,
  source: '/platform',
  type,
  time: '2026-02-01T10:00:00Z',
});

const headersOf = (type: string, contentType: string): Json => ({
  ...Object.fromEntries(Object.entries(attributesOf(type)).map(([name, value]) => [`ce_${name}`, value])),
  'content-type': contentType,
});
