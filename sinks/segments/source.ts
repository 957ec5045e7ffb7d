/** Segments as one relation of SQL. */
import { identifier, quoted } from '../../duckdb/names.ts';
import { COLUMN_TYPES, type Layout } from './columns.ts';

/**
 * A query that returns the rows of these files in the columns of the layout, whatever columns a file has: missing ones are
 * null, and additional ones are left out. Each path ends in `<partition>=<day>/<name>`, which has the day.
 */
export function segmentsSql(layout: Layout, paths: readonly string[]): string {
  const { columns, partition } = layout;
  const typed = (value: (name: string) => string) =>
    columns.map(({ name, type }) => `CAST(${value(identifier(name))} AS ${COLUMN_TYPES[type]}) AS ${identifier(name)}`);
  const none = `SELECT ${typed(() => 'NULL').join(', ')} WHERE false`;
  if (paths.length === 0) return none;
  const options = `union_by_name = true, hive_partitioning = true, hive_types = {${quoted(partition)}: DATE}`;
  const files = `read_parquet([${paths.map(quoted).join(', ')}], ${options})`;
  // Without the first half, a column that no file has would be unknown.
  return `SELECT ${typed((name) => name).join(', ')} FROM (${none} UNION ALL BY NAME SELECT * FROM ${files}) AS stored`;
}
