/** Parquet files of segments, made by DuckDB: compressed by zstd, with statistics read from the finished file. */
import { stat } from 'node:fs/promises';
import type { DuckConnection } from '../../duckdb/connection.ts';
import type { DuckDb } from '../../duckdb/database.ts';
import { identifier, quoted } from '../../duckdb/names.ts';
import { chunksOf, typesOf } from './cells.ts';
import { COLUMN_TYPES, type Column, type Layout, type SegmentRow, storedColumns } from './columns.ts';
import { type Statistics, statisticsOf, statisticsSql } from './statistics.ts';

/** A file that belongs to the caller, who must remove it. */
export interface SegmentFile {
  /** `YYYY-MM-DD`: the day of all its rows. */
  readonly day: string;
  readonly path: string;
  readonly bytes: number;
  readonly statistics: Statistics;
}

/**
 * Writes one file for each day with rows, in the order of the days; none if there are no rows. The rows of a file are
 * in the order of `sortBy`, or else in the given order. Throws USAGE for a row that does not fit.
 */
export async function writeSegmentFiles(
  duck: DuckDb,
  layout: Layout,
  rows: Iterable<SegmentRow>,
  sortBy: readonly string[] = [],
): Promise<SegmentFile[]> {
  const { columns, partition } = layout;
  const day = identifier(partition);
  return duck.using(async (connection) => {
    await connection.run(`CREATE TEMP TABLE staged (${declarations(columns)})`);
    await connection.append('staged', typesOf(columns), chunksOf(columns, rows));
    // One query for all days: a query for each file would take as long as writing the file.
    const stored = storedColumns(layout);
    const grouped = `${statisticsSql(stored, 'staged', `strftime(${day}, '%Y-%m-%d')`)} GROUP BY ${day} ORDER BY ${day}`;
    const files: SegmentFile[] = [];
    for (const row of await connection.rows(grouped)) {
      const name = String(row['day']);
      const query = `SELECT * FROM staged WHERE ${day} = DATE ${quoted(name)}`;
      const path = await copyFile(duck, connection, { layout, day: name, query, sortBy });
      files.push({ day: name, path, bytes: (await stat(path)).size, statistics: statisticsOf(stored, row) });
    }
    return files;
  });
}

export interface CopiedSegment {
  readonly layout: Layout;
  readonly day: string;
  /** All rows must be of that day. The query returns every column of the layout; the column of the day is optional. */
  readonly query: string;
  readonly sortBy?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Writes the result of a query to one file, each column in the type of the layout. */
export async function copySegmentFile(
  duck: DuckDb,
  connection: DuckConnection,
  copied: CopiedSegment,
): Promise<SegmentFile> {
  const { layout, day, signal } = copied;
  const columns = storedColumns(layout);
  const path = await copyFile(duck, connection, copied);
  const relation = `read_parquet(${quoted(path)}, hive_partitioning = false)`;
  const [row = {}] = await connection.rows(statisticsSql(columns, relation), signal);
  return { day, path, bytes: (await stat(path)).size, statistics: statisticsOf(columns, row) };
}

/** Returns the path. */
async function copyFile(
  duck: DuckDb,
  connection: DuckConnection,
  { layout, query, sortBy = [], signal }: CopiedSegment,
): Promise<string> {
  const columns = storedColumns(layout);
  const path = duck.file('parquet');
  const cast = columns.map(
    ({ name, type }) => `CAST(${identifier(name)} AS ${COLUMN_TYPES[type]}) AS ${identifier(name)}`,
  );
  const sorted = sortBy.filter((name) => name !== layout.partition).map(identifier);
  const order = sorted.length === 0 ? '' : ` ORDER BY ${sorted.join(', ')}`;
  const select = `SELECT ${cast.join(', ')} FROM (${query}) AS rows${order}`;
  await connection.run(`COPY (${select}) TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`, signal);
  return path;
}

function declarations(columns: readonly Column[]): string {
  return columns.map(({ name, type }) => `${identifier(name)} ${COLUMN_TYPES[type]}`).join(', ');
}
