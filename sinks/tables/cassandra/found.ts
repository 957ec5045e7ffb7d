/** Reads what exists in the keyspace: its tables, their columns and their indexes. */
import type { Connection } from './connection.ts';
import type { FoundColumn } from './schema.ts';

const KEYSPACE = 'SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?';
const TABLES = 'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?';
const COLUMNS =
  'SELECT table_name, column_name, type, kind, position FROM system_schema.columns WHERE keyspace_name = ?';
const INDEXES = 'SELECT table_name, options FROM system_schema.indexes WHERE keyspace_name = ?';

export interface Found {
  hasTable(name: string): boolean;
  columns(table: string): FoundColumn[];
  /** `column` as we write it, without quotes. */
  hasIndex(table: string, column: string): boolean;
}

export async function hasKeyspace(connection: Connection): Promise<boolean> {
  return (await connection.execute(KEYSPACE, [connection.keyspace])).rows.length > 0;
}

export async function findSchema(connection: Connection): Promise<Found> {
  const all = async (sql: string) => (await connection.execute(sql, [connection.keyspace])).rows;
  const [names, columns, indexes] = await Promise.all([all(TABLES), all(COLUMNS), all(INDEXES)]);
  const tables = new Set(names.map((row) => row['table_name'] as string));
  const indexed = new Set(indexes.map((row) => indexName(row['table_name'], targetOf(row['options']))));
  return {
    hasTable: (name) => tables.has(name),
    columns: (table) =>
      columns
        .filter((row) => row['table_name'] === table)
        .map((row) => ({ name: row['column_name'], type: row['type'], kind: row['kind'], position: row['position'] })),
    hasIndex: (table, column) => indexed.has(indexName(table, column)),
  };
}

function indexName(table: string, column: string): string {
  return `${table} ${column}`;
}

/** The column of an index, without the quotes that it may have. */
function targetOf(options: ReadonlyMap<string, string>): string {
  const target = options.get('target') ?? '';
  return target.startsWith('"') ? target.slice(1, -1).replaceAll('""', '"') : target;
}
