/**
 * Decodes records to events and encodes data of events: CloudEvents 1.0 in Kafka's binary and structured mode, with data as Avro in the
 * Confluent wire format or as JSON (see `core/event.ts`). Decoding never throws because of a record: it returns the event, or that its
 * type is not wanted, or the reason why the record is wrong.
 */
import type { Event, EventDef } from '../../core/event.ts';
import { type Checked, compileJson } from '../../core/json.ts';
import { LONGEST_KEY_PART } from '../../core/key-part.ts';
import { once } from '../../core/once.ts';
import { unknownFields } from '../../core/unknown-fields.ts';
import type { Topic } from '../define.ts';
import { LARGEST_VALUE } from '../log/limits.ts';
import { type OnlyRows, onlyRows } from '../log/only.ts';
import type { Origin } from '../log/origin.ts';
import type { LogRecord } from '../log/transport.ts';
import { AvroTypes } from './avro-types.ts';
import { missing, modeOf, type ReadEnvelope, readEnvelope } from './envelope.ts';
import { type FindWrong, wrongId } from './ids.ts';
import { parseJson } from './json-value.ts';
import { ONLY_FOR } from './own-headers.ts';
import type { Registry } from './registry.ts';
import { type Read, type Rejected, rejected, schemaId, WIRE_HEADER } from './wire.ts';

export type Decoded =
  | {
      readonly kind: 'event';
      readonly event: Event;
      /** Whether the sender's time was too far ahead of the record's, so that the event has an earlier one. */
      readonly isAhead: boolean;
      /** Whether the JSON data has fields that the schema does not have: misspelt fields, or those of a newer producer. */
      readonly unknown: boolean;
      readonly origin: Origin | undefined;
      readonly onlyFor: string | undefined;
      readonly only: OnlyRows | undefined;
    }
  | { readonly kind: 'ignored'; readonly type: string }
  | Rejected;

export { avroHeaders } from './envelope.ts';
export { ONLY_FOR } from './own-headers.ts';

type JsonCheck = (value: unknown, path: string) => Checked<unknown>;

export class Codec {
  readonly #types: AvroTypes;
  readonly #json = new Map<EventDef, JsonCheck>();
  readonly #strict = new Map<EventDef, JsonCheck>();
  readonly #ids = new Map<Topic, Map<EventDef, FindWrong>>();

  constructor(registry: Registry) {
    this.#types = new AvroTypes(registry);
  }

  /** Registers the events of the topics, so that they can be encoded. */
  async prepare(topics: readonly Topic[]): Promise<void> {
    for (const topic of topics) {
      for (const event of [...topic.events, ...topic.broadcasts]) await this.#types.register(topic.name, event);
    }
  }

  /** Registers one event under a topic, for events that any topic may carry. */
  async prepareEvent(topic: string, event: EventDef): Promise<void> {
    await this.#types.register(topic, event);
  }

  /**
   * Loads the schemas with which the records were written, unless they are known. Call it before `decode`, which never waits. With
   * `wanted`, as for `decode`, schemas of records that will be ignored are not loaded.
   */
  async learn(records: readonly LogRecord[], wanted?: ReadonlyMap<string, EventDef>): Promise<void> {
    let unknown: Set<number> | undefined;
    for (const { value, headers } of records) {
      if (value === null || value[0] !== 0 || value.length < WIRE_HEADER) continue;
      const id = schemaId(value);
      if (this.#types.knows(id) || ['json', 'structured'].includes(modeOf(headers))) continue;
      if (wanted === undefined || wanted.has(String(headers['ce_type']))) unknown = (unknown ?? new Set()).add(id);
    }
    if (unknown !== undefined) for (const id of unknown) await this.#types.learn(id);
  }

  /** `wanted` has, by type, the declarations of the events that some job here folds. */
  decode(topic: Topic, record: LogRecord, wanted: ReadonlyMap<string, EventDef>): Decoded {
    const { headers, value } = record;
    if (value === null) return rejected('VALUE_UNREADABLE', 'the record has no value; events are never tombstones');
    if (value.length > LARGEST_VALUE) {
      return rejected('RECORD_TOO_LARGE', `the value has ${value.length} bytes; at most ${LARGEST_VALUE} are taken`);
    }
    const mode = modeOf(headers);
    if (mode === 'structured') return this.#decodeStructured(topic, record, value, wanted);
    const type = headers['ce_type'];
    if (typeof type !== 'string' || type === '') return missing('type');
    const def = wanted.get(type);
    if (def === undefined) return { kind: 'ignored', type };
    const envelope = readEnvelope(
      {
        specversion: headers['ce_specversion'],
        id: headers['ce_id'],
        source: headers['ce_source'],
        time: headers['ce_time'],
        tenant: headers['ce_tenant'],
        origin: headers['ce_origin'],
      },
      record,
    );
    if ('kind' in envelope) return envelope;
    const isAvro = mode === 'avro' || (mode === 'unknown' && value[0] === 0);
    const data = isAvro ? this.#avro(def, value) : this.#checked(def, parseJson(value));
    return this.#event({ topic, def }, record, envelope, data);
  }

  #decodeStructured(
    topic: Topic,
    record: LogRecord,
    value: Uint8Array,
    wanted: ReadonlyMap<string, EventDef>,
  ): Decoded {
    const parsed = parseJson(value);
    if (parsed.kind === 'rejected') return parsed;
    const object = parsed.value;
    if (typeof object !== 'object' || object === null || Array.isArray(object)) {
      return rejected('ENVELOPE_INVALID', 'the value is not a JSON object, as a structured CloudEvent is');
    }
    // A null attribute is not set (section 2.2 of the JSON format of CloudEvents).
    const read = (name: string): unknown =>
      Object.hasOwn(object, name) ? ((object as Record<string, unknown>)[name] ?? undefined) : undefined;
    const type = read('type');
    if (typeof type !== 'string' || type === '') return missing('type');
    const def = wanted.get(type);
    if (def === undefined) return { kind: 'ignored', type };
    const envelope = readEnvelope(
      {
        specversion: read('specversion'),
        id: read('id'),
        source: read('source'),
        time: read('time'),
        tenant: read('tenant'),
        // A record that was sent on keeps its value, so the header takes precedence over the value.
        origin: record.headers['ce_origin'] ?? read('origin'),
      },
      record,
    );
    if ('kind' in envelope) return envelope;
    return this.#event({ topic, def }, record, envelope, this.#checked(def, { kind: 'value', value: read('data') }));
  }

