/** Counts the records of a tenant by a scan, which suits tables of some thousands of records. */
import type { TableDef } from '../../core/target.ts';
import type { Tables } from '../../sinks/tables/port.ts';

export async function countOf(tables: Pick<Tables, 'select'>, table: TableDef, tenant: string): Promise<number> {
  let count = 0;
  for (let after: string | undefined; ; ) {
    const page = await tables.select(table, [tenant], { limit: 1000, after });
    count += page.items.length;
    if (page.next === undefined) return count;
    after = page.next;
  }
}
