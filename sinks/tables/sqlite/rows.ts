/** Converts rows, records and keys to the parameters of the statements of `request.ts`, and back. */
import { TributaryError } from '../../../core/errors.ts';
import type { TableDef } from '../../../core/target.ts';
import type { Change, Key, Version } from '../../port.ts';
import type { DueTimer, RowWrite, StoredRow } from '../port.ts';
import type { SqlValue } from './columns.ts';
import { REMOVALS_KEPT_MS, type TableRequest } from './request.ts';

/** The parameters of `upsert` for a row. */
export function rowParameters(request: TableRequest, row: RowWrite, now: number): SqlValue[] {
  const parameters = recordParameters(request, row.key, row.data);
  parameters.push(...bookkeepingOf(row), row.data === undefined ? now : 0, keptUntil(row, now));
  return parameters;
}

/** The parameters of `take` for a row that was read at a version. */
export function takeParameters(request: TableRequest, row: RowWrite, read: Version, now: number): SqlValue[] {
  return [...bookkeepingOf(row), keptUntil(row, now), ...wholeKey(request, row.key), read.token, read.revision];
}

function keptUntil({ data, keepMs }: RowWrite, now: number): number | null {
  return data === undefined && keepMs !== undefined ? now + keepMs : null;
}

/** The values of the columns `_token` to `_due`. */
function bookkeepingOf(row: RowWrite): SqlValue[] {
  let timers: string | null = null;
  let due: number | null = null;
  for (const name in row.timers) {
    timers ??= JSON.stringify(row.timers);
    const time = row.timers[name] as number;
    if (due === null || time < due) due = time;
  }
  const { token, revision } = row.version;
  return [token, revision, row.partition, row.at, row.outbox, timers, due];
}

/** The parameters of `upsert` for a record of a view. */
export function changeParameters(request: TableRequest, change: Change, now: number): SqlValue[] {
  const parameters = recordParameters(request, change.key, change.record);
  const { token, revision } = change.version;
  const [erased, kept] = change.record === undefined ? [now, now + REMOVALS_KEPT_MS] : [0, null];
  parameters.push(token, revision, null, null, null, null, null, erased, kept);
  return parameters;
}

function recordParameters(
  request: TableRequest,
  key: Key,
  record: Readonly<Record<string, unknown>> | undefined,
): SqlValue[] {
  const parameters: SqlValue[] = [...wholeKey(request, key)];
  for (const { name, codec } of request.fields) {
    parameters.push(record === undefined ? null : codec.encode(record[name]));
  }
  return parameters;
}

/** A row of `under`, with the given map fields: they are read by the row's `_id`. */
export function storedRow(
  request: TableRequest,
  table: TableDef,
  values: readonly SqlValue[],
  maps: (id: number) => Readonly<Record<string, unknown>>,
): StoredRow {
  type Bookkeeping = [number, number, number, string | null, string | null, string | null, number];
  const bookkeeping = values.slice(request.keyLength + request.fields.length);
  const [id, token, revision, at, outbox, timers, erased] = bookkeeping as Bookkeeping;
  const key = keyOf(request, values);
  return {
    key,
    version: { token, revision },
    at: at ?? '',
    outbox: outbox ?? '',
    timers: timersOf(timers),
    data: erased === 0 ? { ...recordOf(request, table, values), ...maps(id) } : undefined,
  };
}

/** The declared fields except the maps, from a row of `under`, `first` or `following`. */
export function recordOf(request: TableRequest, table: TableDef, values: readonly SqlValue[]): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  let index = 1;
  for (const name of table.key) record[name] = values[index++];
  for (const name of table.sort) record[name] = values[index++];
  for (const { name, codec } of request.fields) record[name] = codec.decode(values[index++] as SqlValue);
  return record;
}

export function keyOf(request: TableRequest, values: readonly SqlValue[]): string[] {
  return values.slice(0, request.keyLength) as string[];
}

/** The `_id` of a row of `under` or `scan`. */
export function idOf(request: TableRequest, values: readonly SqlValue[]): number {
  return values[request.keyLength + request.fields.length] as number;
}

/** The timers of a row of `due` that are due at `before` or earlier. */
export function dueTimers(
  request: TableRequest,
  partition: number,
  values: readonly SqlValue[],
  before: number,
): DueTimer[] {
  const key = keyOf(request, values);
  return Object.entries(timersOf(values[request.keyLength] as SqlValue)).flatMap(([name, due]) =>
    due <= before ? [{ partition, key, name, due }] : [],
  );
}

function timersOf(text: SqlValue): Record<string, number> {
  return text === null ? {} : JSON.parse(text as string);
}

/** The key, after checking that it fits this table. */
export function wholeKey(request: TableRequest, key: Key): Key {
  if (key.length === request.keyLength) return key;
  throw new TributaryError(
    'USAGE',
    `${request.name}: a key has ${request.keyLength} parts, the tenant first, but ${key.length} were given`,
  );
}

/** The prefix, after checking that it fits this table's keys. */
export function prefixOf(request: TableRequest, prefix: Key): Key {
  if (prefix.length > 0 && prefix.length <= request.keyLength) return prefix;
  throw new TributaryError(
    'USAGE',
    `${request.name}: a prefix has 1 to ${request.keyLength} parts, the tenant first, but ${prefix.length} were given`,
  );
}

/** The `next` of a page: what follows the prefix in the key of its last record. */
export function pageToken(prefix: Key, last: Key): string {
  return Buffer.from(JSON.stringify(last.slice(prefix.length))).toString('base64url');
}

/** The rest of the key from which `pageToken` made a token. */
export function afterToken(request: TableRequest, prefix: Key, token: string): string[] {
  const rest = parsed(Buffer.from(token, 'base64url').toString());
  const length = request.keyLength - prefix.length;
  if (Array.isArray(rest) && rest.length === length && length > 0 && rest.every((part) => typeof part === 'string')) {
    return rest;
  }
  throw noSuchPage(request, token);
}

/** The `_id` with which the previous page ended. */
export function scanToken(request: TableRequest, token: string): number {
  if (/^\d{1,15}$/.test(token)) return Number(token);
  throw noSuchPage(request, token);
}

function noSuchPage(request: TableRequest, token: string): TributaryError {
  return new TributaryError(
    'USAGE',
    `${request.name}: the page after ${JSON.stringify(token.slice(0, 40))} does not exist; give the token of the page before, or none for the first`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
