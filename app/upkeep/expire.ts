/** Deletes data that have passed their retention. If a store does not answer, the next run tries again. */

import { messageOf } from '../../core/errors.ts';
import type { Job } from '../../jobs/define.ts';
import type { Stores } from '../../jobs/runtime/stores.ts';
import { indexesOf, tablesOf } from '../../modules/derived.ts';
import type { Logger } from '../telemetry/telemetry.ts';

export interface ExpireOptions {
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** In ms since 1970 UTC. */
  readonly now: number;
  /** Aborted when the stores are being closed. */
  readonly signal: AbortSignal;
}

/** Deletes records past their topics' retention, and rows and documents that jobs deleted long ago. */
export async function expire(
  { transport, tables, search }: Pick<Stores, 'transport' | 'tables' | 'search'>,
  jobs: readonly Job[],
  { logger, now, signal }: ExpireOptions,
): Promise<void> {
  const works: readonly [what: string, work: () => Promise<number>][] = [
    ['records past their retention', () => transport.expire(now)],
    ['rows that were removed', () => tables.sweep(tablesOf(jobs))],
    ['documents that were removed', () => search.sweep(indexesOf(jobs))],
  ];
  for (const [what, work] of works) {
    if (signal.aborted) return;
    try {
      const count = await work();
      if (count > 0) logger.info(`${count} ${what} are deleted for good`);
    } catch (error) {
      if (!signal.aborted) logger.warn(`${what} are not deleted: ${messageOf(error)}; it is tried again`);
    }
  }
}
