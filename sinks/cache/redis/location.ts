/**
 * The location of a Redis, by its URL.
 *
 * - `redis://host:6379/0`: one server; the path is the number of its database, 0 if there is none.
 * - `redis+sentinel://host1:26379,host2/mymaster/0`: the server that these Sentinels report as the master of that name.
 * - `redis+cluster://host1:6379,host2`: the cluster to which these nodes belong.
 *
 * With `rediss` instead of `redis` every connection is encrypted, including those to Sentinels. The hosts may be
 * preceded by `user:password@` or `:password@`, percent-encoded, for the servers and not for Sentinels.
 */
import { TributaryError } from '../../../core/errors.ts';

export interface Host {
  readonly host: string;
  readonly port: number;
}

export interface Location {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  /** Of the server, of the Sentinels, or of some nodes of the cluster. */
  readonly hosts: readonly [Host, ...Host[]];
  /** The name of the master, as the Sentinels know it; empty without Sentinels. */
  readonly master: string;
  readonly database: number;
  readonly encrypted: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;
const HIGHEST_PORT = 65_535;

const URL_FORM =
  /^redis(?<tls>s?)(?:\+(?<kind>sentinel|cluster))?:\/\/(?:(?<user>[^@/]*)@)?(?<hosts>[^@/]+)(?<path>\/.*)?$/;
const USER_FORM = /^(?<name>[^:]*)(?::(?<password>.*))?$/;
const HOST_FORM = /^(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<name>[^:[\]?#\s]+))(?::(?<port>\d+))?$/;
const PATH_FORMS = {
  single: /^\/?(?<database>\d*)$/,
  sentinel: /^\/(?<master>[^/?#]+)(?:\/(?<database>\d*))?$/,
  cluster: /^\/?$/,
} as const;

/** Throws CONFIG_INVALID, without the URL, which may contain a password. */
export function locationOf(url: string): Location {
  const {
    tls,
    kind: scheme,
    user = '',
    hosts = '',
    path = '',
  } = groups(URL_FORM, url, 'it has none of the known forms');
  const kind = (scheme ?? 'single') as Location['kind'];
  const { database, master = '' } = groups(PATH_FORMS[kind], path, PATH_PROBLEMS[kind]);
  const { name = '', password } = groups(USER_FORM, user, '');
  if (kind === 'single' && hosts.includes(','))
    throw invalid('redis:// has one host; say whether several are Sentinels or a cluster');
  const usualPort = kind === 'sentinel' ? SENTINEL_PORT : REDIS_PORT;
  const [first = '', ...others] = hosts.split(',');
  return {
    kind,
    hosts: [hostOf(first, usualPort), ...others.map((host) => hostOf(host, usualPort))],
    master: decoded(master),
    database: Number(database ?? 0),
    encrypted: tls === 's',
    username: name === '' ? undefined : decoded(name),
    password: password === undefined ? undefined : decoded(password),
  };
}

const PATH_PROBLEMS = {
  single: 'only the number of a database may follow the host',
  sentinel: 'the name of the master must follow the Sentinels, and only the number of a database may follow the master',
  cluster: 'nothing may follow the nodes: a cluster has only one database',
} as const;

function hostOf(text: string, usualPort: number): Host {
  const { six, name, port } = groups(HOST_FORM, text, 'one of its hosts is not of the form host or host:port');
  const number = port === undefined ? usualPort : Number(port);
  if (number === 0 || number > HIGHEST_PORT) throw invalid(`there is no port ${number}`);
  return { host: six ?? name ?? '', port: number };
}

function groups(form: RegExp, text: string, problem: string): Record<string, string | undefined> {
  const match = form.exec(text);
  if (match === null) throw invalid(problem);
  return match.groups ?? {};
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(
      'its user, password or master has a % that is not followed by two hexadecimal digits; write % as %25',
    );
  }
}

function invalid(problem: string): TributaryError {
  return new TributaryError(
    'CONFIG_INVALID',
    `the URL of the cache cannot be used: ${problem}; write redis://host:port/database, ` +
      'redis+sentinel://host:port,host:port/master or redis+cluster://host:port,host:port, with rediss for encryption',
  );
}
