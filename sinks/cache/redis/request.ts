/**
 * How entries lie in Redis, and what is sent to change one. Services may read all of this with any client.
 *
 * | key | type | what |
 * | --- | --- | --- |
 * | `tributary:learner_courses:{acme:ann}` | hash | the entry: a field for each sort value, holding the record as JSON |
 * | `…{acme:ann}:versions` | hash | of each field that was ever written: `token.revision` of its newest change |
 * | `…{acme:ann}:removals` | sorted set | the fields that were removed, by the time in ms; kept for a day |
 *
 * In braces stand the tenant and the values of the key's fields, joined by colons; several sort values are joined in the same
 * way, and a cache without sort fields has the one field `record`. In every value `%`, `:`, `{`, `}` and control characters
 * are written as `%` and two hexadecimal digits (half a surrogate pair as `%u` and four). Of the braces follows that the keys
 * of an entry lie on one node of a cluster, and that those of one learner's entries in several caches do so too.
 *
 * Changes of a live cache are published on the channel of the entry's name (in another database than 0 with its number before
 * it: `3/tributary:…`): `{"field":"maths","version":"1.42","record":{…}}`, with `null` for a record that was removed.
 */
import type { CacheDef } from '../../../core/target.ts';
import type { Change, Key, Version, WriteResult } from '../../port.ts';
import { ACCEPTED, KEYS_OF_ENTRY, LIVE, REMOVED } from './script.ts';

/** How a cache's entries are named in this installation. */
export interface Naming {
  /** What every key begins with. */
  readonly prefix: string;
  /** What every channel begins with, before the key's name. */
  readonly channels: string;
}

/** One call of the script, for one or several entries. */
export interface ApplyCall {
  readonly keys: readonly string[];
  readonly args: readonly string[];
  /** Whose results the call answers, in this order: indexes of the changes. */
  readonly changes: readonly number[];
  /** About how much is sent, in UTF-16 units. */
  readonly size: number;
}

/** What a change of a live cache says on its channel; undefined record: removed. */
export interface PublishedChange {
  readonly field: string;
  readonly version: Version;
  readonly record: Readonly<Record<string, unknown>> | undefined;
}

/** Far below what Redis takes: a message as long as its limit for subscribers (32 MiB) would cut off all of them. */
export const RECORD_LIMIT = 16 * 1024 * 1024;
const CALL_CHANGES = 256;
const CALL_SIZE = 256 * 1024;
/** The one field of an entry without sort fields. */
const ONLY_FIELD = 'record';

export function entryKey({ prefix }: Naming, cache: CacheDef, entry: Key): string {
  return `${prefix}${escaped(cache.name)}:{${joined(entry)}}`;
}

export function versionsKey(entry: string): string {
  return `${entry}:versions`;
}

/**
 * The calls that apply the changes, with those of one entry side by side and at most `entries` entries in a call; and what
 * is refused without asking Redis, by the index of the change.
 */
export function applyCalls(
  naming: Naming,
  cache: CacheDef,
  changes: readonly Change[],
  entries: number,
): { calls: ApplyCall[]; refused: Map<number, WriteResult> } {
  const calls: Draft[] = [];
  const refused = new Map<number, WriteResult>();
  for (const [entry, list] of byEntry(naming, cache, changes)) {
    for (const [index, { key, version, record }] of list) {
      const stored = record === undefined ? REMOVED : JSON.stringify(record);
      if (isTooLarge(stored)) {
        refused.set(index, {
          refused: `the record is too large for the cache ${cache.name}: over ${RECORD_LIMIT} bytes`,
        });
        continue;
      }
      const field = fieldName(cache, key);
      let call = calls.at(-1);
      if (call === undefined || isFull(call, stored, entry, entries)) {
        call = { keys: [], args: [cache.live ? LIVE : '', naming.channels], changes: [], size: 0, last: '', count: 0 };
        calls.push(call);
      }
      if (call.last !== entry) {
        call.keys.push(entry, versionsKey(entry), `${entry}:removals`);
        call.last = entry;
        call.count = call.args.push('0') - 1;
      }
      call.args[call.count] = String(Number(call.args[call.count]) + 1);
      call.args.push(field, versionText(version), stored);
      call.changes.push(index);
      call.size += entry.length + field.length + stored.length;
    }
  }
  return { calls, refused };
}

interface Draft extends ApplyCall {
  readonly keys: string[];
  readonly args: string[];
  readonly changes: number[];
  size: number;
  /** The entry that the last changes belong to, and which argument says how many they are. */
  last: string;
  count: number;
}

