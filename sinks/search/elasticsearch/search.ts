/**
 * The search on Elasticsearch 9. See `mapping.ts` for the indexes and `request.ts` for the requests.
 *
 * An acknowledged write is durable, but not yet visible: making every write visible would cost as much as the write
 * itself. So a search first makes earlier writes visible (`freshness: 'exact'`), together with all searches that wait
 * for the same refresh. With `freshness: 'interval'` it does not, and may miss what was written within the index's
 * `refresh_interval`, one second by default. Use that for many searches a second beside many writes.
 *
 * Rights: read, write, maintenance (for refreshes), view_index_metadata, and manage for `prepare` and `renew`. A
 * renewed index is another generation behind the same alias; the previous generation stays until somebody deletes it.
 */
import { createHash } from 'node:crypto';
import type { IndexDef } from '../../../core/target.ts';
import type { Search } from '../port.ts';
import { type Bounds, writeAll } from './bulk.ts';
import { cleanUp } from './clean-up.ts';
import { Elasticsearch, type Sending } from './client.ts';
import type { Location } from './location.ts';
import { aliasOf, type IndexSettings } from './mapping.ts';
import { missing, prepare, present, renew } from './prepare.ts';
import { type IndexRequests, indexRequests } from './request.ts';
import { Together } from './together.ts';

export interface ElasticsearchOptions extends Location {
  /**
   * The prefix of all indexes and aliases. Installations with different prefixes can share a cluster. Default
   * `tributary-`.
   */
  readonly prefix?: string | undefined;
  /** Shards of a new index; existing indexes stay as they are. Default 1. */
  readonly shards?: number | undefined;
  /** Replicas of a new index. Default: one, if there is a second node for it. */
  readonly replicas?: number | undefined;
  readonly freshness?: 'exact' | 'interval' | undefined;
  /** How long a call waits during an outage before SEARCH_AWAY, in ms. Default 10,000. */
  readonly patienceMs?: number | undefined;
}

export interface ElasticsearchSearch extends Search {
  /**
   * Deletes documents that were removed so long ago that nobody can still be writing an older version, and returns how
   * many. Default: seven days. Until then, each takes a few bytes and blocks older writes.
   */
  sweep(indexes: readonly IndexDef[], olderThanMs?: number): Promise<number>;
}

const PATIENCE_MS = 10_000;
const BULK = { documents: 1500, bytes: 5 * 1024 * 1024, together: 3 };
const WEEK_MS = 7 * 24 * 3600 * 1000;

export const DEFAULT_SETTINGS: IndexSettings = { prefix: 'tributary-', shards: 1, replicas: undefined };

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** Connects with the first request. Throws CONFIG_INVALID if the options are invalid. */
export function elasticsearchSearch(options: ElasticsearchOptions): ElasticsearchSearch {
  const { freshness = 'exact', patienceMs = PATIENCE_MS } = options;
  const settings: IndexSettings = {
    prefix: options.prefix ?? DEFAULT_SETTINGS.prefix,
    shards: options.shards ?? DEFAULT_SETTINGS.shards,
    replicas: options.replicas ?? DEFAULT_SETTINGS.replicas,
  };
  const bounds: Bounds = { ...BULK, patienceMs };
  const elasticsearch = new Elasticsearch(options);
  const known = new WeakMap<IndexDef, { readonly requests: IndexRequests; readonly refresh: Together }>();

  const sending = (doing: string): Sending => ({ doing, deadline: performance.now() + patienceMs });

  async function makeVisible({ refresh }: IndexRequests, turn: Sending): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const { body } = await elasticsearch.send(refresh, turn);
      const failed = (body as { _shards?: { failed?: number } })._shards?.failed ?? 0;
      if (failed === 0) return;
      await elasticsearch.pause(attempt, `${failed} of its shards cannot be refreshed`, turn);
    }
  }

  function of(index: IndexDef) {
    let entry = known.get(index);
    if (entry === undefined) {
      const requests = indexRequests(index, settings.prefix, digest);
      const refresh = new Together(() => makeVisible(requests, sending(`searching in ${index.name}`)));
      entry = { requests, refresh };
      known.set(index, entry);
    }
    return entry;
  }

  return {
    async prepare(indexes) {
      for (const index of indexes) {
        await prepare(elasticsearch, index, settings, sending(`preparing the search index ${index.name}`));
      }
    },

    async missing(indexes) {
      const requests: string[] = [];
      for (const index of indexes) {
        const turn = sending(`comparing the search index ${index.name}`);
        requests.push(...(await missing(elasticsearch, index, settings, turn)));
      }
      return requests;
    },

    async apply(index, changes) {
      const doing = `writing to the search index ${index.name}`;
      return writeAll(elasticsearch, of(index).requests, changes, { ...bounds, doing });
    },

    async search(index, request) {
      const { requests, refresh } = of(index);
      const page = requests.page(request);
      if (freshness === 'exact') await refresh.run();
      const { body } = await elasticsearch.send(page.request, sending(`searching in ${index.name}`));
      return page.found(body);
    },

    async renew(index) {
      return renew(elasticsearch, index, settings, sending(`renewing the search index ${index.name}`));
    },

    async sweep(indexes, olderThanMs = WEEK_MS) {
      const before = new Date(Date.now() - olderThanMs).toISOString();
      let deleted = 0;
      for (const index of indexes) {
        const turn = () => sending(`cleaning up the search index ${index.name}`);
        const there = await present(elasticsearch, index, aliasOf(index, settings.prefix), turn());
        if (there !== undefined) deleted += await cleanUp(elasticsearch, there.name, before, turn);
      }
      return deleted;
    },

    close: () => elasticsearch.close(),
  };
}
