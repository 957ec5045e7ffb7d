/** How to create the keyspace and its tables, and what is missing in tables of an earlier declaration. Pure. */
import { TributaryError } from '../../../core/errors.ts';
import type { TableDef } from '../../../core/target.ts';
import { quoted } from './columns.ts';
import { claimRequest, type DeclaredColumn, generationsRequest, type TableRequest, tableRequest } from './request.ts';

/** Copies by datacenter; undefined means one copy, for development. */
export type Replication = ReadonlyMap<string, number> | undefined;

/** A column as the database has it. `position` is its position among those of its kind. */
export interface FoundColumn {
  readonly name: string;
  readonly type: string;
  readonly kind: string;
  readonly position: number;
}

/** All statements that create the tables from nothing: what `tables apply --dry-run` shows. */
export function tablesCql(tables: readonly TableDef[], keyspace: string, replication?: Replication): string[] {
  return [
    keyspaceCreation(keyspace, replication),
    claimRequest(keyspace).create,
    generationsRequest(keyspace).create,
    ...tables.flatMap((table) => {
      const request = tableRequest(table, keyspace);
      return [
        creation(request, keyspace),
        ...request.indexes.map((column) => indexCreation(request, keyspace, column)),
      ];
    }),
  ];
}

export function keyspaceCreation(keyspace: string, replication: Replication): string {
  const copies = [...(replication ?? [])].map(([datacenter, count]) => `, ${text(datacenter)}: ${count}`);
  const strategy =
    replication === undefined
      ? "{'class': 'SimpleStrategy', 'replication_factor': 1}"
      : `{'class': 'NetworkTopologyStrategy'${copies.join('')}}`;
  return `CREATE KEYSPACE IF NOT EXISTS ${quoted(keyspace)} WITH replication = ${strategy}`;
}

/**
 * Rows are overwritten often and read by key, so few versions of a row should be on disk. Leveled compaction achieves
 * that.
 */
const OPTIONS = "WITH compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'L4'}";

export function creation(request: TableRequest, keyspace: string): string {
  const names = (kind: string) =>
    request.declared
      .filter((column) => column.kind === kind)
      .map((column) => quoted(column.name))
      .join(', ');
  const sort = names('clustering');
  const columns = request.declared.map(({ name, type }) => `${quoted(name)} ${type}`);
  const key = `PRIMARY KEY ((${names('partition_key')})${sort === '' ? '' : `, ${sort}`})`;
  return `CREATE TABLE IF NOT EXISTS ${nameOf(request, keyspace)} (${[...columns, key].join(', ')}) ${OPTIONS}`;
}

export function indexCreation(request: TableRequest, keyspace: string, column: string): string {
  return `CREATE INDEX IF NOT EXISTS ON ${nameOf(request, keyspace)} (${quoted(column)}) USING 'sai'`;
}

/** The columns that have to be added. Throws TABLE_DRIFTED if adding is not enough. */
export function additions(request: TableRequest, found: readonly FoundColumn[]): DeclaredColumn[] {
  for (const kind of ['partition_key', 'clustering']) {
    const has = found
      .filter((column) => column.kind === kind)
      .sort((a, b) => a.position - b.position)
      .map(({ name }) => name)
      .join(', ');
    const declared = request.declared
      .filter((column) => column.kind === kind)
      .map(({ name }) => name)
      .join(', ');
    if (has !== declared) drifted(request, `has the ${kind} (${has}), but is declared with (${declared})`);
  }
  const known = new Map(found.map((column) => [column.name, column]));
  return request.declared.filter(({ name, type }) => {
    const existing = known.get(name);
    if (existing !== undefined && existing.type !== type) {
      drifted(request, `has the column ${name} as ${existing.type}, but it is declared as ${type}`);
    }
    return existing === undefined;
  });
}

export function addition(request: TableRequest, keyspace: string, columns: readonly DeclaredColumn[]): string {
  const added = columns.map(({ name, type }) => `${quoted(name)} ${type}`);
  return `ALTER TABLE ${nameOf(request, keyspace)} ADD IF NOT EXISTS (${added.join(', ')})`;
}

/** Throws if existing rows could not be read once a column is added. */
export function checkAddable(request: TableRequest, columns: readonly DeclaredColumn[]): void {
  for (const { name, addable } of columns) {
    if (addable) continue;
    throw new TributaryError(
      'TABLE_DRIFTED',
      `the table ${request.name} has rows without the new field of the column ${name}; give the field a default, let it be null, or rebuild the rows: \`tributary rebuild <job>\``,
    );
  }
}

export function nameOf(request: TableRequest, keyspace: string): string {
  return `${quoted(keyspace)}.${quoted(request.name)}`;
}

function drifted(request: TableRequest, how: string): never {
  throw new TributaryError(
    'TABLE_DRIFTED',
    `the table ${request.name} ${how}; declare it as it was, or rebuild the rows of its job from the topic while it runs: \`tributary rebuild <job>\``,
  );
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
