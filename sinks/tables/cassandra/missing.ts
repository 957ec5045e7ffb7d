/** What is missing in the keyspace, as the statements that make it. Only reads. */
import type { TableDef } from '../../../schemas/target.ts';
import type { Connection } from './connection.ts';
import { claimRequest, type TableRequest } from './request.ts';
import { addition, additions, checkAddable, creation, indexCreation, nameOf, tablesCql } from './schema.ts';

const KEYSPACE = 'SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?';
const TABLES = 'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?';
const COLUMNS =
  'SELECT table_name, column_name, type, kind, position FROM system_schema.columns WHERE keyspace_name = ?';
const INDEXES = 'SELECT table_name, options FROM system_schema.indexes WHERE keyspace_name = ?';

/** In the order in which they have to be made. Throws TABLE_DRIFTED where adding is not enough. */
export async function missingCql(
  connection: Connection,
  tables: readonly TableDef[],
  requests: readonly TableRequest[],
): Promise<string[]> {
  const { keyspace } = connection;
  const all = async (sql: string) => (await connection.execute(sql, [keyspace])).rows;
  if ((await all(KEYSPACE)).length === 0) return tablesCql(tables, keyspace, await connection.replication());
  const [names, columns, indexes] = await Promise.all([all(TABLES), all(COLUMNS), all(INDEXES)]);
  const there = new Set(names.map((row) => row['table_name'] as string));
  const indexed = new Set(indexes.map((row) => indexOf(row['table_name'], row['options'])));
  const statements = there.has('tables_claims') ? [] : [claimRequest(keyspace).create];
  for (const request of requests) {
    if (there.has(request.name)) {
      const found = columns
        .filter((row) => row['table_name'] === request.name)
        .map((row) => ({ name: row['column_name'], type: row['type'], kind: row['kind'], position: row['position'] }));
      const added = additions(request, found);
      if (added.some(({ addable }) => !addable)) {
        const { rows } = await connection.execute(`SELECT tenant FROM ${nameOf(request, keyspace)} LIMIT 1`, []);
        if (rows.length > 0) checkAddable(request, added);
      }
      if (added.length > 0) statements.push(addition(request, keyspace, added));
    } else statements.push(creation(request, keyspace));
    for (const column of request.indexes) {
      if (!indexed.has(`${request.name} ${column}`)) statements.push(indexCreation(request, keyspace, column));
    }
  }
  return statements;
}

/** Table and column of an index, the column as we write it: the target of an index is quoted where it must be. */
function indexOf(table: string, options: ReadonlyMap<string, string>): string {
  const target = options.get('target') ?? '';
  return `${table} ${target.startsWith('"') ? target.slice(1, -1).replaceAll('""', '"') : target}`;
}
