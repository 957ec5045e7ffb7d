/**
 * Builds all statements for a table from its declaration. `rows.ts` has the parameters.
 *
 * A table has one column for each field, so that people can read projections with plain SQL, and these columns:
 *
 * | column | what it is |
 * | --- | --- |
 * | `_id` | the number of the row, by which its map entries refer to it |
 * | `_token`, `_revision` | the version; the upsert compares it |
 * | `_partition`, `_at`, `_outbox` | see `RowWrite`; NULL in a view |
 * | `_timers`, `_due` | the pending timers as JSON and when the earliest is due; NULL if there are none |
 * | `_erased` | 0, or when the row or record was removed, in ms since 1970 UTC |
 * | `_kept` | until when a removed row or record is kept, in ms since 1970 UTC; NULL: for ever, or not removed |
 *
 * The entries of all map fields are in one more table, `<table>__entries`, ordered by `_row` (the `_id` of the row),
 * `_field` and `_entry`. So all entries that one batch writes for a row are together in the file: with the row's key
 * and in separate tables, entries took twice the space and three times the pages.
 * Timers need no table: the partial index on `_due` costs nothing for rows without timers.
 */
import type { MapSchema } from '../../../core/avro.ts';
import { TributaryError } from '../../../core/errors.ts';
import { keyFields, mapFields, type TableDef } from '../../../core/target.ts';
import { type Codec, type Column, codecOf, columnOf, quoted } from './columns.ts';
import { entriesTable, type Shape } from './shape.ts';

/** The statements for the map fields of a table. Their first parameter is always the row's `_id`. */
export interface EntriesRequest {
  /** The codec of each map field, by its name. */
  readonly codecs: ReadonlyMap<string, Codec>;
  /** For one entry of a row, for two, and so on: field, entry and value of each. */
  readonly upserts: readonly string[];
  /** Removes one entry: field and entry. */
  readonly remove: string;
  readonly clear: string;
  /** The entries of one row: [field, entry, value]. */
  readonly read: string;
}

export interface TableRequest {
  readonly name: string;
  /** How many strings a key has, including the tenant. */
  readonly keyLength: number;
  readonly fields: readonly { readonly name: string; readonly codec: Codec }[];
  /** Undefined if the table has no map field. */
  readonly entries: EntriesRequest | undefined;
  readonly shape: Shape;
  readonly indexes: readonly { readonly name: string; readonly create: string }[];
  /** Changes no row if the stored version is newer. Returns the row's `_id` if it did change one. */
  readonly upsert: string;
  /** Writes only the bookkeeping of a row, if the row has exactly this version: the bookkeeping, the key, that version. */
  readonly take: string;
  /** The rows of a prefix in the order of the key, as `storedRow` expects them; the first statement is for the tenant alone. */
  readonly under: readonly string[];
  /** The first page of live records of a prefix, and the page after a key; the first of each is for the tenant alone. */
  readonly first: readonly string[];
  readonly following: readonly string[];
  /** Rows of all tenants after an `_id`, in the order of `_id`, with the columns of `under`. */
  readonly scan: string;
  /** By the name of an indexed field; one partition, after an `_id`, in its order: tenant, partition, value, `_id`, limit. */
  readonly matching: ReadonlyMap<string, string>;
  /** The same for a JSON list of partitions. Every page goes through all rows after the `_id`. */
  readonly matchingSeveral: ReadonlyMap<string, string>;
  readonly due: string;
  /** Deletes removed rows and records that need only be kept until before a time. */
  readonly purge: string;
}

const BOOKKEEPING = [
  '_token',
  '_revision',
  '_partition',
  '_at',
  '_outbox',
  '_timers',
  '_due',
  '_erased',
  '_kept',
] as const;

/** More entries in one statement are hardly faster, and rows with few changes should benefit, too. */
export const TOGETHER = 4;

/** Removals of views are kept against older writes of a paused owner, which do not come after days. */
export const REMOVALS_KEPT_MS = 7 * 24 * 60 * 60 * 1000;

