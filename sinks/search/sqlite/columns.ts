/** The columns of a search index besides its key: one for every field that can be used in filters. */
import { type Field, isNullable, type Primitive, type Schema } from '../../../core/avro.ts';
import { TributaryError } from '../../../core/errors.ts';
import type { IndexDef } from '../../../core/target.ts';

type Kind = 'string' | 'number' | 'boolean';

export interface Column {
  readonly type: 'TEXT' | 'INTEGER' | 'REAL';
  readonly kind: Kind;
  /** Whether the field is an array, which matches when any of its items does. */
  readonly many: boolean;
}

/** Columns that every index has. */
const OWN = ['_id', '_tenant', '_text', '_document', '_token', '_revision', '_removed'] as const;

/** By field, in the order of the record: every plain field and every array of plain items, except text fields. */
export function columnsOf(index: IndexDef): Map<string, Column> {
  const { fields } = index.record;
  const seen = new Set<string>(OWN);
  for (const { name } of fields) {
    // Names are case-insensitive in SQLite.
    const column = name.toLowerCase();
    if (seen.has(column)) {
      throw invalid(index, `the field ${name} cannot be told from another column; give it another name`);
    }
    seen.add(column);
  }
  for (const name of index.text) {
    const field = fields.find((each) => each.name === name);
    if (field === undefined || columnOf(field.type)?.kind !== 'string') {
      throw invalid(index, `the text field ${name} is neither a string nor an array of strings; take it out of text`);
    }
  }
  const plain = (field: Field): [string, Column][] => {
    const column = index.text.includes(field.name) ? undefined : columnOf(field.type);
    return column === undefined ? [] : [[field.name, column]];
  };
  return new Map(fields.flatMap(plain));
}

function invalid({ name }: IndexDef, problem: string): TributaryError {
  return new TributaryError('DECLARATION_INVALID', `the search index ${name}: ${problem}`);
}

const SCALARS: Partial<Record<Primitive, Column>> = {
  string: { type: 'TEXT', kind: 'string', many: false },
  int: { type: 'INTEGER', kind: 'number', many: false },
  long: { type: 'INTEGER', kind: 'number', many: false },
  double: { type: 'REAL', kind: 'number', many: false },
  boolean: { type: 'INTEGER', kind: 'boolean', many: false },
};

function columnOf(schema: Schema): Column | undefined {
  if (isNullable(schema)) return columnOf(schema[1]);
  if (typeof schema === 'string') return SCALARS[schema];
  if (schema.type === 'enum') return SCALARS.string;
  if (schema.type !== 'array') return undefined;
  const item = columnOf(schema.items);
  return item === undefined || item.many ? undefined : { type: 'TEXT', kind: item.kind, many: true };
}
