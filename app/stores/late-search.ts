/** A search whose indexes may be made after the process starts, because its server does not answer at the start. */
import type { IndexDef } from '../../core/target.ts';
import type { Search } from '../../sinks/search/port.ts';

export interface LateSearch extends Search {
  /** From here on the indexes are made before the next document is written. While that fails, no document is written. */
  prepareLater(indexes: readonly IndexDef[]): void;
}

export function lateSearch(search: Search): LateSearch {
  let owed: readonly IndexDef[] = [];
  let preparing: Promise<void> | undefined;
  const prepared = async (): Promise<void> => {
    await search.prepare(owed);
    owed = [];
  };
  return {
    prepareLater(indexes) {
      owed = indexes;
    },
    prepare: (indexes) => search.prepare(indexes),
    missing: (indexes) => search.missing(indexes),
    renew: (index) => search.renew(index),
    async apply(index, changes) {
      if (owed.length > 0) {
        // Callers that ask meanwhile share one attempt.
        preparing ??= prepared().finally(() => {
          preparing = undefined;
        });
        await preparing;
      }
      return search.apply(index, changes);
    },
    search: (index, request) => search.search(index, request),
    sweep: (indexes) => search.sweep(indexes),
    close: () => search.close(),
  };
}
