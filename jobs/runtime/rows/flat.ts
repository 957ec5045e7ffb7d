/**
 * Writes values of a schema as one flat list of texts, numbers, booleans and nulls, and reads them back. Without field names, the list as
 * JSON is little more than half as long as that of the values themselves, and quicker to make.
 */
import { isNullable, type RecordSchema, type Schema } from '../../../core/avro.ts';
import { Entries } from '../../../core/entries.ts';

type Write = (value: unknown, list: unknown[]) => void;
type Read = (list: FlatReader) => unknown;

export interface Flat {
  /** Throws NOT_JSON for a number that JSON does not have. */
  readonly write: Write;
  readonly read: Read;
}

export const NOT_JSON: unique symbol = Symbol('not JSON');

/** Reads a list, starting at an index. */
export class FlatReader {
  readonly #list: readonly unknown[];
  #next: number;

  constructor(list: readonly unknown[], from: number) {
    this.#list = list;
    this.#next = from;
  }

  take(): unknown {
    return this.#list[this.#next++];
  }
}

export function flat(schema: Schema): Flat {
  if (isNullable(schema)) return nullable(flat(schema[1]));
  if (schema === 'bytes') return BYTES;
  if (schema === 'long') return LONG;
  if (schema === 'int' || schema === 'double') return NUMBER;
  if (typeof schema === 'string' || schema.type === 'enum') return PLAIN;
  if (schema.type === 'record') return record(schema);
  return schema.type === 'array' ? array(flat(schema.items)) : map(flat(schema.values));
}

/** A map field of a row. */
export function entries(values: Schema): Flat {
  const { write, read } = flat(values);
  return {
    write(value, list) {
      const entries = value as Entries<unknown>;
      list.push(entries.size);
      entries.forEach((each, key) => {
        list.push(key);
        write(each, list);
      });
    },
    read(list) {
      const base = new Map<string, unknown>();
      for (let left = list.take() as number; left > 0; left--) base.set(list.take() as string, read(list));
      return Entries.held(base);
    },
  };
}

const PLAIN: Flat = { write: (value, list) => void list.push(value), read: (list) => list.take() };

const NUMBER: Flat = {
  write(value, list) {
    if (!Number.isFinite(value)) throw NOT_JSON;
    list.push(value);
  },
  read: (list) => list.take(),
};

/** Times are longs, and make up most of a row. Two numbers of few digits are written and read several times as fast as one of many. */
const MILLION = 1e6;
const LONG: Flat = {
  write(value, list) {
    if (!Number.isFinite(value)) throw NOT_JSON;
    const high = Math.floor((value as number) / MILLION);
    list.push(high, (value as number) - high * MILLION);
  },
  read: (list) => (list.take() as number) * MILLION + (list.take() as number),
};

const BYTES: Flat = {
  write: (value, list) => void list.push(Buffer.from(value as Uint8Array).toString('base64')),
  read: (list) => Uint8Array.from(Buffer.from(list.take() as string, 'base64')),
};

function nullable({ write, read }: Flat): Flat {
  return {
    write(value, list) {
      const isThere = value !== null && value !== undefined;
      list.push(isThere);
      if (isThere) write(value, list);
    },
    read: (list) => (list.take() === true ? read(list) : null),
  };
}

function record({ fields }: RecordSchema): Flat {
  const each = fields.map(({ name, type }) => ({ name, ...flat(type) }));
  return {
    write(value, list) {
      for (const { name, write } of each) write((value as Record<string, unknown>)[name], list);
    },
    read(list) {
      const result: Record<string, unknown> = {};
      for (const { name, read } of each) result[name] = read(list);
      return result;
    },
  };
}

function array({ write, read }: Flat): Flat {
  return {
    write(value, list) {
      const items = value as readonly unknown[];
      list.push(items.length);
      for (const item of items) write(item, list);
    },
    read: (list) => Array.from({ length: list.take() as number }, () => read(list)),
  };
}

function map({ write, read }: Flat): Flat {
  return {
    write(value, list) {
      const pairs = Object.entries(value as object);
      list.push(pairs.length);
      for (const [key, each] of pairs) {
        list.push(key);
        write(each, list);
      }
    },
    // Not by assignment: that would set the prototype for the key `__proto__`.
    read: (list) =>
      Object.fromEntries(Array.from({ length: list.take() as number }, () => [list.take() as string, read(list)])),
  };
}
