/**
 * The tables port on the SQLite file that all embedded implementations share.
 *
 * Every call is one transaction, and each of its rows is written completely or not at all. A row is one upsert that
 * compares the version, and a statement for every few changed map entries. Nothing waits, so calls do not interleave.
 */

import { Entries } from '../../../core/entries.ts';
import { messageOf, TributaryError } from '../../../core/errors.ts';
import type { TableDef } from '../../../core/target.ts';
import { type Database, guarded, isRefusal } from '../../../embedded/database.ts';
import { compareVersions, type WriteResult } from '../../port.ts';
import { Growth } from '../growth.ts';
import type { RowWrite, StoredRow, Tables } from '../port.ts';
import { quoted, type SqlValue } from './columns.ts';
import { type EntryWrites, entryWrites, outgrown } from './entries.ts';
import { driftedFields, missingStatements } from './missing.ts';
import {
  CLAIM,
  type EntriesRequest,
  FIRST_GENERATIONS,
  GENERATIONS,
  GENERATIONS_OF,
  HAS_GENERATIONS,
  NEXT_GENERATIONS,
  type TableRequest,
  TOGETHER,
  TOKEN,
  tableRequest,
} from './request.ts';
import {
  afterToken,
  changeParameters,
  dueTimers,
  idOf,
  keyOf,
  pageToken,
  prefixOf,
  recordOf,
  rowParameters,
  scanToken,
  storedRow,
  takeParameters,
  wholeKey,
} from './rows.ts';
import { entriesTable } from './shape.ts';

/** A process has several such rows in memory, each of which takes some times this size. */
const LARGEST = 64 * 1024 ** 2;

type Values = SqlValue[];

