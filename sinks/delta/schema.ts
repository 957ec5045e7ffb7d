/** Converts a table's columns to Delta's schema and back. A schema may grow only by nullable columns, at the end. */
import { TributaryError } from '../../core/errors.ts';
import type { Column, ColumnType, Layout } from '../segments/columns.ts';
import { type MetaData, type Protocol, parseObject } from './actions.ts';

const READER = 1;
const WRITER = 2;

/** What our tables require of readers and writers: only the first versions of the protocol. */
export const PROTOCOL: Protocol = { minReaderVersion: READER, minWriterVersion: WRITER };

type DeltaType = string | Readonly<Record<string, unknown>>;
const map = (keyType: string): DeltaType => ({ type: 'map', keyType, valueType: 'long', valueContainsNull: true });

const DELTA_TYPES: Readonly<Record<ColumnType, DeltaType>> = {
  string: 'string',
  long: 'long',
  double: 'double',
  boolean: 'boolean',
  timestamp: 'timestamp',
  date: 'date',
  'list<long>': { type: 'array', elementType: 'long', containsNull: true },
  'map<int,long>': map('integer'),
  'map<string,long>': map('string'),
};
/** By the name of Delta's type, whether or not values may be null. */
const COLUMN_TYPES = new Map(
  Object.entries(DELTA_TYPES).map(([type, delta]) => [keyOf(delta), type as ColumnType] as const),
);

function keyOf(type: unknown): string {
  if (typeof type !== 'object' || type === null) return String(type);
  const { type: kind, elementType, keyType, valueType } = type as Record<string, unknown>;
  return kind === 'array' ? `array<${keyOf(elementType)}>` : `${kind}<${keyOf(keyType)},${keyOf(valueType)}>`;
}

/** A column of a table. A column of an unsupported type exists but cannot be read. */
export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType | 'foreign';
  readonly nullable: boolean;
  /** The field as the schema has it. */
  readonly field: Readonly<Record<string, unknown>>;
}

function fieldOf({ name, type, nullable, doc }: Column): Readonly<Record<string, unknown>> {
  return { name, type: DELTA_TYPES[type], nullable, metadata: doc === undefined ? {} : { comment: doc } };
}

const schemaString = (fields: readonly unknown[]): string => JSON.stringify({ type: 'struct', fields });

export interface NewMetaData {
  readonly id: string;
  readonly name: string;
  readonly layout: Layout;
  readonly configuration: Readonly<Record<string, string>>;
  readonly createdTime: number;
  readonly description?: string | undefined;
}

export function metaDataOf({ layout, description, ...rest }: NewMetaData): MetaData {
  return {
    ...rest,
    ...(description === undefined ? {} : { description }),
    format: { provider: 'parquet', options: {} },
    schemaString: schemaString(layout.columns.map(fieldOf)),
    partitionColumns: [layout.partition],
  };
}

/** Throws STORE_BROKEN for an invalid schema. */
export function columnsOf(table: string, metaData: MetaData): TableColumn[] {
  const fields = parseObject(metaData.schemaString)?.['fields'];
  if (!Array.isArray(fields)) {
    throw new TributaryError('STORE_BROKEN', `the table ${table} has no schema that can be read; restore its log`);
  }
  return fields.map((field: Readonly<Record<string, unknown>>) => {
    const type = COLUMN_TYPES.get(keyOf(field['type'])) ?? 'foreign';
    return { name: String(field['name']), type, nullable: field['nullable'] !== false, field };
  });
}

/** Throws TABLE_PROTOCOL if the table requires more of its readers and writers than we support. */
export function checkProtocol(table: string, protocol: Protocol, metaData: MetaData): void {
  const { minReaderVersion, minWriterVersion } = protocol;
  const features = [...(protocol.readerFeatures ?? []), ...(protocol.writerFeatures ?? [])];
  const asks: string[] = [];
  if (minReaderVersion > READER) asks.push(`reader version ${minReaderVersion}`);
  if (minWriterVersion > WRITER) asks.push(`writer version ${minWriterVersion}`);
  if (features.length > 0) asks.push(`the features ${[...new Set(features)].join(', ')}`);
  if (metaData.schemaString.includes('"delta.invariants"')) asks.push('invariants of its columns');
  if (metaData.format.provider !== 'parquet') asks.push(`the format ${metaData.format.provider}`);
  if (asks.length === 0) return;
  const known = `reader version ${READER} and writer version ${WRITER} without features`;
  const advice = 'another program has raised it; restore the table as it was before, or write to a new one';
  throw new TributaryError(
    'TABLE_PROTOCOL',
    `the table ${table} requires ${asks.join(', ')}; this release supports ${known}; ${advice}`,
  );
}

/**
 * The metadata that add the missing columns to the table; undefined if none is missing. Throws TABLE_DRIFTED if a column has another type,
 * if the table requires a column that may be null in ours, if it lacks a required column, or if its partition is another.
 */
export function grown(
  table: string,
  metaData: MetaData,
  there: readonly TableColumn[],
  { columns, partition }: Layout,
): MetaData | undefined {
  const problems: string[] = [];
  if (metaData.partitionColumns.join() !== partition) {
    problems.push(`it is partitioned by ${metaData.partitionColumns.join(', ') || 'nothing'}, not by ${partition}`);
  }
  const missing: Column[] = [];
  for (const column of columns) {
    const { name, type, nullable } = column;
    const found = there.find((each) => each.name.toLowerCase() === name.toLowerCase());
    if (found === undefined) {
      missing.push(column);
      if (!nullable) problems.push(`it lacks ${name}, which could only be added as a nullable column`);
    } else if (found.name !== name || found.type !== type) {
      const now = found.type === 'foreign' ? JSON.stringify(found.field['type']) : found.type;
      problems.push(`its column ${found.name} is ${now}, not ${name}: ${type}`);
    } else if (!found.nullable && nullable) problems.push(`its column ${name} must have a value`);
  }
  if (problems.length > 0) {
    const advice = 'make a new table and fill it again';
    throw new TributaryError(
      'TABLE_DRIFTED',
      `the table ${table} differs from its declaration: ${problems.join('; ')}; ${advice}`,
    );
  }
  if (missing.length === 0) return undefined;
  return { ...metaData, schemaString: schemaString([...there.map(({ field }) => field), ...missing.map(fieldOf)]) };
}
