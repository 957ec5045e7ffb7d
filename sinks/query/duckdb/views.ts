/** The relations as views for any DuckDB with the extension for Delta Lake. */
import { identifier, quoted } from '../../../duckdb/names.ts';
import { COLUMN_TYPES } from '../../segments/columns.ts';
import type { Relation } from '../port.ts';

/** A relation and its table; undefined if there is no table. */
interface At {
  readonly relation: Relation;
  readonly snapshot: { readonly table: string; readonly columns: readonly { readonly name: string }[] } | undefined;
}

export function viewsSql(location: string, all: readonly At[]): string[] {
  return all.flatMap(({ relation: { name, stored, layout, view }, snapshot }) => {
    const there = new Set(snapshot?.columns.map((column) => column.name));
    const columns = layout.columns.map((column) => {
      const value = there.has(column.name) ? identifier(column.name) : 'NULL';
      return `CAST(${value} AS ${COLUMN_TYPES[column.type]}) AS ${identifier(column.name)}`;
    });
    const table = snapshot && `${location.replace(/\/$/, '')}/${snapshot.table}`;
    const from = table === undefined ? 'WHERE false' : `FROM delta_scan(${quoted(table)})`;
    return [
      `CREATE OR REPLACE VIEW ${identifier(stored)} AS\nSELECT ${columns.join(', ')} ${from}`,
      `CREATE OR REPLACE VIEW ${identifier(name)} AS\n${view(stored)}`,
    ];
  });
}
