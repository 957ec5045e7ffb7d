/**
 * Records to events and back: CloudEvents 1.0 in Kafka's binary and structured mode, data as Avro in the Confluent wire format
 * or as JSON (`schemas/event.ts` says how they look). Decoding never throws for what a record says: it answers an event, a
 * record that nobody here wants, or why the record is wrong.
 */

import { messageOf } from '../schemas/errors.ts';
import { DEFAULT_TENANT, type Event, type EventDef } from '../schemas/event.ts';
import { type Checked, compileJson } from '../schemas/json.ts';
import { AvroTypes } from './avro-types.ts';
import type { Topic } from './define.ts';
import { type Origin, parseOrigin } from './origin.ts';
import type { Registry } from './registry.ts';
import type { Headers, LogRecord } from './transport.ts';
import { type Read, type Rejected, rejected, schemaId } from './wire.ts';

export type Decoded =
  | {
      readonly kind: 'event';
      readonly event: Event;
      readonly origin: Origin | undefined;
      readonly onlyFor: string | undefined;
    }
  | { readonly kind: 'ignored'; readonly type: string }
  | Rejected;

/** What an event needs besides its data to become a record. */
export interface Envelope {
  readonly id: string;
  readonly source: string;
  readonly time: number;
  readonly tenant: string;
  readonly origin?: string;
}

export interface EncodedEvent {
  readonly headers: Headers;
  readonly value: Uint8Array;
}

const LARGEST_RECORD = 8 * 1024 * 1024;
const LONGEST_KEY = 512;
const JSON_TYPE = /^application\/(?:[a-z0-9.+-]+\+)?json\b/i;
const STRUCTURED_TYPE = /^application\/cloudevents\+json\b/i;

/** A header by which an operator's replay reaches one job only. */
export const ONLY_FOR = 'tributary-only-for';

const utf8 = new TextDecoder('utf-8', { fatal: true });

export class Codec {
  readonly #types: AvroTypes;
  readonly #json = new Map<EventDef, (value: unknown, path: string) => Checked<unknown>>();

  constructor(registry: Registry) {
    this.#types = new AvroTypes(registry);
  }

  /** Registers the events of the topics, so that they can be encoded. */
  async prepare(topics: readonly Topic[]): Promise<void> {
    for (const topic of topics) {
      for (const event of [...topic.events, ...topic.broadcasts]) await this.#types.register(topic.name, event);
    }
  }

  /** Registers one event under a topic: for those that every topic may carry. */
  async prepareEvent(topic: string, event: EventDef): Promise<void> {
    await this.#types.register(topic, event);
  }

  /** Loads the schemas the records were written with, where they are not known yet. Decoding itself never waits. */
  async learn(records: readonly LogRecord[]): Promise<void> {
    for (const { value } of records) {
      if (value !== null && value[0] === 0 && value.length >= 5) await this.#types.learn(schemaId(value));
    }
  }

