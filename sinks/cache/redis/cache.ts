/**
 * The cache on Redis 7 or newer, or Valkey: one server, Sentinels or a cluster. `request.ts` describes how entries are stored.
 *
 * Every change is a call of one script, which compares versions inside Redis. So a call whose answer was lost can safely be repeated. A
 * call waits up to `patienceMs` for Redis, through restarts and failovers, and then throws CACHE_AWAY.
 *
 * Requirements for the configuration of Redis:
 * - `maxmemory-policy noeviction`. With any other policy, a full Redis silently deletes versions. The next change of
 *   such an entry then drops the rest of it, and a removal may not hold for a day.
 * - `appendonly yes` if a restart must lose nothing (with `appendfsync everysec`, at most one second). Rebuilding the
 *   views writes lost data again.
 * - A user needs, for the prefix `tributary:`: `~tributary:* &*tributary:* +@connection +@hash +@sortedset +eval +evalsha +exists
 *   +del +pexpire +persist +time +publish +subscribe +unsubscribe +info`, and in a cluster `+cluster|slots +cluster|info`.
 *
 * Changes are published with PUBLISH in a cluster, too, and received from the node that serves the entry. PUBLISH also carries them to all
 * other nodes, so no channel is silent while a slot moves, as a sharded channel would be; those pay off from about ten nodes on. Relying on
 * the other nodes would lose changes: a node that is silent for half of `cluster-node-timeout` is disconnected by the others for a tenth of
 * a second, and never receives what they publish meanwhile.
 */
import { TributaryError } from '../../../core/errors.ts';
import type { Cache } from '../port.ts';
import { connect } from './client.ts';
import { locationOf } from './location.ts';
import { withRetries } from './patience.ts';
import { type ApplyCall, applyCalls, entryKey, type Naming, recordsOf, resultsOf } from './request.ts';
import { newSubscriptions } from './subscriptions.ts';

export interface RedisCacheOptions {
  /** See `location.ts`: `redis://host:6379`, `redis+sentinel://host,host/master`, `redis+cluster://host,host`; `rediss` for TLS. */
  readonly url: string;
  /** Override those in the URL. */
  readonly username?: string;
  readonly password?: string;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  /** PEM: the authority to trust, and our own certificate and key if the server requires one. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** The prefix of all keys, which separates several installations in one Redis. */
  readonly prefix?: string;
  /** How long a call waits for Redis, in ms. A batch of many changes may wait so long for each part of it. */
  readonly patienceMs?: number;
}

const PREFIX = 'tributary:';
const PATIENCE_MS = 8000;
/** A call for many entries costs half as much as single calls. Not in a cluster, where entries are in different slots. */
const ENTRIES_AT_ONCE = 32;
/** How much may be in flight at once: the number of calls, and their approximate size in bytes. */
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
