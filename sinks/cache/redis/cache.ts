/**
 * The cache on Redis 7 or newer, or Valkey: one server, Sentinels or a cluster. `request.ts` describes how entries are stored.
 *
 * Every change is a call of one script, which compares versions where the record is. So a call whose answer was lost can be
 * repeated without harm. A call waits `patienceMs` for Redis, through restarts and failovers, and then throws CACHE_AWAY.
 *
 * Requirements for the configuration of Redis:
 * - `maxmemory-policy noeviction`. With any other policy a full Redis deletes versions unnoticed; then the rest of
 *   the entry is dropped with its next change, and a removal may not hold for a day.
 * - `appendonly yes` if a restart must lose nothing (with `appendfsync everysec`, a second at most). What is lost is written
 *   again by rebuilding the views.
 * - A user needs, for the prefix `tributary:`: `~tributary:* &*tributary:* +@connection +@hash +@sortedset +eval +evalsha +exists
 *   +del +pexpire +persist +time +publish +subscribe +unsubscribe +info`, and in a cluster `+cluster|slots +cluster|info`.
 *
 * Changes are published with PUBLISH in a cluster, too, and received from the node that serves the entry. PUBLISH carries them to all
 * other nodes as well, so nothing is silent while a slot moves, as it would be with sharded channels; these pay from some ten
 * nodes on. To rely on the other nodes would lose changes: one that says nothing for half of `cluster-node-timeout` is
 * disconnected by the others for a tenth of a second, and what they publish meanwhile never reaches it.
 */
import { TributaryError } from '../../../core/errors.ts';
import type { Cache } from '../port.ts';
import { connect } from './client.ts';
import { locationOf } from './location.ts';
import { withRetries } from './patience.ts';
import { type ApplyCall, applyCalls, entryKey, type Naming, recordsOf, resultsOf } from './request.ts';
import { newSubscriptions } from './subscriptions.ts';

export interface RedisCacheOptions {
  /** See `place.ts`: `redis://host:6379`, `redis+sentinel://host,host/master`, `redis+cluster://host,host`; `rediss` for TLS. */
  readonly url: string;
  /** Instead of those in the URL. */
  readonly username?: string;
  readonly password?: string;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  /** PEM: the authority to trust, and our own certificate and its key where the server wants one. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** The prefix of all keys: it separates several installations in one Redis. */
  readonly prefix?: string;
  /** How long a call waits for Redis. A batch of many changes waits so long for each part of it. */
  readonly patienceMs?: number;
}

const PREFIX = 'tributary:';
const PATIENCE_MS = 8000;
/** One call for many entries costs Redis and us half as much as single calls. In a cluster entries are in different slots. */
const ENTRIES_AT_ONCE = 32;
/** How much is in flight at once, in calls and about in bytes. */
const CALLS_AT_ONCE = { single: 16, sentinel: 16, cluster: 256 } as const;
const SIZE_AT_ONCE = 4 * 1024 * 1024;

export function redisCache(options: RedisCacheOptions): Cache {
  const { prefix = PREFIX, patienceMs = PATIENCE_MS, tls = {} } = options;
  const location = locationOf(options.url);
  const naming = namingOf(prefix, location.database);
  const client = connect({
    location,
    username: options.username,
    password: options.password,
    sentinelUsername: options.sentinelUsername,
    sentinelPassword: options.sentinelPassword,
    tls,
    silenceMs: patienceMs / 2,
  });
  const subscriptions = newSubscriptions(client, patienceMs);
  const entries = location.kind === 'cluster' ? 1 : ENTRIES_AT_ONCE;

  return {
    async apply(cache, changes) {
      const { calls, refused } = applyCalls(naming, cache, changes, entries);
      const what = `writing to the cache ${cache.name}`;
      const replies: { call: ApplyCall; reply: number[] }[] = [];
      for (const part of parts(calls, CALLS_AT_ONCE[location.kind])) {
        const answered = part.map(async (call) => {
          const reply = await withRetries(client.link, patienceMs, what, () => client.apply(call.keys, call.args));
          return { call, reply };
        });
        replies.push(...(await Promise.all(answered)));
      }
      return resultsOf(changes.length, refused, replies);
    },

    async read(cache, entry) {
      const key = entryKey(naming, cache, entry);
      const what = `reading the cache ${cache.name}`;
      const hash = await withRetries(client.link, patienceMs, what, () => client.hash(key));
      try {
        return recordsOf(hash);
      } catch {
        throw new TributaryError(
          'STORE_BROKEN',
          `${what}: the key ${key} holds something that is not JSON; delete it and rebuild the views`,
        );
      }
    },

    async subscribe(cache, entry, listener) {
      if (!cache.live) {
        throw new TributaryError(
          'USAGE',
          `the cache ${cache.name} does not publish changes; declare it with live: true, or poll it`,
        );
      }
      const key = entryKey(naming, cache, entry);
      const leave = await subscriptions.subscribe({ name: naming.channels + key, hash: key, cache, entry }, listener);
      return async () => leave();
    },

    async close() {
      subscriptions.close();
      client.close();
    },
  };
}

function namingOf(prefix: string, database: number): Naming {
  if (/[{}]/.test(prefix)) {
    throw new TributaryError(
      'CONFIG_INVALID',
      `the prefix ${prefix} of the cache has a brace, which would decide where its keys lie in a cluster; leave it out`,
    );
  }
  // Redis delivers messages to the subscribers of all its databases.
  return { prefix, channels: database === 0 ? '' : `${database}/` };
}

function* parts(calls: readonly ApplyCall[], most: number): Generator<ApplyCall[]> {
  let part: ApplyCall[] = [];
  let size = 0;
  for (const call of calls) {
    if (part.length > 0 && (part.length === most || size + call.size > SIZE_AT_ONCE)) {
      yield part;
      part = [];
      size = 0;
    }
    part.push(call);
    size += call.size;
  }
  if (part.length > 0) yield part;
}
