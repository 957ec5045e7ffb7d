/** How to connect to the server of a URL, as nodemailer's options. Nothing is sent here. */
import { TributaryError } from '../../../core/errors.ts';

export interface ConnectionOptions {
  /**
   * `smtp://user:password@mail.example.org:587`: TLS by STARTTLS, and nothing is sent without it; `smtps://…:465`: TLS
   * from the beginning. `?tls=offered` uses STARTTLS only if the server offers it, `?tls=never` not at all: for relays
   * on your own machine or network. `&name=…` is our name in EHLO.
   */
  readonly url: string;
  /** The authority of the server's certificate, as PEM, if it is not publicly trusted. */
  readonly ca?: string | undefined;
  /** The number of mails that are sent at the same time, each on its own connection, which is kept. */
  readonly connections?: number;
}

const CONNECTIONS = 5;
/** For connecting, including TLS, and again for the greeting. */
const CONNECT_MS = 10_000;
/** The longest silence in any other step. */
const SILENCE_MS = 30_000;
const TLS = ['required', 'offered', 'never'];
const PARAMETERS = ['tls', 'name'];

export function connectionOf({ url: text, ca, connections = CONNECTIONS }: ConnectionOptions) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '') {
    throw invalid('it must be smtp://host:port or smtps://host:port');
  }
  const { protocol, hostname, port, searchParams } = url;
  const unknown = [...searchParams.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) throw invalid(`it has no parameter ${unknown}; there are ${PARAMETERS.join(' and ')}`);
  const secure = protocol === 'smtps:';
  const tls = searchParams.get('tls') ?? 'required';
  if (!TLS.includes(tls) || (secure && tls !== 'required')) {
    throw invalid(`with smtp: tls may be ${TLS.join(', ')}; with smtps: it is always required`);
  }
  const [user, pass] = [url.username, url.password].map(decoded) as [string, string];
  if (user !== '' && tls === 'offered') {
    throw invalid('with tls=offered an attacker in between could get the password in clear text; write tls=required');
  }
  const name = searchParams.get('name');
  return {
    host: decoded(hostname).replace(/^\[(.*)\]$/, '$1'),
    ...(port === '' ? {} : { port: Number(port) }),
    secure,
    requireTLS: !secure && tls === 'required',
    ignoreTLS: tls === 'never',
    ...(name === null ? {} : { name }),
    ...(user === '' ? {} : { auth: { user, pass } }),
    tls: { minVersion: 'TLSv1.2' as const, ...(ca === undefined ? {} : { ca }) },
    maxConnections: connections,
    // If the server closes a kept connection before anything of a mail was sent, the mail is sent by another connection.
    maxRequeues: 2,
    connectionTimeout: CONNECT_MS,
    dnsTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid('its host, user or password is not percent-encoded: write % as %25');
  }
}

/** Without the URL, which may contain a password. */
function invalid(problem: string): TributaryError {
  return new TributaryError('CONFIG_INVALID', `the URL of the mail server cannot be used: ${problem}`);
}
