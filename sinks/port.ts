/** What the ports that store rows and views have in common. */

/** The tenant first, then the values of the key's fields in their order. Every element is a string, and none is empty. */
export type Key = readonly string[];

/**
 * The version of a row, and of every view of it: first the token of the partition's owner, then the revision, which grows by one with each
 * change that the row applies. A store never lets an older version replace a newer one, and accepts an equal one.
 */
export interface Version {
  readonly token: number;
  readonly revision: number;
}

/** Below zero if `a` is older. */
export function compareVersions(a: Version, b: Version): number {
  return a.token - b.token || a.revision - b.revision;
}

/**
 * The result of one write. `stale`: the store has a newer version, and this write changed nothing. `refused`: the store
 * will never accept the write, for this reason. A store that is unavailable throws a `retry` error for the whole call
 * instead. Then any part of the call may have happened, and the caller must write all of it again.
 */
export type WriteResult = 'written' | 'stale' | { readonly refused: string };

/** The new state of one record of a view. `record: undefined` removes it; the removal also holds against older writes. */
export interface Change {
  readonly key: Key;
  readonly version: Version;
  readonly record: Readonly<Record<string, unknown>> | undefined;
}

/** One page of a list. `next` is the `after` of the following call; it is undefined on the last page. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

export interface PageRequest {
  readonly limit: number;
  readonly after?: string | undefined;
}
