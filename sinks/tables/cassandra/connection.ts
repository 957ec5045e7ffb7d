/**
 * The connection to a cluster: opened by the first call, opened again when it breaks, and with limited concurrency. A
 * statement fails after about ten seconds: five on one node and, if it is idempotent, five on another. The time is
 * longer if rows may be larger than by default.
 */
import type { ConnectionOptions } from 'node:tls';
import { auth, Client, type ClientOptions, errors, policies, type QueryOptions, types } from 'cassandra-driver';
import { TributaryError } from '../../../core/errors.ts';
import { mixUpFinder } from '../../../network/mix-up.ts';
import { endClient, endHost } from './hosts.ts';
import { type Location, locationOf } from './location.ts';
import type { Replication } from './schema.ts';
import { type TlsFiles, tlsOptions } from './tls.ts';

export interface CassandraOptions {
  /** See `location.ts`. */
  readonly url: string;
  /** Overrides the URL, so that it need not contain a secret. */
  readonly username?: string;
  readonly password?: string;
  /** Used if the URL has `tls=true`. */
  readonly tls?: TlsFiles;
  /** The largest number of statements in flight, over all calls. */
  readonly inFlight?: number;
  /** The largest size of a row or record, in bytes. Overrides the URL. */
  readonly largest?: number;
}

const CONNECT_MS = 3_000;
const CONNECTED_WITHIN_MS = 10_000;
const SCAN_MS = 10_000;
const SCHEMA_MS = 30_000;
const RECONNECT_MS = 1_000;
const HEARTBEAT_MS = 10_000;
/** More statements in flight would only lengthen the queues of the nodes. */
const IN_FLIGHT = 256;
const STREAMS = 2048;

/** Retries once on another node. The driver asks this policy only about idempotent statements. */
class OnceElsewhere extends policies.retry.RetryPolicy {
  #once({ nbRetry, executionOptions }: policies.retry.OperationInfo) {
    if (nbRetry > 0) return this.rethrowResult();
    return this.retryResult(executionOptions.getConsistency(), false);
  }
  override onUnavailable(info: policies.retry.OperationInfo) {
    return this.#once(info);
  }
  override onRequestError(info: policies.retry.OperationInfo) {
    return this.#once(info);
  }
}

/** Maps the parts of a partition key, including the tenant, to the name of a node. */
export type NodeOf = (parts: readonly string[]) => string;

const SCAN: QueryOptions = { retry: new policies.retry.FallthroughRetryPolicy() };

export class Connection {
  readonly keyspace: string;
  /** The largest size of a row or record, in bytes. */
  readonly largest: number;
  readonly #location: Location;
  readonly #options: CassandraOptions;
  readonly #inFlight: number;
  readonly #tls: ConnectionOptions | undefined;
  readonly #mixUp: () => Promise<string | undefined>;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #client: Promise<Client> | undefined;
  /** The same value, after connecting. */
  #open: Client | undefined;
  /** The datacenter of the workers, known once a node has answered. */
  #known: string | undefined;
  #closed = false;

