/** The options of a Kafka cluster: its brokers, how to log in, limits and time-outs. */
import type { ConnectionOptions } from 'node:tls';
import { messageOf, TributaryError } from '../../../core/errors.ts';
import { LARGEST_RECORD } from '../../log/limits.ts';
import { COMPRESSIONS, type Compression } from '../wire/compression.ts';
import { Unreachable } from '../wire/errors.ts';
import type { Login, Security } from '../wire/security.ts';
import { type ClientCredentials, tokenSource } from './oauth.ts';

/** A login; for OAUTHBEARER also the client credentials with which tokens are requested. */
export type Sasl = Login | ({ readonly mechanism: 'OAUTHBEARER' } & ClientCredentials);

/** PEM texts. Without `ca`, Node's certificate authorities are trusted. */
export interface Tls {
  readonly ca?: string | undefined;
  /** With `key`: the certificate of this client. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface KafkaOptions {
  /**
   * `kafka://host:port`, or several brokers separated by commas: `kafka://a:9092,b:9092`; `kafkas://` for TLS. A user and
   * password for SASL come before the hosts, percent-encoded: `kafkas://user:password@a:9093?sasl=SCRAM-SHA-256`.
   * Parameters: `sasl` (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, which is the default), `compression` and `replication` as below.
   */
  readonly url: string;
  /** Used if the scheme of the URL is `kafkas://`. */
  readonly tls?: Tls | undefined;
  /** Overrides the login of the URL. */
  readonly sasl?: Sasl | undefined;
  readonly clientId?: string | undefined;
  /** Replicas of the topics that are created; by default the brokers' own default. */
  readonly replication?: number | undefined;
  /** How records are compressed when they are written: none, gzip, snappy, lz4 or zstd. All of them are read. */
  readonly compression?: Compression | undefined;
  /** The largest record that topics created here accept, in bytes: their `max.message.bytes`. */
  readonly largestRecord?: number | undefined;
  /**
   * `session.timeout.ms`: after this long without a heartbeat a member loses its partitions. Brokers require
   * at least 6000.
   */
  readonly sessionMs?: number | undefined;
  /** `heartbeat.interval.ms`: how often a member sends a heartbeat, and so how soon it learns of a rebalance. */
  readonly heartbeatMs?: number | undefined;
  /** How long a broker may take to answer one request, in ms. */
  readonly requestMs?: number | undefined;
  /** How long a call retries before it fails with LOG_AWAY, in ms. */
  readonly patienceMs?: number | undefined;
  /** How often metadata is refreshed, to notice new partitions and brokers, in ms. */
  readonly metadataMs?: number | undefined;
  /** Memory budget for records that are fetched ahead, for all partitions together, in bytes. */
  readonly aheadBytes?: number | undefined;
}

export interface Settings {
  readonly brokers: readonly { readonly host: string; readonly port: number }[];
  readonly security: Security;
  readonly clientId: string;
  readonly replication: number;
  readonly compression: Compression;
  readonly largestRecord: number;
  readonly sessionMs: number;
  readonly heartbeatMs: number;
  readonly connectMs: number;
  readonly requestMs: number;
  readonly patienceMs: number;
  readonly metadataMs: number;
  readonly aheadBytes: number;
}

/** In the protocol `-1` stands for the brokers' own default. */
const BROKERS_DEFAULT = -1;
const DEFAULT_PORT = 9092;
const MIB = 1024 * 1024;
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
const URL_FORM = /^(kafkas?):\/\/(?:([^:@/]+):([^@/]*)@)?([^/?@]+)\/?(?:\?(.*))?$/;
const HOST_FORM = /^(\[[^\]]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/;

/** Fills in the defaults. Throws CONFIG_INVALID; no message contains a password. */
export function settingsOf(options: KafkaOptions): Settings {
  const match = URL_FORM.exec(options.url);
  if (match === null) throw invalid('the URL of Kafka must be like kafka://host:9092,host:9092');
  const [, scheme, username, password, hosts, query] = match;
  const parameters = new URLSearchParams(query ?? '');
  for (const name of parameters.keys()) {
    if (!['sasl', 'compression', 'replication'].includes(name))
      throw invalid(`${name} is not a parameter of Kafka's URL`);
  }
  const compression = options.compression ?? parameters.get('compression') ?? 'none';
  if (!isOneOf(COMPRESSIONS, compression)) throw invalid(`compression is one of ${COMPRESSIONS.join(', ')}`);
  const replication = options.replication ?? Number(parameters.get('replication') ?? BROKERS_DEFAULT);
  if (!Number.isInteger(replication)) throw invalid('replication is a number of brokers');
  const sessionMs = options.sessionMs ?? 10_000;
  return {
    brokers: (hosts as string).split(',').map(addressOf),
    security: {
      tls: scheme === 'kafkas' ? tlsOf(options.tls ?? {}) : undefined,
      sasl: loginOf(options.sasl ?? fromUrl(username, password, parameters.get('sasl'))),
    },
    clientId: options.clientId ?? 'tributary',
    replication,
    compression,
    largestRecord: options.largestRecord ?? LARGEST_RECORD,
    sessionMs,
    heartbeatMs: options.heartbeatMs ?? Math.min(1000, sessionMs / 4),
    connectMs: 5000,
    requestMs: options.requestMs ?? 5000,
    patienceMs: options.patienceMs ?? 10_000,
    metadataMs: options.metadataMs ?? 30_000,
    aheadBytes: options.aheadBytes ?? 24 * MIB,
  };
}

function addressOf(text: string): { host: string; port: number } {
  const match = HOST_FORM.exec(text);
  const port = Number(match?.[2] ?? DEFAULT_PORT);
  if (match === null || port < 1 || port > 65_535) throw invalid(`${text} is not a host and port`);
  return { host: (match[1] as string).replace(/^\[|\]$/g, ''), port };
}

/** Drops undefined members, because Node treats them as given. */
function tlsOf(tls: Tls): ConnectionOptions {
  return Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
}

function fromUrl(
  username: string | undefined,
  password: string | undefined,
  mechanism: string | null,
): Sasl | undefined {
  if (username === undefined) {
    if (mechanism !== null) throw invalid('sasl in the URL of Kafka needs user:password@ before the hosts');
    return undefined;
  }
  const chosen = mechanism ?? 'SCRAM-SHA-512';
  if (!isOneOf(MECHANISMS, chosen)) throw invalid(`sasl in the URL of Kafka is one of ${MECHANISMS.join(', ')}`);
  return { mechanism: chosen, username: decodeURIComponent(username), password: decodeURIComponent(password ?? '') };
}

function loginOf(sasl: Sasl | undefined): Login | undefined {
  if (sasl === undefined || sasl.mechanism !== 'OAUTHBEARER') return sasl;
  const source = 'token' in sasl ? sasl.token : tokenSource(sasl);
  const token = async () => {
    try {
      return await source();
    } catch (error) {
      throw new Unreachable(`no token for Kafka: ${messageOf(error)}`, { cause: error });
    }
  };
  return { mechanism: 'OAUTHBEARER', token };
}

function isOneOf<T extends string>(names: readonly T[], name: string): name is T {
  return (names as readonly string[]).includes(name);
}

const invalid = (message: string) => new TributaryError('CONFIG_INVALID', message);