export const CLAIMS = `CREATE TABLE IF NOT EXISTS tables_claims (
  job TEXT NOT NULL, topic TEXT NOT NULL, "partition" INTEGER NOT NULL, token INTEGER NOT NULL,
  PRIMARY KEY (job, topic, "partition")
)`;
export const GENERATIONS = `CREATE TABLE IF NOT EXISTS tables_generations (
  job TEXT NOT NULL PRIMARY KEY, current INTEGER NOT NULL, state TEXT NOT NULL
)`;
/** Before the first `prepare` there is no table. */
export const HAS_GENERATIONS = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'tables_generations'";
export const GENERATIONS_OF = 'SELECT current, state FROM tables_generations WHERE job = ?';
/** Job, current, state; the state before. */
export const FIRST_GENERATIONS = 'INSERT INTO tables_generations VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING';
export const NEXT_GENERATIONS = 'UPDATE tables_generations SET current = ?2, state = ?3 WHERE job = ?1 AND state = ?4';

/** Job, topic, partition, above. */
export const CLAIM = `INSERT INTO tables_claims VALUES (?1, ?2, ?3, 1 + max(?4,
    coalesce((SELECT max(token) FROM tables_claims WHERE job = ?1 AND topic = ?2), 0)))
  ON CONFLICT DO UPDATE SET token = excluded.token RETURNING token`;
export const TOKEN = 'SELECT token FROM tables_claims WHERE job = ? AND topic = ? AND "partition" = ?';

export function tableRequest(table: TableDef): TableRequest {
  const { name } = table;
  const maps = mapFields(table.record);
  const keys = ['tenant', ...keyFields(table)];
  const fields = table.record.fields.filter((field) => !keys.includes(field.name) && !maps.some((m) => m === field));
  for (const field of table.record.fields) unreserved(name, field.name);

  const columns = [...keys.map(keyColumn), ...fields.map(columnOf), ...BOOKKEEPING.map(bookkeepingColumn)];
  const names = columns.map((column) => column.name);
  const stored = list([...keys, ...fields.map((field) => field.name), ...STORED]);
  const records = list([...keys, ...fields.map((field) => field.name), '_id']);
  const from = `FROM ${quoted(name)}`;
  const lengths = keys.map((_, index) => index + 1);
  const page = (length: number, after: string) =>
    `SELECT ${records} ${from} WHERE ${equal(keys.slice(0, length))}${after} AND _erased = 0${order(keys.slice(length))} LIMIT ?`;

  const matching = (partitions: string, field: string) =>
    `SELECT ${list([...keys, '_id'])} ${from} WHERE tenant = ? AND ${partitions} AND ${quoted(field)} = ? AND _id > ? ORDER BY _id LIMIT ?`;

  return {
    name,
    keyLength: keys.length,
    fields: fields.map((field) => ({ name: field.name, codec: codecOf(field.type) })),
    entries: maps.length === 0 ? undefined : entriesRequest(name, maps),
    shape: { name, key: keys, columns, elsewhere: maps.map((field) => field.name) },
    indexes: [
      index(name, '_due', '_partition, _due', ' WHERE _due IS NOT NULL'),
      index(name, '_kept', '_kept', ' WHERE _kept IS NOT NULL'),
      ...table.indexed.map((field) => index(name, field, `tenant, _partition, ${quoted(field)}`, '')),
    ],
    upsert: `INSERT INTO ${quoted(name)} (${list(names)}) VALUES (${placeholders(names)}) ON CONFLICT DO UPDATE SET ${names
      .slice(keys.length)
      .map((each) => `${quoted(each)} = ${next(table, each)}`)
      .join(', ')} WHERE (excluded._token, excluded._revision) >= (_token, _revision) RETURNING _id`,
    take: `UPDATE ${quoted(name)} SET ${BOOKKEEPING.filter((each) => each !== '_erased')
      .map((each) => `${each} = ?`)
      .join(', ')} WHERE ${equal([...keys, '_token', '_revision'])}`,
    under: lengths.map((n) => `SELECT ${stored} ${from} WHERE ${equal(keys.slice(0, n))}${order(keys.slice(n))}`),
    scan: `SELECT ${stored} ${from} WHERE _id > ? ORDER BY _id LIMIT ?`,
    first: lengths.map((n) => page(n, '')),
    following: lengths
      .slice(0, -1)
      .map((n) => page(n, ` AND (${list(keys.slice(n))}) > (${placeholders(keys.slice(n))})`)),
    matching: new Map(table.indexed.map((field) => [field, matching('_partition = ?', field)])),
    matchingSeveral: new Map(
      table.indexed.map((field) => [field, matching('_partition IN (SELECT value FROM json_each(?))', field)]),
    ),
    due: `SELECT ${list(keys)}, _timers ${from} WHERE _partition = ? AND _due <= ? ORDER BY _due LIMIT ?`,
    purge: `DELETE ${from} WHERE _kept < ?`,
  };
}

