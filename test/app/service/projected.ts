/** Records of projections, made from their declarations, without jobs. */
import assert from 'node:assert/strict';
import type { Wired } from '../../../app/stores/wiring.ts';
import { isNullable, type RecordSchema, type Schema } from '../../../core/avro.ts';
import { Entries } from '../../../core/entries.ts';
import { keyFields, mapFields, type Target } from '../../../core/target.ts';

/** A value of this schema. Optional values are present, so that no field is overlooked. */
function sampleOf(schema: Schema): unknown {
  if (isNullable(schema)) return sampleOf(schema[1]);
  if (schema === 'string') return 'x';
  if (schema === 'boolean') return true;
  if (typeof schema === 'string') return 7;
  switch (schema.type) {
    case 'record':
      return recordOf(schema);
    case 'enum':
      return schema.symbols[0];
    case 'array':
      return [sampleOf(schema.items)];
    case 'map':
      return { x: sampleOf(schema.values) };
  }
}

const recordOf = ({ fields }: RecordSchema): Record<string, unknown> =>
  Object.fromEntries(fields.map(({ name, type }) => [name, sampleOf(type)]));

/** The text that `secretsOf` puts in personal fields. */
export const SECRET = 'a-secret-of-somebody';

/** A record of the target with `SECRET` in each personal text, at any depth. */
export const secretsOf = ({ record }: Target): Record<string, unknown> =>
  secretly(record, false) as Record<string, unknown>;

function secretly(schema: Schema, personal: boolean): unknown {
  if (isNullable(schema)) return secretly(schema[1], personal);
  if (schema === 'string') return personal ? SECRET : 'x';
  if (typeof schema === 'string' || schema.type === 'enum') return sampleOf(schema);
  if (schema.type === 'array') return [secretly(schema.items, personal)];
  if (schema.type === 'map') return { x: secretly(schema.values, personal) };
  return Object.fromEntries(
    schema.fields.map((field) => [field.name, secretly(field.type, personal || field.personal === true)]),
  );
}

interface Stored {
  readonly tenant: string;
  /** Values that replace the generated ones. */
  readonly values?: Readonly<Record<string, unknown>>;
  readonly revision?: number;
}

/** Stores a record as the runtime would. Returns the record. */
export async function store({ stores, platform }: Wired, target: Target, { tenant, values, revision = 1 }: Stored) {
  const record = { ...recordOf(target.record), ...values };
  const key = [tenant, ...keyFields(target).map((field) => String(record[field as keyof typeof record]))];
  const version = { token: 1, revision };
  const change = { key, version, record };
  const isRow = platform.jobs.some(({ row }) => row === target);
  if (target.kind === 'index') assert.deepEqual(await stores.search.apply(target, [change]), ['written']);
  else if (target.kind === 'cache') assert.deepEqual(await stores.cache.apply(target, [change]), ['written']);
  else if (!isRow) assert.deepEqual(await stores.tables.apply(target, [change]), ['written']);
  else {
    const maps = mapFields(target.record).map(({ name }) => [
      name,
      Entries.of(Object.entries((record as Record<string, object>)[name] ?? {})),
    ]);
    const data = { ...record, ...Object.fromEntries(maps) };
    const row = { key, version, at: '', outbox: '', timers: {}, data, partition: 0, whole: true };
    assert.deepEqual(await stores.tables.write(target, [row]), ['written']);
  }
  return record;
}
