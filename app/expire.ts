/** Deletes what is not kept any longer. A store that is away is asked again the next time. */

import { messageOf } from '../core/errors.ts';
import type { Job } from '../jobs/define.ts';
import type { Stores } from '../jobs/runtime/stores.ts';
import { indexesOf, tablesOf } from '../modules/derived.ts';
import type { Logger } from './telemetry.ts';

/**
 * Records past their topics' retention, and what the jobs took away long ago. `now` is the time in ms since 1970 UTC; `signal` says
 * that the stores are being closed.
 */
export async function expire(
  { transport, tables, search }: Pick<Stores, 'transport' | 'tables' | 'search'>,
  jobs: readonly Job[],
  logger: Pick<Logger, 'info' | 'warn'>,
  now: number,
  signal: AbortSignal,
): Promise<void> {
  const works: readonly [what: string, work: () => Promise<number>][] = [
    ['records past their retention', () => transport.expire(now)],
    ['rows that were taken away', () => tables.sweep(tablesOf(jobs))],
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
