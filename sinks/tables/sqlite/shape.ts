/** How to create a table, and what is missing in a table of an earlier declaration. */
import { TributaryError } from '../../../core/errors.ts';
import { type Column, quoted } from './columns.ts';

export interface Shape {
  readonly name: string;
  /** The names of the key's columns, in order. */
  readonly key: readonly string[];
  readonly columns: readonly Column[];
  /** Map fields. They are stored as entries, so they may not be columns. */
  readonly elsewhere: readonly string[];
}

/** A column as the database has it. `keyPosition` is its position in the key, from 1; 0 if it is not part of the key. */
export interface FoundColumn {
  readonly name: string;
  readonly type: string;
  readonly keyPosition: number;
}

/** The columns of a table by its name: [name, type, keyPosition]. No rows if there is no such table. */
export const COLUMNS = `SELECT c.name, c.type, coalesce(k.seqno + 1, 0)
  FROM pragma_table_info(?1) AS c LEFT JOIN pragma_index_list(?1) AS i ON i.origin = 'u'
  LEFT JOIN pragma_index_info(i.name) AS k ON k.name = c.name WHERE c.name <> '_id'`;

export const entriesTable = (table: string): string => `${table}__entries`;

/**
 * A table with a number for each row: rows of some hundred bytes are written three times as fast as with `WITHOUT
 * ROWID`, where the rows themselves are kept in the order of the key. Besides, rows that one partition's batch wrote
 * first are together, and later batches write them together, too.
 */
export function creation({ name, key, columns }: Shape): string {
  const all = columns.map(({ name, type, constraint }) => `${quoted(name)} ${type} ${constraint}`.trim());
  return `CREATE TABLE ${quoted(name)} (_id INTEGER PRIMARY KEY, ${all.join(', ')}, UNIQUE (${key.map(quoted).join(', ')}))`;
}

/** The column of values has no type, because each field has its own. Empty if there is no map field. */
export function entriesCreation({ name, elsewhere }: Shape): string {
  if (elsewhere.length === 0) return '';
  return `CREATE TABLE IF NOT EXISTS ${quoted(entriesTable(name))} (_row INTEGER NOT NULL, _field TEXT NOT NULL, _entry TEXT NOT NULL, _value, PRIMARY KEY (_row, _field, _entry)) WITHOUT ROWID`;
}

/** The statements that add what is missing. Throws TABLE_DRIFTED if adding is not enough. */
export function alterations(shape: Shape, found: readonly FoundColumn[], empty: boolean): string[] {
  const known = new Map(found.map((column) => [column.name, column]));
  const key = found.filter((column) => column.keyPosition > 0).sort((a, b) => a.keyPosition - b.keyPosition);
  const keyed = key.map((column) => column.name);
  if (keyed.join() !== shape.key.join()) {
    drifted(shape, `has the key (${keyed.join(', ')}), but is declared with (${shape.key.join(', ')})`);
  }
  for (const field of shape.elsewhere) {
    if (known.has(field)) drifted(shape, `has a column ${field}, but that field is declared as a map now`);
  }
  const statements: string[] = [];
  for (const column of shape.columns) {
    const existing = known.get(column.name);
    if (existing === undefined) statements.push(addition(shape, column, empty));
    else if (existing.type !== column.type) {
      drifted(shape, `has the column ${column.name} as ${existing.type}, but it is declared as ${column.type}`);
    }
  }
  return statements;
}

function addition(shape: Shape, column: Column, empty: boolean): string {
  if (column.added === undefined && !empty) {
    throw new TributaryError(
      'TABLE_DRIFTED',
      `the table ${shape.name} has rows without the new field ${column.name}; give the field a default, let it be null, or rebuild the rows: \`tributary rebuild <job>\``,
    );
  }
  return `ALTER TABLE ${quoted(shape.name)} ADD COLUMN ${quoted(column.name)} ${column.type} ${column.added ?? ''}`.trim();
}

function drifted(shape: Shape, how: string): never {
  throw new TributaryError(
    'TABLE_DRIFTED',
    `the table ${shape.name} ${how}; declare it as it was, or rebuild the rows of its job from the topic while it runs: \`tributary rebuild <job>\``,
  );
}
