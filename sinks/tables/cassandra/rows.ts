/** Converts rows, records and keys to the parameters of the statements of `request.ts`, and back. */
import { types } from 'cassandra-driver';
import { Entries } from '../../../core/entries.ts';
import { messageOf, TributaryError } from '../../../core/errors.ts';
import type { TableDef } from '../../../core/target.ts';
import type { Change, Key, Version } from '../../port.ts';
import type { Growing, Growth } from '../growth.ts';
import type { DueTimer, RowWrite, StoredRow } from '../port.ts';
import type { MapRequest, TableRequest } from './request.ts';
import { timestampOf, unsayable } from './version.ts';

/**
 * Shortly before the end of Cassandra's 32-bit seconds, in ms since 1970 UTC. Newer settings of the server allow later
 * times.
 */
const LAST_END = Date.UTC(2038, 0);

/** The prefix of a value. */
const LENGTH_BYTES = 4;

export type Found = Readonly<Record<string, unknown>>;
type Data = Readonly<Record<string, unknown>> | undefined;

/** The longest text in an index, in bytes of UTF-8. Cassandra would accept a longer one, but not find it. */
export const LONGEST_INDEXED = 8 * 1024;
const LONGEST_KEY = 65_000;

/** The indexed values by which a removed row can still be found, by the names of their columns. */
export type Kept = Readonly<Record<string, unknown>>;

/** The parameters of `insert`: the whole row. */
export function insertParameters(
  request: TableRequest,
  row: RowWrite,
  { attempt, now, kept = {} }: { attempt: number; now: number; kept?: Kept | undefined },
): unknown[] {
  const parameters = [...row.key, ...fieldsOf(request, row.data, kept)];
  for (const map of request.maps) parameters.push(row.data === undefined ? null : entriesOf(map, row.data[map.field]));
  parameters.push(...bookkeepingOf(row), longOf(row.version, attempt), secondsToLive(row, now));
  return parameters;
}

/** Rounded up. 0, which means for ever, if Cassandra cannot represent the time of expiry. */
function secondsToLive({ data, keepMs }: RowWrite, now: number): number {
  if (data !== undefined || keepMs === undefined || now + keepMs >= LAST_END) return 0;
  return Math.max(1, Math.ceil(keepMs / 1000));
}

/** The parameters of `put`, or of `remove` for a change without a record. */
export function changeParameters(request: TableRequest, { key, version, record }: Change): unknown[] {
  if (record === undefined) return [longOf(version), ...key];
  const parameters = [...key, ...fieldsOf(request, record)];
  for (const map of request.maps) parameters.push(entriesOf(map, record[map.field]));
  parameters.push(version.token, version.revision, longOf(version));
  return parameters;
}

/** Why Cassandra cannot store the data; undefined if it can, as far as is known before sending. */
export function refusal(request: TableRequest, key: Key, version: Version, data: Data): string | undefined {
  const refused = refusedKey(request, key);
  if (refused !== undefined) return refused;
  for (const field of request.indexedFields) {
    if (isLong(data?.[field])) return tooLong(field);
  }
  return unsayable(version);
}

/** Why the key is not valid for a row. */
export function refusedKey(request: TableRequest, key: Key): string | undefined {
  let size = 0;
  for (const part of key) size += part.length * 3 <= LONGEST_INDEXED ? part.length : Buffer.byteLength(part);
  if (size > LONGEST_KEY) return `its key has ${size} bytes, and the most is ${LONGEST_KEY}`;
  for (const index of request.indexedKeys) {
    if (isLong(key[index])) return tooLong(request.keys[index] as string);
  }
  return undefined;
}

function isLong(value: unknown): boolean {
  return typeof value === 'string' && value.length * 3 > LONGEST_INDEXED && Buffer.byteLength(value) > LONGEST_INDEXED;
}

function tooLong(name: string): string {
  return `${name} is indexed, and its value has more than ${LONGEST_INDEXED} bytes`;
}

/** The approximate size of the parameters in bytes, assuming mostly ASCII text. */
export function sizeOf(parameters: readonly unknown[]): number {
  return sizeOfAll(parameters, (text) => text.length);
}

/**
 * Why a statement of this size must not be sent; undefined if it may. By default, Cassandra accepts requests and writes
 * of up to 16 MiB. A larger request is refused, and may also make the next requests on the same connection fail.
 */
export function tooLarge(parameters: readonly unknown[], size: number, largest: number): string | undefined {
  // No character takes more than three bytes for each UTF-16 unit.
  const bytes = size * 3 <= largest ? size : sizeOfAll(parameters, Buffer.byteLength);
  return bytes <= largest ? undefined : `it has ${bytes} bytes, and the most is ${largest}`;
}

/** Why an update of the row is refused: see `Growth`. */
export function outgrown(request: TableRequest, growth: Growth, row: RowWrite, size: number): string | undefined {
  const bytesOf = (values: readonly unknown[]) => sizeOfAll(values, Buffer.byteLength);
  const maps = request.maps.map((map): Growing => {
    const value = row.data?.[map.field];
    return {
      value,
      added: () => (value instanceof Entries ? bytesOf([encoded(map, value.changes())]) : 0),
      measure: () => bytesOf([entriesOf(map, value)]),
    };
  });
  const rest = () => bytesOf([...row.key, ...fieldsOf(request, row.data), ...bookkeepingOf(row)]);
  return growth.refusal(maps, size, rest, false);
}

