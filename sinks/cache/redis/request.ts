/**
 * How entries are stored in Redis, and what is sent to change one. Services may read all of this with any client.
 *
 * | key | type | content |
 * | --- | --- | --- |
 * | `tributary:learner_courses:{acme:ann}` | hash | the entry: one field for each sort value, with the record as JSON |
 * | `…{acme:ann}:versions` | hash | for each field that was ever written: `token.revision` of its newest change |
 * | `…{acme:ann}:removals` | sorted set | the removed fields, by the time in ms; kept for a day |
 *
 * The braces contain the tenant and the values of the key's fields, joined by colons. Several sort values are joined in the same way; a
 * cache without sort fields has the one field `record`. In every value, `%`, `:`, `{`, `}` and control characters become `%` and two
 * hexadecimal digits (half a surrogate pair becomes `%u` and four). Because of the braces, all keys of an entry are on one node of a
 * cluster, and so are those of one learner's entries in several caches.
 *
 * Changes of a live cache are published on a channel with the name of the entry (in a database other than 0 with the number before it:
 * `3/tributary:…`): `{"field":"maths","version":"1.42","record":{…}}`, with `null` for a record that was removed.
 */
import type { CacheDef } from '../../../core/target.ts';
import type { Change, Key, Version, WriteResult } from '../../port.ts';
import { ACCEPTED, KEYS_OF_ENTRY, LIVE, REMOVED } from './script.ts';

/** How the entries of caches are named in this installation. */
export interface Naming {
  /** The prefix of every key. */
  readonly prefix: string;
  /** The prefix of every channel, before the key's name. */
  readonly channels: string;
}

/** One call of the script, for one or several entries. */
export interface ApplyCall {
  readonly keys: readonly string[];
  readonly args: readonly string[];
  /** The indexes of the changes, in the order of the call's results. */
  readonly changes: readonly number[];
  /** The approximate size of what is sent, in UTF-16 units. */
  readonly size: number;
}

/** A change of a live cache, as it is published. An undefined record means that it was removed. */
export interface PublishedChange {
  readonly field: string;
  readonly version: Version;
  readonly record: Readonly<Record<string, unknown>> | undefined;
}

/** Far below the limits of Redis: a message as large as its limit for subscribers (32 MiB) would disconnect all of them. */
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
 * The calls that apply the changes, with at most `entries` entries in a call and the changes of one entry side by side;
 * and the changes that are refused without asking Redis, by index.
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
  /** The entry of the last changes. `count` is the index of the argument that counts its changes. */
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

/** A character is at most three bytes for each UTF-16 unit, so short records need no exact count. */
function isTooLarge(stored: string): boolean {
  return stored.length * 3 > RECORD_LIMIT && Buffer.byteLength(stored) > RECORD_LIMIT;
}

/** The result of each change, from the replies to the calls. */
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

/** Undefined if the message is not such a change: anybody may publish anything. */
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

/** The newest change of each field of an entry, from its hash of versions and its own hash. Unreadable fields are left out. */
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

/** The key of the record in this field of the entry. */
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

/** Several values as one text, unique for these values. */
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

/** Compares value by value in the order of code points, which is also that of their bytes in UTF-8. */
function compareValues([a = '', ...afterA]: readonly string[], [b = '', ...afterB]: readonly string[]): number {
  const order = Buffer.compare(Buffer.from(a), Buffer.from(b));
  return order !== 0 || afterA.length === 0 ? order : compareValues(afterA, afterB);
}
