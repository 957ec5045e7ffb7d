/** The names that columns may have: those that every engine accepts unquoted. */

const FORM = /^[a-z][a-z0-9_]{0,47}$/;

/** The columns that every datasource has. */
const FIXED = ['date', 'bucket', 'tenant'] as const;

/** Words of SQL that DuckDB or Trino does not accept as a name. */
const RESERVED: ReadonlySet<string> = new Set(
  `all alter analyse analyze and any array as asc asymmetric auto between both by case cast check collate column constraint create
  cross cube current_catalog current_date current_path current_role current_schema current_time current_timestamp current_user
  deallocate default deferrable delete desc describe distinct do drop else end escape except execute exists extract false fetch for
  foreign from full group grouping having in initially inner insert intersect into is join json_array json_exists json_object
  json_query json_table json_value lambda lateral leading left like limit listagg localtime localtimestamp natural normalize not
  null offset on only or order outer pivot pivot_longer pivot_wider placing prepare primary qualify recursive references
  returning right rollup select show skip some summarize symmetric table then to trailing trim true uescape union unique unnest
  unpivot using values variadic when where window with`.split(/\s+/),
);

export const isReserved = (name: string): boolean => RESERVED.has(name);

/** The error in the name of a declared column; undefined if it is valid. */
export function columnNameProblem(name: string): string | undefined {
  if ((FIXED as readonly string[]).includes(name)) return `a column cannot be named ${name}: every datasource has one`;
  if (!FORM.test(name))
    return `the column ${name} has to be a small letter, then up to 47 small letters, digits and underscores`;
  return isReserved(name) ? `the column ${name} is a reserved word of SQL: choose another name` : undefined;
}
