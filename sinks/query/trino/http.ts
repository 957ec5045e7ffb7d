/** Requests to a Trino, with retries while it does not answer. */
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, TributaryError } from '../../../core/errors.ts';
import { answerOf, type HttpAnswer } from '../../../network/answer.ts';
import { certificateProblem, mixUpFinder } from '../../../network/mix-up.ts';
import { HTTP } from '../../../network/speaking.ts';
import { headersOf, type Location } from './location.ts';

export interface HttpAsked {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface TrinoHttp {
  /**
   * Returns the text of a successful answer. Retries temporary failures and lost connections for `patienceMs`, and then
   * throws QUERY_AWAY. Throws ACCESS_REFUSED, CONFIG_INVALID, and the reason of the signal.
   */
  send(doing: string, asked: HttpAsked): Promise<string>;
  close(): void;
}

export interface HttpOptions {
  /** In PEM. */
  readonly ca?: string | undefined;
  readonly patienceMs: number;
}

/** A page is about 16 MB, unless single rows are larger. */
const LARGEST_ANSWER = 256 * 1024 * 1024;
/** Trino answers within a second, even without results. */
const SILENCE_MS = 30_000;
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [100, 2000];
const SAID = 200;

export function trinoHttp(location: Location, { ca, patienceMs }: HttpOptions): TrinoHttp {
  const { secure, host, port } = location;
  const agent = secure
    ? new HttpsAgent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) })
    : new HttpAgent({ keepAlive: true });
  const headers = headersOf(location);
  const mixUp = mixUpFinder({
    addresses: [{ host, port }],
    tls: secure,
    hello: HTTP,
    plainly: 'trino://',
    encrypted: 'trinos://',
  });

  function exchange({ method, path, body, signal }: HttpAsked): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const request = (secure ? httpsRequest : httpRequest)(
        { agent, host, port, method, path, headers: { ...headers, ...length }, ...(signal && { signal }) },
        (response) => void answerOf(response, LARGEST_ANSWER).then(resolve, reject),
      );
      request.setTimeout(SILENCE_MS, () => request.destroy(new Error(`it did not answer within ${SILENCE_MS} ms`)));
      request.on('error', reject);
      request.end(body);
    });
  }

  /** Returns the answer, or the reason for another attempt. */
  async function attempt(doing: string, asked: HttpAsked): Promise<HttpAnswer | string> {
    try {
      const answer = await exchange(asked);
      return answer.status === 429 || answer.status >= 500 ? `it answered ${answer.status}` : answer;
    } catch (error) {
      asked.signal?.throwIfAborted();
      const certificate = certificateProblem(error);
      if (certificate !== undefined) throw new TributaryError('ACCESS_REFUSED', `${doing}: ${certificate}`);
      const mixed = await mixUp(error);
      if (mixed !== undefined) throw new TributaryError('CONFIG_INVALID', `${doing}: ${mixed}`);
      return messageOf(error) || String((error as NodeJS.ErrnoException).code);
    }
  }

  return {
    async send(doing, asked) {
      const deadline = performance.now() + patienceMs;
      for (let attempts = 0; ; attempts += 1) {
        asked.signal?.throwIfAborted();
        const answer = await attempt(doing, asked);
        if (typeof answer !== 'string') return success(doing, answer);
        const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempts, 10));
        if (performance.now() + pause > deadline) {
          throw new TributaryError('QUERY_AWAY', `${doing}: Trino does not answer: ${answer}; try again later`);
        }
        await sleep(pause, undefined, { ...(asked.signal && { signal: asked.signal }) }).catch(() => {
          asked.signal?.throwIfAborted();
        });
      }
    },
    close: () => agent.destroy(),
  };
}

function success(doing: string, { status, text }: HttpAnswer): string {
  if (status >= 200 && status < 300) return text;
  if (status === 401 || status === 403) {
    const advice = 'correct the user and password in its URL, or give the user the right';
    throw new TributaryError('ACCESS_REFUSED', `${doing}: Trino refuses access (${status}); ${advice}`);
  }
  if (status === 404 || status === 410) {
    const why = 'Trino no longer knows the query, as after a restart, or the server is not Trino';
    throw new TributaryError('QUERY_AWAY', `${doing}: ${why} (${status}); try again`);
  }
  throw new TributaryError('QUERY_AWAY', `${doing}: Trino answered ${status}: ${text.slice(0, SAID)}; try again later`);
}
