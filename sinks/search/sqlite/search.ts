/**
 * The embedded search: SQLite's full-text search FTS5 over the shared file. See `request.ts` for the tables.
 *
 * A declaration may gain fields, and fields may move between words and filters: then all documents are written once
 * more, unchanged. If the key or a type changes, it is a different index, and is refused.
 */

import { messageOf, TributaryError } from '../../../core/errors.ts';
import type { IndexDef } from '../../../core/target.ts';
import { type Database, guarded, isRefusal } from '../../../embedded/database.ts';
import type { Change, WriteResult } from '../../port.ts';
import type { Search } from '../port.ts';
import { type FoundRow, type IndexRequests, indexRequests, REMOVALS_KEPT_MS, type StoredDocument } from './request.ts';

const DECLARED = 'CREATE TABLE IF NOT EXISTS declared_indexes (name TEXT PRIMARY KEY, declared TEXT NOT NULL)';
const DOCUMENTS_AT_ONCE = 1000;

/**
 * The database stays open when the search is closed: whoever opened it closes it. `now` is the time in ms since 1970
 * UTC; it only decides how long removals are kept.
 */
export function sqliteSearch(database: Database, now: () => number = Date.now): Search {
  const known = new WeakMap<IndexDef, IndexRequests>();

  function requestsOf(index: IndexDef): IndexRequests {
    let requests = known.get(index);
    if (requests === undefined) {
      requests = indexRequests(index);
      known.set(index, requests);
    }
    return requests;
  }

  function prepare(index: IndexDef): void {
    const requests = requestsOf(index);
    const before = declaredOf(index);
    if (before === requests.declared) return;
    if (before === undefined) database.exec(requests.create);
    else alter(index, requests, before);
    database.statement('INSERT OR REPLACE INTO declared_indexes VALUES (?, ?)').run(index.name, requests.declared);
  }

  /** Whether any index was ever created. */
  function hasIndexes(): boolean {
    return database.statement(`SELECT 1 FROM sqlite_master WHERE name = 'declared_indexes'`).get() !== undefined;
  }

  function declaredOf({ name }: IndexDef): string | undefined {
    const stored = database.statement('SELECT declared FROM declared_indexes WHERE name = ?').get(name);
    return stored === undefined ? undefined : String(stored[0]);
  }

  /** What `prepare` would do, as texts. An index that changes is written again, document by document. */
  function missing(index: IndexDef): string[] {
    const requests = requestsOf(index);
    const before = declaredOf(index);
    if (before === requests.declared) return [];
    if (before === undefined) return [requests.create];
    const added = additions(index, requests, before).map((name) => requests.addColumn(name));
    if (!columnTypes(requests).has('_removed')) added.push(...requests.addRemoved.slice(0, 2));
    const again = `-- every document of ${requests.table} is written once more, for the fields or words that changed`;
    return [...added, again];
  }

  function alter(index: IndexDef, requests: IndexRequests, before: string): void {
    for (const name of additions(index, requests, before)) database.exec(requests.addColumn(name));
    if (!columnTypes(requests).has('_removed')) {
      const [column, removals, fill] = requests.addRemoved;
      database.exec(`${column}; ${removals}`);
      database.statement(fill).run(now());
    }
    if (!requests.hasWords(before)) database.exec(requests.renewWords);
    rewrite(requests);
  }

  function columnTypes({ table }: IndexRequests): Map<string, string> {
    return new Map(database.statement('SELECT name, type FROM pragma_table_info(?)').all<[string, string]>(table));
  }

  /** The fields without a column. Throws TABLE_DRIFTED if adding is not enough. */
  function additions(index: IndexDef, requests: IndexRequests, before: string): string[] {
    const { key } = JSON.parse(before) as { key: string[] };
    if (key.join() !== requests.key.join()) throw drifted(index, `the key (${key})`, `the key (${requests.key})`);
    const types = columnTypes(requests);
    return [...requests.columns].flatMap(([name, { type }]) => {
      const there = types.get(name);
      if (there === undefined) return [name];
      if (there !== type) throw drifted(index, `${name} as ${there}`, `${name} as ${type}`);
      return [];
    });
  }

  /** Writes every document again at its own version, which fills what was added. */
  function rewrite(requests: IndexRequests): void {
    const [stored, upsert] = [database.statement(requests.stored), database.statement(requests.upsert)];
    for (let last = 0; ; ) {
      const documents = stored.all<StoredDocument>(last, DOCUMENTS_AT_ONCE);
      for (const [id, document, token, revision, ...key] of documents) {
        const record = JSON.parse(document) as Record<string, unknown>;
        upsert.run(...requests.parameters({ key, version: { token, revision }, record }, now()));
        last = id;
      }
      if (documents.length < DOCUMENTS_AT_ONCE) return;
    }
  }

  function write(index: IndexDef, changes: readonly Change[]): WriteResult[] {
    const { upsert, parameters } = requestsOf(index);
    const statement = database.statement(upsert);
    const time = now();
    return changes.map((change) => {
      try {
        return statement.run(...parameters(change, time)).changes === 0 ? 'stale' : 'written';
      } catch (error) {
        if (!isRefusal(error)) throw error;
        return { refused: `the document is too large for the search index ${index.name}: ${messageOf(error)}` };
      }
    });
  }

  return {
    prepare: (indexes) =>
      guarded('SEARCH_AWAY', 'preparing the search indexes', () =>
        database.transaction(() => {
          database.exec(DECLARED);
          for (const index of indexes) prepare(index);
        }),
      ),

    missing: (indexes) =>
      guarded('SEARCH_AWAY', 'comparing the search indexes', () => {
        return indexes.flatMap((index) => (hasIndexes() ? missing(index) : [requestsOf(index).create]));
      }),

    renew: (index) =>
      guarded('SEARCH_AWAY', `renewing the search index ${index.name}`, () =>
        database.transaction(() => {
          const requests = requestsOf(index);
          database.exec(`${DECLARED}; ${requests.drop}`);
          database.statement('DELETE FROM declared_indexes WHERE name = ?').run(index.name);
          prepare(index);
          return { before: undefined, now: requests.table };
        }),
      ),

    apply: (index, changes) =>
      guarded('SEARCH_AWAY', `writing to the search index ${index.name}`, () =>
        changes.length === 0 ? [] : database.transaction(() => write(index, changes)),
      ),

    search: (index, request) =>
      guarded('SEARCH_AWAY', `searching in ${index.name}`, () => {
        const requests = requestsOf(index);
        const page = requests.page(request);
        const total = requests.total(request);
        const rows = database.statement(page.sql).all<FoundRow>(...page.parameters);
        const [count] = database.statement(total.sql).get<[number]>(...total.parameters) as [number];
        const items = rows.slice(0, request.limit).map(([document]) => JSON.parse(document));
        return { items, next: page.next(rows), total: count };
      }),

    sweep: (indexes) =>
      guarded('SEARCH_AWAY', 'forgetting what was removed', () =>
        database.transaction(() => {
          let deleted = 0;
          for (const index of hasIndexes() ? indexes : []) {
            if (declaredOf(index) === undefined) continue;
            deleted += Number(database.statement(requestsOf(index).sweep).run(now() - REMOVALS_KEPT_MS).changes);
          }
          return deleted;
        }),
      ),

    close: async () => {},
  };
}

function drifted({ name }: IndexDef, was: string, is: string): TributaryError {
  return new TributaryError(
    'TABLE_DRIFTED',
    `the search index ${name} was made with ${was} and is declared with ${is}; renew it with \`tributary indexes renew ${name}\`, then \`tributary rebuild-views --only search\``,
  );
}
