/**
 * Connections to Redis: one for commands, which reconnects by itself, and a new one for each subscriber.
 *
 * The client does not queue commands while it is disconnected. A queue would grow meanwhile, and its commands would be
 * sent when the server comes back, long after their callers have given up. So callers wait for the connection first.
 */
import keySlot from 'cluster-key-slot';
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { mixUpFinder } from '../../../network/mix-up.ts';
import type { Failure } from './failure.ts';
import { type Link, newLink } from './link.ts';
import type { Location } from './location.ts';
import { SCRIPT } from './script.ts';

export interface ClientOptions {
  readonly location: Location;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly sentinelUsername: string | undefined;
  readonly sentinelPassword: string | undefined;
  /** PEM. Undefined: the authorities that Node trusts. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** How long a server may take to answer, in ms. */
  readonly silenceMs: number;
}

export interface Client {
  readonly link: Link;
  apply(keys: readonly string[], args: readonly string[]): Promise<number[]>;
  hash(key: string): Promise<Record<string, string>>;
  /** The node that serves a key, as `host:port`; empty if there is one server. In a cluster it is known once the link is up. */
  homeOf(key: string): string;
  /** Calls the listener whenever the node of a key may have changed. */
  onMoved(listener: () => void): void;
  /** A separate connection, to this node or to any node. It is not opened yet, and does not reconnect. */
  forSubscriber(home?: string): Redis;
  /** A failure that explains the missing connection, if only one side uses TLS; otherwise undefined. */
  mixUp(error: unknown): Promise<Failure | undefined>;
  close(): void;
}

