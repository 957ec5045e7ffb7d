/** Compiled Avro types. Each schema is read from the registry once, and resolved once for each event that it is read as. */
import avro, { type Resolver, type Type } from 'avsc';
import { normalize } from '../../core/avro.ts';
import { messageOf, TributaryError } from '../../core/errors.ts';
import type { EventDef } from '../../core/event.ts';
import { compileJson } from '../../core/json.ts';
import { checkBounds, needsBounds } from './bounds.ts';
import { type NumberCheck, numberCheck } from './numbers.ts';
import { type Registry, subjectOf } from './registry.ts';
import { type Read, type Rejected, rejected, schemaId, WIRE_HEADER } from './wire.ts';

interface Writer {
  readonly type: Type;
  /** Whether a wrong count in a body of this type can mislead the decoder. */
  readonly needsBounds: boolean;
  /** How data of this writer is read as an event. A string is the reason why it cannot be. */
  readonly readers: Map<EventDef, Reader | string>;
}

interface Reader {
  readonly type: Type;
  /** Undefined if the writer's schema is that of the event. */
  readonly resolver: Resolver | undefined;
  readonly numbers: NumberCheck | undefined;
}

const LONGEST_REASON = 200;

export class AvroTypes {
  readonly #registry: Registry;
  readonly #types = new Map<EventDef, Type>();
  readonly #ids = new Map<string, Map<EventDef, number>>();
  readonly #writers = new Map<number, Writer | 'unreadable'>();
  #scratch = Buffer.allocUnsafe(16 * 1024);

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  async register(topic: string, def: EventDef): Promise<void> {
    const { namespace, name } = def.schema;
    const id = await this.#registry.register(subjectOf(topic, namespace, name), JSON.stringify(normalize(def.schema)));
    const ids = this.#ids.get(topic) ?? new Map<EventDef, number>();
    this.#ids.set(topic, ids.set(def, id));
    if (this.#writers.has(id)) return;
    const type = this.#typeOf(def);
    const writer: Writer = { type, needsBounds: needsBounds(type), readers: new Map() };
    writer.readers.set(def, { type, resolver: undefined, numbers: numberCheck(def.schema) });
    this.#writers.set(id, writer);
  }

  knows(id: number): boolean {
    return this.#writers.has(id);
  }

  /** Reads the schema from the registry. A missing id is not remembered, because it may be registered later. */
  async learn(id: number): Promise<void> {
    if (this.#writers.has(id)) return;
    const schema = await this.#registry.schema(id);
    if (schema !== undefined) this.#writers.set(id, writerOf(schema));
  }

  decode(def: EventDef, value: Uint8Array): Read {
    if (value[0] !== 0 || value.length < WIRE_HEADER) {
      return rejected(
        'VALUE_UNREADABLE',
        'the value does not begin with the zero byte and the schema id of the Confluent wire format; for JSON set content-type to application/json',
      );
    }
    const writer = this.#writerOf(value);
    if ('kind' in writer) return writer;
    const reader = this.#reader(writer, def);
    if (typeof reader === 'string')
      return rejected('SCHEMA_MISMATCH', `schema ${schemaId(value)} cannot be read as ${def.type}: ${reader}`);
    const read = readBody(writer, reader, value);
    if (read.kind === 'rejected') return read;
    const problem = reader.numbers?.(read.value);
    return problem === undefined ? read : rejected('DATA_INVALID', `data${problem}`);
  }

  /** Decodes the value by its writer's schema alone, whatever the event. */
  decodeAsWritten(value: Uint8Array): Read {
    const writer = this.#writerOf(value);
    return 'kind' in writer ? writer : readBody(writer, { type: writer.type, resolver: undefined }, value);
  }

  #writerOf(value: Uint8Array): Writer | Rejected {
    const id = schemaId(value);
    const writer = this.#writers.get(id);
    if (writer !== undefined && writer !== 'unreadable') return writer;
    return rejected(
      'SCHEMA_UNKNOWN',
      `the registry has no readable schema with the id ${id}; register it, then replay the record`,
    );
  }

  encode(topic: string, def: EventDef, data: Readonly<Record<string, unknown>>): Uint8Array {
    const id = this.#ids.get(topic)?.get(def);
    if (id === undefined)
      throw new TributaryError(
        'DECLARATION_INVALID',
        `${def.type} is not registered for ${topic}; prepare the codec with that topic first`,
      );
    const end = this.#write(def, data);
    const value = Buffer.allocUnsafe(end);
    this.#scratch.copy(value, WIRE_HEADER, WIRE_HEADER, end);
    value[0] = 0;
    value.writeUInt32BE(id, 1);
    return value;
  }

  /** Encodes the data into the scratch buffer, after the space for the wire header. Returns the end. */
  #write(def: EventDef, data: Readonly<Record<string, unknown>>): number {
    const type = this.#typeOf(def);
    try {
      const end = type.encode(data, this.#scratch, WIRE_HEADER);
      if (end >= 0) return end;
      this.#scratch = Buffer.allocUnsafe(this.#scratch.length - end);
      return type.encode(data, this.#scratch, WIRE_HEADER);
    } catch (error) {
      const checked = compileJson(def.schema)(data, 'data');
      throw new TypeError(`${def.type}: ${checked.ok ? messageOf(error) : checked.problem}`);
    }
  }

  #typeOf(def: EventDef): Type {
    let type = this.#types.get(def);
    if (type === undefined) {
      type = compile(normalize(def.schema), false);
      this.#types.set(def, type);
    }
    return type;
  }

  #reader(writer: Writer, def: EventDef): Reader | string {
    let reader = writer.readers.get(def);
    if (reader === undefined) {
      try {
        const type = this.#typeOf(def);
        reader = { type, resolver: type.createResolver(writer.type), numbers: numberCheck(def.schema) };
      } catch (error) {
        reader = messageOf(error).slice(0, LONGEST_REASON);
      }
      writer.readers.set(def, reader);
    }
    return reader;
  }
}

function readBody(writer: Writer, { type, resolver }: Pick<Reader, 'type' | 'resolver'>, value: Uint8Array): Read {
  const body = Buffer.from(value.buffer, value.byteOffset + WIRE_HEADER, value.length - WIRE_HEADER);
  try {
    if (writer.needsBounds) checkBounds(writer.type, body);
    return { kind: 'value', value: type.fromBuffer(body, resolver) };
  } catch (error) {
    return rejected('VALUE_UNREADABLE', `the value is not Avro of schema ${schemaId(value)}: ${messageOf(error)}`);
  }
}

function compile(schema: unknown, wrapUnions: boolean | 'auto'): Type {
  return avro.Type.forSchema(schema as avro.Schema, { wrapUnions, omitRecordMethods: true });
}

/** Any text may have been registered. The schema of an id never changes, so one that does not compile stays unreadable. */
function writerOf(schema: string): Writer | 'unreadable' {
  try {
    const type = compile(JSON.parse(schema), 'auto');
    return { type, needsBounds: needsBounds(type), readers: new Map() };
  } catch {
    return 'unreadable';
  }
}
