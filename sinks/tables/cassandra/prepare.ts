/** Makes the keyspace, the tables and their indexes, and adds the columns that are missing. Drops nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { types } from 'cassandra-driver';
import { quoted } from './columns.ts';
import type { Connection } from './connection.ts';
import { claimRequest, type DeclaredColumn, type TableRequest } from './request.ts';
import {
  addition,
  additions,
  checkAddable,
  creation,
  type FoundColumn,
  indexCreation,
  keyspaceCreation,
  nameOf,
} from './schema.ts';
import { timestampOf } from './version.ts';

const KEYSPACE = 'SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?';
const TABLES = 'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?';
const COLUMNS =
  'SELECT table_name, column_name, type, kind, position FROM system_schema.columns WHERE keyspace_name = ?';
const INDEXES = 'SELECT table_name, options FROM system_schema.indexes WHERE keyspace_name = ?';

const ROWS_OF_PAGE = 500;
const INDEX_MS = 10_000;
const PAUSE_MS = 100;

export async function prepareTables(connection: Connection, requests: readonly TableRequest[]): Promise<void> {
  const { keyspace } = connection;
  const all = async (sql: string) => (await connection.execute(sql, [keyspace])).rows;
  // A user who may not make keyspaces can use one that an administrator made.
  if ((await all(KEYSPACE)).length === 0) {
    await connection.define(keyspaceCreation(keyspace, await connection.replication()));
  }
  const tables = new Set((await all(TABLES)).map((row) => row['table_name'] as string));
  const claims = claimRequest(keyspace);
  if (!tables.has('tables_claims')) await connection.define(claims.create);
  const columns = await all(COLUMNS);
  const indexed = new Set((await all(INDEXES)).map((row) => indexName(row['table_name'], row['options'])));
  const fresh: [TableRequest, string][] = [];
  for (const request of requests) {
    if (tables.has(request.name)) {
      const found = columns.filter((row) => row['table_name'] === request.name).map(foundColumn);
      await addColumns(connection, request, additions(request, found));
    } else {
      await connection.define(creation(request, keyspace));
    }
    for (const column of request.indexes) {
      if (indexed.has(`${request.name} ${column}`)) continue;
      await fillIn(connection, request, column);
      await connection.define(indexCreation(request, keyspace, column));
      fresh.push([request, column]);
    }
  }
  await built(connection, fresh);
}

function foundColumn(row: types.Row): FoundColumn {
  return { name: row['column_name'], type: row['type'], kind: row['kind'], position: row['position'] };
}

/** Table and column of an index, the column as we write it: the target of an index is quoted where it must be. */
function indexName(table: string, options: ReadonlyMap<string, string>): string {
  const target = options.get('target') ?? '';
  return `${table} ${target.startsWith('"') ? target.slice(1, -1).replaceAll('""', '"') : target}`;
}

async function addColumns(
  connection: Connection,
  request: TableRequest,
  added: readonly DeclaredColumn[],
): Promise<void> {
  if (added.length === 0) return;
  if (added.some(({ addable }) => !addable)) {
    const { rows } = await connection.execute(`SELECT tenant FROM ${nameOf(request, connection.keyspace)} LIMIT 1`, []);
    if (rows.length > 0) checkAddable(request, added);
  }
  await connection.define(addition(request, connection.keyspace, added));
}

/**
 * Rows that were written before a field was there have its default; an index knows only what is stored. It is stored below
 * every version, so that no row loses what a job wrote. The index is made after it: where there is one, this was done.
 */
async function fillIn(connection: Connection, request: TableRequest, column: string): Promise<void> {
  const backfill = request.declared.find(({ name }) => name === column)?.backfill ?? null;
  if (backfill === null) return;
  const name = nameOf(request, connection.keyspace);
  const keys = request.keys.map(quoted);
  const update = `UPDATE ${name} USING TIMESTAMP ? SET ${quoted(column)} = ? WHERE ${keys.map((key) => `${key} = ?`).join(' AND ')}`;
  const oldest = new types.Long(...timestampOf({ token: 0, revision: 0 }));
  const select = `SELECT ${[...keys, quoted(column)].join(', ')} FROM ${name}`;
  for await (const page of connection.pages(select, [], ROWS_OF_PAGE)) {
    const missing = page.filter((row) => row[column] === null);
    await Promise.all(
      missing.map((row) => connection.execute(update, [oldest, backfill, ...request.keys.map((key) => row[key])])),
    );
  }
}

/**
 * Waits until indexes that were just made answer. Those of large tables take longer: until then, whoever looks something up
 * is told that Cassandra cannot do it now, and tries again.
 */
async function built(connection: Connection, indexes: readonly (readonly [TableRequest, string])[]): Promise<void> {
  const deadline = Date.now() + INDEX_MS;
  for (const [request, column] of indexes) {
    const value = column === '_due' ? 0 : '';
    const probe = `SELECT tenant FROM ${nameOf(request, connection.keyspace)} WHERE ${quoted(column)} = ? LIMIT 1`;
    while (Date.now() < deadline) {
      const answers = await connection.execute(probe, [value]).then(
        () => true,
        () => false,
      );
      if (answers) break;
      await sleep(PAUSE_MS);
    }
  }
}
