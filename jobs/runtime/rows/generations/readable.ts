/** The part of an earlier declaration's table that can be read with today's declaration. */
import { keyFields, type TableDef } from '../../../../core/target.ts';
import type { Tables } from '../../../../sinks/tables/port.ts';

/** The declaration without the fields that the table lacks or has in another form. Undefined if the table cannot be read at all. */
export async function readableOf(tables: Pick<Tables, 'drifted'>, table: TableDef): Promise<TableDef | undefined> {
  const drifted = await tables.drifted(table);
  if (drifted === undefined) return undefined;
  if (drifted.length === 0) return table;
  const keys = keyFields(table);
  const fields = table.record.fields.filter(({ name }) => keys.includes(name) || !drifted.includes(name));
  const indexed = table.indexed.filter((name) => fields.some((field) => field.name === name));
  return { ...table, indexed, record: { ...table.record, fields } };
}
