/** The meaning of an error of Postgres: wait, call again, or let an operator look at it. */

import { type ErrorCode, TributaryError } from '../../../core/errors.ts';
import { certificateProblem } from '../../../network/mix-up.ts';

/** Another transaction came first; the same statement can be sent again. */
const CONFLICTS = new Set(['40001', '40P01']);

/**
 * Classes and codes of the server after which waiting helps: a lost connection, insufficient resources, shutting down
 * or starting, cancelled by a time limit, a lock that is not available, a node that is not (yet) the primary, an error
 * of the operating system.
 */
const PASSING_CLASSES = new Set(['08', '40', '53', '58']);
const PASSING = new Set(['57014', '57P01', '57P02', '57P03', '57P05', '55P03', '25006', '25P03']);
/** A value that the server does not accept: too large, or not valid text. */
const REFUSING_CLASSES = new Set(['22', '54']);
const REFUSING: Readonly<Record<string, string>> = {
  '28000': 'check user, password and pg_hba.conf',
  '28P01': 'check user and password',
  '42501': 'grant the role its rights: CREATE on the database for the first start, then USAGE and all on the schema',
};
const ADVICE: Readonly<Record<string, string>> = {
  '3D000': 'create the database, or correct the URL',
  '42P01': 'a table is missing: restore the schema from a backup, or drop it as a whole to start afresh',
  '3F000': 'the schema is missing: restore it from a backup, or start afresh',
};

/** Errors of Node and the client about a connection that is missing, breaks or does not answer. */
const NETWORK =
  /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|E(HOST|NET)(UNREACH|DOWN)|ENETRESET|ENOTFOUND|EAI_AGAIN|ENOENT|EADDRNOTAVAIL|EMFILE|ENFILE)$/;
const BROKEN = /timeout|connection terminated|connection error|connection ended|not queryable|socket disconnected/i;
/** Errors of the client and the server if only one side uses TLS or the password is missing, and what to do about them. */
const MIX_UPS: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [
    /does not support SSL/i,
    'CONFIG_INVALID',
    'it does not speak TLS, but the URL requires it: write ?sslmode=disable, or have the server speak TLS',
  ],
  [
    /no encryption|SSL off/i,
    'ACCESS_REFUSED',
    'perhaps it accepts only TLS: write ?sslmode=require, or verify-full with the file of its authority; or correct its pg_hba.conf',
  ],
  [
    /client password must be a string/i,
    'ACCESS_REFUSED',
    'it requires a password: write postgres://user:password@ before the host',
  ],
];
const TLS = /certificate|SSL|TLS|self.signed|altname/i;

interface Known {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly errors?: readonly unknown[];
}

export function isConflict(error: unknown): boolean {
  return CONFLICTS.has(codeOf(error));
}

/** Translates the error to one of ours. An error from neither the server nor the connection is returned unchanged. */
export function requestsError(error: unknown, what: string): unknown {
  if (error instanceof TributaryError || !(error instanceof Error)) return error;
  const code = codeOf(error);
  const message = `${what} in Postgres: ${textOf(error)}`;
  const options = { cause: error };
  const mixUp = MIX_UPS.find(([pattern]) => pattern.test(error.message));
  if (mixUp !== undefined) return new TributaryError(mixUp[1], `${message}; ${mixUp[2]}`, options);
  if (isServer(error, code)) {
    if (PASSING.has(code) || PASSING_CLASSES.has(code.slice(0, 2))) {
      return new TributaryError('REQUESTS_AWAY', `${message}; waiting for it`, options);
    }
    if (REFUSING_CLASSES.has(code.slice(0, 2))) {
      return new TributaryError('USAGE', `${message}; give another value`, options);
    }
    if (REFUSING[code] !== undefined) {
      return new TributaryError('ACCESS_REFUSED', `${message}; ${REFUSING[code]}`, options);
    }
    return new TributaryError('STORE_BROKEN', `${message}; ${ADVICE[code] ?? 'run `tributary doctor`'}`, options);
  }
  if (NETWORK.test(code) || BROKEN.test(error.message)) {
    return new TributaryError('REQUESTS_AWAY', `${message}; waiting for it`, options);
  }
  if (TLS.test(code) || TLS.test(error.message)) {
    const certificate = certificateProblem(error) ?? error.message;
    const todo = 'check sslmode and sslrootcert of its URL';
    return new TributaryError('ACCESS_REFUSED', `${what} in Postgres: ${certificate}; ${todo}`, options);
  }
  return error;
}

function codeOf(error: unknown): string {
  const { code, errors } = error as Known;
  if (typeof code === 'string') return code;
  // A name with several addresses: report the error of the first.
  const first = errors?.[0] as Known | undefined;
  return typeof first?.code === 'string' ? first.code : '';
}

/** The server's codes have five characters, as have some of Node's; only errors of the server have a severity. */
function isServer(error: Error, code: string): boolean {
  return code.length === 5 && 'severity' in error;
}

function textOf(error: Error): string {
  if (error.message !== '') return error.message;
  const { errors = [] } = error as Known;
  return errors.map((each) => String((each as Known).message)).join(', ') || codeOf(error);
}
