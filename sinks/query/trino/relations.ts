/** The relations for Trino: the Delta tables, registered by name and read at one version. */
import type { Relation, StoredColumn, StoredType } from '../port.ts';
import type { Added } from '../text.ts';
import type { Location } from './location.ts';

/** A relation and its table at one version; undefined if there is no table. */
interface At {
  readonly relation: Relation;
  readonly snapshot: TableAt | undefined;
}
interface TableAt {
  readonly table: string;
  readonly version: number;
  readonly columns: readonly { readonly name: string }[];
}

const TYPES: Readonly<Record<StoredType, string>> = {
  string: 'varchar',
  long: 'bigint',
  double: 'double',
  boolean: 'boolean',
  timestamp: 'timestamp(3) with time zone',
  date: 'date',
  'list<long>': 'array(bigint)',
  'map<int,long>': 'map(integer, bigint)',
  'map<string,long>': 'map(varchar, bigint)',
};

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The name of the table in Trino: its prefix, without characters that names may not contain. */
export const registeredName = (table: string): string => table.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_');

const inSchema = ({ catalog, schema }: Location, table: string): string =>
  [catalog, schema, registeredName(table)].map(identifier).join('.');

/** The relations that the query may name, at their versions. Views come after the relations that they use. */
export function relationsSql(location: Location, all: readonly At[]): Added[] {
  return all.flatMap(({ relation, snapshot }) => {
    const { name, stored, layout, columns, view } = relation;
    const version = snapshot && ` for version as of ${snapshot.version}`;
    return [
      { name: stored, columns: namesOf(layout.columns), sql: storedSql(location, { relation, snapshot }, version) },
      { name, columns: namesOf(columns), sql: view(stored) },
    ];
  });
}

const namesOf = (columns: readonly StoredColumn[]): string[] => columns.map(({ name }) => name);

function storedSql(location: Location, { relation, snapshot }: At, version = ''): string {
  const there = new Set(snapshot?.columns.map((column) => column.name));
  const columns = relation.layout.columns.map((column) => columnSql(column, there.has(column.name))).join(', ');
  const from = snapshot === undefined ? 'where false' : `from ${inSchema(location, snapshot.table)}${version}`;
  return `select ${columns} ${from}`;
}

/** Statements that define the relations for all clients of this Trino. */
export function viewsSql(location: Location, all: readonly At[]): string[] {
  const { catalog, schema } = location;
  const qualified = (name: string): string => [catalog, schema, name].map(identifier).join('.');
  const tables = all.flatMap(({ snapshot }) => (snapshot === undefined ? [] : [snapshot.table]));
  return [
    schemaSql(location),
    ...tables.map((table) => registrationSql(location, table)),
    ...all.flatMap(({ relation, snapshot }) => [
      `create or replace view ${qualified(relation.stored)} as\n${storedSql(location, { relation, snapshot })}`,
      `create or replace view ${qualified(relation.name)} as\n${relation.view(qualified(relation.stored))}`,
    ]),
  ];
}

const columnSql = ({ name, type }: StoredColumn, isThere: boolean): string =>
  `${isThere ? identifier(name) : `cast(null as ${TYPES[type]})`} as ${identifier(name)}`;

export const schemaSql = ({ catalog, schema }: Location): string =>
  `create schema if not exists ${identifier(catalog)}.${identifier(schema)}`;

export function registrationSql({ catalog, schema, objects }: Location, table: string): string {
  const values = [schema, registeredName(table), objects + table].map(quoted).join(', ');
  return `call ${identifier(catalog)}.system.register_table(${values})`;
}
