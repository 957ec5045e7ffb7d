/** The meaning of an error of Redis or its client, and what to do about it. */

import { TributaryError } from '../../../core/errors.ts';
import { certificateProblem } from '../../../network/mix-up.ts';

/**
 * - `again`: the connection is lost, the server will soon serve again, or it redirects us: worth another try soon.
 * - `away`: the server answers, but cannot accept anything now. Trying again at once is useless; the caller waits.
 * - `refused`: the server denies us access, or a command.
 * - `misconfigured`: only one side uses TLS.
 * - `fatal`: anything else that waiting does not solve.
 */
export interface Failure {
  readonly meaning: 'again' | 'away' | 'refused' | 'misconfigured' | 'fatal';
  /** What happened, without the failed command: that contains records, or the password. */
  readonly text: string;
  /** What to do; empty if waiting is enough. */
  readonly remedy: string;
}

const AWAY: Readonly<Record<string, string>> = {
  OOM: 'its memory is full: raise maxmemory, or delete what is not needed; the write is then repeated',
  MISCONF: 'it cannot save to its disk: check the disk of the server; the write is then repeated',
};
// Only a client for clusters follows the redirections of these servers.
const IS_CLUSTER = 'it is part of a cluster: write redis+cluster:// in the URL';
const REFUSED: Readonly<Record<string, string>> = {
  NOAUTH: 'it requires a user or a password: configure them',
  WRONGPASS: 'configure the right user and password',
  NOPERM: 'give its user the rights that the documentation of the Redis cache lists',
  DENIED: 'it accepts connections only from its own machine: configure its protected mode',
};
const FATAL: Readonly<Record<string, string>> = {
  WRONGTYPE: 'another program uses keys of this prefix: choose another prefix',
  CROSSSLOT: IS_CLUSTER,
  MOVED: IS_CLUSTER,
  ASK: IS_CLUSTER,
  ERR: 'see what it says',
};
const CODES = {
  again: 'CACHE_AWAY',
  away: 'CACHE_AWAY',
  refused: 'ACCESS_REFUSED',
  misconfigured: 'CONFIG_INVALID',
  fatal: 'STORE_BROKEN',
} as const;
/** Transient errors that have no code of their own. */
const PASSING = /^ERR max(?:imum)? number of clients/;
const CODE = /^([A-Z]+)\b/;
const BUGS = [TypeError, RangeError, SyntaxError, TributaryError];
/** Up to Redis 6, an error within a script is wrapped. */
const IN_SCRIPT = /^ERR Error running script .*-([A-Z]+) /;

/** Undefined if neither Redis nor the connection caused the error: then it is a bug. */
export function failureOf(error: unknown): Failure | undefined {
  if (!(error instanceof Error) || BUGS.some((bug) => error instanceof bug)) return undefined;
  const message = messageOf(error);
  const certificate = certificateProblem(error);
  if (certificate !== undefined)
    return { meaning: 'refused', text: 'no TLS connection could be made', remedy: certificate };
  const [, code = ''] = (IN_SCRIPT.exec(message) ?? CODE.exec(message)) || [];
  if (AWAY[code] !== undefined) return { meaning: 'away', text: message, remedy: AWAY[code] };
  if (REFUSED[code] !== undefined) return { meaning: 'refused', text: message, remedy: REFUSED[code] };
  if (FATAL[code] !== undefined && !PASSING.test(message)) {
    return { meaning: 'fatal', text: message, remedy: FATAL[code] };
  }
  return { meaning: 'again', text: message, remedy: '' };
}

/** Whether waiting is useless. */
export const isLasting = ({ meaning }: Failure): boolean => meaning !== 'again' && meaning !== 'away';

/** `what` is what we were doing; `where` names the Redis. */
export function errorOf({ meaning, text, remedy }: Failure, what: string, where: string): TributaryError {
  return new TributaryError(
    CODES[meaning],
    `${what}: Redis at ${where}: ${text}; ${remedy === '' ? 'waiting for it' : remedy}`,
  );
}

function messageOf(error: Error): string {
  // The client wraps the error of a cluster's node; and Node's error for several addresses at once has only a code.
  const { lastNodeError } = error as { lastNodeError?: unknown };
  const { message, code } = (lastNodeError instanceof Error ? lastNodeError : error) as NodeJS.ErrnoException;
  return message || code || 'the connection failed';
}
