/**
 * Builds all statements for a table from its declaration. `rows.ts` has the parameters.
 *
 * The partition key is the tenant and the fields of `key`; the clustering is `sort`. Besides one column for each field
 * (see `columns.ts`), a row has these columns, which are part of the same write:
 *
 * | column | meaning |
 * | --- | --- |
 * | `_token`, `_revision` | the version, which is also in the timestamp of every cell |
 * | `_partition`, `_at`, `_outbox` | see `RowWrite`; null in a view |
 * | `_timers`, `_due` | the pending timers as JSON, '' for none, and when the earliest is due |
 * | `_erased` | true: the row was removed, and only its position and its indexed values are kept |
 *
 * The columns of a removed row have the retention as their time to live, and then disappear by themselves.
 *
 * Indexes are storage-attached: Cassandra updates them in the same write as the row. So a crash leaves neither a row
 * that cannot be found nor an index entry without a row.
 */
import type { RecordSchema } from '../../../core/avro.ts';
import { TributaryError } from '../../../core/errors.ts';
import { keyFields, mapFields, type TableDef } from '../../../core/target.ts';
import { type Codec, type Column, checkNames, codecOf, columnName, columnOf, mapColumnOf, quoted } from './columns.ts';

export interface MapRequest {
  readonly field: string;
  readonly column: string;
  /** Converts one value of the map. */
  readonly codec: Codec;
}

export interface TableRequest {
  readonly name: string;
  /** How many strings a key has, including the tenant; and how many of them form the partition key. */
  readonly keyLength: number;
  readonly partitionLength: number;
  /** The columns of the key, the tenant first. */
  readonly keys: readonly string[];
  /** The columns of all other fields except the maps. */
  readonly columns: readonly Column[];
  readonly maps: readonly MapRequest[];
  /** Every column as it is declared; the key comes first, in its order. */
  readonly declared: readonly DeclaredColumn[];
  /** The columns with an index, in the order in which the indexes are created. */
  readonly indexes: readonly string[];
  /** Indexed values must not be long. These positions of the key, and these fields of the record, are indexed. */
  readonly indexedKeys: readonly number[];
  readonly indexedFields: readonly string[];

  /** A whole row: key, columns, maps, bookkeeping, timestamp, seconds to live (0: for ever). */
  readonly insert: string;
  /**
   * A changed row: timestamp, values, key. `indexes` are the positions of the changed parts, in order, among everything
   * that can be set: the columns, [added, removed] of each map, the bookkeeping.
   */
  readonly update: (indexes: readonly number[]) => string;
  /** A whole record of a view: key, columns, maps, token, revision, timestamp. */
  readonly put: string;
  /** Timestamp, key. */
  readonly remove: string;

  /** The values of `indexedFields` of one row, by its key. */
  readonly kept: string;
  /**
   * One row by its key; and rows whose keys differ only in the last part: the common parts, then a list of the last
   * parts.
   */
  readonly one: string;
  readonly several: string;
  /** Rows of one partition key, by the number of parts of `sort` that the prefix has. */
  readonly within: readonly string[];
  /** The same, after the rest of a key. */
  readonly withinAfter: readonly string[];
  /** All rows of all tenants, in the order of the tokens of their partition keys; and those after a partition key. */
  readonly all: string;
  readonly allAfter: string;
  /** By the name of an indexed field. */
  readonly matching: ReadonlyMap<string, Matching>;
  /** From, until (both included), partitions. */
  readonly due: string;
  /** The tenant of every row, and whether it was removed. */
  readonly erased: string;
}

/** Keys of rows with a value in a field, in the order of the tokens of their partition keys. */
export interface Matching {
  /** Value, tenant, partitions; and rows after a partition key, which is added to these parameters. */
  readonly first: string;
  readonly after: string;
  /** The rows of a partition key after a whole key, whatever their values: key, `_partition` and the field's column. */
  readonly rest: string | undefined;
  readonly column: string;
}

export interface DeclaredColumn {
  readonly name: string;
  readonly type: string;
  readonly kind: 'partition_key' | 'clustering' | 'regular';
  readonly addable: boolean;
  /** The value by which an index must find rows that were written before the column was added. */
  readonly backfill: unknown;
}