  #event(
    { topic, def }: { topic: Topic; def: EventDef },
    record: LogRecord,
    envelope: ReadEnvelope,
    read: Read,
  ): Decoded {
    if (read.kind === 'rejected') return read;
    const data = read.value as Event['data'];
    const wrong = this.#idsOf(topic, def)(data);
    if (wrong !== undefined) {
      return rejected('KEY_INVALID', `data${wrong}: an id must be a text of 1 to ${LONGEST_KEY_PART} characters`);
    }
    const { id, source, time, loggedAt, isAhead, tenant, origin } = envelope;
    const { unfit } = read;
    const event = { type: def.type, id, source, time, loggedAt, tenant, data };
    const onlyFor = record.headers[ONLY_FOR];
    const only = onlyRows(record.headers);
    if (typeof only === 'string') return rejected('ENVELOPE_INVALID', `the header ${only} is not a list of keys`);
    return {
      kind: 'event',
      event: unfit === undefined ? event : { ...event, unfit },
      isAhead,
      unknown: read.unknown === true,
      origin,
      onlyFor: typeof onlyFor === 'string' ? onlyFor : undefined,
      only,
    };
  }

  #idsOf(topic: Topic, def: EventDef): FindWrong {
    let ofTopic = this.#ids.get(topic);
    if (ofTopic === undefined) {
      ofTopic = new Map();
      this.#ids.set(topic, ofTopic);
    }
    let ids = ofTopic.get(def);
    if (ids === undefined) {
      ids = wrongId(def.schema, topic.events.includes(def) ? topic.key : undefined);
      ofTopic.set(def, ids);
    }
    return ids;
  }

  /** If the writer's schema does not resolve to a lenient event's, checks each value instead: parts that do not fit may be left out. */
  #avro(def: EventDef, value: Uint8Array): Read {
    const read = this.#types.decode(def, value);
    if (read.kind === 'value' || read.code !== 'SCHEMA_MISMATCH' || !isLenient(def)) return read;
    return this.#checked(def, this.#types.decodeAsWritten(value));
  }

  #checked(def: EventDef, json: Read): Read {
    if (json.kind === 'rejected') return json;
    const checked = compiled(this.#json, def, true)(json.value, 'data');
    if (!checked.ok) return rejected('DATA_INVALID', checked.problem);
    const { value, unfit } = checked;
    const unknown = unknownFields(def, json.value).length > 0;
    return unfit === undefined ? { kind: 'value', value, unknown } : { kind: 'value', value, unknown, unfit };
  }

  /** Whether plain JSON data fits the event, without leniency. Commands check this before they produce. */
  check(def: EventDef, data: unknown): Checked<unknown> {
    return compiled(this.#strict, def, false)(data, 'data');
  }

  /** Encodes data as Avro, for binary mode. Throws a TypeError that names the field if the data do not fit: our own code made them. */
  encode(topic: string, def: EventDef, data: Readonly<Record<string, unknown>>): Uint8Array {
    return this.#types.encode(topic, def, data);
  }
}

const isLenient: (def: EventDef) => boolean = once(({ schema }) => schema.fields.some(({ lenient }) => lenient));

function compiled(checks: Map<EventDef, JsonCheck>, def: EventDef, lenient: boolean): JsonCheck {
  let check = checks.get(def);
  if (check === undefined) {
    check = compileJson(def.schema, { lenient });
    checks.set(def, check);
  }
  return check;
}
