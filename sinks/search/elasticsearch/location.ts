/** The location of Elasticsearch and the login, from a URL and from options that do not belong in a URL. */
import { readFileSync } from 'node:fs';
import { messageOf, TributaryError } from '../../../core/errors.ts';
import type { UrlForm } from '../../../network/mix-up.ts';
import { addressOf, HTTP } from '../../../network/speaking.ts';

export interface Location {
  /**
   * One node or several, tried in turn:
   *
   *     elasticsearch://host                         HTTP, port 9200
   *     elasticsearch+https://user:password@host     HTTPS, port 9200
   *     elasticsearch://one:9200,two:9200,three      the same name and password for all
   *     https://host/path                            unchanged, with the usual port of HTTPS; http:// too
   *
   * Name and password are percent-encoded if they contain `:`, `/`, `@`, `,` or `%`.
   */
  readonly url: string;
  /** An API key in its encoded form, instead of a name and a password. */
  readonly apiKey?: string | undefined;
  /** A PEM file with the authority that signed the servers' certificates, if it is not publicly trusted. */
  readonly caFile?: string | undefined;
}

const FORM = /^(elasticsearch|elasticsearch\+https|https?):\/\/(?:([^/@]*)@)?([^/@?#]+)(\/[^?#]*)?$/;
const OWN_PORT = 9200;

/** The location as the client expects it. */
interface Connected {
  readonly nodes: { url: URL }[];
  readonly auth?: { username: string; password: string } | { apiKey: string };
  readonly tls?: { ca: string };
}

/** Throws CONFIG_INVALID, without the password. */
export function connectionOf({ url, apiKey, caFile }: Location): Connected {
  const [, scheme = '', login, hosts = '', path = ''] = FORM.exec(url) ?? [];
  const ours = scheme.startsWith('elasticsearch');
  const nodes = hosts
    .split(',')
    .map((host) => nodeOf(`${scheme.endsWith('https') ? 'https' : 'http'}://${host}${path}`, ours));
  if (login !== undefined && apiKey !== undefined) {
    throw invalid('both a password and an API key are given for Elasticsearch; give one of them');
  }
  return {
    nodes,
    ...(login === undefined ? {} : { auth: basic(login) }),
    ...(apiKey === undefined ? {} : { auth: { apiKey } }),
    ...(caFile === undefined ? {} : { tls: { ca: pem(caFile) } }),
  };
}

/** Whether the URL uses TLS. */
export function urlFormOf(location: Location): UrlForm {
  const { nodes } = connectionOf(location);
  const ours = location.url.startsWith('elasticsearch');
  const [plainly, encrypted] = ours ? ['elasticsearch://', 'elasticsearch+https://'] : ['http://', 'https://'];
  return {
    addresses: nodes.map(({ url }) => addressOf(url)),
    tls: nodes[0]?.url.protocol === 'https:',
    hello: HTTP,
    plainly: plainly as string,
    encrypted: encrypted as string,
  };
}

function nodeOf(text: string, ours: boolean): { url: URL } {
  if (!URL.canParse(text)) {
    throw invalid(
      'the URL of Elasticsearch cannot be read; expected is elasticsearch://host:9200, elasticsearch+https://user:password@host, or several hosts with "," between them',
    );
  }
  const url = new URL(text);
  const hasPort = /:\d+$/.test(text.split('/')[2] ?? '');
  if (ours && !hasPort) url.port = String(OWN_PORT);
  return { url };
}

function basic(login: string): { username: string; password: string } {
  const [username = '', ...password] = login.split(':');
  try {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password.join(':')) };
  } catch {
    throw invalid('the name or password in the URL of Elasticsearch is not percent-encoded');
  }
}

function pem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw invalid(`the certificate of Elasticsearch's authority cannot be read: ${messageOf(error)}`);
  }
}

function invalid(message: string): TributaryError {
  return new TributaryError('CONFIG_INVALID', message);
}
