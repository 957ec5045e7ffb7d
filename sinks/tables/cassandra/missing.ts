/** What is missing in the keyspace, as the statements that create it. Only reads. */
import type { TableDef } from '../../../core/target.ts';
import type { Connection } from './connection.ts';
import { findSchema, hasKeyspace } from './found.ts';
import { claimRequest, generationsRequest, type TableRequest } from './request.ts';
import { addition, additions, checkAddable, creation, indexCreation, nameOf, tablesCql } from './schema.ts';

/** In the order in which they must run. Throws TABLE_DRIFTED if adding is not enough. */
export async function missingCql(
  connection: Connection,
  tables: readonly TableDef[],
  requests: readonly TableRequest[],
): Promise<string[]> {
  const { keyspace } = connection;
  if (!(await hasKeyspace(connection))) return tablesCql(tables, keyspace, await connection.replication());
  const found = await findSchema(connection);
  const statements = found.hasTable('tables_claims') ? [] : [claimRequest(keyspace).create];
  if (!found.hasTable('tables_generations')) statements.push(generationsRequest(keyspace).create);
  for (const request of requests) {
    if (found.hasTable(request.name)) {
      const added = additions(request, found.columns(request.name));
      if (added.some(({ addable }) => !addable)) {
        const { rows } = await connection.execute(`SELECT tenant FROM ${nameOf(request, keyspace)} LIMIT 1`, []);
        if (rows.length > 0) checkAddable(request, added);
      }
      if (added.length > 0) statements.push(addition(request, keyspace, added));
    } else statements.push(creation(request, keyspace));
    for (const column of request.indexes) {
      if (!found.hasIndex(request.name, column)) statements.push(indexCreation(request, keyspace, column));
    }
  }
  return statements;
}

/**
 * The declared fields that the table lacks or has differently; undefined if there is no such table, or it has another
 * key.
 */
export async function driftedColumns(connection: Connection, request: TableRequest): Promise<string[] | undefined> {
  if (!(await hasKeyspace(connection))) return undefined;
  const found = (await findSchema(connection)).columns(request.name);
  const known = new Map(found.map(({ name, type }) => [name, type]));
  const hasKey = request.declared.every(
    ({ kind, name }) => kind === 'regular' || found.some((each) => each.name === name && each.kind === kind),
  );
  const keys = found.filter(({ kind }) => kind === 'partition_key' || kind === 'clustering');
  if (!hasKey || keys.length !== request.keys.length) return undefined;
  const fieldOf = new Map([
    ...request.columns.map(({ name, field }) => [name, field] as const),
    ...request.maps.map(({ column, field }) => [column, field] as const),
  ]);
  return request.declared.flatMap(({ name, type }) => {
    const field = fieldOf.get(name);
    return field === undefined || known.get(name) === type ? [] : [field];
  });
}
