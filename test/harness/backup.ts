/** Backup and restore of the tables that jobs keep in SQLite: rows, views that are tables, and perhaps the claims. */
import type { Database } from '../../embedded/database.ts';

type Cells = readonly (string | number | bigint | null | Uint8Array)[];
export type Backup = ReadonlyMap<string, readonly Cells[]>;

const NOT_ROWS = /^(log_|cache_|search_|registry|schemas|declared_|sqlite_)/;

const named = (database: Database): string[] =>
  database
    .statement("SELECT name FROM sqlite_master WHERE type = 'table'")
    .all<[string]>()
    .flatMap(([name]) => (NOT_ROWS.test(name) ? [] : [name]));

export function backUp(database: Database): Backup {
  return new Map(named(database).map((name) => [name, database.statement(`SELECT * FROM "${name}"`).all<Cells>()]));
}

/** Restores the backup. Tables that are not in it are emptied. */
export function restore(database: Database, backup: Backup, { claims }: { readonly claims: boolean }): void {
  database.transaction(() => {
    for (const name of named(database)) {
      if (name === 'tables_claims' && !claims) continue;
      database.exec(`DELETE FROM "${name}"`);
      for (const cells of backup.get(name) ?? []) {
        database
          .statement(`INSERT INTO "${name}" VALUES (${cells.map(() => '?').join(', ')})`)
          .run(...(cells as string[]));
      }
    }
  });
}
