/** Redis: one server, a cluster of three, or a master and a replica with a Sentinel. Every write is in the append-only file on disk. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificates } from './certificates.ts';
import { type Group, group, startAll } from './group.ts';
import { findProgram, needed } from './installed.ts';
import { answers, freePorts, portFor, until } from './ports.ts';
import { type Server, startServer } from './server.ts';

export interface RedisOptions {
  readonly folder: string;
  readonly port?: number;
  /** Encrypted connections only. The authority's certificate is `<folder>/tls/ca.crt`. */
  readonly tls?: boolean;
  /**
   * Users, as arguments of `ACL SETUSER`: `alice on >secret ~orders:* +@all -@admin`. With users, nobody gets in without a name, unless one
   * of them is `default`.
   */
  readonly users?: readonly string[];
  /** Settings of redis.conf: `['maxmemory', '64mb']`. */
  readonly settings?: readonly (readonly [name: string, value: string])[];
}

const NODES = 3;
const MASTER = 'tributary';
const FAILOVER_MS = 1000;

/** `redis://127.0.0.1:<port>`, `rediss://` with `tls`. */
export async function startRedis(options: RedisOptions): Promise<Server> {
  const { folder, tls = false, users = [], settings = [] } = options;
  const port = await portFor(options.port);
  mkdirSync(folder, { recursive: true });
  const defaultUser = users.length === 0 || users.some((user) => user.startsWith('default ')) ? [] : ['default off'];
  const conf = [
    ['bind', '127.0.0.1'],
    ['port', tls ? '0' : `${port}`],
    ['dir', folder],
    ['appendonly', 'yes'],
    // With the default, a write may be acknowledged before it is in the log, while an earlier one is being synced.
    ['appendfsync', 'always'],
    ['save', '""'],
    ['maxmemory', '256mb'],
    ...(tls ? secured(port, join(folder, 'tls')) : []),
    ...[...defaultUser, ...users].map((user) => ['user', user]),
    ...settings,
  ];
  const file = join(folder, 'redis.conf');
  writeFileSync(file, `${conf.map((line) => line.join(' ')).join('\n')}\n`, { mode: 0o600 });
  return startServer({
    name: 'redis',
    url: `${tls ? 'rediss' : 'redis'}://127.0.0.1:${port}`,
    folder,
    command: needed('redis-server', findProgram('redis-server')),
    args: [file],
    ready: () => answers(port, 'PING\r\n', says(/^\+PONG|^-NOAUTH/), tls),
  });
}

function secured(port: number, folder: string): string[][] {
  const { ca, cert, key } = certificates(folder);
  return [
    ['tls-port', `${port}`],
    ['tls-ca-cert-file', ca],
    ['tls-cert-file', cert],
    ['tls-key-file', key],
    ['tls-auth-clients', 'no'],
  ];
}

export interface RedisClusterOptions {
  readonly folder: string;
  /** How long a node may fail to answer before it counts as gone. After half of that, other nodes drop their connections to it. */
  readonly nodeTimeoutMs?: number;
}

/** Three masters without replicas; any of them leads to the others: `redis+cluster://127.0.0.1:<port>,127.0.0.1:<port>,…` */
export async function startRedisCluster({ folder, nodeTimeoutMs = 15_000 }: RedisClusterOptions): Promise<Group> {
  const ports = await freePorts(NODES * 2);
  const places = ports.slice(0, NODES).map((port) => `127.0.0.1:${port}`);
  const nodes = await startAll(
    places.map((_, node) =>
      startRedis({
        folder: join(folder, `${node + 1}`),
        port: ports[node] ?? 0,
        settings: [
          ['cluster-enabled', 'yes'],
          ['cluster-node-timeout', `${nodeTimeoutMs}`],
          ['cluster-port', `${ports[node + NODES]}`],
        ],
      }),
    ),
  );
  const redisCli = needed('redis-cli', findProgram('redis-cli'));
  execFileSync(redisCli, ['--cluster', 'create', ...places, '--cluster-replicas', '0', '--cluster-yes'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const complete = (): Promise<void> => allSlotsServed(ports.slice(0, NODES));
  await complete();
  return group('redis-cluster', `redis+cluster://${places.join(',')}`, nodes, complete);
}

/** Waits until every node knows that all slots are served. */
async function allSlotsServed(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    await until('the slots of the Redis cluster are served', () =>
      answers(port, 'CLUSTER INFO\r\n', says(/^cluster_state:ok/m)),
    );
  }
}

export interface SentinelGroup extends Group {
  readonly master: Server;
  readonly replica: Server;
  readonly sentinel: Server;
}

/**
 * `redis+sentinel://127.0.0.1:<port>/tributary`: if the master does not answer for a second, the Sentinel promotes the replica. Ready when
 * the Sentinel knows both.
 */
export async function startRedisSentinel({ folder }: { readonly folder: string }): Promise<SentinelGroup> {
  const [masterPort = 0, replicaPort = 0, sentinelPort = 0] = await freePorts(3);
  const [master, replica] = await startAll([
    startRedis({ folder: join(folder, 'master'), port: masterPort }),
    startRedis({
      folder: join(folder, 'replica'),
      port: replicaPort,
      settings: [
        ['replicaof', `127.0.0.1 ${masterPort}`],
        ['repl-diskless-sync-delay', '0'],
      ],
    }),
  ]);
  if (master === undefined || replica === undefined) throw new Error('startAll answers as many as it is given');
  // The master must know its replica first: the Sentinel asks for it at startup, and then only every 10 s.
  await until('the replica of Redis has its master', () =>
    answers(masterPort, 'INFO replication\r\n', says(/^slave0:.*state=online/m)),
  );
  const sentinel = await startSentinel(join(folder, 'sentinel'), sentinelPort, masterPort);
  const url = `redis+sentinel://127.0.0.1:${sentinelPort}/${MASTER}`;
  return Object.assign(group('redis-sentinel', url, [master, replica, sentinel]), { master, replica, sentinel });
}

/** The Sentinel writes what it learns into its configuration file, so an existing file is kept. */
function startSentinel(folder: string, port: number, masterPort: number): Promise<Server> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'sentinel.conf');
  const conf = [
    'bind 127.0.0.1',
    `port ${port}`,
    `dir ${folder}`,
    `sentinel monitor ${MASTER} 127.0.0.1 ${masterPort} 1`,
    `sentinel down-after-milliseconds ${MASTER} ${FAILOVER_MS}`,
    `sentinel failover-timeout ${MASTER} ${FAILOVER_MS * 3}`,
  ];
  if (!existsSync(file)) writeFileSync(file, `${conf.join('\n')}\n`);
  return startServer({
    name: 'sentinel',
    url: `redis://127.0.0.1:${port}`,
    folder,
    command: needed('redis-server', findProgram('redis-server')),
    args: [file, '--sentinel'],
    ready: () => answers(port, `SENTINEL replicas ${MASTER}\r\n`, says(/^\*1\r\n/)),
  });
}

const says =
  (wanted: RegExp) =>
  (reply: Buffer): boolean =>
    wanted.test(reply.toString());
