/** Schemas as Markdown, shared by the generated pages. */
import { type EnumSchema, type Field, isNullable, present, type RecordSchema, type Schema } from '../core/avro.ts';

export const code = (text: string): string => `\`${text}\``;
export const codes = (texts: readonly string[]): string => texts.map(code).join(', ');

export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The anchor of a heading on the usual hosts. */
export const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');

/** A column with the form of each field in a store, by the name of the field. */
export interface Stored {
  readonly head: string;
  readonly cell: ReadonlyMap<string, string>;
}

/** The fields of a record, followed by those of nested records, which are stored within a field. */
export function fieldTables(record: RecordSchema, options: { defaults: boolean; stored?: Stored | undefined }): string {
  const { defaults, stored } = options;
  return [
    fieldTable(record, defaults, stored),
    ...recordsWithin(record).map((each) => `${titleOf(each)}\n\n${fieldTable(each, defaults)}`),
  ].join('\n\n');
}

const titleOf = ({ name, doc }: RecordSchema): string =>
  doc === undefined ? `${code(name)}:` : `${code(name)}: ${doc}`;

/** Empty columns are left out. */
function fieldTable({ fields }: RecordSchema, defaults: boolean, stored?: Stored): string {
  const columns: readonly (readonly [head: string, cell: (field: Field) => string])[] = [
    ['Field', ({ name }) => code(name)],
    ['Type', ({ type }) => typeName(type)],
    [stored?.head ?? '', ({ name }) => stored?.cell.get(name) ?? ''],
    ['Unit', ({ unit }) => unit ?? ''],
    ['Bounds', boundsOf],
    ['Default', (field) => (defaults ? defaultOf(field) : '')],
    ['Personal', ({ personal }) => (personal ? 'yes' : '')],
    ['Meaning', ({ doc }) => doc],
  ];
  const shown = columns.filter(([, cell]) => fields.some((field) => cell(field) !== ''));
  return table(
    shown.map(([head]) => head),
    fields.map((field) => shown.map(([, cell]) => cell(field))),
  );
}

function boundsOf({ minimum, maximum }: Field): string {
  if (minimum === undefined) return maximum === undefined ? '' : `at most ${maximum}`;
  return maximum === undefined ? `at least ${minimum}` : `${minimum} to ${maximum}`;
}

const defaultOf = (field: Field): string => ('default' in field ? code(JSON.stringify(field.default)) : '');

function typeName(schema: Schema): string {
  if (isNullable(schema)) return `${typeName(schema[1])} or null`;
  if (typeof schema === 'string') return schema;
  switch (schema.type) {
    case 'enum':
      return symbols(schema);
    case 'array':
      return `array of ${typeName(schema.items)}`;
    case 'map':
      return `map of ${typeName(schema.values)}`;
    case 'record':
      return code(schema.name);
  }
}

const symbols = (schema: EnumSchema): string => `one of ${codes(schema.symbols)}`;

/** The records nested in the record, each once, in the order in which they occur. */
function recordsWithin(record: RecordSchema): RecordSchema[] {
  const found = new Map<string, RecordSchema>();
  const walk = (schema: Schema): void => {
    const inner = present(schema);
    if (typeof inner === 'string' || inner.type === 'enum') return;
    if (inner.type === 'array') walk(inner.items);
    else if (inner.type === 'map') walk(inner.values);
    else if (!found.has(inner.name)) {
      found.set(inner.name, inner);
      for (const field of inner.fields) walk(field.type);
    }
  };
  for (const field of record.fields) walk(field.type);
  return [...found.values()];
}
