import { isoOf } from '../../../app/text/time-text.ts';
import { present, type Schema } from '../../../core/avro.ts';
import type { TableDef } from '../../../core/target.ts';
import type { Change } from '../../../jobs/runtime/rows/history/changes.ts';
import { readableOf } from '../../output/listing.ts';

const MASK = '****';

/** The change in readable form: times in ISO 8601, and personal data masked unless they were asked for. */
export function shownChange({ record }: TableDef, change: Change, personal: boolean): Change {
  const field = record.fields.find(({ name }) => name === change.field);
  if (field === undefined) return timerChange(change);
  const shown = (value: unknown): unknown => {
    if (value === null) return value;
    if (field.personal === true && !personal) return MASK;
    // A change of a map field has one entry.
    const schema = change.entry === undefined ? field.type : valuesOf(field.type);
    const part = { type: 'record', name: 'Change', fields: [{ ...field, type: schema }] } as const;
    const { [field.name]: read } = readableOf(part, { [field.name]: value }) as Record<string, unknown>;
    return personal ? read : masked(schema, read);
  };
  const entry = change.entry !== undefined && field.personal === true && !personal ? { entry: MASK } : {};
  return { ...change, ...entry, before: shown(change.before), after: shown(change.after) };
}

/** The value of a timer is its due time. */
function timerChange(change: Change): Change {
  const due = (value: unknown) => (typeof value === 'number' ? isoOf(value) : value);
  return { ...change, before: due(change.before), after: due(change.after) };
}

function valuesOf(type: Schema): Schema {
  const schema = present(type);
  return typeof schema === 'object' && 'type' in schema && schema.type === 'map' ? schema.values : schema;
}

/** Masks personal data within the value. */
function masked(type: Schema, value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  const schema = present(type);
  if (typeof schema === 'string' || schema.type === 'enum') return value;
  if (schema.type === 'array') return (value as readonly unknown[]).map((item) => masked(schema.items, item));
  const types = new Map(schema.type === 'map' ? [] : schema.fields.map((field) => [field.name, field]));
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => {
      if (schema.type === 'map') return [name, masked(schema.values, each)];
      const field = types.get(name);
      if (field?.personal === true && each !== null) return [name, MASK];
      return [name, field === undefined ? each : masked(field.type, each)];
    }),
  );
}