  constructor(options: CassandraOptions) {
    this.#options = options;
    this.#location = locationOf(options.url);
    this.keyspace = this.#location.keyspace;
    this.largest = options.largest ?? this.#location.largest;
    if (this.#location.tls) this.#tls = tlsOptions(options.tls ?? {});
    this.#mixUp = mixUpFinder({
      addresses: this.#location.contactPoints.map(addressOf),
      tls: this.#location.tls,
      hello: HELLO,
      plainly: 'no ?tls=true',
      encrypted: '?tls=true',
    });
    this.#inFlight = options.inFlight ?? IN_FLIGHT;
  }

  /** Runs a prepared, idempotent statement as soon as a slot is free. */
  async execute(query: string, parameters: readonly unknown[], options?: QueryOptions): Promise<types.ResultSet> {
    const client = this.#open ?? (await this.#connected());
    return this.#inTurn(() => client.execute(query, parameters as unknown[], options));
  }

  /** Returns a function that names the first replica of a partition key. */
  async nodes(): Promise<NodeOf> {
    const client = this.#open ?? (await this.#connected());
    if (client.hosts.length <= 1) return () => '';
    return (parts) => client.getReplicas(this.keyspace, routingKey(parts))?.[0]?.address ?? '';
  }

  /** Sends statements as one request. Statements for one partition key are also one write. */
  async batch(queries: readonly { readonly query: string; readonly params: unknown[] }[]): Promise<void> {
    const client = this.#open ?? (await this.#connected());
    await this.#inTurn(() =>
      client.batch(queries as { query: string; params: unknown[] }[], { prepare: true, logged: false }),
    );
  }

  /** The rows of a statement, page by page. */
  async *pages(query: string, parameters: readonly unknown[], fetchSize: number): AsyncGenerator<types.Row[]> {
    const scan: QueryOptions = { ...SCAN, fetchSize, readTimeout: Math.max(SCAN_MS, this.#location.answerMs) };
    let pageState: string | undefined;
    do {
      const page: QueryOptions = pageState === undefined ? scan : { ...scan, pageState };
      const result = await this.execute(query, parameters, page);
      yield result.rows;
      pageState = result.pageState ?? undefined;
    } while (pageState !== undefined);
  }

  /** Changes the schema, and waits until all nodes agree on it. */
  async define(statement: string): Promise<void> {
    const client = await this.#connected();
    const { info } = await client.execute(statement, [], {
      prepare: false,
      isIdempotent: false,
      readTimeout: SCHEMA_MS,
    });
    if ((info as { isSchemaInAgreement?: boolean }).isSchemaInAgreement === false) {
      throw new TributaryError(
        'TABLES_AWAY',
        `the nodes of Cassandra do not agree on the schema; see \`nodetool describecluster\`. It is tried again`,
      );
    }
  }

  /** How a new keyspace is replicated. */
  async replication(): Promise<Replication> {
    await this.#connected();
    const { replication } = this.#location;
    return typeof replication === 'number' ? new Map([[this.#known as string, replication]]) : replication;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const client = this.#client;
    this.#client = undefined;
    this.#open = undefined;
    await client?.then(endClient).catch(() => {});
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#inFlight) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  async #connected(): Promise<Client> {
    if (this.#closed) throw new TributaryError('USAGE', 'the tables are closed; open them again to use them');
    if (this.#client === undefined) {
      const client = this.#connect();
      this.#client = client;
      client.then(
        (open) => {
          if (!this.#closed) this.#open = open;
        },
        () => {
          if (this.#client === client) this.#client = undefined;
        },
      );
    }
    return within(CONNECTED_WITHIN_MS, this.#client);
  }

  async #connect(): Promise<Client> {
    try {
      return await this.#connectNow();
    } catch (error) {
      const mixUp = error instanceof errors.NoHostAvailableError ? await this.#mixUp() : undefined;
      if (mixUp === undefined) throw error;
      throw new TributaryError('CONFIG_INVALID', `connecting to Cassandra: ${mixUp}`, { cause: error });
    }
  }

  async #connectNow(): Promise<Client> {
    const known = this.#known ?? (await this.#datacenter());
    this.#known = known;
    return opened({
      ...this.#clientOptions(),
      localDataCenter: known,
      policies: {
        reconnection: new policies.reconnection.ConstantReconnectionPolicy(RECONNECT_MS),
        retry: new OnceElsewhere(),
      },
    });
  }

  /**
   * The datacenter of the workers: the configured one, or that of the node that answers. A client must not be created
   * with the name of a datacenter that does not exist: it would fail and leave a connection open that nobody can close.
   */
  async #datacenter(): Promise<string> {
    const loadBalancing = new policies.loadBalancing.RoundRobinPolicy();
    const client = await opened({ ...this.#clientOptions(), policies: { loadBalancing } });
    try {
      const { datacenter } = this.#location;
      const there = [...new Set(client.hosts.values().map((host) => host.datacenter))];
      if (datacenter !== undefined) {
        if (there.includes(datacenter)) return datacenter;
        throw new TributaryError(
          'CONFIG_INVALID',
          `Cassandra has no datacenter "${datacenter}", but ${there.join(', ')}; give ?dc= one of these`,
        );
      }
      const { rows } = await client.execute('SELECT data_center FROM system.local', [], {
        consistency: types.consistencies.one,
      });
      return rows[0]?.['data_center'] as string;
    } finally {
      await endClient(client);
    }
  }

  #clientOptions(): ClientOptions {
    const { contactPoints } = this.#location;
    const username = this.#options.username ?? this.#location.username;
    const password = this.#options.password ?? this.#location.password;
    const options: ClientOptions = {
      contactPoints: [...contactPoints],
      encoding: { map: Map },
      pooling: { maxRequestsPerConnection: STREAMS, heartBeatInterval: HEARTBEAT_MS, warmup: true },
      queryOptions: { prepare: true, isIdempotent: true, consistency: types.consistencies.localQuorum },
      socketOptions: { connectTimeout: CONNECT_MS, readTimeout: this.#location.answerMs, tcpNoDelay: true },
    };
    if (username !== undefined && password !== undefined) {
      options.authProvider = new auth.PlainTextAuthProvider(username, password);
    }
    if (this.#tls !== undefined) options.sslOptions = this.#tls;
    return options;
  }
}

/**
 * A frame OPTIONS of Cassandra's protocol, which needs no login. The answer is SUPPORTED, or an error about versions.
 */
const HELLO = {
  say: Uint8Array.of(4, 0, 0, 0, 5, 0, 0, 0, 0),
  isKnown: (answer: Buffer) =>
    answer.length >= 9 && (answer[0] as number) >= 0x83 && [0, 6].includes(answer[4] as number),
};

function addressOf(contactPoint: string): { host: string; port: number } {
  const colon = contactPoint.lastIndexOf(':');
  const host = contactPoint.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(contactPoint.slice(colon + 1)) };
}

/** Joins the parts of a partition key as Cassandra does. There are at least two; each is preceded by its length and followed by a zero. */
export function routingKey(parts: readonly string[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part);
      return [Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes, Buffer.of(0)];
    }),
  );
}

async function opened(options: ClientOptions): Promise<Client> {
  const client = new Client(options);
  // After an outage the driver replaces the hosts with new ones, but leaves the connections of the old ones open.
  client.on('hostRemove', endHost);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await endClient(client).catch(() => {});
    throw error;
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new errors.OperationTimedOutError(`no connection within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
