/**
 * The cache port: small records read by key, and live updates by subscription.
 *
 * An entry is identified by the fields of `cache.key`. Its fields are identified by `cache.sort`; a cache without `sort` has one field.
 * Every field has its own version. Every implementation guarantees the following, which `test/contracts/cache.ts` checks:
 *
 * - An older version never replaces a newer one, and an older write does not undo a removal for at least an hour.
 * - A subscriber of a live cache is notified of every change that was accepted after it subscribed, with the changes of
 *   one key in order. It may be notified of a change twice, and of none while the cache is unavailable: a subscriber
 *   that needs all changes reads the entry after subscribing.
 * - A cache may lose everything, but it never returns anything that was not written.
 */
import type { CacheDef } from '../../core/target.ts';
import type { Change, Key, WriteResult } from '../port.ts';

export interface LiveUpdate {
  readonly key: Key;
  /** The current record; undefined if it was removed. */
  readonly record: Readonly<Record<string, unknown>> | undefined;
}

export interface Cache {
  /** Writes a view. One call has at most one change for each key. */
  apply(cache: CacheDef, changes: readonly Change[]): Promise<WriteResult[]>;
  /** All records of one entry, in the order of their sort fields. `entry` is the tenant and the fields of `cache.key`. */
  read(cache: CacheDef, entry: Key): Promise<Readonly<Record<string, unknown>>[]>;
  /** Calls `listener` for every change of the entry, until the returned function is called. */
  subscribe(cache: CacheDef, entry: Key, listener: (update: LiveUpdate) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}
