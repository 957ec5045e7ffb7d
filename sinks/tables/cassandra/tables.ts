/**
 * The tables port on Cassandra 5.
 *
 * Reads and writes are at LOCAL_QUORUM; the claim is a light-weight transaction at LOCAL_SERIAL: so all workers of one
 * installation belong to one datacenter. How versions are kept is told in `version.ts` and `writes.ts`, what a table looks
 * like in `columns.ts` and `request.ts`, how a URL is written in `url.ts`.
 *
 * A node must not lose what it has acknowledged: `commitlog_sync: batch` or `group`, or copies in places that do not fail at
 * once. With `periodic`, the default, a single node that is killed forgets its last writes.
 */
import { TributaryError } from '../../../core/errors.ts';
import type { TableDef } from '../../../core/target.ts';
import type { Tables } from '../port.ts';
import { Claims } from './claims.ts';
import { type CassandraOptions, Connection } from './connection.ts';
import { Generations } from './generations.ts';
import { TimerMarks } from './marks.ts';
import { driftedColumns, missingCql } from './missing.ts';
import { prepareTables } from './prepare.ts';
import { guarded, keysMatching, readRows, recordPage, rowsUnder, scanRows, timersDue } from './reads.ts';
import { type TableRequest, tableRequest } from './request.ts';
import { earliest } from './rows.ts';
import { nameOf } from './schema.ts';
import { Writes } from './writes.ts';

/**
 * Connects with the first call. `elapsed` is the time in ms since some moment: when timers are looked for from the beginning. `now` is
 * the time in ms since 1970 UTC; it only says whether the end of what is kept can be told.
 */
export function cassandraTables(
  options: CassandraOptions,
  elapsed = () => performance.now(),
  now: () => number = Date.now,
): Tables {
  const connection = new Connection(options);
  const claims = new Claims(connection);
  const generations = new Generations(connection);
  const writes = new Writes(connection, now);
  const marks = new TimerMarks(elapsed);
  const requests = new WeakMap<TableDef, TableRequest>();

  function requestOf(table: TableDef): TableRequest {
    let request = requests.get(table);
    if (request === undefined) {
      request = tableRequest(table, connection.keyspace);
      requests.set(table, request);
    }
    return request;
  }

  return {
    prepare: (tables) => guarded('preparing the tables', () => prepareTables(connection, tables.map(requestOf))),

    missing: (tables) => guarded('comparing the tables', () => missingCql(connection, tables, tables.map(requestOf))),

    drifted: (table) => guarded('comparing the tables', () => driftedColumns(connection, requestOf(table))),

    drop: (tables) =>
      guarded('dropping tables', async () => {
        for (const table of tables) {
          await connection.define(`DROP TABLE IF EXISTS ${nameOf(requestOf(table), connection.keyspace)}`);
        }
      }),

    generations: (job) => guarded(`reading the generations of ${job}`, () => generations.of(job)),
    setGenerations: (job, before, after) =>
      guarded(`setting the generation of ${job}`, () => generations.set(job, before, after)),

    claim: (job, topic, partition, above = 0) =>
      guarded(`claiming partition ${partition} of ${topic}`, () => {
        marks.forget();
        return claims.claim([job, topic, partition], above);
      }),

    token: (job, topic, partition) =>
      guarded(`reading the token of ${topic}`, async () => (await claims.token([job, topic, partition])) ?? 0),

    read: (table, keys) => readRows(connection, requestOf(table), table, keys),
    scan: async (table, page) => scanRows(connection, requestOf(table), table, page),
    under: (table, prefix) => rowsUnder(connection, requestOf(table), table, prefix),

    matching: async (table, search, page) => {
      const request = requestOf(table);
      const matching = request.matching.get(search.field);
      if (matching === undefined) throw notIndexed(table, search.field);
      return keysMatching(connection, request, matching, { ...search, page });
    },

    write: async (table, rows) => {
      const request = requestOf(table);
      try {
        return await writes.rows(request, rows);
      } finally {
        for (const { partition, timers } of rows) {
          const due = earliest(timers);
          if (due !== undefined) marks.set(table.name, partition, due);
        }
      }
    },

    due: async (table, partitions, before, limit) =>
      timersDue(connection, requestOf(table), marks, { partitions, before, limit }),

    /** What was taken away goes by itself. */
    sweep: async () => 0,

    apply: async (view, changes) => writes.changes(requestOf(view), changes),
    select: async (table, prefix, page) => recordPage(connection, requestOf(table), table, { prefix, page }),
    close: () => connection.close(),
  };
}

function notIndexed({ name }: TableDef, field: string): TributaryError {
  return new TributaryError('USAGE', `${name}: ${field} is not indexed; name it in \`indexed\``);
}
