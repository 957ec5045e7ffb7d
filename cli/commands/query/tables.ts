/** The tables that queries may name, and their columns. */
import type { Relation, StoredColumn } from '../../../sinks/query/port.ts';
import type { Context } from '../../context.ts';
import { usage } from '../../errors.ts';
import { type Form, printListing } from '../../output/listing.ts';

type Out = Pick<Context, 'stdout' | 'signal'>;

export async function printTables(
  out: Out,
  relations: readonly Relation[],
  name: string | null,
  form: Form,
): Promise<void> {
  if (name !== null) return printColumns(out, columnsOf(relations, name), form);
  const rows = relations.flatMap(({ name, title, stored, columns, layout }) => [
    { table: name, columns: columns.length, holds: title },
    { table: stored, columns: layout.columns.length, holds: `${title}: rows as they are stored, with sketches` },
  ]);
  const head = ['table', 'columns', 'holds'];
  await printListing(out, form, { head, rows: rows.map(Object.values), json: rows });
}

function columnsOf(relations: readonly Relation[], name: string): readonly StoredColumn[] {
  for (const relation of relations) {
    if (relation.name === name) return relation.columns;
    if (relation.stored === name) return relation.layout.columns;
  }
  const there = relations.flatMap((each) => [each.name, each.stored]).join(', ');
  throw usage(`there is no table ${name}; there ${there === '' ? 'are none' : `are ${there}`}`);
}

async function printColumns(out: Out, columns: readonly StoredColumn[], form: Form): Promise<void> {
  const rows = columns.map(({ name, type, unit, doc }) => ({
    column: name,
    type,
    // Times are shown in ISO 8601, however they are stored.
    unit: type === 'timestamp' ? null : (unit ?? null),
    meaning: doc ?? null,
  }));
  const head = ['column', 'type', 'unit', 'meaning'];
  await printListing(out, form, { head, rows: rows.map(Object.values), json: rows });
}
