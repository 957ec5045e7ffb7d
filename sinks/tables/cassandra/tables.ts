/**
 * The tables port on Cassandra 5.
 *
 * Reads and writes use LOCAL_QUORUM; the claim is a light-weight transaction at LOCAL_SERIAL. So all workers of one
 * installation must be in one datacenter. `version.ts` and `writes.ts` explain versions, `columns.ts` and `request.ts`
 * the tables, `location.ts` the URL.
 *
 * A node must not lose acknowledged writes: use `commitlog_sync: batch` or `group`, or replicas that do not fail at the
 * same time. With `periodic`, the default, a single node that is killed loses its last writes.
 */
import { TributaryError } from '../../../core/errors.ts';
import type { TableDef } from '../../../core/target.ts';
import type { Tables } from '../port.ts';
import { Claims } from './claims.ts';
import { type CassandraOptions, Connection } from './connection.ts';
import { Generations } from './generations.ts';
import { driftedColumns, missingCql } from './missing.ts';
import { prepareTables } from './prepare.ts';
import { guarded, keysMatching, readRows, recordPage, rowsUnder, scanRows, timersDue } from './reads.ts';
import { type TableRequest, tableRequest } from './request.ts';
import { earliest } from './rows.ts';
import { nameOf } from './schema.ts';
import { TimerSearches } from './timer-searches.ts';
import { Writes } from './writes.ts';

/**
 * Connects with the first call. `elapsed` is a monotonic time in ms, which decides when timers are searched from the
 * beginning. `now` is the time in ms since 1970 UTC, which only decides whether Cassandra can represent the end of a
 * retention.
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
  const searches = new TimerSearches(elapsed);
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
        searches.forget();
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
          if (due !== undefined) searches.set(table.name, partition, due);
        }
      }
    },

    due: async (table, partitions, before, limit) =>
      timersDue(connection, requestOf(table), searches, { partitions, before, limit }),

    /** Removed rows expire automatically. */
    sweep: async () => 0,

    apply: async (view, changes) => writes.changes(requestOf(view), changes),
    select: async (table, prefix, page) => recordPage(connection, requestOf(table), table, { prefix, page }),
    close: () => connection.close(),
  };
}

function notIndexed({ name }: TableDef, field: string): TributaryError {
  return new TributaryError('USAGE', `${name}: ${field} is not indexed; name it in \`indexed\``);
}
