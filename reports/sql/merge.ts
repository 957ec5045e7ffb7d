/** Merges rows of one datasource: one for each bucket and tuple, in the columns of segments, with sketches as stored. */
import { keyColumns } from '../columns.ts';
import type { Datasource } from '../define-datasource.ts';
import { list, type Made, regrouped, smallestHashes, timesByKey } from './parts.ts';

/**
 * The query of compaction, and of readers that need unique rows. `from` is a table, or a query in parentheses with a
 * name. The rows are sorted by tenant, dimensions and bucket.
 */
export function mergeSql(datasource: Datasource, from: string): string {
  const keys = keyColumns(datasource).map(({ name }) => ({ name, sql: name }));
  const merged = regrouped(datasource, {
    from,
    keys,
    made: (sketch, names) => (sketch.kind === 'distinct' ? hashes(sketch.name, names) : buckets(sketch.name, names)),
  });
  const [bucket, ...others] = keys.map(({ name }) => name);
  return `${merged}\norder by ${list([...others, bucket as string])}`;
}

const hashes = (name: string, keys: string): Made => ({
  columns: [name],
  sql: `select ${keys}, array_agg(_hash order by _hash) as ${name}
  from ${smallestHashes(name, keys)}
  group by ${keys}`,
});

const buckets = (name: string, keys: string): Made => ({
  columns: [name],
  sql: `select ${keys}, map(array_agg(_key order by _key), array_agg(_times order by _key)) as ${name}
  from ${timesByKey(name, keys)}
  group by ${keys}`,
});