interface Commands {
  applyChanges(count: number, ...keysAndArgs: string[]): Promise<number[]>;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;
const REDIRECTIONS = 4;
const SENTINEL_MS = 2000;
/** How often the slots of the cluster are refreshed: no server notifies a subscriber when they move. */
const LOOK_MS = 5000;
const HOME_FORM = /^(.+):(\d+)$/;
const scripts = { applyChanges: { lua: SCRIPT } };

/** The pause before the nth attempt to connect. */
export function pauseMs(attempt: number): number {
  return Math.min(FIRST_PAUSE_MS * attempt, LONGEST_PAUSE_MS);
}

export function connect(options: ClientOptions): Client {
  const { location } = options;
  const link = newLink(addressOf(location));
  return location.kind === 'cluster' ? clusterClient(options, link) : serverClient(options, link);
}

function serverClient(options: ClientOptions, link: Link): Client {
  const { location, sentinelUsername, sentinelPassword } = options;
  const common = connectionOptions(options);
  const at =
    location.kind === 'sentinel'
      ? {
          sentinels: [...location.hosts],
          name: location.master,
          sentinelUsername,
          sentinelPassword,
          sentinelCommandTimeout: SENTINEL_MS,
          sentinelTLS: common.tls,
          enableTLSForSentinelMode: location.encrypted,
        }
      : { ...location.hosts[0] };
  const base = { ...common, ...at, db: location.database };
  const redis = new Redis({ ...base, scripts, retryStrategy: pauseMs, sentinelRetryStrategy: pauseMs });
  const mixUp = mixUpOf(location);
  const failed = failing(link, mixUp);
  redis.on('sentinelError', failed);
  return {
    ...clientOf(redis, link, failed),
    mixUp,
    homeOf: () => '',
    onMoved() {},
    forSubscriber: () => new Redis({ ...base, retryStrategy: null, sentinelRetryStrategy: () => null }),
  };
}

function clusterClient(options: ClientOptions, link: Link): Client {
  const { location } = options;
  const common = connectionOptions(options);
  const settings = {
    scripts,
    lazyConnect: true,
    clusterRetryStrategy: pauseMs,
    // Host names are kept, because certificates need them, and are looked up for every connection.
    dnsLookup: (name: string, callback: (error: null, address: string) => void) => callback(null, name),
    // A command that is redirected between unavailable nodes is given up early: its caller tries again.
    maxRedirections: REDIRECTIONS,
    redisOptions: common,
  } satisfies ClusterOptions;
  const cluster = new Cluster([...location.hosts], settings);
  const mixUp = mixUpOf(location);
  const failed = failing(link, mixUp);
  cluster.on('node error', failed);
  const client = clientOf(cluster, link, failed);
  let looking: NodeJS.Timeout | undefined;
  const look = (): void => {
    if (cluster.status === 'ready') cluster.refreshSlotsCache();
  };
  return {
    ...client,
    mixUp,
    homeOf: (key) => cluster.slots[keySlot(key)]?.[0] ?? '',
    onMoved: (listener) => cluster.on('refresh', listener),
    forSubscriber(home = '') {
      const [, host, port] = HOME_FORM.exec(home) ?? [];
      const any = location.hosts[Math.floor(Math.random() * location.hosts.length)];
      const at = host === undefined ? any : { host, port: Number(port) };
      const redis = new Redis({ ...common, ...at, retryStrategy: null });
      // Another node may have taken over.
      redis.once('end', look);
      // The client's own interval (slotsRefreshInterval) starts again if the client is closed during a refresh, and never ends.
      looking ??= setInterval(look, LOOK_MS).unref();
      return redis;
    },
    close() {
      clearInterval(looking);
      client.close();
    },
  };
}

function addressOf({ hosts }: Location): string {
  return hosts.map(({ host, port }) => `${host}:${port}`).join(',');
}

function connectionOptions({ location, username, password, tls, silenceMs }: ClientOptions) {
  return {
    username: username ?? location.username,
    password: password ?? location.password,
    tls: location.encrypted ? { ...tls } : undefined,
    connectionName: 'tributary',
    lazyConnect: true,
    connectTimeout: silenceMs,
    socketTimeout: silenceMs,
    maxLoadingRetryTime: LONGEST_PAUSE_MS,
    // When the connection breaks, sent commands fail at once, and others are not queued: see above.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    enableOfflineQueue: false,
    // The master has become a replica. Reconnecting leads to the new master.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  } satisfies RedisOptions;
}

/** The answers of Redis to PING, whether or not we have access. */
const HELLO = {
  say: Buffer.from('PING\r\n'),
  isKnown: (answer: Buffer) => /^[+-][A-Z]+/.test(answer.toString('latin1')),
};

function mixUpOf({ hosts, kind, encrypted }: Location): Client['mixUp'] {
  const [plainly, tls] = ['redis', 'rediss'].map((scheme) => `${scheme}${kind === 'single' ? '' : `+${kind}`}://`);
  const find = mixUpFinder({
    addresses: hosts,
    tls: encrypted,
    hello: HELLO,
    plainly: plainly as string,
    encrypted: tls as string,
  });
  return async (error) => {
    const text = await find(error);
    return text === undefined ? undefined : { meaning: 'misconfigured', text: 'there is no connection', remedy: text };
  };
}

/** Records an error of the connection, and finds out whether it is because only one side uses TLS. */
function failing(link: Link, mixUp: Client['mixUp']): (error?: unknown) => void {
  return (error) => {
    if (error !== undefined) link.failed(error);
    if (link.isUp()) return;
    void mixUp(error).then((failure) => {
      if (failure !== undefined) link.failedOf(failure);
    });
  };
}

function clientOf(
  redis: Redis | Cluster,
  link: Link,
  failed: (error?: unknown) => void,
): Pick<Client, 'link' | 'apply' | 'hash' | 'close'> {
  redis.on('ready', link.up);
  redis.on('close', () => {
    const wasUp = link.isUp();
    link.down();
    // The connection ended without an error before it was ever up.
    if (!wasUp) failed();
  });
  redis.on('error', failed);
  const commands = redis as typeof redis & Commands;
  const opened = {
    ...link,
    ready(what: string, deadline: number): Promise<void> {
      if (redis.status === 'wait') redis.connect().catch(() => {});
      return link.ready(what, deadline);
    },
  };
  return {
    link: opened,
    apply: (keys, args) => commands.applyChanges(keys.length, ...keys, ...args),
    hash: (key) => redis.hgetall(key),
    close() {
      link.close();
      redis.disconnect();
    },
  };
}
