/** The faults of a process at its stores: failed writes, unanswered writes that take effect later, and refused rows. */

import { TributaryError } from '../../core/errors.ts';
import type { Stores } from '../../jobs/runtime/stores.ts';
import type { WriteResult } from '../../sinks/port.ts';
import type { Tables } from '../../sinks/tables/port.ts';
import type { Reach } from '../../testing/points.ts';
import type { Random } from '../../testing/random.ts';
import { isPoison, listOf, lookups } from './jobs.ts';
import { replaced } from './replaced.ts';

/** Writes that were sent and not answered. Remove one and call it to let it take effect. */
export type Flight = (() => Promise<unknown>)[];

export interface Luck {
  readonly random: Random;
  /** The probability that a write is not answered. */
  readonly trouble: () => number;
  readonly flight: Flight;
}

export function troubled(stores: Stores, { random, trouble, flight }: Luck): Stores {
  const { tables } = stores;
  async function sent<R>(write: () => Promise<R>): Promise<R> {
    if (!random.chance(trouble())) return write();
    if (random.chance(0.3)) throw new TributaryError('TABLES_AWAY', 'nothing was written', { outcome: 'none' });
    flight.push(write);
    throw new TributaryError('TABLES_AWAY', 'the write was not answered', { outcome: 'unknown' });
  }
  return {
    ...stores,
    tables: replaced(tables, {
      async write(table, rows) {
        const results: WriteResult[] = [];
        for (const row of rows) {
          const isRefused = table !== lookups && listOf(row.data).some(isPoison);
          results.push(
            ...(isRefused ? [{ refused: 'poison' } as const] : await sent(() => tables.write(table, [row]))),
          );
        }
        return results;
      },
      apply: (view, changes) => sent(() => tables.apply(view, changes)),
    }),
  };
}

/** Shuffles the rows of each call, because a store that writes them all at once may write them in any order. */
export function shuffling(stores: Stores, random: Random): Stores {
  const { tables } = stores;
  return {
    ...stores,
    tables: replaced(tables, {
      async write(table, rows) {
        const order = random.shuffled(rows.map((_, i) => i));
        const results = await tables.write(
          table,
          order.map((i) => rows[i] as (typeof rows)[number]),
        );
        return rows.map((_, i) => results[order.indexOf(i)] as WriteResult);
      },
    }),
  };
}

/** Tables whose claims can be interrupted between reading the tokens and setting one. */
export function claimingInSteps(stores: Stores, reach: Reach): Stores {
  const { tables } = stores;
  if (!('claimInSteps' in tables)) return stores;
  const { claimInSteps } = tables as Tables & { claimInSteps(...args: unknown[]): Promise<number> };
  return {
    ...stores,
    tables: replaced(tables, {
      claim: (job, topic, partition, above) => claimInSteps(job, topic, partition, above, () => reach('claim')),
    }),
  };
}
