/**
 * The claims on partitions. Each partition of a job's topic has one row, whose token is increased by a light-weight
 * transaction. So two claims of one partition get different tokens.
 *
 * One more row (`LINE`) has the largest token of all partitions of the job's topic. A claim reads it before it
 * increases its own token, and raises it before it returns. So its token is larger than that of every claim that
 * returned before it began. This row needs no transaction, because its token is also its timestamp: the largest token
 * wins, in whatever order writes arrive. Concurrent claims of different partitions do not wait for each other and may
 * get the same token, which is harmless: no row can belong to both. See decision 23.
 */
import { types } from 'cassandra-driver';
import { TributaryError } from '../../../core/errors.ts';
import type { Connection } from './connection.ts';
import { type ClaimRequest, claimRequest, LINE } from './request.ts';
import { longOf, numberOf } from './rows.ts';
import { checkToken } from './version.ts';

const CLAIM_MS = 10_000;
const CLAIMS_OF_PAGE = 5_000;
/** A light-weight transaction is not idempotent. If one times out, the next one shows whether it was applied. */
export const LIGHT_WEIGHT = { isIdempotent: false, serialConsistency: types.consistencies.localSerial };
export const SERIAL = { consistency: types.consistencies.localSerial };

type ClaimKey = readonly [job: string, topic: string, partition: number];

export class Claims {
  readonly #connection: Connection;
  readonly #request: ClaimRequest;
  /** Searches for the largest token, for topics of jobs whose largest token is not stored yet. */
  readonly #searches = new Map<string, Promise<number>>();

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#request = claimRequest(connection.keyspace);
  }

  async claim(key: ClaimKey, above: number): Promise<number> {
    const deadline = performance.now() + CLAIM_MS;
    for (;;) {
      let fault: unknown;
      const token = await this.#countedUp(key, above).catch((error) => {
        if (!isContention(error)) throw error;
        fault = error;
        return undefined;
      });
      if (token !== undefined) return token;
      if (performance.now() < deadline) continue;
      const [, topic, partition] = key;
      const message = `other processes keep claiming partition ${partition} of ${topic}; it is tried again`;
      throw fault ?? new TributaryError('TABLES_AWAY', message);
    }
  }

  /** Linearizable: it sees every claim of the partition that returned before. Undefined: there was none. */
  async token(key: ClaimKey): Promise<number | undefined> {
    const { rows } = await this.#connection.execute(this.#request.token, key, SERIAL);
    return rows[0] === undefined ? undefined : numberOf(rows[0]['token']);
  }

  /** One attempt to increase the token. Undefined if another claim was faster, or the outcome is unknown. */
  async #countedUp(key: ClaimKey, above: number): Promise<number | undefined> {
    const [job, topic] = key;
    const { first, next, raise } = this.#request;
    const [token, line] = await Promise.all([this.token(key), this.#line(job, topic)]);
    const to = Math.max(token ?? 0, line, above) + 1;
    checkToken(to);
    const { rows } =
      token === undefined
        ? await this.#connection.execute(first, [...key, to], LIGHT_WEIGHT)
        : await this.#connection.execute(next, [to, ...key, token], LIGHT_WEIGHT);
    if (rows[0]?.['[applied]'] !== true) return undefined;
    await this.#connection.execute(raise, [job, topic, LINE, to, longOf({ token: to, revision: 0 })]);
    return to;
  }

  async #line(job: string, topic: string): Promise<number> {
    const { rows } = await this.#connection.execute(this.#request.token, [job, topic, LINE]);
    if (rows[0] !== undefined) return numberOf(rows[0]['token']);
    const id = JSON.stringify([job, topic]);
    const search = this.#searches.get(id) ?? this.#largest(job, topic).finally(() => this.#searches.delete(id));
    this.#searches.set(id, search);
    return search;
  }

  /** Finds the largest token of claims that were made before it was stored. */
  async #largest(job: string, topic: string): Promise<number> {
    let largest = 0;
    for await (const page of this.#connection.pages(this.#request.all, [], CLAIMS_OF_PAGE)) {
      for (const row of page) {
        if (row['job'] === job && row['topic'] === topic) largest = Math.max(largest, numberOf(row['token']));
      }
    }
    return largest;
  }
}

/** One of two concurrent claims may time out although the store is available. */
function isContention(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === types.responseErrorCodes.writeTimeout || code === types.responseErrorCodes.readTimeout;
}
