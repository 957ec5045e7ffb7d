/**
 * Sends requests to Elasticsearch, and translates its errors.
 *
 * If a node does not answer, is overloaded or lacks shards, the request is sent again, to this node or another, until
 * the time is up; then it throws SEARCH_AWAY. Every request may be sent twice, because writes have versions. No message
 * and no error includes the client's own error, which contains headers and documents.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, errors } from '@elastic/elasticsearch';
import { TributaryError } from '../../../core/errors.ts';
import { mixUpFinder } from '../../../network/mix-up.ts';
import { connectionOf, type Location, urlFormOf } from './location.ts';
import type { Request } from './request.ts';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Sending {
  /** The current operation, for messages: "writing to the search index courses". */
  readonly doing: string;
  /** When to give up: a time of `performance.now()`. */
  readonly deadline: number;
  /** Aborting the signal gives up at once. */
  readonly signal?: AbortSignal | undefined;
}

/** TLS errors after which waiting does not help. The client's errors differ only in their texts. */
const UNTRUSTED = /certificate|altnames/i;
const TIMED_OUT = 'Elasticsearch does not answer in time';
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [50, 2000];
/** The largest length of a reason in a message. */
const LONGEST_REASON = 400;

export class Elasticsearch {
  readonly #client: Client;
  readonly #nodes: number;
  readonly #mixUp: (error: unknown) => Promise<string | undefined>;
  readonly #closing = new AbortController();

  constructor(location: Location) {
    const connection = connectionOf(location);
    this.#nodes = connection.nodes.length;
    this.#mixUp = mixUpFinder(urlFormOf(location));
    this.#client = new Client({ ...connection, maxRetries: 0 });
  }

  /**
   * Returns an answer with success, or with a status in `understood`. Throws SEARCH_AWAY if the time is up,
   * CONFIG_INVALID if only one side uses TLS, TABLE_DRIFTED if the index is missing, ACCESS_REFUSED and STORE_BROKEN if
   * the request is refused.
   */
  async send(request: Request, sending: Sending, understood: readonly number[] = []): Promise<Answer> {
    let reason = '';
    for (let attempt = 0; ; attempt += 1) {
      const answer = await this.#attempt(request, sending, understood);
      if (typeof answer !== 'string') return answer;
      // The last attempt has little time left, so its time-out is less useful than the previous answer.
      if (reason === '' || answer !== TIMED_OUT) reason = answer;
      await this.pause(attempt, reason, sending);
    }
  }

  /** Returns an answer, or the reason why there is none but another attempt may get one. */
  async #attempt(request: Request, sending: Sending, understood: readonly number[]): Promise<Answer | string> {
    const { method, path, query = {}, body, lines } = request;
    const remaining = Math.max(1, sending.deadline - performance.now());
    try {
      const { statusCode, body: answer } = await this.#client.transport.request(
        {
          method,
          path,
          querystring: { ...query },
          ...(body === undefined ? {} : { body: { ...body } }),
          ...(lines === undefined ? {} : { bulkBody: lines }),
        },
        {
          meta: true,
          ignore: [...understood],
          // If there are several nodes, one that hangs must not take all the time.
          requestTimeout: this.#nodes > 1 ? remaining / 2 : remaining,
          signal: this.#signal(sending),
        },
      );
      return { status: statusCode, body: answer };
    } catch (error) {
      const reason = passing(error, sending.doing);
      const mixUp = error instanceof errors.ConnectionError ? await this.#mixUp(error) : undefined;
      if (mixUp !== undefined) throw new TributaryError('CONFIG_INVALID', `${sending.doing}: ${mixUp}`);
      return reason;
    }
  }

  /** Waits before the next attempt. Throws SEARCH_AWAY with the reason if there is no time for one. */
  async pause(attempt: number, reason: string, sending: Sending): Promise<void> {
    const { doing, deadline } = sending;
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10));
    const ms = longest * (0.5 + Math.random() / 2);
    const isOver = performance.now() + ms >= deadline;
    const rested = !isOver && (await sleep(ms, true, { signal: this.#signal(sending) }).catch(() => false));
    if (!rested) throw new TributaryError('SEARCH_AWAY', `${doing}: ${reason}; waiting for it`);
  }

  #signal({ signal }: Sending): AbortSignal {
    const closing = this.#closing.signal;
    return signal === undefined ? closing : AbortSignal.any([closing, signal]);
  }

  /** Ends requests in flight. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#client.close();
  }
}

/** Returns the reason of a transient error. Throws the translation of any other error. */
function passing(error: unknown, doing: string): string {
  if (error instanceof errors.ResponseError) {
    const status = error.statusCode ?? 0;
    const { type, reason } = failureOf(error.body);
    if (isPassing(status, type)) return `Elasticsearch answers ${status}: ${reason}`;
    throw refusal(status, type, reason, doing);
  }
  if (error instanceof errors.ProductNotSupportedError) {
    throw broken(`${doing}: the server there is not Elasticsearch; correct its URL`);
  }
  if (error instanceof errors.TimeoutError) return TIMED_OUT;
  if (error instanceof errors.ElasticsearchClientError) {
    const reason = shortened(error.message);
    if (!UNTRUSTED.test(reason)) return `Elasticsearch does not answer: ${reason}`;
    throw refused(
      `${doing}: the certificate of Elasticsearch is not trusted (${reason}); give the file of its authority, or renew it`,
    );
  }
  throw error;
}

/** Whether the same request may succeed later: a shard or a node is missing, or a queue or a disk is full. */
export function isPassing(status: number, type: string): boolean {
  return status === 408 || status === 429 || status >= 500 || type === 'cluster_block_exception';
}

/** The error for a refused request, or for a document that is refused for a reason other than its content. */
export function refusal(status: number, type: string, reason: string, doing: string): TributaryError {
  if (status === 401) {
    // The reason also contains the whole path of the request.
    const [who = reason] = reason.split(' for REST request');
    return refused(
      `${doing}: Elasticsearch refuses the login (${who}); give it the right user and password, or API key`,
    );
  }
  if (status === 403) {
    return refused(
      `${doing}: Elasticsearch does not allow it (${reason}); the user or API key needs the privileges read, write, maintenance, view_index_metadata and manage for these indexes`,
    );
  }
  if (type === 'index_not_found_exception' || type === 'strict_dynamic_mapping_exception') {
    return new TributaryError(
      'TABLE_DRIFTED',
      `${doing}: Elasticsearch does not have the index as it is declared (${reason}); run \`tributary indexes apply\``,
    );
  }
  return broken(`${doing}: Elasticsearch answers ${status}: ${type}: ${reason}`);
}

interface Failure {
  readonly type: string;
  readonly reason: string;
}

/** Type and reason of the error in an answer, whatever sent it: a proxy does not answer in JSON. */
export function failureOf(body: unknown): Failure {
  const { error = body } = (body ?? {}) as { error?: unknown };
  if (typeof error === 'string') return { type: 'unknown', reason: shortened(error) };
  const { type = 'unknown', reason, caused_by: cause } = (error ?? {}) as Partial<Failure> & { caused_by?: Failure };
  const reasons = [reason, cause?.reason].filter(Boolean);
  return { type, reason: shortened(reasons.join(': ') || type) };
}

function shortened(text: string): string {
  const [line = ''] = text.split('\n', 1);
  return line.length > LONGEST_REASON ? `${line.slice(0, LONGEST_REASON)}…` : line;
}

function refused(message: string): TributaryError {
  return new TributaryError('ACCESS_REFUSED', message);
}

function broken(message: string): TributaryError {
  return new TributaryError('STORE_BROKEN', message);
}
