/** Segments as one relation in SQL. */
import { identifier, quoted } from '../../duckdb/names.ts';
import { COLUMN_TYPES, type Layout } from './columns.ts';

/** A list of paths in SQL. */
export const listSql = (paths: readonly string[]): string => `[${paths.map(quoted).join(', ')}]`;

/**
 * A query that returns the rows of these files in the columns of the layout, whatever columns a file has: missing
 * columns are null, and other columns are left out. Each path ends in `<partition>=<day>/<name>`, which has the day.
 */
export const segmentsSql = (layout: Layout, paths: readonly string[]): string =>
  segmentsFromSql(layout, paths.length === 0 ? undefined : listSql(paths));

/** The same for the files in a list in SQL, which has at least one; undefined: no files. */
export function segmentsFromSql({ columns, partition }: Layout, list: string | undefined): string {
  const typed = (value: (name: string) => string) =>
    columns.map(({ name, type }) => `CAST(${value(identifier(name))} AS ${COLUMN_TYPES[type]}) AS ${identifier(name)}`);
  const none = `SELECT ${typed(() => 'NULL').join(', ')} WHERE false`;
  if (list === undefined) return none;
  const options = `union_by_name = true, hive_partitioning = true, hive_types = {${quoted(partition)}: DATE}`;
  const files = `read_parquet(${list}, ${options})`;
  // Without the first half, a column that no file has would be unknown.
  return `SELECT ${typed((name) => name).join(', ')} FROM (${none} UNION ALL BY NAME SELECT * FROM ${files}) AS stored`;
}
