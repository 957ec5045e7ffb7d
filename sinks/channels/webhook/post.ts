/** One POST, on kept connections. Redirects are not followed. */
import { type ClientRequestArgs, Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { messageOf } from '../../../core/errors.ts';

export interface PostOptions {
  /** PEM. */
  readonly ca: string | undefined;
  /** Whether a request may be sent twice. Kept connections require that: the receiver may close one at the same moment. */
  readonly mayRepeat: boolean;
  /** How long the address lookup, the connection and the head of the answer may take together. */
  readonly timeoutMs: number;
  /** Looks up addresses; by default the system does. */
  readonly lookup?: LookupFunction;
}

export interface Posted {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** There was no answer. */
export class Unanswered extends Error {
  /** Whether the receiver may have got the request. */
  readonly mayHaveArrived: boolean;
  constructor(message: string, mayHaveArrived: boolean, cause: unknown) {
    super(message, { cause });
    this.mayHaveArrived = mayHaveArrived;
  }
}

/** How much of an answer's body is read, so that the connection can be used again. The contents are ignored. */
const LARGEST_BODY = 64 * 1024;

export class Poster {
  readonly #options: PostOptions;
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent };

  constructor(options: PostOptions) {
    const { ca, mayRepeat: keepAlive } = options;
    this.#options = options;
    this.#agents = {
      http: new HttpAgent({ keepAlive }),
      https: new HttpsAgent({ keepAlive, minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) }),
    };
  }

  post(url: URL, headers: Readonly<Record<string, string>>, body: string): Promise<Posted> {
    return this.#post(url, headers, body, AbortSignal.timeout(this.#options.timeoutMs));
  }

  #post(url: URL, headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal): Promise<Posted> {
    const { timeoutMs, lookup } = this.#options;
    const secure = url.protocol === 'https:';
    return new Promise((resolve, reject) => {
      let mayHaveArrived = false;
      const options: ClientRequestArgs = {
        method: 'POST',
        agent: secure ? this.#agents.https : this.#agents.http,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        signal,
        ...(lookup === undefined ? {} : { lookup }),
      };
      const request = (secure ? httpsRequest : httpRequest)(url, options, (response) => {
        const { statusCode = 0, headers } = response;
        resolve({ status: statusCode, retryAfter: headers['retry-after'] });
        let size = 0;
        response.on('error', () => {});
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > LARGEST_BODY) response.destroy();
        });
      });
      request.on('socket', (socket) => {
        const arrived = (): void => {
          mayHaveArrived = true;
        };
        if (socket.connecting) socket.once(secure ? 'secureConnect' : 'connect', arrived);
        else arrived();
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        const wasKept = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        if (wasKept && !signal.aborted) return resolve(this.#post(url, headers, body, signal));
        const problem = signal.aborted ? `there was no answer within ${timeoutMs} ms` : messageOf(error);
        reject(new Unanswered(problem, mayHaveArrived, error));
      });
      request.end(body);
    });
  }

  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }
}
