/** Records of projections as JSON: their shapes, and which parts are personal. Both are derived from the declarations. */
import { z } from 'zod';
import { isNullable, present, type RecordSchema, type Schema } from '../../../core/avro.ts';
import { once } from '../../../core/once.ts';
import type { Target } from '../../../core/target.ts';
import { pascalCase } from '../names.ts';

type Found = Readonly<Record<string, unknown>>;

/** Personal fields are optional: not everybody may see them. */
export const recordShape = ({ name, doc, record }: Target): z.ZodObject =>
  shapeOfRecord(record)
    .describe(doc)
    .meta({ id: `${pascalCase(name)}Record` });

function shapeOfRecord({ fields }: RecordSchema): z.ZodObject {
  return z.object(
    Object.fromEntries(
      fields.map(({ name, type, doc, unit, personal }) => {
        const shape = shapeOf(type).describe(unit === undefined ? doc : `${doc} In ${unit}.`);
        return [name, personal === true || isNullable(type) ? shape.optional() : shape];
      }),
    ),
  );
}

function shapeOf(schema: Schema): z.ZodType {
  if (isNullable(schema)) return shapeOf(schema[1]).nullable();
  if (typeof schema === 'string') return primitive(schema);
  switch (schema.type) {
    case 'record':
      return shapeOfRecord(schema);
    case 'enum':
      return z.enum([...schema.symbols]);
    case 'array':
      return z.array(shapeOf(schema.items));
    case 'map':
      return z.record(z.string(), shapeOf(schema.values));
  }
}

function primitive(type: Extract<Schema, string>): z.ZodType {
  switch (type) {
    case 'string':
      return z.string();
    case 'boolean':
      return z.boolean();
    case 'int':
    case 'long':
      return z.int();
    case 'double':
      return z.number();
    default:
      return z.unknown();
  }
}

/** Returns a value without its personal parts. */
type Strip = (value: unknown) => unknown;

export const hasPersonal = ({ record }: Pick<Target, 'record'>): boolean => stripper(record) !== undefined;

/** The record for callers without a role for personal data. */
export const withoutPersonal = ({ record }: Pick<Target, 'record'>, found: Found): Found =>
  (stripper(record)?.(found) as Found | undefined) ?? found;

/** Undefined if nothing is personal. */
const stripper: (schema: RecordSchema) => Strip | undefined = once(({ fields }: RecordSchema) => {
  const personal = fields.filter((field) => field.personal === true).map(({ name }) => name);
  const inner = fields.flatMap(({ name, type }) => {
    const strip = within(type);
    return strip === undefined || personal.includes(name) ? [] : [{ name, strip }];
  });
  if (personal.length === 0 && inner.length === 0) return undefined;
  return (value) => {
    if (typeof value !== 'object' || value === null) return value;
    const kept = Object.entries(value).filter(([name]) => !personal.includes(name));
    const made: Record<string, unknown> = Object.fromEntries(kept);
    for (const { name, strip } of inner) if (name in made) made[name] = strip(made[name]);
    return made;
  };
});

function within(schema: Schema): Strip | undefined {
  const bare = present(schema);
  if (typeof bare === 'string' || bare.type === 'enum') return undefined;
  if (bare.type === 'record') return stripper(bare);
  const strip = within(bare.type === 'array' ? bare.items : bare.values);
  if (strip === undefined) return undefined;
  if (bare.type === 'array') return (value) => (Array.isArray(value) ? value.map(strip) : value);
  return (value) =>
    typeof value !== 'object' || value === null
      ? value
      : Object.fromEntries(Object.entries(value).map(([name, each]) => [name, strip(each)]));
}
