/**
 * The cache port: small records read by key, and live updates by subscription.
 *
 * An entry is named by the fields of `cache.key`; its fields by `cache.sort` (a cache without `sort` has one field).
 * Every field has a version of its own. What every implementation keeps, and `test/contracts/cache.ts` checks on each:
 *
 * - An older version never replaces a newer one, and a removal holds against older writes, for an hour at least.
 * - A subscriber of a live cache is told every change that was accepted after it subscribed, in the order of the
 *   changes of one key. It may be told a change twice, and is told nothing while the cache is away: whoever needs all
 *   reads after subscribing.
 * - A cache may lose everything; it never shows something that was never written.
 */
import type { CacheDef } from '../../core/target.ts';
import type { Change, Key, WriteResult } from '../port.ts';

export interface LiveUpdate {
  readonly key: Key;
  /** The record as it is now; undefined when it was removed. */
  readonly record: Readonly<Record<string, unknown>> | undefined;
}

export interface Cache {
  /** Writes a view. At most one change a key in one call. */
  apply(cache: CacheDef, changes: readonly Change[]): Promise<WriteResult[]>;
  /** All records of one entry, in the order of their sort fields. `entry` is the tenant and the fields of `cache.key`. */
  read(cache: CacheDef, entry: Key): Promise<Readonly<Record<string, unknown>>[]>;
  /** Calls `listener` for every change of the entry until the answered function is called. */
  subscribe(cache: CacheDef, entry: Key, listener: (update: LiveUpdate) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}