  /** `wanted` are the declarations of the types somebody here folds, by type. */
  decode(topic: Topic, record: LogRecord, wanted: ReadonlyMap<string, EventDef>): Decoded {
    const { headers, value } = record;
    if (value === null) return rejected('VALUE_UNREADABLE', 'the record has no value; events are never tombstones');
    if (value.length > LARGEST_RECORD) {
      return rejected('RECORD_TOO_LARGE', `the value has ${value.length} bytes; at most ${LARGEST_RECORD} are taken`);
    }
    const contentType = textOf(headers['content-type']) ?? '';
    if (STRUCTURED_TYPE.test(contentType)) return this.#decodeStructured(topic, record, value, wanted);
    const type = textOf(headers['ce_type']);
    if (type === undefined || type === '') return missing('type');
    const def = wanted.get(type);
    if (def === undefined) return { kind: 'ignored', type };
    const read = (name: string): unknown => headers[`ce_${name}`];
    return this.#event(topic, record, def, read, () => {
      if (JSON_TYPE.test(contentType)) return this.#checked(def, parseJson(value));
      return this.#types.decode(def, value);
    });
  }

  #decodeStructured(
    topic: Topic,
    record: LogRecord,
    value: Uint8Array,
    wanted: ReadonlyMap<string, EventDef>,
  ): Decoded {
    const parsed = parseJson(value);
    if (parsed.kind === 'rejected') return parsed;
    const envelope = parsed.value;
    if (typeof envelope !== 'object' || envelope === null || Array.isArray(envelope)) {
      return rejected('ENVELOPE_INVALID', 'the value is no JSON object; a structured CloudEvent is one');
    }
    const read = (name: string): unknown =>
      Object.hasOwn(envelope, name) ? (envelope as Record<string, unknown>)[name] : undefined;
    const type = read('type');
    if (typeof type !== 'string' || type === '') return missing('type');
    const def = wanted.get(type);
    if (def === undefined) return { kind: 'ignored', type };
    return this.#event(topic, record, def, read, () => this.#checked(def, { kind: 'value', value: read('data') }));
  }

  #event(topic: Topic, record: LogRecord, def: EventDef, read: (name: string) => unknown, data: () => Read): Decoded {
    if (read('specversion') !== '1.0') return rejected('ENVELOPE_INVALID', 'the attribute specversion must be "1.0"');
    const id = read('id');
    const source = read('source');
    if (typeof id !== 'string' || id === '') return missing('id');
    if (typeof source !== 'string' || source === '') return missing('source');
    const time = timeOf(read('time'), record.timestamp);
    if (time === undefined)
      return rejected(
        'ENVELOPE_INVALID',
        'the attribute time must be an RFC 3339 timestamp such as 2026-02-01T10:00:00Z',
      );
    const tenant = read('tenant') ?? DEFAULT_TENANT;
    if (!isKeyPart(tenant)) return rejected('ENVELOPE_INVALID', 'the attribute tenant must be a short text');
    // Sending a record on leaves its value as it was, so that a header speaks before a structured value does.
    const said = record.headers['ce_origin'] ?? read('origin');
    const origin = typeof said === 'string' ? parseOrigin(said) : undefined;
    if (said !== undefined && origin === undefined) {
      return rejected('ENVELOPE_INVALID', 'the attribute origin is not one that a job wrote; leave it out');
    }
    const decoded = data();
    if (decoded.kind === 'rejected') return decoded;
    const event = { type: def.type, id, source, time, tenant, data: decoded.value as Event['data'] };
    const keyField = topic.events.includes(def) ? topic.key : undefined;
    if (keyField !== undefined && !isKeyPart(event.data[keyField])) {
      return rejected(
        'KEY_INVALID',
        `data.${keyField}: the key of ${topic.name} must be a text of 1 to ${LONGEST_KEY} characters`,
      );
    }
    return { kind: 'event', event, origin, onlyFor: textOf(record.headers[ONLY_FOR]) };
  }

  #checked(def: EventDef, json: Read): Read {
    if (json.kind === 'rejected') return json;
    let check = this.#json.get(def);
    if (check === undefined) {
      check = compileJson(def.schema);
      this.#json.set(def, check);
    }
    const checked = check(json.value, 'data');
    return checked.ok ? { kind: 'value', value: checked.value } : rejected('DATA_INVALID', checked.problem);
  }

  /** Whether plain JSON data would be taken as data of this event; what a command checks before it produces. */
  check(def: EventDef, data: unknown): Checked<unknown> {
    const checked = this.#checked(def, { kind: 'value', value: data });
    return checked.kind === 'value' ? { ok: true, value: checked.value } : { ok: false, problem: checked.message };
  }

  /** Avro in binary mode. Data that does not fit throws a TypeError that names the field: it was made by our own code. */
  encode(topic: string, def: EventDef, data: Readonly<Record<string, unknown>>): Uint8Array {
    return this.#types.encode(topic, def, data);
  }
}

/** The headers of an event in binary mode, with Avro data. */
export function avroHeaders(type: string, envelope: Envelope): Headers {
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_id: envelope.id,
    ce_source: envelope.source,
    ce_type: type,
    ce_time: new Date(envelope.time).toISOString(),
    'content-type': 'application/avro',
  };
  if (envelope.tenant !== DEFAULT_TENANT) headers['ce_tenant'] = envelope.tenant;
  if (envelope.origin !== undefined) headers['ce_origin'] = envelope.origin;
  return headers;
}

/** A part of a key: what a store can hold as one, and what no decoding error can have made. */
export function isKeyPart(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= LONGEST_KEY &&
    value.isWellFormed() &&
    !value.includes('\uFFFD') &&
    !value.includes('\0')
  );
}

const missing = (attribute: string) =>
  rejected(
    'ENVELOPE_INVALID',
    `the CloudEvents attribute ${attribute} is missing (in binary mode: the header ce_${attribute})`,
  );

function parseJson(value: Uint8Array): Read {
  try {
    return { kind: 'value', value: JSON.parse(utf8.decode(value)) };
  } catch (error) {
    return rejected('VALUE_UNREADABLE', `the value is no JSON in UTF-8: ${messageOf(error)}`);
  }
}

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

function timeOf(value: unknown, fallback: number): number | undefined {
  if (value === undefined) return fallback;
  if (typeof value !== 'string' || !RFC3339.test(value)) return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}

function textOf(header: string | Uint8Array | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