type LengthOf = (text: string) => number;

function sizeOfAll(values: readonly unknown[], lengthOf: LengthOf): number {
  let size = 0;
  for (const value of values) size += sizeOfOne(value, lengthOf);
  return size;
}

function sizeOfOne(value: unknown, lengthOf: LengthOf): number {
  if (typeof value === 'string') return LENGTH_BYTES + lengthOf(value);
  if (value instanceof Uint8Array) return LENGTH_BYTES + value.length;
  if (Array.isArray(value)) return sizeOfAll(value, lengthOf);
  if (!(value instanceof Map)) return 8;
  let size = 0;
  value.forEach((each, key) => {
    size += sizeOfOne(key, lengthOf) + sizeOfOne(each, lengthOf);
  });
  return size;
}

export function longOf(version: Version, attempt = 0): types.Long {
  const [low, high] = timestampOf(version, attempt);
  return new types.Long(low, high);
}

/** Nulls are written, too: otherwise a column would keep what an older version wrote. */
function fieldsOf(request: TableRequest, data: Data, kept: Kept = {}): unknown[] {
  return request.columns.map(({ field, name, codec }) =>
    data === undefined ? (kept[name] ?? null) : codec.encode(data[field]),
  );
}

/** The added entries among the changes, encoded. */
function encoded(map: MapRequest, changes: ReadonlyMap<string, unknown>): Map<string, unknown> {
  const entries = new Map<string, unknown>();
  for (const [entry, value] of changes) if (value !== undefined) entries.set(entry, map.codec.encode(value));
  return entries;
}

function entriesOf(map: MapRequest, value: unknown): Map<string, unknown> {
  const entries = new Map<string, unknown>();
  const add = (each: unknown, entry: string) => entries.set(entry, map.codec.encode(each));
  if (value instanceof Entries) value.forEach(add);
  else for (const [entry, each] of Object.entries(value ?? {})) add(each, entry);
  return entries;
}

export function bookkeepingOf({ version, partition, at, outbox, timers, data }: RowWrite): unknown[] {
  return [version.token, version.revision, partition, at, outbox, ...timerParameters(timers), data === undefined];
}

export function timerParameters(timers: RowWrite['timers']): [text: string, due: number | null] {
  const due = earliest(timers);
  return due === undefined ? ['', null] : [JSON.stringify(timers), due];
}

export function earliest(timers: Readonly<Record<string, number>>): number | undefined {
  let due: number | undefined;
  for (const name in timers) {
    const time = timers[name] as number;
    if (due === undefined || time < due) due = time;
  }
  return due;
}

export function storedRow(request: TableRequest, table: TableDef, row: Found): StoredRow {
  const data = isErased(row) ? undefined : recordOf(request, table, row, Entries.stored);
  return {
    key: keyOf(request, row),
    version: { token: numberOf(row['_token']), revision: numberOf(row['_revision']) },
    at: (row['_at'] as string | null) ?? '',
    outbox: (row['_outbox'] as string | null) ?? '',
    timers: timersOf(row),
    data,
  };
}

/** The declared fields. `make` converts the entries of map fields. */
export function recordOf(
  request: TableRequest,
  table: TableDef,
  row: Found,
  make: (entries: Iterable<readonly [string, unknown]>) => unknown,
): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  let index = 1;
  for (const name of [...table.key, ...table.sort]) record[name] = row[request.keys[index++] as string];
  let column = '';
  try {
    for (const { field, name, codec, missing } of request.columns) {
      column = name;
      const value = row[name];
      record[field] = value === null ? missing : codec.decode(value);
    }
    for (const map of request.maps) {
      column = map.column;
      const entries = row[column] as ReadonlyMap<string, unknown> | null;
      record[map.field] = make(entries === null ? [] : decoded(map, entries));
    }
  } catch (error) {
    throw new TributaryError(
      'STORE_BROKEN',
      `the column ${column} of ${request.name} does not hold what is declared (${messageOf(error)}); if its field was of another kind once, rebuild the table from its topic`,
      { cause: error },
    );
  }
  return record;
}

function* decoded(map: MapRequest, entries: ReadonlyMap<string, unknown>): Iterable<readonly [string, unknown]> {
  for (const [entry, value] of entries) yield [entry, map.codec.decode(value)];
}

export function keyOf(request: TableRequest, row: Found): string[] {
  return request.keys.map((name) => row[name] as string);
}

export function isErased(row: Found): boolean {
  return row['_erased'] === true;
}

/** The timers of a row that are due at `before` or earlier. */
export function dueTimers(request: TableRequest, row: Found, before: number): DueTimer[] {
  const key = keyOf(request, row);
  const partition = row['_partition'] as number;
  return Object.entries(timersOf(row)).flatMap(([name, due]) => (due <= before ? [{ partition, key, name, due }] : []));
}

function timersOf(row: Found): Record<string, number> {
  const text = row['_timers'];
  return text === null || text === '' ? {} : JSON.parse(text as string);
}

export function numberOf(value: unknown): number {
  return value === null || value === undefined ? 0 : (value as types.Long).toNumber();
}

/** The key, after checking that it fits this table. */
export function wholeKey(request: TableRequest, key: Key): Key {
  if (key.length === request.keyLength) return key;
  throw new TributaryError(
    'USAGE',
    `${request.name}: a key has ${request.keyLength} parts, the tenant first, but ${key.length} were given`,
  );
}