/** What an upsert leaves in a column. A removed row keeps the values by which it is found. */
function next(table: TableDef, column: string): string {
  const given = `excluded.${quoted(column)}`;
  if (!table.indexed.includes(column)) return given;
  return `CASE WHEN excluded._erased > 0 THEN ${quoted(column)} ELSE ${given} END`;
}

/** The columns that `under` selects after the key and the fields. */
const STORED = ['_id', '_token', '_revision', '_at', '_outbox', '_timers', '_erased'];

function entriesRequest(table: string, maps: readonly { name: string; type: MapSchema }[]): EntriesRequest {
  const name = quoted(entriesTable(table));
  const upsert = (count: number): string => {
    const values = Array.from({ length: count }, (_, i) => `(?1, ?${3 * i + 2}, ?${3 * i + 3}, ?${3 * i + 4})`);
    return `INSERT INTO ${name} (_row, _field, _entry, _value) VALUES ${values.join(', ')} ON CONFLICT DO UPDATE SET _value = excluded._value`;
  };
  return {
    codecs: new Map(maps.map((field) => [field.name, codecOf(field.type.values)])),
    upserts: Array.from({ length: TOGETHER }, (_, i) => upsert(i + 1)),
    remove: `DELETE FROM ${name} WHERE _row = ? AND _field = ? AND _entry = ?`,
    clear: `DELETE FROM ${name} WHERE _row = ?`,
    read: `SELECT _field, _entry, _value FROM ${name} WHERE _row = ?`,
  };
}

function unreserved(table: string, field: string): void {
  if (!field.startsWith('_') && field.toLowerCase() !== 'tenant') return;
  throw new TributaryError(
    'DECLARATION_INVALID',
    `${table}: the name of the field ${field} is taken: "tenant" and names that begin with "_" are columns of the store; choose another name`,
  );
}

function keyColumn(name: string): Column {
  return { name, type: 'TEXT', constraint: 'NOT NULL', added: undefined };
}

function bookkeepingColumn(name: (typeof BOOKKEEPING)[number]): Column {
  const type = name === '_at' || name === '_outbox' || name === '_timers' ? 'TEXT' : 'INTEGER';
  return { name, type, constraint: '', added: '' };
}

function index(table: string, of: string, columns: string, filter: string) {
  const name = `${table}#${of}`;
  return { name, create: `CREATE INDEX IF NOT EXISTS ${quoted(name)} ON ${quoted(table)} (${columns})${filter}` };
}

function list(names: readonly string[]): string {
  return names.map(quoted).join(', ');
}

function placeholders(names: readonly string[]): string {
  return names.map(() => '?').join(', ');
}

function equal(names: readonly string[]): string {
  return names.map((name) => `${quoted(name)} = ?`).join(' AND ');
}

function order(names: readonly string[]): string {
  return names.length === 0 ? '' : ` ORDER BY ${list(names)}`;
}
