/**
 * The parts of kafkajs that are still used: sockets, TLS, SASL, the negotiation of versions, and
 * the queue of requests with their time-outs. This is the only file that uses kafkajs. Its errors
 * leave this file as errors of `errors.ts`.
 *
 * The imports here are not the public API of kafkajs. The version is pinned, and a test checks the
 * pieces.
 */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import Broker from 'kafkajs/src/broker/index.js';
import ConnectionPool, { type Connection, type RequestQueue } from 'kafkajs/src/network/connectionPool.js';
import { LoginRefused, TimedOut, Unreachable } from './errors.ts';
import type { Login, Security } from './security.ts';

export interface LinkOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly connectMs: number;
  /** How long an answer may take, in ms. */
  readonly requestMs: number;
  readonly security: Security;
}

export interface Request<T> {
  readonly name: string;
  readonly key: number;
  readonly version: number;
  /** The bytes after the header. */
  readonly body: Buffer;
  /** Used if it is longer than `requestMs`. */
  readonly timeoutMs: number | undefined;
  /**
   * `payload` is the bytes after the correlation id. After the answer nothing is sent for `throttleMs`
   * (KIP-219).
   */
  decode(payload: Buffer): { readonly answer: T; readonly throttleMs: number };
}

/** One socket to one broker. */
export interface Link {
  /** Connects, requests the versions and logs in. Throws Unreachable or LoginRefused. */
  open(): Promise<void>;
  isOpen(): boolean;
  isOffered(key: number, version: number): boolean;
  /** Throws Unreachable, TimedOut or LoginRefused; an error of `decode` as it is. */
  send<T>(request: Request<T>): Promise<T>;
  /** Requests in flight fail with the error. */
  close(error: Error): void;
}

const KEEP_ALIVE_MS = 60_000;
const CHECK_MS = 10;

const silent = () => {};
const SILENT = { info: silent, warn: silent, error: silent, debug: silent, namespace: () => SILENT };

export function linkTo({ host, port, clientId, connectMs, requestMs, security }: LinkOptions): Link {
  const connectionPool = new ConnectionPool({
    host,
    port,
    clientId,
    ssl: security.tls ?? null,
    sasl: security.sasl === undefined ? null : saslOf(security.sasl),
    connectionTimeout: connectMs,
    requestTimeout: requestMs,
    enforceRequestTimeout: true,
    maxInFlightRequests: null,
    socketFactory: openSocket,
    logger: SILENT,
  });
  for (const { requestQueue } of connectionPool.pool) quietly(requestQueue);
  const broker = new Broker({ connectionPool, logger: SILENT, authenticationTimeout: requestMs });
  // The second connection of a pool is for kafkajs's own fetches: here it is never opened.
  const [connection] = connectionPool.pool;

  return {
    open: () => translated(() => broker.connect()),
    // Not `broker.isConnected`: that is also false when a session has to be renewed, which happens
    // automatically.
    isOpen: () => connection.isConnected(),
    isOffered(key, version) {
      const offered = broker.versions?.[key];
      return offered !== undefined && version >= offered.minVersion && version <= offered.maxVersion;
    },
    send: (request) => translated(() => send(connection, request)),
    close(error) {
      for (const each of connectionPool.pool) {
        each.rejectRequests(error);
        each.requestQueue.destroy();
        each.socket?.destroy();
      }
    },
  };
}

function send<T>(connection: Connection, { name, key, version, body, timeoutMs, decode }: Request<T>): Promise<T> {
  return connection.send<{ readonly answer: T }, T>({
    request: {
      apiName: name,
      apiKey: key,
      apiVersion: version,
      encode: async () => ({ buf: body, buffer: body }),
    },
    response: {
      decode: async (payload) => {
        const { answer, throttleMs } = decode(payload);
        return { answer, clientSideThrottleTime: throttleMs };
      },
      parse: async ({ answer }) => answer,
    },
    requestTimeout: timeoutMs,
    logResponseError: false,
  });
}

/**
 * Removes kafkajs's timer for each answer: it has a negative delay, and Node warns about it.
 */
function quietly(queue: RequestQueue): void {
  queue.scheduleCheckPendingRequests = () => {
    if (queue.throttleCheckTimeoutId !== null || queue.pending.length === 0) return;
    const delay = Math.max(queue.throttledUntil - Date.now(), CHECK_MS);
    queue.throttleCheckTimeoutId = setTimeout(() => {
      queue.throttleCheckTimeoutId = null;
      queue.checkPendingRequests();
    }, delay);
  };
}

/** A new object for each connection: kafkajs writes into it. */
function saslOf(login: Login): Readonly<Record<string, unknown>> {
  if (login.mechanism !== 'OAUTHBEARER') return { ...login, mechanism: login.mechanism.toLowerCase() };
  return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: await login.token() }) };
}

async function translated<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof Error) || !error.name.startsWith('KafkaJS')) throw error;
    const options = { cause: error, code: (error as NodeJS.ErrnoException).code };
    // Credentials are checked during the connection.
    if (error.name === 'KafkaJSSASLAuthenticationError') throw new LoginRefused(error.message, options);
    if (error.name === 'KafkaJSRequestTimeoutError') throw new TimedOut(error.message, options);
    throw new Unreachable(error.message, options);
  }
}

/**
 * Small requests are sent at once; kafkajs's own sockets delay them until the previous one is acknowledged.
 */
function openSocket(options: { host: string; port: number; ssl: object | null; onConnect: () => void }): Socket {
  const { host, port, ssl, onConnect } = options;
  const socket =
    ssl === null
      ? connectPlain({ host, port }, onConnect)
      : connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect);
  return socket.setKeepAlive(true, KEEP_ALIVE_MS).setNoDelay(true);
}