function isFull({ changes, size, keys, last }: Draft, stored: string, entry: string, entries: number): boolean {
  return (
    changes.length === CALL_CHANGES ||
    size + stored.length > CALL_SIZE ||
    (last !== entry && keys.length === entries * KEYS_OF_ENTRY)
  );
}

function byEntry(naming: Naming, cache: CacheDef, changes: readonly Change[]): Map<string, [number, Change][]> {
  const entryLength = 1 + cache.key.length;
  const entries = new Map<string, [number, Change][]>();
  for (const [index, change] of changes.entries()) {
    const entry = entryKey(naming, cache, change.key.slice(0, entryLength));
    const list = entries.get(entry);
    if (list === undefined) entries.set(entry, [[index, change]]);
    else list.push([index, change]);
  }
  return entries;
}

/** A character is at most three bytes for each UTF-16 unit, so short records need no counting. */
function isTooLarge(stored: string): boolean {
  return stored.length * 3 > RECORD_LIMIT && Buffer.byteLength(stored) > RECORD_LIMIT;
}

/** What the calls' replies say of each change. */
export function resultsOf(
  count: number,
  refused: ReadonlyMap<number, WriteResult>,
  replies: readonly { readonly call: ApplyCall; readonly reply: readonly number[] }[],
): WriteResult[] {
  const results = new Array<WriteResult>(count);
  for (const [index, result] of refused) results[index] = result;
  for (const { call, reply } of replies) {
    for (const [position, index] of call.changes.entries())
      results[index] = reply[position] === ACCEPTED ? 'written' : 'stale';
  }
  return results;
}

/** The records of an entry's hash, in the order of their sort fields. */
export function recordsOf(hash: Readonly<Record<string, string>>): Readonly<Record<string, unknown>>[] {
  return Object.entries(hash)
    .map(([field, record]) => ({ values: valuesOf(field), record }))
    .sort((a, b) => compareValues(a.values, b.values))
    .map(({ record }) => JSON.parse(record));
}

/** Undefined if it is none: anybody may publish anything. */
export function publishedChangeOf(message: string): PublishedChange | undefined {
  try {
    const { field, version, record } = JSON.parse(message);
    const parsed = versionOf(version);
    if (typeof field !== 'string' || parsed === undefined || typeof record !== 'object') return undefined;
    return { field, version: parsed, record: record ?? undefined };
  } catch {
    return undefined;
  }
}

/** The newest change of each field of an entry, from its hash of versions and then its own; what is unreadable is left out. */
export function newestOf(
  versions: Readonly<Record<string, string>>,
  records: Readonly<Record<string, string>>,
): PublishedChange[] {
  return Object.entries(versions).flatMap(([field, version]) => {
    const change = publishedChangeOf(
      `{"field":${JSON.stringify(field)},"version":"${version}","record":${records[field] ?? null}}`,
    );
    return change ?? [];
  });
}

/** The key of the record in that field of the entry. */
export function keyOf(cache: CacheDef, entry: Key, field: string): Key {
  return cache.sort.length === 0 ? entry : [...entry, ...valuesOf(field)];
}

function fieldName(cache: CacheDef, key: Key): string {
  return cache.sort.length === 0 ? ONLY_FIELD : joined(key.slice(1 + cache.key.length));
}

function versionText({ token, revision }: Version): string {
  return `${token}.${revision}`;
}

function versionOf(text: unknown): Version | undefined {
  const [, token, revision] = (typeof text === 'string' && /^(\d+)\.(\d+)$/.exec(text)) || [];
  return token === undefined ? undefined : { token: Number(token), revision: Number(revision) };
}

/** Several values as one text that no other values give. */
function joined(values: Key): string {
  return values.map(escaped).join(':');
}

function valuesOf(field: string): string[] {
  return field
    .split(':')
    .map((value) =>
      value.replace(/%(?:u([0-9A-F]{4})|([0-9A-F]{2}))/g, (_, four, two) =>
        String.fromCharCode(Number.parseInt(four ?? two, 16)),
      ),
    );
}

function escaped(value: string): string {
  return value.replace(/[%:{}\p{Control}\p{Surrogate}]/gu, (character) => {
    const code = character.charCodeAt(0);
    const digits = code.toString(16).toUpperCase();
    return code > 0xff ? `%u${digits}` : `%${digits.padStart(2, '0')}`;
  });
}

/** Value by value in the order of code points, which is that of their bytes in UTF-8. */
function compareValues([a = '', ...afterA]: readonly string[], [b = '', ...afterB]: readonly string[]): number {
  const order = Buffer.compare(Buffer.from(a), Buffer.from(b));
  return order !== 0 || afterA.length === 0 ? order : compareValues(afterA, afterB);
}
