/** What the ports that hold rows and views have in common. */

/** Tenant first, then the values of the key's fields in their order. Every element is a string, none is empty. */
export type Key = readonly string[];

/**
 * The version of a row, and of every view of it: first the token of the partition's owner, then the number of
 * events the row has applied. A store never lets an older version replace a newer one, and accepts an equal one.
 */
export interface Version {
  readonly token: number;
  readonly revision: number;
}

/** Below zero when `a` is the older one. */
export function compareVersions(a: Version, b: Version): number {
  return a.token - b.token || a.revision - b.revision;
}

/**
 * What became of one write. `stale`: the store holds a newer version, and this write changed nothing. `refused`:
 * the store will never take it, and says why. A store that is away throws a `retry` error for the whole call
 * instead; then any part of the call may have happened, and the caller writes all of it again.
 */
export type WriteResult = 'written' | 'stale' | { readonly refused: string };

/** One record of a view as it shall be; `record: undefined` removes it, and holds against older writes too. */
export interface Change {
  readonly key: Key;
  readonly version: Version;
  readonly record: Readonly<Record<string, unknown>> | undefined;
}

/** One page of a list. `next` goes into the following call; it is absent on the last page. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

export interface PageRequest {
  readonly limit: number;
  readonly after?: string | undefined;
}
