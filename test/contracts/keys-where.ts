import type { TableDef } from '../../core/target.ts';
import type { Key } from '../../sinks/port.ts';
import type { Tables } from '../../sinks/tables/port.ts';

/** The keys of all rows of a partition with this value in an indexed field, read page by page. */
export async function keysWhere(
  tables: Pick<Tables, 'matching'>,
  table: TableDef,
  partition: number,
  tenant: string,
  field: string,
  value: string,
): Promise<Key[]> {
  const keys: Key[] = [];
  for (let after: string | undefined; ; ) {
    const page = await tables.matching(
      table,
      { partitions: [partition], tenant, field, value },
      { limit: 1000, after },
    );
    keys.push(...page.items);
    if (page.next === undefined) return keys;
    after = page.next;
  }
}
