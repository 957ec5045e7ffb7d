/**
 * The address of a Postgres, and how to connect to it:
 *
 *     postgres://<user>:<password>@<host>:<port>/<database>?schema=<schema>&sslmode=<mode>&sslrootcert=<file>
 *
 * - `postgresql://` is the same. A socket's folder is given as `?host=/var/run/postgresql`.
 * - `schema`: the Postgres schema with the tables; `tributary` by default. Two installations need two schemas.
 * - `sslmode`: `disable` (the default), `require` (encrypted, whoever answers), `verify-ca` (the certificate is
 *   signed by a trusted authority), `verify-full` (and names the host; the default if a certificate authority is
 *   given).
 * - `sslrootcert`, `sslcert`, `sslkey`: PEM files. Without `sslrootcert` the authorities of the system are trusted.
 * - `application_name`: shown in the server's lists; `tributary` by default.
 * - User and password that are not given come from PGUSER, PGPASSWORD or ~/.pgpass. Characters that a URL does not
 *   allow, such as "@" or "/" in a password, are percent-encoded.
 *
 * Behind PgBouncer in transaction mode, set its `ignore_startup_parameters = statement_timeout`.
 */
import { readFileSync } from 'node:fs';
import type { PoolConfig } from 'pg';
import { messageOf, TributaryError } from '../../../core/errors.ts';

export interface PostgresOptions {
  readonly url: string;
  /** Overrides the URL. */
  readonly user?: string;
  /** Overrides the URL. */
  readonly password?: string;
  /** Overrides the URL. */
  readonly schema?: string;
  /** The certificate authorities in PEM. Overrides the URL's file. */
  readonly ca?: string;
  /** The largest number of connections; by default 8. A call waits for one for half of `timeoutMs`. */
  readonly connections?: number;
  /** How long a call may take before it counts as an outage, in ms: 10 s by default. */
  readonly timeoutMs?: number;
}

const PARAMETERS = new Set(['schema', 'host', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'application_name']);
const MODES = ['disable', 'require', 'verify-ca', 'verify-full'];
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;
const SECOND = 1000;
const DEFAULTS = { connections: 8, timeoutMs: 10 * SECOND, idleMs: 30 * SECOND };

/** Throws CONFIG_INVALID, without the URL, which may contain a password. */
export function connectionOf(options: PostgresOptions): { readonly schema: string; readonly pool: PoolConfig } {
  const url = parse(options.url);
  const parameters = url.searchParams;
  for (const name of parameters.keys()) {
    if (!PARAMETERS.has(name)) throw invalid(`has the parameter ${name}; known are ${[...PARAMETERS].join(', ')}`);
  }
  const schema = options.schema ?? parameters.get('schema') ?? 'tributary';
  if (!SCHEMA.test(schema)) {
    throw invalid(`has the schema ${JSON.stringify(schema)}; it is up to 63 of a-z, 0-9 and "_", and no digit first`);
  }
  const timeoutMs = options.timeoutMs ?? DEFAULTS.timeoutMs;
  const half = Math.ceil(timeoutMs / 2);
  const host = parameters.get('host') ?? decoded(url.hostname.replace(/^\[|\]$/g, ''));
  const user = options.user ?? decoded(url.username);
  const password = options.password ?? decoded(url.password);
  const database = decoded(url.pathname.slice(1));
  return {
    schema,
    pool: {
      ...(host === '' ? {} : { host }),
      ...(url.port === '' ? {} : { port: Number(url.port) }),
      ...(user === '' ? {} : { user }),
      ...(password === '' ? {} : { password }),
      ...(database === '' ? {} : { database }),
      ssl: tlsOf(parameters, options.ca, host),
      application_name: parameters.get('application_name') ?? 'tributary',
      max: options.connections ?? DEFAULTS.connections,
      // Half of the time is for a connection, half for the statement. The server cancels a statement before we give up,
      // so that a statement that waits for a lock does not continue without us.
      connectionTimeoutMillis: half,
      query_timeout: half,
      statement_timeout: Math.ceil(half * 0.9),
      idleTimeoutMillis: DEFAULTS.idleMs,
      keepAlive: true,
    },
  };
}

function parse(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw invalid('is not a URL; percent-encode special characters in user and password');
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') {
    throw invalid(`begins with ${url.protocol}//; it must begin with postgres://`);
  }
  return url;
}

function tlsOf(parameters: URLSearchParams, given: string | undefined, host: string): PoolConfig['ssl'] {
  const ca = given ?? fileOf(parameters, 'sslrootcert');
  const mode = parameters.get('sslmode') ?? (ca === undefined ? 'disable' : 'verify-full');
  if (!MODES.includes(mode)) throw invalid(`has the sslmode ${mode}; known are ${MODES.join(', ')}`);
  if (mode === 'disable') return false;
  const cert = fileOf(parameters, 'sslcert');
  const key = fileOf(parameters, 'sslkey');
  return {
    // The client sends the host name itself unless it is an IP address.
    host,
    rejectUnauthorized: mode !== 'require',
    ...(mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

function fileOf(parameters: URLSearchParams, name: string): string | undefined {
  const file = parameters.get(name);
  if (file === null) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw invalid(`names the ${name} ${file}, which cannot be read: ${messageOf(error)}`);
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('has a "%" that encodes nothing; write it as %25');
  }
}

function invalid(problem: string): TributaryError {
  return new TributaryError('CONFIG_INVALID', `the URL of Postgres ${problem}`);
}
