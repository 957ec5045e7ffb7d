/** The data that reports read, in memory: rows by tenant and table, lags and dead letters. */

import { DEFAULT_TENANT } from '../../../core/event.ts';
import type { TableDef } from '../../../core/target.ts';
import { keyFields } from '../../../core/target.ts';
import type { DeadLetterCount, PartitionLag, Reads } from '../../../reports/define-report.ts';
import type { SpecRow } from '../../../testing/job-spec.ts';

type Row = Readonly<Record<string, unknown>>;

/** Small, so that every test reads several pages. */
const PAGE = 2;

export class MemoryReads {
  lags: readonly PartitionLag[] = [];
  deadLetters: readonly DeadLetterCount[] = [];
  /** The most rows in one read by key, or in one page. */
  mostRows = 0;
  readonly #tables = new Map<string, Map<string, Row>>();

  /** Adds rows as they are given. Defaults of the table are not filled in. */
  add(rows: readonly SpecRow[], tenant = DEFAULT_TENANT): void {
    for (const [table, row] of rows) {
      const key = JSON.stringify(keyFields(table).map((name) => row[name]));
      this.#tableOf(table, tenant).set(key, row);
    }
  }

  of(tenant: string): Reads {
    const { lags, deadLetters } = this;
    const found = (table: TableDef, key: Row): Row | undefined => {
      const fields = keyFields(table).map((name) => key[name]);
      return this.#tableOf(table, tenant).get(JSON.stringify(fields));
    };
    const under = (table: TableDef, key: Row): Row[] => {
      const rows = [...this.#tableOf(table, tenant)].filter(([, row]) =>
        table.key.every((name) => row[name] === key[name]),
      );
      return rows.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
    };
    const seen = <T>(rows: T[]): T[] => {
      this.mostRows = Math.max(this.mostRows, rows.length);
      return rows;
    };
    const reads = {
      rows: async (table: TableDef, keys: readonly Row[]) => seen(keys.map((key) => found(table, key))),
      async *pages(table: TableDef, key: Row) {
        const rows = under(table, key);
        for (let from = 0; from < rows.length; from += PAGE) yield seen(rows.slice(from, from + PAGE));
      },
      lags: async () => lags,
      deadLetters: async () => deadLetters,
    };
    return reads as Reads;
  }

  #tableOf({ kind, name }: TableDef, tenant: string): Map<string, Row> {
    const id = JSON.stringify([kind, name, tenant]);
    const table = this.#tables.get(id) ?? new Map<string, Row>();
    this.#tables.set(id, table);
    return table;
  }
}
