/**
 * The location of a Trino, by its URL: `trino://user@host:8080/catalog/schema?location=s3://bucket/prefix`; `trinos://user:password@…` with
 * TLS. The catalog must be one of Delta Lake; the tables are registered in the schema. `location` is the address of all objects for Trino.
 */
import { TributaryError } from '../../../core/errors.ts';

export interface Location {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly catalog: string;
  readonly schema: string;
  readonly objects: string;
}

const FORM = 'trino://user@host:port/catalog/schema or trinos://user:password@host:port/catalog/schema';
const NAME = /^[a-z_][a-z0-9_]*$/;
const PORTS = { plain: 8080, secure: 443 };

/** Throws CONFIG_INVALID, without the URL, which may contain a password. `objects` is the default location. */
export function locationOf(text: string, objects?: string): Location {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['trino:', 'trinos:'].includes(url.protocol) || url.hostname === '') {
    throw invalid(`it must be ${FORM}`);
  }
  const [catalog = '', schema = '', ...more] = url.pathname.slice(1).split('/');
  if (!NAME.test(catalog) || !NAME.test(schema) || more.length > 0) {
    throw invalid(`its path must be /catalog/schema, each of small letters, digits and "_"`);
  }
  for (const name of url.searchParams.keys()) {
    if (name !== 'location') throw invalid(`it has the unknown option ${name}; the only option is location`);
  }
  const secure = url.protocol === 'trinos:';
  const [user, password] = [url.username, url.password].map(decoded) as [string, string];
  if (user === '') throw invalid(`it must name a user: ${FORM}`);
  if (password !== '' && !secure) throw invalid('a password would cross the network in clear text; use trinos://');
  const location = url.searchParams.get('location') ?? objects;
  if (location === undefined) {
    throw invalid(
      'it must say where Trino finds the objects, such as ?location=s3://bucket/prefix or ?location=local:///',
    );
  }
  return {
    secure,
    // The host must be without the brackets of an IPv6 address.
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? PORTS.secure : PORTS.plain) : Number(url.port),
    user,
    password: password === '' ? undefined : password,
    catalog,
    schema,
    objects: location.endsWith('/') ? location : `${location}/`,
  };
}

const invalid = (why: string): TributaryError =>
  new TributaryError('CONFIG_INVALID', `the URL of Trino cannot be used: ${why}`);

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('its user or password has a % that encodes nothing; write it as %25');
  }
}

/** The headers of every request. */
export function headersOf({ user, password, catalog, schema }: Location): Readonly<Record<string, string>> {
  const pair = password && Buffer.from(`${user}:${password}`).toString('base64');
  return {
    'X-Trino-User': user,
    'X-Trino-Source': 'tributary',
    'X-Trino-Catalog': catalog,
    'X-Trino-Schema': schema,
    'X-Trino-Time-Zone': 'UTC',
    'X-Trino-Client-Capabilities': 'PARAMETRIC_DATETIME',
    ...(pair === undefined ? {} : { Authorization: `Basic ${pair}` }),
  };
}
