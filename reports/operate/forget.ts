/** What tables of segments hold about a person: events in archives, and rows of rollups with the person as a dimension. */
import { randomUUID } from 'node:crypto';
import { EVENTS_OF_ROWS } from '../../core/event.ts';
import { identifier, quoted } from '../../duckdb/names.ts';
import { countRows, eraseRows } from '../../sinks/delta/index.ts';
import type { Datasource } from '../define-datasource.ts';
import type { SegmentSource } from '../runtime/source.ts';
import { currentTable, type KeptStores } from './kept.ts';

interface Person {
  readonly tenant: string;
  readonly userId: string;
}

interface Table {
  readonly name: string;
  readonly source: SegmentSource;
  /** Undefined for an archive. */
  readonly datasource: Datasource | undefined;
}

/** By table: the number of rows that name the person. `erase` removes them. Tables that cannot name anybody are left out. */
export async function segmentRows(
  stores: KeptStores,
  tables: readonly Table[],
  person: Person,
  { erase, signal }: { readonly erase: boolean; readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (const kept of tables) {
    const where = namingSql(kept, person);
    const current = where === undefined ? undefined : await currentTable(stores, kept.source);
    if (where === undefined || current === undefined) continue;
    const { layout, sortBy } = kept.source;
    const options = { ...stores, layout, sortBy, where, writer: `forget-${randomUUID()}`, signal };
    found.set(kept.name, await (erase ? eraseRows : countRows)(current.table, options));
  }
  return found;
}

/** A SQL condition for rows that name the person; undefined if none can. */
function namingSql({ datasource, source }: Table, { tenant, userId }: Person): string | undefined {
  const user = quoted(userId);
  const ofTenant = `tenant = ${quoted(tenant)}`;
  if (datasource === undefined) {
    const fields = new Set([...source.wanted.values()].flatMap(({ schema }) => personNames(schema.fields)));
    // The data are JSON without spaces, as written by `JSON.stringify`.
    const named = [...fields].map(
      (name) => `contains(data, ${quoted(`${JSON.stringify(name)}:${JSON.stringify(userId)}`)})`,
    );
    // Events of the runtime and replayed dead letters name a row by its key.
    const text = quoted(JSON.stringify(userId));
    const types = EVENTS_OF_ROWS.map(({ type }) => quoted(type)).join(', ');
    const ofRows = [
      `(type IN (${types}) AND contains(data, ${text}))`,
      ...['only_rows', 'only_views'].map((name) => `contains(${name}, ${text})`),
    ];
    return `${ofTenant} AND (${[`"key" = ${user}`, `subject = ${user}`, ...named, ...ofRows].join(' OR ')})`;
  }
  const persons = new Set(datasource.on.flatMap(({ schema }) => personNames(schema.fields)));
  const columns = datasource.dimensions
    .filter(({ type = 'string', field, personal }) => {
      return type === 'string' && (field === undefined ? personal === true : persons.has(field));
    })
    .map(({ name }) => `${identifier(name)} = ${user}`);
  return columns.length === 0 ? undefined : `${ofTenant} AND (${columns.join(' OR ')})`;
}

const personNames = (fields: readonly { readonly name: string; readonly person?: true }[]): string[] =>
  fields.filter(({ person }) => person === true).map(({ name }) => name);
