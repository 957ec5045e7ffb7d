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
import { types } from 'cassandra-driver';
import { TributaryError } from '../../../schemas/errors.ts';
import type { TableDef } from '../../../schemas/target.ts';
import type { Tables } from '../port.ts';
import { type CassandraOptions, Connection } from './connection.ts';
import { TimerMarks } from './marks.ts';
import { missingCql } from './missing.ts';
import { prepareTables } from './prepare.ts';
import { countOf, guarded, keysWhere, readRows, recordPage, rowsUnder, scanRows, timersDue } from './reads.ts';
import { claimRequest, type TableRequest, tableRequest } from './request.ts';
import { earliest, numberOf } from './rows.ts';
import { checkToken } from './version.ts';
import { Writes } from './writes.ts';

const CLAIM_MS = 10_000;
/** A light-weight transaction is not idempotent: whether one that timed out happened is seen by the next. */
const LIGHT_WEIGHT = { isIdempotent: false, serialConsistency: types.consistencies.localSerial };
const SERIAL = { consistency: types.consistencies.localSerial };

/** Connects with the first call. `elapsed` is the time in ms since some moment: when timers are looked for from the beginning. */
export function cassandraTables(options: CassandraOptions, elapsed = () => performance.now()): Tables {
  const connection = new Connection(options);
  const claims = claimRequest(connection.keyspace);
  const writes = new Writes(connection);
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

  async function tokenOf(place: readonly unknown[]): Promise<number | undefined> {
    const { rows } = await connection.execute(claims.token, place, SERIAL);
    return rows[0] === undefined ? undefined : numberOf(rows[0]['token']);
  }

  /** One try to count up. Undefined: somebody else did, or nobody knows. */
  async function countedUp(place: readonly unknown[]): Promise<number | undefined> {
    const token = await tokenOf(place);
    const next = (token ?? 0) + 1;
    checkToken(next);
    const { rows } =
      token === undefined
        ? await connection.execute(claims.first, [...place, next], LIGHT_WEIGHT)
        : await connection.execute(claims.next, [next, ...place, token], LIGHT_WEIGHT);
    return rows[0]?.['[applied]'] === true ? next : undefined;
  }

  return {
    prepare: (tables) => guarded('preparing the tables', () => prepareTables(connection, tables.map(requestOf))),

    missing: (tables) => guarded('comparing the tables', () => missingCql(connection, tables, tables.map(requestOf))),

    claim: (job, topic, partition) =>
      guarded(`claiming partition ${partition} of ${topic}`, async () => {
        marks.forget();
        const deadline = performance.now() + CLAIM_MS;
        for (;;) {
          let fault: unknown;
          const token = await countedUp([job, topic, partition]).catch((error) => {
            if (!isContention(error)) throw error;
            fault = error;
            return undefined;
          });
          if (token !== undefined) return token;
          if (performance.now() < deadline) continue;
          throw (
            fault ??
            new TributaryError(
              'TABLES_AWAY',
              `others claim partition ${partition} of ${topic} all the time; it is tried again`,
            )
          );
        }
      }),

    token: (job, topic, partition) =>
      guarded(`reading the token of ${topic}`, async () => (await tokenOf([job, topic, partition])) ?? 0),

    read: (table, keys) => readRows(connection, requestOf(table), table, keys),
    scan: async (table, page) => scanRows(connection, requestOf(table), table, page),
    under: (table, prefix) => rowsUnder(connection, requestOf(table), table, prefix),

    where: async (table, partition, tenant, field, value) => {
      const request = requestOf(table);
      const sql = request.where.get(field);
      if (sql !== undefined) return keysWhere(connection, request, sql, [value, tenant, partition]);
      throw new TributaryError('USAGE', `${table.name}: ${field} is not indexed; name it in \`indexed\``);
    },

    matching: async (table, partitions, tenant, field, value) => {
      const request = requestOf(table);
      const sql = request.where.get(field) as string;
      const found = await Promise.all(
        partitions.map((one) => keysWhere(connection, request, sql, [value, tenant, one])),
      );
      return { items: found.flat(), next: undefined };
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

    due: async (table, partitions, before, limit) => {
      const found = await Promise.all(
        partitions.map((one) => timersDue(connection, requestOf(table), marks, one, before, limit)),
      );
      return found
        .flat()
        .sort((a, b) => a.due - b.due)
        .slice(0, limit);
    },
    sweep: async () => 0,

    apply: async (view, changes) => writes.changes(requestOf(view), changes),
    select: async (table, prefix, page) => recordPage(connection, requestOf(table), table, prefix, page),
    count: async (table, tenant) => countOf(connection, requestOf(table), tenant),
    close: () => connection.close(),
  };
}

/** Two claims at once make one of them time out, though the store is there. */
function isContention(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === types.responseErrorCodes.writeTimeout || code === types.responseErrorCodes.readTimeout;
}
