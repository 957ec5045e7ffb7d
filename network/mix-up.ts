/** Explains why there is no connection to a running server (TLS on one side only, or a certificate), and what to do about it. */
import { messageOf } from '../core/errors.ts';
import { type Address, type Hello, spokenAt } from './speaking.ts';

/** What a URL asks for, and how its scheme is written with and without TLS. */
export interface UrlForm {
  readonly addresses: readonly Address[];
  readonly tls: boolean;
  readonly hello: Hello;
  /** The scheme without TLS, such as `redis://`. `encrypted` is the one with TLS, such as `rediss://`. */
  readonly plainly: string;
  readonly encrypted: string;
}

/** Error codes for an unreachable server. They have nothing to do with TLS. */
const NOBODY = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN)$/;
/** The least pause between two checks, in ms, because clients retry often while a server is away. */
const AGAIN_MS = 10_000;

/**
 * The returned function resolves to the message about the first address where TLS is mixed up, or undefined. `error` is the reason for the
 * failed connection. Calls during a check share its result; within `AGAIN_MS` after it they get undefined.
 */
export function mixUpFinder(form: UrlForm): (error?: unknown) => Promise<string | undefined> {
  let looking: Promise<string | undefined> | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  return async (error) => {
    if (NOBODY.test(String((error as NodeJS.ErrnoException | undefined)?.code))) return undefined;
    if (looking === undefined && performance.now() - lookedAt < AGAIN_MS) return undefined;
    looking ??= mixUpAt(form).finally(() => {
      lookedAt = performance.now();
      looking = undefined;
    });
    return looking;
  };
}

export async function mixUpAt({ addresses, tls, hello, plainly, encrypted }: UrlForm): Promise<string | undefined> {
  for (const address of addresses) {
    const spoken = await spokenAt(address, hello);
    const where = `${address.host}:${address.port}`;
    if (tls && spoken === 'plain')
      return `${where} does not speak TLS, but the URL says ${encrypted}: write ${plainly}, or name its port for TLS`;
    if (!tls && spoken === 'tls')
      return `${where} speaks TLS, but the URL says ${plainly}: write ${encrypted}, or name its port without TLS`;
  }
  return undefined;
}

const UNTRUSTED = /^(DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|UNABLE_TO_|CERT_|ERR_TLS_CERT_)/;
const UNTRUSTED_TEXT = /certificate (?!required)|altnames|self.signed/i;
const WANTED_TEXT = /certificate required|bad certificate|handshake failure/i;

/** What is wrong with the server's certificate or ours, and what to do. Undefined if the error is about something else. */
export function certificateProblem(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  const message = messageOf(error).split('\n', 1)[0];
  if (WANTED_TEXT.test(String(message))) {
    return `it requires a client certificate, or refuses the one that it was given (${message}): give tlsCert and tlsKey`;
  }
  if (UNTRUSTED.test(String(code)) || UNTRUSTED_TEXT.test(String(message))) {
    return `its certificate is not trusted (${message}): give the file of its authority as tlsCa, or renew it`;
  }
  return undefined;
}
