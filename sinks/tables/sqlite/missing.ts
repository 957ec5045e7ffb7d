/** What is missing in the file, as the statements that create it. */
import { quoted, type SqlValue } from './columns.ts';
import { CLAIMS, GENERATIONS, type TableRequest } from './request.ts';
import { alterations, COLUMNS, creation, entriesCreation, entriesTable, type FoundColumn } from './shape.ts';

/** Returns the rows of a statement. */
type All = (sql: string, ...values: readonly SqlValue[]) => SqlValue[][];

const NAMES = `SELECT name FROM sqlite_master WHERE type IN ('table', 'index')`;

/** In the order in which they must run. Throws TABLE_DRIFTED if adding is not enough. */
export function missingStatements(requests: readonly TableRequest[], all: All): string[] {
  const names = new Set(all(NAMES).map(([name]) => name as string));
  return [
    ...(names.has('tables_claims') ? [] : [CLAIMS]),
    ...(names.has('tables_generations') ? [] : [GENERATIONS]),
    ...requests.flatMap((request) => [
      ...(request.entries === undefined || names.has(entriesTable(request.name))
        ? []
        : [entriesCreation(request.shape)]),
      ...ofTable(request, all),
      ...request.indexes.flatMap(({ name, create }) => (names.has(name) ? [] : [create])),
    ]),
  ];
}

/** The declared fields that the table lacks or has differently; undefined if there is no such table, or it has another key. */
export function driftedFields({ shape, fields, entries }: TableRequest, all: All): string[] | undefined {
  const found = all(COLUMNS, shape.name).map(
    ([name, type, keyPosition]) => ({ name, type, keyPosition }) as FoundColumn,
  );
  const key = found.filter(({ keyPosition }) => keyPosition > 0).sort((a, b) => a.keyPosition - b.keyPosition);
  if (key.map(({ name }) => name).join() !== shape.key.join()) return undefined;
  const known = new Map(found.map(({ name, type }) => [name, type]));
  const drifted = fields.filter(
    ({ name }) => known.get(name) !== shape.columns.find((each) => each.name === name)?.type,
  );
  const hasEntries = all(NAMES).some(([name]) => name === entriesTable(shape.name));
  const maps = [...(entries?.codecs.keys() ?? [])].filter((name) => known.has(name) || !hasEntries);
  return [...drifted.map(({ name }) => name), ...maps];
}

function ofTable({ shape }: TableRequest, all: All): string[] {
  const found = all(COLUMNS, shape.name).map(
    ([name, type, keyPosition]) => ({ name, type, keyPosition }) as FoundColumn,
  );
  if (found.length === 0) return [creation(shape)];
  return alterations(shape, found, all(`SELECT 1 FROM ${quoted(shape.name)} LIMIT 1`).length === 0);
}
