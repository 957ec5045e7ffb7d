/** The current generation of each job's rows, set by light-weight transactions. */
import { errors, types } from 'cassandra-driver';
import { TributaryError } from '../../../core/errors.ts';
import type { StoredGenerations } from '../port.ts';
import { LIGHT_WEIGHT, SERIAL } from './claims.ts';
import type { Connection } from './connection.ts';
import { type GenerationsRequest, generationsRequest } from './request.ts';

export class Generations {
  readonly #connection: Connection;
  readonly #request: GenerationsRequest;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#request = generationsRequest(connection.keyspace);
  }

  /** Linearizable. Undefined if an earlier release prepared the keyspace. */
  async of(job: string): Promise<StoredGenerations | undefined> {
    try {
      const { rows } = await this.#connection.execute(this.#request.of, [job], SERIAL);
      const [row] = rows;
      return row && { current: row['current'] as number, state: row['state'] as string };
    } catch (error) {
      if (isUnknownTable(error)) return undefined;
      throw error;
    }
  }

  async set(job: string, before: string | undefined, { current, state }: StoredGenerations): Promise<boolean> {
    const { first, next } = this.#request;
    try {
      const { rows } =
        before === undefined
          ? await this.#connection.execute(first, [job, current, state], LIGHT_WEIGHT)
          : await this.#connection.execute(next, [current, state, job, before], LIGHT_WEIGHT);
      return rows[0]?.['[applied]'] === true;
    } catch (error) {
      if (!isUnknownTable(error)) throw error;
      throw new TributaryError(
        'TABLES_AWAY',
        `the keyspace ${this.#connection.keyspace} was prepared by an earlier release; run \`tributary tables apply\``,
      );
    }
  }
}

function isUnknownTable(error: unknown): boolean {
  if (!(error instanceof errors.ResponseError) || error.code !== types.responseErrorCodes.invalid) return false;
  return /unconfigured table|does not exist/i.test(error.message);
}
