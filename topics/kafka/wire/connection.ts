/**
 * One connection to one broker, by kafkajs: sockets, TLS, SASL, the queue of requests and the protocol's encoders are its own.
 * Its producer and consumer are not used: they cannot ask for stable offsets, wait for one partition's records before they
 * fetch another's, stop for good on a TypeError, jump over lost records in silence, and commit for partitions they no longer
 * own. What is imported here is not the public face of kafkajs; the version is pinned, and a test looks at the pieces.
 *
 * A broker answers the requests of a connection one after the other, so whatever waits (a join, a fetch) has a lane to itself.
 */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import Broker from 'kafkajs/src/broker/index.js';
import ConnectionPool, { type Message } from 'kafkajs/src/network/connectionPool.js';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import apiKeys from 'kafkajs/src/protocol/requests/apiKeys.js';
import protocol from 'kafkajs/src/protocol/requests/index.js';
import { TributaryError } from '../../../core/errors.ts';
import type { Security } from '../cluster/options.ts';
import type { ByteReader, ByteWriter } from './bytes.ts';
import { ByteReader as Reader, ByteWriter as Writer } from './bytes.ts';
import { disconnected, timedOut, Unreachable } from './errors.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface LaneOptions {
  readonly clientId: string;
  readonly connectMs: number;
  /** How long an answer may take before the connection is given up. */
  readonly requestMs: number;
  readonly security: Security;
}

/** A request that is written here and not by kafkajs. `flexible` says that its head ends with tagged fields. */
export interface Call<T> {
  readonly name: string;
  readonly key: number;
  readonly version: number;
  readonly flexible: boolean;
  write(writer: ByteWriter): void;
  read(reader: ByteReader): T;
}

const KEEP_ALIVE_MS = 60_000;
const CHECK_MS = 10;

// As in kafkajs, but without a timer for each answer, whose delay is negative: Node warns of that.
RequestQueue.prototype.scheduleCheckPendingRequests = function schedule(this: RequestQueue): void {
  if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
  const delay = Math.max(this.throttledUntil - Date.now(), CHECK_MS);
  this.throttleCheckTimeoutId = setTimeout(() => {
    this.throttleCheckTimeoutId = null;
    this.checkPendingRequests();
  }, delay);
};

const silent = () => {};
const SILENT = { info: silent, warn: silent, error: silent, debug: silent, namespace: () => SILENT };

export class Lane {
  readonly #address: Address;
  readonly #options: LaneOptions;
  #broker: Broker | undefined;
  /** Requests under way by connection. One that takes no more requests stays until it has none. */
  readonly #pending = new Map<Broker, number>();
  /** Not ready before it has said which versions it speaks and let us in. */
  #opening: Broker | undefined;
  #connecting: Promise<Broker> | undefined;
  #closed = false;

  constructor(address: Address, options: LaneOptions) {
    this.#address = address;
    this.#options = options;
  }