const BOOKKEEPING = {
  _token: 'bigint',
  _revision: 'bigint',
  _partition: 'int',
  _at: 'text',
  _outbox: 'text',
  _timers: 'text',
  _due: 'bigint',
  _erased: 'boolean',
};
const BOOK = Object.keys(BOOKKEEPING);

const CLAIM_KEY = 'job = ? AND topic = ? AND "partition" = ?';

export type ClaimRequest = ReturnType<typeof claimRequest>;

/** Used in place of a partition, for the row with the largest token of all partitions. */
export const LINE = -1;

/**
 * The claims. There is one row for each partition of a job's topic, written only by light-weight transactions and never
 * with a timestamp; and one row for the largest token (LINE), which is always written with a timestamp.
 */
export function claimRequest(keyspace: string) {
  const table = `${quoted(keyspace)}.tables_claims`;
  return {
    create: `CREATE TABLE IF NOT EXISTS ${table} (job text, topic text, "partition" int, "token" bigint, PRIMARY KEY ((job, topic, "partition")))`,
    first: `INSERT INTO ${table} (job, topic, "partition", "token") VALUES (?, ?, ?, ?) IF NOT EXISTS`,
    next: `UPDATE ${table} SET "token" = ? WHERE ${CLAIM_KEY} IF "token" = ?`,
    token: `SELECT "token" FROM ${table} WHERE ${CLAIM_KEY}`,
    /** Job, topic, LINE, token, timestamp. */
    raise: `INSERT INTO ${table} (job, topic, "partition", "token") VALUES (?, ?, ?, ?) USING TIMESTAMP ?`,
    all: `SELECT job, topic, "token" FROM ${table}`,
  };
}

export type GenerationsRequest = ReturnType<typeof generationsRequest>;

/** The current generation of each job's rows, written only by light-weight transactions. */
export function generationsRequest(keyspace: string) {
  const table = `${quoted(keyspace)}.tables_generations`;
  return {
    create: `CREATE TABLE IF NOT EXISTS ${table} (job text PRIMARY KEY, current int, state text)`,
    of: `SELECT current, state FROM ${table} WHERE job = ?`,
    /** Job, current, state. */
    first: `INSERT INTO ${table} (job, current, state) VALUES (?, ?, ?) IF NOT EXISTS`,
    /** Current, state, job, the previous state. */
    next: `UPDATE ${table} SET current = ?, state = ? WHERE job = ? IF state = ?`,
  };
}