/** `now`: the time in ms since 1970 UTC; it only decides how long removed rows are kept. `largest`: the largest row, in bytes. */
export function sqliteTables(database: Database, now: () => number = Date.now, largest = LARGEST): Tables {
  const growth = new Growth(largest);
  const requests = new WeakMap<TableDef, TableRequest>();

  function requestOf(table: TableDef): TableRequest {
    let request = requests.get(table);
    if (request === undefined) {
      request = tableRequest(table);
      requests.set(table, request);
    }
    return request;
  }

  /** Runs one call of the port as one transaction. For a read, too, that costs less than a transaction for each statement. */
  function call<T>(what: string, work: () => T): Promise<T> {
    return guarded('TABLES_AWAY', what, () => database.transaction(work));
  }

  const one = (sql: string, ...values: readonly SqlValue[]) => database.statement(sql).get<Values>(...values);
  const all = (sql: string, ...values: readonly SqlValue[]) => database.statement(sql).all<Values>(...values);

  /**
   * Writes one item after the other in one transaction. If one is refused, which is very rare, everything is undone and tried again with a
   * savepoint for each item. Not the first time: inside a savepoint, statements about several rows are slower the more it covers.
   */
  function writeEach<T>(what: string, items: readonly T[], write: (item: T) => WriteResult): Promise<WriteResult[]> {
    return guarded('TABLES_AWAY', what, () => {
      try {
        return database.transaction(() => items.map(write));
      } catch (error) {
        if (!isRefusal(error)) throw error;
        return database.transaction(() => items.map((item) => writtenOrRefused(() => write(item))));
      }
    });
  }

  function writtenOrRefused(write: () => WriteResult): WriteResult {
    database.statement('SAVEPOINT item').run();
    try {
      const result = write();
      database.statement('RELEASE item').run();
      return result;
    } catch (error) {
      // Any other error undoes the whole transaction, often by SQLite itself, and the savepoint with it.
      if (!isRefusal(error)) throw error;
      database.statement('ROLLBACK TO item').run();
      database.statement('RELEASE item').run();
      return { refused: messageOf(error) };
    }
  }

  /** Writes one version of a row or record: its columns and then, if the version was accepted, its map entries. */
  function put({ upsert, entries }: TableRequest, parameters: Values, writes: EntryWrites): WriteResult {
    if (entries === undefined) return database.statement(upsert).run(...parameters).changes === 0 ? 'stale' : 'written';
    const taken = one(upsert, ...parameters);
    if (taken === undefined) return 'stale';
    putEntries(entries, taken[0] as number, writes);
    return 'written';
  }

  function putEntries({ upserts, remove, clear }: EntriesRequest, id: number, writes: EntryWrites): void {
    const { isAll, values, removed } = writes;
    if (isAll) database.statement(clear).run(id);
    for (const [field, entry] of removed) database.statement(remove).run(id, field, entry);
    for (let done = 0; done < values.length; done += 3 * TOGETHER) {
      const some = values.slice(done, done + 3 * TOGETHER);
      database.statement(upserts[some.length / 3 - 1] as string).run(id, ...some);
    }
  }

  function putRow(request: TableRequest, row: RowWrite, time: number): WriteResult {
    const parameters = rowParameters(request, row, time);
    const writes = entryWrites(request, row.data, row.whole);
    const refused = outgrown(request, growth, { data: row.data, parameters, writes });
    return refused === undefined ? put(request, parameters, writes) : { refused };
  }

  /** Writes only the bookkeeping of a row with a new owner, if its data are still those that were read. Returns whether it did. */
  function take(request: TableRequest, row: RowWrite, time: number): boolean {
    const read = row.taken?.from;
    if (read === undefined || compareVersions(row.version, read) < 0) return false;
    return database.statement(request.take).run(...takeParameters(request, row, read, time)).changes !== 0;
  }

  /** The map fields of one row. `make` converts the entries of each. */
  function mapsOf(entries: EntriesRequest | undefined, id: number, make: (entries: [string, unknown][]) => unknown) {
    const maps: Record<string, unknown> = {};
    if (entries === undefined) return maps;
    const found = new Map<string, [string, unknown][]>();
    for (const field of entries.codecs.keys()) found.set(field, []);
    for (const [field, entry, value] of all(entries.read, id)) {
      // A field that is no longer declared may have left entries behind.
      const codec = entries.codecs.get(field as string);
      if (codec !== undefined) found.get(field as string)?.push([entry as string, codec.decode(value ?? null)]);
    }
    for (const [field, list] of found) maps[field] = make(list);
    return maps;
  }

  function rowOf(request: TableRequest, table: TableDef, values: Values): StoredRow {
    return storedRow(request, table, values, (id) => mapsOf(request.entries, id, Entries.stored));
  }

  function purge(requests: readonly TableRequest[]): number {
    const time = now();
    return requests.reduce((sum, request) => sum + Number(database.statement(request.purge).run(time).changes), 0);
  }

  return {
    prepare: (tables) =>
      call('preparing the tables', () => {
        const requests = tables.map(requestOf);
        for (const statement of missingStatements(requests, all)) database.exec(statement);
        purge(requests);
      }),

    missing: (tables) => call('comparing the tables', () => missingStatements(tables.map(requestOf), all)),

    drifted: (table) => call('comparing the tables', () => driftedFields(requestOf(table), all)),

    drop: (tables) =>
      call('dropping tables', () => {
        for (const { name } of tables) {
          database.exec(`DROP TABLE IF EXISTS ${quoted(name)}; DROP TABLE IF EXISTS ${quoted(entriesTable(name))}`);
        }
      }),

    generations: (job) =>
      call(`reading the generations of ${job}`, () => {
        const row = one(HAS_GENERATIONS) && one(GENERATIONS_OF, job);
        return row && { current: row[0] as number, state: row[1] as string };
      }),

    setGenerations: (job, before, { current, state }) =>
      call(`setting the generation of ${job}`, () => {
        database.exec(GENERATIONS);
        const { changes } =
          before === undefined
            ? database.statement(FIRST_GENERATIONS).run(job, current, state)
            : database.statement(NEXT_GENERATIONS).run(job, current, state, before);
        return changes > 0;
      }),

    claim: (job, topic, partition, above = 0) =>
      call(
        `claiming partition ${partition} of ${topic}`,
        () => one(CLAIM, job, topic, partition, above)?.[0] as number,
      ),

    token: (job, topic, partition) =>
      call(`reading the token of ${topic}`, () => (one(TOKEN, job, topic, partition)?.[0] ?? 0) as number),

    read: (table, keys) =>
      call(`reading ${table.name}`, () => {
        const request = requestOf(table);
        const sql = request.under.at(-1) as string;
        return keys.map((key) => {
          const values = one(sql, ...wholeKey(request, key));
          return values && rowOf(request, table, values);
        });
      }),

    under: (table, prefix) =>
      call(`reading ${table.name}`, () => {
        const request = requestOf(table);
        const sql = request.under[prefixOf(request, prefix).length - 1] as string;
        return all(sql, ...prefix).map((values) => rowOf(request, table, values));
      }),

    scan: (table, { limit, after }) =>
      call(`reading ${table.name}`, () => {
        const request = requestOf(table);
        const rows = all(request.scan, after === undefined ? 0 : scanToken(request, after), limit + 1);
        const page = rows.slice(0, limit);
        const last = page.at(-1);
        return {
          items: page.map((values) => rowOf(request, table, values)),
          next: rows.length > limit && last !== undefined ? String(idOf(request, last)) : undefined,
        };
      }),

    matching: (table, { partitions, tenant, field, value }, { limit, after }) =>
      call(`looking for ${field} in ${table.name}`, () => {
        const request = requestOf(table);
        const one = request.matching.get(field);
        const several = request.matchingSeveral.get(field);
        if (one === undefined || several === undefined) throw notIndexed(table, field);
        const from = after === undefined ? 0 : scanToken(request, after);
        const [sql, where] =
          partitions.length === 1 ? [one, partitions[0] as number] : [several, JSON.stringify(partitions)];
        const rows = all(sql, tenant, where, value, from, limit + 1);
        const page = rows.slice(0, limit);
        return {
          items: page.map((values) => keyOf(request, values)),
          next: rows.length > limit ? String(page.at(-1)?.[request.keyLength]) : undefined,
        };
      }),

    write: async (table, rows) => {
      const request = requestOf(table);
      const time = now();
      return writeEach(`writing ${table.name}`, rows, (row) =>
        take(request, row, time) ? 'written' : putRow(request, row, time),
      );
    },

    due: (table, partitions, before, limit) =>
      call(`reading the timers of ${table.name}`, () => {
        const request = requestOf(table);
        return partitions
          .flatMap((partition) =>
            all(request.due, partition, before, limit).flatMap((row) => dueTimers(request, partition, row, before)),
          )
          .sort((a, b) => a.due - b.due)
          .slice(0, limit);
      }),

    apply: async (view, changes) => {
      const request = requestOf(view);
      const time = now();
      return writeEach(`writing ${view.name}`, changes, (change) =>
        put(request, changeParameters(request, change, time), entryWrites(request, change.record, true)),
      );
    },

    select: (table, prefix, { limit, after }) =>
      call(`reading ${table.name}`, () => {
        const request = requestOf(table);
        const index = prefixOf(request, prefix).length - 1;
        const rows =
          after === undefined
            ? all(request.first[index] as string, ...prefix, limit + 1)
            : all(request.following[index] as string, ...prefix, ...afterToken(request, prefix, after), limit + 1);
        const more = rows.length > limit;
        const page = more ? rows.slice(0, limit) : rows;
        const last = page.at(-1);
        return {
          items: page.map((values) => ({
            ...recordOf(request, table, values),
            ...mapsOf(request.entries, values.at(-1) as number, Object.fromEntries),
          })),
          next: more && last ? pageToken(prefix, keyOf(request, last)) : undefined,
        };
      }),

    sweep: (tables) => call('deleting rows that were removed', () => purge(tables.map(requestOf))),

    /** Whoever opened the database closes it, since other ports use it too. */
    close: async () => {},
  };
}

function notIndexed({ name }: TableDef, field: string): TributaryError {
  return new TributaryError('USAGE', `${name}: ${field} is not indexed; name it in \`indexed\``);
}
