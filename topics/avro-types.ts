/** Compiled Avro types by schema id and event: read once from the registry, resolved once to what we read them as. */
import avro, { type Resolver, type Type } from 'avsc';
import { normalize } from '../schemas/avro.ts';
import { messageOf, TributaryError } from '../schemas/errors.ts';
import type { EventDef } from '../schemas/event.ts';
import { checkBounds, needsBounds } from './bounds.ts';
import { type Registry, subjectOf } from './registry.ts';
import { type Read, rejected, schemaId, WIRE_HEADER } from './wire.ts';

interface Writer {
  readonly type: Type;
  readonly bounded: boolean;
  /** How data of this writer is read as an event; a text says why it cannot be. */
  readonly readers: Map<EventDef, { readonly resolver: Resolver | undefined } | string>;
}

export class AvroTypes {
  readonly #registry: Registry;
  readonly #types = new Map<EventDef, Type>();
  readonly #ids = new Map<string, Map<EventDef, number>>();
  readonly #writers = new Map<number, Writer | 'none'>();
  #scratch = Buffer.allocUnsafe(16 * 1024);

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  async register(topic: string, def: EventDef): Promise<void> {
    const { namespace, name } = def.schema;
    const id = await this.#registry.register(subjectOf(topic, namespace, name), JSON.stringify(normalize(def.schema)));
    const ids = this.#ids.get(topic) ?? new Map<EventDef, number>();
    this.#ids.set(topic, ids.set(def, id));
    const type = this.#typeOf(def);
    const writer: Writer = { type, bounded: !needsBounds(type), readers: new Map([[def, { resolver: undefined }]]) };
    if (!this.#writers.has(id)) this.#writers.set(id, writer);
  }

  async learn(id: number): Promise<void> {
    if (this.#writers.has(id)) return;
    const schema = await this.#registry.schema(id);
    this.#writers.set(id, schema === undefined ? 'none' : (writerOf(schema) ?? 'none'));
  }

  decode(def: EventDef, value: Uint8Array): Read {
    if (value[0] !== 0 || value.length < WIRE_HEADER) {
      return rejected(
        'VALUE_UNREADABLE',
        'the value does not begin with the zero byte and the schema id of the Confluent wire format; for JSON set content-type to application/json',
      );
    }
    const id = schemaId(value);
    const writer = this.#writers.get(id);
    if (writer === undefined || writer === 'none') {
      return rejected(
        'SCHEMA_UNKNOWN',
        `the registry has no readable schema with the id ${id}; register it, then replay the record`,
      );
    }
    const reader = this.#reader(writer, def);
    if (typeof reader === 'string')
      return rejected('SCHEMA_MISMATCH', `schema ${id} cannot be read as ${def.type}: ${reader}`);
    const body = Buffer.from(value.buffer, value.byteOffset + WIRE_HEADER, value.length - WIRE_HEADER);
    try {
      if (!writer.bounded) checkBounds(writer.type, body, 0);
      return { kind: 'value', value: this.#typeOf(def).fromBuffer(body, reader.resolver) };
    } catch (error) {
      return rejected('VALUE_UNREADABLE', `the value is no Avro of schema ${id}: ${messageOf(error)}`);
    }
  }

  encode(topic: string, def: EventDef, data: Readonly<Record<string, unknown>>): Uint8Array {
    const id = this.#ids.get(topic)?.get(def);
    if (id === undefined)
      throw new TributaryError(
        'DECLARATION_INVALID',
        `${def.type} is not registered for ${topic}; prepare the codec with that topic first`,
      );
    const type = this.#typeOf(def);
    let end = type.encode(data, this.#scratch, WIRE_HEADER);
    if (end < 0) {
      this.#scratch = Buffer.allocUnsafe(this.#scratch.length - end + WIRE_HEADER);
      end = type.encode(data, this.#scratch, WIRE_HEADER);
    }
    const value = Buffer.allocUnsafe(end);
    this.#scratch.copy(value, WIRE_HEADER, WIRE_HEADER, end);
    value[0] = 0;
    value.writeUInt32BE(id, 1);
    return value;
  }

  #typeOf(def: EventDef): Type {
    let type = this.#types.get(def);
    if (type === undefined) {
      type = compile(normalize(def.schema));
      this.#types.set(def, type);
    }
    return type;
  }

  #reader(writer: Writer, def: EventDef): { readonly resolver: Resolver | undefined } | string {
    let reader = writer.readers.get(def);
    if (reader === undefined) {
      try {
        reader = { resolver: this.#typeOf(def).createResolver(writer.type) };
      } catch (error) {
        reader = messageOf(error);
      }
      writer.readers.set(def, reader);
    }
    return reader;
  }
}

function compile(schema: unknown): Type {
  return avro.Type.forSchema(schema as avro.Schema, { wrapUnions: false, omitRecordMethods: true });
}

/** Undefined when the registry's text is no Avro schema we can read. */
function writerOf(schema: string): Writer | undefined {
  try {
    const type = compile(JSON.parse(schema));
    return { type, bounded: !needsBounds(type), readers: new Map() };
  } catch {
    return undefined;
  }
}
