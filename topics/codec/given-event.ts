/**
 * Makes records of events that people and services give as JSON, for every command and server that takes events. A record is in binary
 * mode with Avro data, and is checked with the decoder that jobs use.
 */
import { DEFAULT_TENANT, type EventDef } from '../../core/event.ts';
import { hint } from '../../core/hint.ts';
import { unknownFields } from '../../core/unknown-fields.ts';
import { keyOf, type Topic } from '../define.ts';
import { partitionOf } from '../log/partition.ts';
import type { Headers, NewRecord } from '../log/transport.ts';
import { avroHeaders, type Codec } from './codec.ts';

export interface Target {
  readonly topic: Topic;
  readonly partitions: number;
  /** Must have been prepared with the topic. */
  readonly codec: Codec;
  readonly now: () => number;
}

/** An event as it was given, not yet checked. */
export interface GivenEvent {
  readonly type: string;
  readonly data: unknown;
  readonly id: string;
  readonly source: string;
  readonly time: string | undefined;
  readonly tenant: string | undefined;
  /** Further attributes, as headers. */
  readonly others: Headers;
}

/** An event whose attributes may be missing, except for its type. */
export type SaidEvent = Omit<GivenEvent, 'id' | 'source'> & { readonly [K in 'id' | 'source']: string | undefined };

export type Made =
  | {
      readonly kind: 'records';
      /** One, or one for each partition if the event is a broadcast. */
      readonly records: readonly NewRecord[];
      /** Messages about fields that were left out because the event's schema does not have them. */
      readonly unknown: readonly string[];
    }
  | { readonly kind: 'wrong'; readonly problem: string };

const wrong = (problem: string): Made => ({ kind: 'wrong', problem });

/** The records of an event, or the reason why it is wrong. */
export function recordsOf(given: GivenEvent, { topic, partitions, codec, now: clock }: Target): Made {
  const { type, id, source, time, others, tenant = DEFAULT_TENANT } = given;
  const wanted = wantedOf(topic);
  const def = wanted.get(type);
  if (def === undefined)
    return wrong(`type: ${type} is not an event of ${topic.name}${hint(type, [...wanted.keys()])}`);
  const checked = codec.check(def, given.data);
  if (!checked.ok) return wrong(checked.problem);
  const data = checked.value as Readonly<Record<string, unknown>>;
  const now = clock();
  const headers = {
    ...avroHeaders(type, { id, source, time: now, tenant }),
    ...(time === undefined ? {} : { ce_time: time }),
    ...others,
  };
  const key = keyOf(topic, { type, data });
  const bytes = key === null ? null : Buffer.from(key);
  const base = { topic: topic.name, key: bytes, value: codec.encode(topic.name, def, data), headers, timestamp: now };
  const decoded = codec.decode(topic, { ...base, partition: 0, offset: 0 }, wanted);
  if (decoded.kind === 'rejected') return wrong(decoded.message);
  const unknown = unknownFields(def, given.data).map((path) => unknownText(def, path));
  const places = bytes === null ? Array.from({ length: partitions }, (_, i) => i) : [partitionOf(bytes, partitions)];
  return { kind: 'records', records: places.map((partition) => ({ ...base, partition })), unknown };
}

function unknownText(def: EventDef, path: string): string {
  const name = path.replaceAll(/\[\d+\]/g, '[]');
  const isOutermost = /^data\.[^.[]+$/.test(name);
  const fields = def.schema.fields.map((field) => field.name);
  return `${name} was left out, since ${def.type} has no such field${isOutermost ? hint(name.slice(5), fields) : ''}`;
}

/** The members of a JSON object that are not null. A string is the problem if it is not a JSON object. */
export function membersOf(value: unknown): Map<string, unknown> | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is not a JSON object';
  return new Map(Object.entries(value).filter(([, each]) => each !== null));
}

const SHORT = ['type', 'data', 'time', 'id', 'tenant', 'source'];
const NAMED = [...SHORT, 'specversion', 'datacontenttype'];

/** When unknown members may be further attributes of the event. */
export type Extensible = 'always' | 'if structured';

/** The event in the members of an object: a structured CloudEvent, or the same without `specversion`. A string is the problem. */
export function saidIn(members: ReadonlyMap<string, unknown>, extensible: Extensible): SaidEvent | string {
  const structured = members.has('specversion');
  if (structured && members.get('specversion') !== '1.0') return 'specversion: it must be "1.0"';
  for (const name of structured ? ['type', 'id', 'source'] : ['type']) {
    if (!members.has(name)) return `${name}: a string is missing`;
  }
  for (const name of ['type', 'id', 'source', 'time', 'tenant']) {
    if (members.has(name) && typeof members.get(name) !== 'string') return `${name}: a string is expected`;
  }
  const others: Record<string, string> = {};
  for (const [name, each] of members) {
    if (name === 'origin') return 'origin: only jobs set it; leave it out';
    if (name === 'data_base64') return 'data_base64: give the data as JSON in data';
    if (NAMED.includes(name)) continue;
    if (!structured && extensible !== 'always')
      return `${name}: there is no such attribute; there are ${SHORT.join(', ')}`;
    if (!/^[a-z0-9]+$/.test(name)) return `${name}: an attribute is named with small letters and digits`;
    if (typeof each === 'object') return `${name}: an attribute is a text, a number, true or false`;
    others[`ce_${name}`] = String(each);
  }
  const text = (name: string): string | undefined => members.get(name) as string | undefined;
  return {
    type: text('type') ?? '',
    data: members.get('data'),
    id: text('id'),
    source: text('source'),
    time: text('time'),
    tenant: text('tenant'),
    others,
  };
}

const wantedByTopic = new WeakMap<Topic, ReadonlyMap<string, EventDef>>();

function wantedOf(topic: Topic): ReadonlyMap<string, EventDef> {
  const wanted =
    wantedByTopic.get(topic) ?? new Map([...topic.events, ...topic.broadcasts].map((def) => [def.type, def]));
  wantedByTopic.set(topic, wanted);
  return wanted;
}
