/** Goes through all rows of a table, in the order of the tokens of their partition keys, and within one of the clustering. */
import type { TableDef } from '../../../schemas/target.ts';
import type { Key, Page, PageRequest } from '../../port.ts';
import type { StoredRow } from '../port.ts';
import { quoted } from './columns.ts';
import type { Connection } from './connection.ts';
import { afterToken, pageToken } from './pages.ts';
import { guarded } from './reads.ts';
import type { TableRequest } from './request.ts';
import { type Found, keyOf, storedRow } from './rows.ts';
import { nameOf } from './schema.ts';

const ROWS_OF_PAGE = 500;

export async function scanRows(
  connection: Connection,
  request: TableRequest,
  table: TableDef,
  { limit, after }: PageRequest,
): Promise<Page<StoredRow>> {
  const from = after === undefined ? undefined : afterToken(request, [], after);
  return guarded(`reading ${table.name}`, async () => {
    const rows: Found[] = [];
    for (const [sql, parameters] of statements(request, connection.keyspace, from)) {
      for await (const page of connection.pages(sql, parameters, Math.min(limit + 1, ROWS_OF_PAGE))) {
        rows.push(...page);
        if (rows.length > limit) break;
      }
      if (rows.length > limit) break;
    }
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      items: page.map((row) => storedRow(request, table, row)),
      next: rows.length > limit && last !== undefined ? pageToken([], keyOf(request, last)) : undefined,
    };
  });
}

/** All rows; or those after a key: the rest of its own partition, and then the partitions behind. */
function statements(request: TableRequest, keyspace: string, after: Key | undefined): [string, Key][] {
  const { declared, keys, partitionLength, withinAfter } = request;
  const select = `SELECT ${declared.map(({ name }) => quoted(name)).join(', ')} FROM ${nameOf(request, keyspace)}`;
  if (after === undefined) return [[select, []]];
  const partition = keys.slice(0, partitionLength);
  const token = `token(${partition.map(quoted).join(', ')}) > token(${partition.map(() => '?').join(', ')})`;
  const rest: [string, Key][] = withinAfter.slice(0, 1).map((sql) => [sql, after]);
  return [...rest, [`${select} WHERE ${token}`, after.slice(0, partitionLength)]];
}
