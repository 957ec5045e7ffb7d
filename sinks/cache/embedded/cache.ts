/**
 * The embedded cache: fields in the shared SQLite file, and live updates to listeners of this process.
 *
 * Fields are stored in the order in which they were first written, so that the fields of one batch are close together.
 * An index has them by entry, in the order of their sort values. A removed field is kept without its record, so that
 * older writes do not undo the removal; a process that opens the file at least a day later deletes it.
 *
 * Listeners are notified after a transaction was committed, one change at a time. A change that a listener makes comes
 * after those before it. Errors of listeners are ignored.
 */

import { messageOf, TributaryError } from '../../../core/errors.ts';
import type { CacheDef } from '../../../core/target.ts';
import { type Database, guarded, isRefusal } from '../../../embedded/database.ts';
import type { Change, Key, WriteResult } from '../../port.ts';
import type { Cache, LiveUpdate } from '../port.ts';

const REMOVALS_KEPT_MS = 24 * 60 * 60 * 1000;

// The index holds only removals, so a write of a record is not slower for it.
const CREATE = `
  CREATE TABLE IF NOT EXISTS cache_fields (
    cache TEXT NOT NULL, entry TEXT NOT NULL, field TEXT NOT NULL,
    token INTEGER NOT NULL, revision INTEGER NOT NULL, record TEXT, removed INTEGER,
    UNIQUE (cache, entry, field)
  );
  CREATE INDEX IF NOT EXISTS cache_fields_removed ON cache_fields (removed) WHERE removed IS NOT NULL;
`;
const FORGET = 'DELETE FROM cache_fields WHERE removed < ?';
const WRITE = `
  INSERT INTO cache_fields (cache, entry, field, token, revision, record, removed) VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (cache, entry, field) DO UPDATE SET
    token = excluded.token, revision = excluded.revision, record = excluded.record, removed = excluded.removed
  WHERE (excluded.token, excluded.revision) >= (token, revision)
`;
const READ = `
  SELECT record FROM cache_fields WHERE cache = ? AND entry = ? AND record IS NOT NULL ORDER BY field
`;

/** Closing the cache does not close the database: whoever opened it closes it. */
export function embeddedCache(database: Database): Cache {
  const live = liveUpdates();
  let opened = false;

  function open(): void {
    if (opened) return;
    database.exec(CREATE);
    database.statement(FORGET).run(Date.now() - REMOVALS_KEPT_MS);
    opened = true;
  }

  function write(cache: CacheDef, changes: readonly Change[]): WriteResult[] {
    const statement = database.statement(WRITE);
    const now = Date.now();
    const entryLength = 1 + cache.key.length;
    return changes.map(({ key, version, record }) => {
      const entry = ordered(key.slice(0, entryLength));
      const field = ordered(key.slice(entryLength));
      const stored = record === undefined ? null : JSON.stringify(record);
      const removed = record === undefined ? now : null;
      try {
        const { token, revision } = version;
        const { changes: count } = statement.run(cache.name, entry, field, token, revision, stored, removed);
        return count === 0 ? 'stale' : 'written';
      } catch (error) {
        if (!isRefusal(error)) throw error;
        return { refused: `the record is too large for the cache ${cache.name}: ${messageOf(error)}` };
      }
    });
  }

  return {
    apply: (cache, changes) =>
      guarded('CACHE_AWAY', `writing to the cache ${cache.name}`, () => {
        if (changes.length === 0) return [];
        open();
        const results = database.transaction(() => write(cache, changes));
        if (cache.live) {
          live.notify(
            cache,
            changes.filter((_, index) => results[index] === 'written'),
          );
        }
        return results;
      }),

    read: (cache, entry) =>
      guarded('CACHE_AWAY', `reading the cache ${cache.name}`, () => {
        open();
        const rows = database.statement(READ).all<[string]>(cache.name, ordered(entry));
        return rows.map(([record]) => JSON.parse(record));
      }),

    subscribe: async (cache, entry, listener) => {
      if (!cache.live) {
        throw new TributaryError(
          'USAGE',
          `the cache ${cache.name} does not publish changes; declare it with live: true, or poll it`,
        );
      }
      const unsubscribe = live.subscribe(cache, entry, listener);
      return async () => unsubscribe();
    },

    close: async () => live.clear(),
  };
}

function liveUpdates() {
  type Listener = (update: LiveUpdate) => void;
  const subscribed = new Map<string, Set<{ listener: Listener }>>();
  const waiting: { name: string; update: LiveUpdate }[] = [];
  let isNotifying = false;

  const nameOf = (cache: CacheDef, entry: Key): string => ordered([cache.name, ...entry]);

  function drain(): void {
    // The loop includes changes that listeners add to `waiting` meanwhile.
    for (const { name, update } of waiting) {
      const subscriptions = subscribed.get(name);
      for (const subscription of [...(subscriptions ?? [])]) {
        if (!subscriptions?.has(subscription)) continue;
        try {
          subscription.listener(update);
        } catch {
          // See above: neither the writer nor other listeners are affected.
        }
      }
    }
    waiting.length = 0;
  }

  return {
    subscribe(cache: CacheDef, entry: Key, listener: Listener): () => void {
      const name = nameOf(cache, entry);
      const subscriptions = subscribed.get(name) ?? new Set();
      const subscription = { listener };
      subscribed.set(name, subscriptions.add(subscription));
      return () => {
        subscriptions.delete(subscription);
        if (subscriptions.size === 0 && subscribed.get(name) === subscriptions) subscribed.delete(name);
      };
    },

    notify(cache: CacheDef, changes: readonly Change[]): void {
      if (subscribed.size === 0) return;
      for (const { key, record } of changes) {
        const name = nameOf(cache, key.slice(0, 1 + cache.key.length));
        if (subscribed.has(name)) waiting.push({ name, update: { key, record } });
      }
      if (isNotifying) return;
      isNotifying = true;
      drain();
      isNotifying = false;
    },

    clear: (): void => subscribed.clear(),
  };
}

/**
 * Joins several texts to one that is unique for them and sorts as they do, value by value in the order of code points.
 * U+0001 ends a value; each of the three characters up to U+0002 becomes U+0002 and one more character.
 */
function ordered(values: Key): string {
  return values.map(escaped).join('\u0001');
}

/** Used for every write: checking first is five times as fast as replacing nothing. */
function escaped(value: string): string {
  for (let index = 0; index < value.length; index += 1) {
    if (value.charCodeAt(index) <= 2) {
      return value
        .replaceAll('\u0002', '\u0002\u0003')
        .replaceAll('\u0001', '\u0002\u0002')
        .replaceAll('\u0000', '\u0002\u0001');
    }
  }
  return value;
}
