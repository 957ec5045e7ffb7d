/** Creates the keyspace, the tables and their indexes, and adds missing columns. Drops nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { types } from 'cassandra-driver';
import { quoted } from './columns.ts';
import type { Connection } from './connection.ts';
import { findSchema, hasKeyspace } from './found.ts';
import { claimRequest, type DeclaredColumn, generationsRequest, type TableRequest } from './request.ts';
import { addition, additions, checkAddable, creation, indexCreation, keyspaceCreation, nameOf } from './schema.ts';
import { timestampOf } from './version.ts';

const ROWS_OF_PAGE = 500;
const INDEX_MS = 10_000;
const PAUSE_MS = 100;

export async function prepareTables(connection: Connection, requests: readonly TableRequest[]): Promise<void> {
  const { keyspace } = connection;
  // A user who may not create keyspaces can use one that an administrator created.
  if (!(await hasKeyspace(connection))) {
    await connection.define(keyspaceCreation(keyspace, await connection.replication()));
  }
  const found = await findSchema(connection);
  if (!found.hasTable('tables_claims')) await connection.define(claimRequest(keyspace).create);
  if (!found.hasTable('tables_generations')) await connection.define(generationsRequest(keyspace).create);
  const fresh: [TableRequest, string][] = [];
  for (const request of requests) {
    if (found.hasTable(request.name)) {
      await addColumns(connection, request, additions(request, found.columns(request.name)));
    } else {
      await connection.define(creation(request, keyspace));
    }
    for (const column of request.indexes) {
      if (found.hasIndex(request.name, column)) continue;
      await fillIn(connection, request, column);
      await connection.define(indexCreation(request, keyspace, column));
      fresh.push([request, column]);
    }
  }
  await built(connection, fresh);
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
 * Rows that were written before a field was added have its default, but an index covers only stored values. So the
 * default is stored, with a timestamp below every version, so that it never replaces what a job wrote. The index is
 * created afterwards: if it exists, the defaults are stored.
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
 * Waits until new indexes are ready. Those of large tables take longer; until then, lookups fail with an error that is
 * retried.
 */
async function built(connection: Connection, indexes: readonly (readonly [TableRequest, string])[]): Promise<void> {
  const deadline = performance.now() + INDEX_MS;
  for (const [request, column] of indexes) {
    const value = column === '_due' ? 0 : '';
    const probe = `SELECT tenant FROM ${nameOf(request, connection.keyspace)} WHERE ${quoted(column)} = ? LIMIT 1`;
    while (performance.now() < deadline) {
      const answers = await connection.execute(probe, [value]).then(
        () => true,
        () => false,
      );
      if (answers) break;
      await sleep(PAUSE_MS);
    }
  }
}
