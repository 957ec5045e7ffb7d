/** Rows as text: a part of the memory, and whole again sooner than a store answers. */
import { Entries } from '../../schemas/entries.ts';
import { jsonValueOf } from '../../schemas/json-text.ts';
import { keyFields, mapFields, type TableDef } from '../../schemas/target.ts';
import type { Key } from '../../sinks/port.ts';
import type { StoredRow } from '../../sinks/tables/port.ts';

export interface Packing {
  /** Undefined if JSON would not give it back. */
  pack(row: StoredRow): string | undefined;
  unpack(key: Key, text: string): StoredRow;
}

type Packed = [
  token: number,
  revision: number,
  at: string,
  outbox: string,
  timers: Readonly<Record<string, number>>,
  values: unknown[] | null,
];

export function packingOf(table: TableDef): Packing {
  const keys = keyFields(table);
  const maps = mapFields(table.record);
  const fields = table.record.fields.map(({ name, type }) => {
    const map = maps.find((each) => each.name === name);
    return { name, place: keys.indexOf(name), isMap: map !== undefined, ...jsonValueOf(map?.type.values ?? type) };
  });
  const stored = fields.filter(({ place }) => place < 0);

  return {
    pack({ version, at, outbox, timers, data }) {
      let values: unknown[] | null = null;
      if (data !== undefined) {
        values = [];
        for (const { name, isMap, toJson } of stored) {
          const value = data[name];
          if (typeof value === 'number' && !Number.isFinite(value)) return undefined;
          values.push(isMap ? Array.from(value as Entries<unknown>, ([k, v]) => [k, toJson(v)]) : toJson(value));
        }
      }
      const { token, revision } = version;
      return JSON.stringify([token, revision, at, outbox, timers, values] satisfies Packed);
    },
    unpack(key, text) {
      const [token, revision, at, outbox, timers, values] = JSON.parse(text) as Packed;
      const row = { key, version: { token, revision }, at, outbox, timers };
      if (values === null) return { ...row, data: undefined };
      const data: Record<string, unknown> = {};
      let next = 0;
      for (const { name, place, isMap, fromJson } of fields) {
        if (place >= 0) {
          // The tenant is before them.
          data[name] = key[place + 1];
          continue;
        }
        const value = values[next++];
        data[name] = isMap
          ? Entries.stored((value as [string, unknown][]).map(([k, v]): [string, unknown] => [k, fromJson(v)]))
          : fromJson(value);
      }
      return { ...row, data };
    },
  };
}