  /** By kafkajs's encoder and decoder; errors that the broker answers are in what is answered, not thrown. */
  async ask<T>(api: string, parameters: object): Promise<T> {
    const broker = await this.#connected();
    const definition = protocol.requests[api];
    const offered = broker.versions?.[apiKeys[api] as number];
    const version = Math.max(...(definition?.versions ?? []).map(Number).filter((each) => isOffered(offered, each)));
    if (definition === undefined || !Number.isFinite(version)) throw unsupported(api, this.#address);
    const { request, response, requestTimeout } = definition.protocol({ version })(parameters);
    const decode = (payload: Buffer) => response.decode(payload);
    return (await this.#send(broker, { request, response: { decode, parse }, requestTimeout })) as T;
  }

  async call<T>(call: Call<T>): Promise<T> {
    const broker = await this.#connected();
    if (!isOffered(broker.versions?.[call.key], call.version)) throw unsupported(call.name, this.#address);
    const encode = async () => {
      const writer = new Writer();
      if (call.flexible) writer.noTags();
      call.write(writer);
      return { buf: writer.written, buffer: writer.written };
    };
    const decode = async (payload: Buffer) => {
      const reader = new Reader(payload);
      if (call.flexible) reader.tags();
      return call.read(reader);
    };
    const request = { apiKey: call.key, apiVersion: call.version, apiName: call.name, encode };
    return (await this.#send(broker, { request, response: { decode, parse } })) as T;
  }

  close(): void {
    this.#closed = true;
    this.#drop(this.#opening);
    for (const broker of [this.#broker, ...this.#pending.keys()]) this.#drop(broker);
  }

  async #send(broker: Broker, message: Message): Promise<unknown> {
    this.#pending.set(broker, (this.#pending.get(broker) ?? 0) + 1);
    try {
      return await broker.connectionPool.pool[0].send({ ...message, logResponseError: false });
    } catch (error) {
      // What is half open is noticed only so. The next requests go by a new connection; those under way have their own time.
      if (timedOut(error)) this.#retire(broker);
      else if (disconnected(error)) this.#drop(broker);
      throw error;
    } finally {
      this.#answered(broker);
    }
  }

  #retire(broker: Broker): void {
    if (this.#broker === broker) this.#broker = undefined;
  }

  #answered(broker: Broker): void {
    const left = (this.#pending.get(broker) ?? 1) - 1;
    if (left > 0) this.#pending.set(broker, left);
    else this.#pending.delete(broker);
    if (left === 0 && this.#broker !== broker) this.#drop(broker);
  }

  async #connected(): Promise<Broker> {
    if (this.#closed) throw new TributaryError('USAGE', 'the connection to Kafka is closed; open it again to use it');
    // Not the broker's own word: it is false too when a session is to be renewed, which goes on by itself.
    if (this.#broker?.connectionPool.pool[0].isConnected()) return this.#broker;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<Broker> {
    this.#drop(this.#broker);
    const { host, port } = this.#address;
    const { clientId, connectMs, requestMs, security } = this.#options;
    const connectionPool = new ConnectionPool({
      host,
      port,
      clientId,
      ssl: security.tls ?? null,
      // kafkajs writes into it.
      sasl: security.sasl === undefined ? null : { ...security.sasl },
      connectionTimeout: connectMs,
      requestTimeout: requestMs,
      enforceRequestTimeout: true,
      maxInFlightRequests: null,
      socketFactory: openSocket,
      logger: SILENT,
    });
    const broker = new Broker({ connectionPool, logger: SILENT, authenticationTimeout: requestMs });
    this.#opening = broker;
    let late: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      const where = `${host}:${port}`;
      late = setTimeout(() => reject(new Unreachable(`${where} did not let us in`)), 2 * connectMs);
    });
    try {
      await Promise.race([broker.connect(), tooLate]);
    } catch (error) {
      this.#drop(broker);
      throw error;
    } finally {
      clearTimeout(late);
      this.#opening = undefined;
    }
    this.#broker = broker;
    if (this.#closed) this.#drop(broker);
    return broker;
  }

  #drop(broker: Broker | undefined): void {
    if (broker === undefined) return;
    if (this.#broker === broker) this.#broker = undefined;
    for (const connection of broker.connectionPool.pool) {
      connection.rejectRequests(new Unreachable('the connection was closed'));
      connection.requestQueue.destroy();
      connection.socket?.destroy();
    }
  }
}

const parse = async (decoded: unknown) => decoded;

function isOffered(
  offered: { readonly minVersion: number; readonly maxVersion: number } | undefined,
  version: number,
): boolean {
  return offered !== undefined && version >= offered.minVersion && version <= offered.maxVersion;
}

function unsupported(api: string, { host, port }: Address): TributaryError {
  return new TributaryError(
    'CONFIG_INVALID',
    `the broker ${host}:${port} does not speak the versions of ${api} that this program speaks; use Kafka 3.6 to 4.x`,
  );
}

/** Small requests go out at once; kafkajs's own sockets hold them back for the acknowledgement of the last. */
function openSocket(options: { host: string; port: number; ssl: object | null; onConnect: () => void }): Socket {
  const { host, port, ssl, onConnect } = options;
  const socket =
    ssl === null
      ? connectPlain({ host, port }, onConnect)
      : connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect);
  return socket.setKeepAlive(true, KEEP_ALIVE_MS).setNoDelay(true);
}
