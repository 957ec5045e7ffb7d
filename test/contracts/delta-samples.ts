/** A Delta table for tests: its columns, its rows, and its dependencies. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type DuckDb, openDuckDb } from '../../duckdb/database.ts';
import {
  type Action,
  type DeltaOptions,
  type DeltaTable,
  deltaTable,
  filesOf,
  pinFiles,
  type Snapshot,
  segmentWriter,
} from '../../sinks/delta/index.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import { type SegmentCache, segmentCache } from '../../sinks/segments/cache.ts';
import type { Column, Layout, Long, SegmentRow } from '../../sinks/segments/columns.ts';
import { segmentsSql } from '../../sinks/segments/source.ts';

const column = (name: string, type: Column['type'], nullable = true): Column => ({ name, type, nullable });

/** Columns of every type, some of them required. */
export const LAYOUT: Layout = {
  partition: 'date',
  columns: [
    column('date', 'date', false),
    column('at', 'timestamp', false),
    column('tenant', 'string', false),
    column('course', 'string'),
    column('count', 'long', false),
    column('score', 'double'),
    column('isActive', 'boolean'),
    column('birthday', 'date'),
    column('learners', 'list<long>'),
    column('buckets', 'map<int,long>'),
    column('regions', 'map<string,long>'),
  ],
};

export const GROWN: Layout = {
  ...LAYOUT,
  columns: [...LAYOUT.columns, { ...column('added', 'long'), doc: 'Added later.' }],
};

const MINUTE = 60_000;

/** The n-th row of a day. Some cells are null, some at the limits of their types. */
export function rowOf(n: number, day = '2026-11-30'): SegmentRow {
  return {
    date: day,
    at: Date.parse(`${day}T09:00:00Z`) + n * MINUTE + 123,
    tenant: n % 2 === 0 ? 'north' : 'süd',
    course:
      n % 5 === 4 ? null : `${n % 7 === 6 ? 'größer als alle anderen, und noch viel länger 🌊' : 'course'}-${n % 7}`,
    count: n % 11 === 0 ? 2n ** 62n + BigInt(n) : n,
    score: n % 3 === 0 ? null : n / 8,
    isActive: n % 4 === 0 ? null : n % 2 === 0,
    birthday: n % 6 === 0 ? null : `19${50 + (n % 50)}-02-28`,
    learners: n % 7 === 0 ? null : Array.from({ length: n % 4 }, (_, i) => 2n ** 60n + BigInt(n * 10 + i)),
    buckets: n % 8 === 0 ? null : new Map(Array.from({ length: n % 3 }, (_, i) => [i - 1, n] as const)),
    regions:
      n % 9 === 0
        ? null
        : new Map<string, Long>([
            ['ost', n],
            ['west', 2n ** 55n],
          ]),
  };
}

export const rowsOf = (from: number, to: number, day?: string): SegmentRow[] =>
  Array.from({ length: to - from }, (_, i) => rowOf(from + i, day));

export interface World {
  readonly objects: Objects;
  readonly duck: DuckDb;
  readonly cache: SegmentCache;
  /** The folder of scratch files and of the cache. */
  readonly folder: string;
  /** A manual clock. It begins with the machine's time, since objects have that time. */
  readonly clock: { now: number };
  open(options?: Partial<DeltaOptions>): DeltaTable;
  /** Commits rows as segments, with further actions such as a txn. */
  write(table: DeltaTable, rows: readonly SegmentRow[], more?: readonly Action[], layout?: Layout): Promise<Snapshot>;
  /** All rows of the snapshot, in the order of `at`, as plain JSON. */
  rows(snapshot: Snapshot, layout?: Layout): Promise<unknown[]>;
}

export const TABLE = 'rollups/enrollments';
export const LOG = `${TABLE}/_delta_log/`;
export const DAY = 24 * 3_600_000;

export const commitOf = (version: number): string => `${LOG}${String(version).padStart(20, '0')}.json`;
export const txn = (appId: string, version: number): Action => ({ txn: { appId, version } });

/** Declares tests, each with its own store. */
export function deltaTests(name: string, make: (t: TestContext) => Promise<Objects>) {
  return (title: string, body: (world: World) => Promise<void>): void => {
    test(`${name}: ${title}`, async (t) => body(await worldOf(t, await make(t))));
  };
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'delta-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function worldOf(t: TestContext, objects: Objects): Promise<World> {
  const folder = await temporaryFolder(t);
  const cache = segmentCache({ folder: join(folder, 'cache'), objects, maxBytes: 100_000_000 });
  const duck = await openDuckDb({ folder: join(folder, 'duck'), readable: [cache.folder], threads: 1 });
  t.after(() => duck.close());
  const clock = { now: Date.now() };
  const now = () => clock.now;
  let writers = 0;
  return {
    objects,
    duck,
    cache,
    folder,
    clock,
    open: (options = {}) => {
      return deltaTable({ objects, duck, table: TABLE, now, engine: 'test', pause: async () => {}, ...options });
    },
    async write(table, rows, more = [], layout = LAYOUT) {
      writers += 1;
      const writer = segmentWriter({
        objects,
        duck,
        table: table.table,
        layout,
        writer: `w${writers}`,
        now,
        sortBy: ['at'],
      });
      const adds = await writer.write(rows);
      const { snapshot } = await table.commit(() => ({
        operation: 'WRITE',
        actions: [...more, ...adds.map((add) => ({ add }))],
      }));
      return snapshot;
    },
    async rows(snapshot, layout = LAYOUT) {
      await using pinned = await pinFiles(cache, snapshot, filesOf(snapshot));
      const query = `SELECT CAST(to_json(r) AS VARCHAR) AS row FROM (${segmentsSql(layout, pinned.paths)}) AS r ORDER BY r."at"`;
      const rows = await duck.using((connection) => connection.rows(query));
      return rows.map(({ row }) => JSON.parse(exact(String(row))));
    },
  };
}

/** Turns JSON integers of 16 and more digits, which may exceed 2^53, into strings. */
const exact = (json: string): string => json.replaceAll(/(?<=[:[,])-?\d{16,}(?=[,\]}])/g, '"$&"');

/** A row as `World.rows` returns it. */
export function plain(row: SegmentRow, layout: Layout = LAYOUT): unknown {
  return Object.fromEntries(layout.columns.map(({ name, type }) => [name, plainCell(row[name], type)]));
}

function plainCell(cell: unknown, type: Column['type']): unknown {
  if (cell === undefined || cell === null) return null;
  if (type === 'timestamp') return new Date(cell as number).toISOString().replace('T', ' ').replace('Z', '+00');
  if (typeof cell === 'bigint') return Number.isSafeInteger(Number(cell)) ? Number(cell) : String(cell);
  if (Array.isArray(cell)) return cell.map((each) => plainCell(each, 'long'));
  if (cell instanceof Map) return Object.fromEntries([...cell].map(([key, value]) => [key, plainCell(value, 'long')]));
  return cell;
}
