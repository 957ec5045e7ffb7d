/**
 * The URL of a Cassandra cluster:
 *
 *     cassandra://user:password@host:9042,host2,host3/keyspace?dc=datacenter1&replication=3&tls=true
 *
 * - user and password are percent-encoded, and optional; the port is 9042 by default.
 * - `dc`: the datacenter of the workers, whose nodes are used. By default, the datacenter of the first node that answers.
 * - `replication`, used only when the keyspace is created. A number is the number of replicas in the datacenter of the workers;
 *   `dc1:3,dc2:3` names several datacenters (NetworkTopologyStrategy). By default one replica (SimpleStrategy), for development.
 * - `largest`: the largest size of a row or record in MiB, for a cluster whose limits were raised. By default 12, which
 *   is below Cassandra's default limits. Each MiB more gives a node another second to answer.
 * - `tls=true` encrypts. A private certificate authority is set by an option, not in the URL.
 */
import { TributaryError } from '../../../core/errors.ts';

export interface Location {
  /** Each is `host:port`; there is at least one. */
  readonly contactPoints: readonly string[];
  readonly keyspace: string;
  readonly datacenter: string | undefined;
  /** Copies by datacenter. A number is for the datacenter of the workers; undefined means SimpleStrategy with one copy. */
  readonly replication: number | ReadonlyMap<string, number> | undefined;
  /** In bytes. */
  readonly largest: number;
  /** How long a node may take to answer a statement. Longer if larger rows are allowed. */
  readonly answerMs: number;
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

const FORM = 'cassandra://user:password@host:9042,host2/keyspace?dc=datacenter1&replication=3&tls=true';
const DEFAULT_PORT = 9042;
const PARAMETERS = ['dc', 'replication', 'largest', 'tls'];
const DEFAULT_LARGEST = 12;
const ANSWER_MS = 4_500;
/** For each MiB above the default. A node that has just started takes some 120 ms when idle. */
const ANSWER_MS_OF_MIB = 1_000;

export function locationOf(url: string): Location {
  const parts = /^cassandra:\/\/(?:([^@/?#]*)@)?([^@/?#]+)\/([^/?#]*)(?:\?([^#]*))?$/.exec(url);
  if (parts === null) return invalid('it has another form');
  const [, user, hosts = '', keyspace = '', query] = parts;
  if (!/^[a-z][a-z0-9_]{0,47}$/i.test(keyspace)) {
    invalid(`the keyspace "${keyspace}" is not 1 to 48 letters, digits and "_", a letter first`);
  }
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (!PARAMETERS.includes(name)) invalid(`"${name}" is not one of ${PARAMETERS.join(', ')}`);
  }
  const tls = parameters.get('tls') ?? 'false';
  if (tls !== 'true' && tls !== 'false') invalid('tls is true or false');
  const largest = parameters.get('largest') ?? `${DEFAULT_LARGEST}`;
  if (!/^[1-9]\d{0,2}$/.test(largest)) invalid(`largest is a whole number of MiB from 1 to 999, not "${largest}"`);
  const [username, password] = credentials(user);
  return {
    contactPoints: hosts.split(',').map(contactPoint),
    keyspace,
    datacenter: parameters.get('dc') || undefined,
    replication: replicationOf(parameters.get('replication')),
    largest: Number(largest) * 1024 ** 2,
    answerMs: ANSWER_MS + ANSWER_MS_OF_MIB * Math.max(0, Number(largest) - DEFAULT_LARGEST),
    tls: tls === 'true',
    username,
    password,
  };
}

function credentials(user: string | undefined): [string | undefined, string | undefined] {
  if (user === undefined) return [undefined, undefined];
  const colon = user.indexOf(':');
  if (colon < 1) return invalid('a user needs a password: user:password@');
  try {
    return [decodeURIComponent(user.slice(0, colon)), decodeURIComponent(user.slice(colon + 1))];
  } catch {
    return invalid('user or password is not percent-encoded');
  }
}

function contactPoint(host: string): string {
  const [, name, port] = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d+))?$/i.exec(host) ?? [];
  const number = port === undefined ? DEFAULT_PORT : Number(port);
  if (name === undefined || number < 1 || number > 65535) return invalid(`"${host}" is not host:port`);
  return `${name}:${number}`;
}

function replicationOf(text: string | null): Location['replication'] {
  if (text === null) return undefined;
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  const copies = new Map<string, number>();
  for (const part of text.split(',')) {
    const [, datacenter, count] = /^([\w.-]+):([1-9]\d?)$/.exec(part) ?? [];
    if (datacenter === undefined) return invalid(`the replication "${text}" is neither a number nor like dc1:3,dc2:3`);
    copies.set(datacenter, Number(count));
  }
  return copies;
}

/** The message never contains the URL, which may contain a password. */
function invalid(what: string): never {
  throw new TributaryError('CONFIG_INVALID', `the URL of the tables in Cassandra is invalid: ${what}; write ${FORM}`);
}
