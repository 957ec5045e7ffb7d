/** The parameters of a report as JSON Schema, for the OpenAPI document. */
import { z } from 'zod';
import { LONGEST_TEXT, type Parameter, type Report } from '../define-report.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** The schema of a body that includes the parameters and columns of a report. */
export function askSchema(report: Pick<Report, 'parameters' | 'columns'>, body: z.ZodType): JsonSchema {
  const { $schema: _, ...base } = z.toJSONSchema(body, { io: 'input' });
  const specs = Object.entries(report.parameters);
  const required = specs.filter(([, spec]) => spec.optional !== true && spec.default === undefined);
  const parameters = {
    type: 'object',
    properties: Object.fromEntries(specs.map(([name, spec]) => [name, schemaOf(spec)])),
    ...(required.length > 0 && { required: required.map(([name]) => name) }),
    additionalProperties: false,
  };
  const columns = { type: ['array', 'null'], items: { enum: report.columns.map(({ name }) => name) } };
  return {
    ...base,
    properties: { ...base.properties, parameters, columns },
    ...(required.length > 0 && { required: ['parameters'] }),
  };
}

function schemaOf(spec: Parameter): JsonSchema {
  const base = {
    ...typeOf(spec),
    description: spec.doc,
    ...(spec.default !== undefined && { default: spec.default }),
  };
  return spec.optional ? { anyOf: [base, { type: 'null' }], description: spec.doc } : base;
}

function typeOf(spec: Parameter): JsonSchema {
  switch (spec.type) {
    case 'text':
      return { type: 'string', maxLength: spec.longest ?? LONGEST_TEXT };
    case 'long':
      return { type: 'integer', minimum: spec.min, maximum: spec.max };
    case 'date':
      return { type: 'string', examples: ['2026-01-31', 'today-7'] };
    case 'moment':
      return { type: ['string', 'integer'], examples: ['2026-01-31T08:00:00Z', 'now'] };
    case 'zone':
      return { type: 'string', examples: ['Asia/Kolkata'] };
    case 'boolean':
      return { type: 'boolean' };
    case 'choice':
      return { enum: [...spec.of] };
  }
}
