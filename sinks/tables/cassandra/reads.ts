/** Reads rows, lists, timers and keys. A statement reads one partition key, uses an index, or reads all rows. */
import type { TableDef } from '../../../core/target.ts';
import type { Key, Page, PageRequest } from '../../port.ts';
import type { DueTimer, KeySearch, StoredRow } from '../port.ts';
import type { Connection } from './connection.ts';
import { faultOf } from './errors.ts';
import { afterToken, listing, pageToken, prefixOf } from './pages.ts';
import type { Matching, TableRequest } from './request.ts';
import { dueTimers, type Found, isErased, keyOf, numberOf, recordOf, storedRow, wholeKey } from './rows.ts';
import type { TimerSearches } from './timer-searches.ts';

/** The number of keys in one statement. With more keys, one node would wait for many others. */
const TOGETHER = 16;
const ROWS_OF_PAGE = 500;
const KEYS_OF_PAGE = 5_000;

export async function readRows(
  connection: Connection,
  request: TableRequest,
  table: TableDef,
  keys: readonly Key[],
): Promise<(StoredRow | undefined)[]> {
  const rows: (StoredRow | undefined)[] = keys.map(() => undefined);
  const read = async (indexes: readonly number[]): Promise<void> => {
    const [first] = indexes as [number];
    const key = keys[first] as Key;
    if (indexes.length === 1) {
      const result = await connection.execute(request.one, key);
      const row = result.rows[0];
      if (row !== undefined) rows[first] = storedRow(request, table, row);
      return;
    }
    const byLast = new Map<string, number[]>();
    for (const index of indexes) {
      const last = keys[index]?.at(-1) as string;
      const same = byLast.get(last);
      if (same === undefined) byLast.set(last, [index]);
      else same.push(index);
    }
    const found = await connection.execute(request.several, [...key.slice(0, -1), [...byLast.keys()]]);
    for (const row of found.rows) {
      const stored = storedRow(request, table, row);
      for (const index of byLast.get(stored.key.at(-1) as string) ?? []) rows[index] = stored;
    }
  };
  const outcomes = await Promise.allSettled(together(request, keys).map(read));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw faultOf(failed.reason, `reading ${table.name}`);
  return rows;
}

/** The positions of keys that one statement can read: their parts are equal except for the last one. */
function together(request: TableRequest, keys: readonly Key[]): number[][] {
  const groups = new Map<string, number[]>();
  keys.forEach((key, index) => {
    const id = JSON.stringify(wholeKey(request, key).slice(0, -1));
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [index]);
    else group.push(index);
  });
  return [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / TOGETHER) }, (_, i) => group.slice(i * TOGETHER, (i + 1) * TOGETHER)),
  );
}

export async function rowsUnder(
  connection: Connection,
  request: TableRequest,
  table: TableDef,
  prefix: Key,
): Promise<StoredRow[]> {
  const { length } = prefixOf(request, prefix, request.partitionLength);
  const sql = request.within[length - request.partitionLength] as string;
  return guarded(`reading ${table.name}`, async () => {
    const rows: StoredRow[] = [];
    for await (const page of connection.pages(sql, prefix, ROWS_OF_PAGE)) {
      for (const row of page) rows.push(storedRow(request, table, row));
    }
    return rows;
  });
}