export function tableRequest(table: TableDef, keyspace: string): TableRequest {
  checkNames(
    table.name,
    table.record.fields.map((field) => field.name),
  );
  const keys = ['tenant', ...keyFields(table).map(columnName)];
  const partitionLength = 1 + table.key.length;
  const mapped = mapFields(table.record);
  const maps = mapped.map((field) => ({ field: field.name, ...mapColumnOf(field) }));
  const columns = table.record.fields
    .filter((field) => !keyFields(table).includes(field.name) && !mapped.some((map) => map === field))
    .map(columnOf);
  const indexed = table.indexed.map((field) => indexedColumn(table, field));

  const name = `${quoted(keyspace)}.${quoted(table.name)}`;
  const fields = [...columns.map((column) => column.name), ...maps.map(({ column }) => column.name)];
  const partition = keys.slice(0, partitionLength);
  const sort = keys.slice(partitionLength);
  const all = `SELECT ${list([...keys, ...fields, ...BOOK])} FROM ${name}`;
  const rows = `${all} WHERE`;
  const insert = (bookkeeping: readonly string[], using: string) => {
    const names = [...keys, ...fields, ...bookkeeping];
    return `INSERT INTO ${name} (${list(names)}) VALUES (${placeholders(names)}) USING ${using}`;
  };
  const sets = [
    ...columns.map((column) => `${quoted(column.name)} = ?`),
    ...maps.flatMap(({ column }) =>
      ['+', '-'].map((sign) => `${quoted(column.name)} = ${quoted(column.name)} ${sign} ?`),
    ),
    ...BOOK.map((column) => `${quoted(column)} = ?`),
  ];
  const within = (length: number) => `${rows} ${equal(keys.slice(0, partitionLength + length))}`;

  return {
    name: table.name,
    keyLength: keys.length,
    partitionLength,
    keys,
    columns,
    maps: maps.map(({ field, column, values }) => ({ field, column: column.name, codec: values })),
    declared: [
      ...partition.map((each) => declaredKey(each, 'partition_key')),
      ...sort.map((each) => declaredKey(each, 'clustering')),
      ...[...columns, ...maps.map(({ column }) => column)].map((column) => ({
        name: column.name,
        type: column.codec.type,
        kind: 'regular' as const,
        addable: column.addable,
        backfill: indexed.includes(column.name) ? column.codec.encode(column.missing) : null,
      })),
      ...Object.entries(BOOKKEEPING).map(([each, type]) => ({
        name: each,
        type,
        kind: 'regular' as const,
        addable: true,
        backfill: null,
      })),
    ],
    indexes: [...new Set(['_due', ...indexed])],
    indexedKeys: keys.flatMap((each, index) => (indexed.includes(each) ? [index] : [])),
    indexedFields: columns.filter(({ name }) => indexed.includes(name)).map(({ field }) => field),
    insert: insert(BOOK, 'TIMESTAMP ? AND TTL ?'),
    update: (indexes) =>
      `UPDATE ${name} USING TIMESTAMP ? SET ${indexes.map((index) => sets[index]).join(', ')} WHERE ${equal(keys)}`,
    put: insert(['_token', '_revision'], 'TIMESTAMP ?'),
    remove: `DELETE FROM ${name} USING TIMESTAMP ? WHERE ${equal(keys)}`,
    kept: `SELECT ${list(['tenant', ...columns.map((column) => column.name).filter((each) => indexed.includes(each))])} FROM ${name} WHERE ${equal(keys)}`,
    one: `${rows} ${equal(keys)}`,
    several: `${rows} ${equal(keys.slice(0, -1))} AND ${quoted(keys.at(-1) as string)} IN ?`,
    within: Array.from({ length: sort.length + 1 }, (_, n) => within(n)),
    withinAfter: sort.map((_, n) => `${within(n)} AND (${list(sort.slice(n))}) > (${placeholders(sort.slice(n))})`),
    all,
    allAfter: `${rows} token(${list(partition)}) > token(${placeholders(partition)})`,
    matching: new Map(
      table.indexed.map((field) => {
        const column = columnName(field);
        const first = `SELECT ${list(keys)} FROM ${name} WHERE ${equal([column, 'tenant'])} AND "_partition" IN ?`;
        const behind = `token(${list(partition)}) > token(${placeholders(partition)})`;
        const rest = `SELECT ${list([...new Set([...keys, '_partition', column])])} FROM ${name} WHERE ${equal(partition)} AND (${list(sort)}) > (${placeholders(sort)})`;
        return [
          field,
          {
            first: `${first} ALLOW FILTERING`,
            after: `${first} AND ${behind} ALLOW FILTERING`,
            rest: sort.length === 0 ? undefined : rest,
            column,
          },
        ];
      }),
    ),
    due: `SELECT ${list([...keys, '_partition', '_due', '_timers'])} FROM ${name} WHERE "_due" >= ? AND "_due" <= ? AND "_partition" IN ? ALLOW FILTERING`,
    erased: `SELECT tenant, "_erased" FROM ${name}`,
  };
}

function declaredKey(name: string, kind: 'partition_key' | 'clustering'): DeclaredColumn {
  return { name, type: 'text', kind, addable: false, backfill: null };
}

function indexedColumn(table: TableDef, name: string): string {
  const field = (table.record as RecordSchema).fields.find((each) => each.name === name);
  if (field === undefined || codecOf(field.type).type !== 'text') {
    throw new TributaryError(
      'DECLARATION_INVALID',
      `${table.name}: the indexed field ${name} is not a text or an enum of its record; rows are found by texts alone`,
    );
  }
  return columnName(name);
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