/** One page of `Tables.matching`. */
export function keysMatching(
  connection: Connection,
  request: TableRequest,
  { first, after, rest, column }: Matching,
  { value, tenant, partitions, page }: KeySearch & { readonly page: PageRequest },
): Promise<Page<Key>> {
  const last = page.after === undefined ? undefined : afterToken(request, [], page.after);
  const found = [value, tenant, partitions];
  const statements: [string, readonly unknown[]][] = [];
  if (last === undefined) statements.push([first, found]);
  else {
    if (rest !== undefined) statements.push([rest, last]);
    statements.push([after, [...found, ...last.slice(0, request.partitionLength)]]);
  }
  const isWanted = (row: Found) => row[column] === value && partitions.includes(row['_partition'] as number);
  return guarded(`looking for rows of ${request.name}`, async () => {
    const keys: Key[] = [];
    for (const [sql, parameters] of statements) {
      for await (const rows of connection.pages(sql, parameters, Math.min(page.limit + 1, KEYS_OF_PAGE))) {
        const wanted = sql === rest ? rows.filter(isWanted) : rows;
        for (const row of wanted) keys.push(keyOf(request, row));
        if (keys.length > page.limit) break;
      }
      if (keys.length > page.limit) break;
    }
    const items = keys.slice(0, page.limit);
    return { items, next: keys.length > page.limit ? pageToken([], items.at(-1) as Key) : undefined };
  });
}

export function timersDue(
  connection: Connection,
  request: TableRequest,
  searches: TimerSearches,
  { partitions, before, limit }: { partitions: readonly number[]; before: number; limit: number },
): Promise<DueTimer[]> {
  return guarded(`reading the timers of ${request.name}`, async () => {
    if (partitions.length === 0) return [];
    const search = searches.search(request.name, new Set(partitions), before);
    if (search.from > before) return [];
    let earliest: number | undefined;
    let timers: DueTimer[] = [];
    for await (const page of connection.pages(request.due, [search.from, before, partitions], KEYS_OF_PAGE)) {
      for (const row of page) {
        const due = numberOf(row['_due']);
        if (earliest === undefined || due < earliest) earliest = due;
        timers.push(...dueTimers(request, row, before));
      }
      timers = timers.sort((a, b) => a.due - b.due).slice(0, limit);
    }
    search.found(earliest);
    return timers;
  });
}

export async function recordPage(
  connection: Connection,
  request: TableRequest,
  table: TableDef,
  { prefix, page }: Listing,
): Promise<Page<Record<string, unknown>>> {
  prefixOf(request, prefix, 1);
  const { items, next } = await listed(connection, request, { prefix, page }, (row) => !isErased(row));
  return { items: items.map((row) => recordOf(request, table, row, Object.fromEntries)), next };
}

/** All rows, in the order of the tokens of their partition keys, and within a partition key in clustering order. */
export async function scanRows(
  connection: Connection,
  request: TableRequest,
  table: TableDef,
  page: PageRequest,
): Promise<Page<StoredRow>> {
  const { items, next } = await listed(connection, request, { prefix: [], page }, () => true);
  return { items: items.map((row) => storedRow(request, table, row)), next };
}

interface Listing {
  readonly prefix: Key;
  readonly page: PageRequest;
}

/**
 * For a prefix shorter than the partition key, this reads all rows, in pages of the usual size. An index on the tenant
 * would make every write a fifth more expensive, and only summaries would use it.
 */
function listed(
  connection: Connection,
  request: TableRequest,
  { prefix, page: { limit, after } }: Listing,
  isWanted: (row: Found) => boolean,
): Promise<Page<Found>> {
  const from = after === undefined ? undefined : afterToken(request, prefix, after);
  const isAmongAll = prefix.length > 0 && prefix.length < request.partitionLength;
  const size = isAmongAll ? ROWS_OF_PAGE : Math.min(limit + 1, ROWS_OF_PAGE);
  const isUnder = (row: Found): boolean => prefix.every((part, index) => row[request.keys[index] as string] === part);
  return guarded(`reading ${request.name}`, async () => {
    const rows: Found[] = [];
    for (const [sql, parameters] of listing(request, prefix, from)) {
      for await (const page of connection.pages(sql, parameters, size)) {
        rows.push(...page.filter((row) => isUnder(row) && isWanted(row)));
        if (rows.length > limit) break;
      }
      if (rows.length > limit) break;
    }
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return {
      items,
      next: rows.length > limit && last !== undefined ? pageToken(prefix, keyOf(request, last)) : undefined,
    };
  });
}

export async function guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw faultOf(error, what);
  }
}
