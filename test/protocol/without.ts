/**
 * Every rule of the model, turned off: most by the runtime's switch of the same name, the others by stores and logs that do
 * not keep them.
 */

import { TributaryError } from '../../core/errors.ts';
import { ALL_RULES, type Rules } from '../../jobs/runtime/rows/rules.ts';
import type { Stores } from '../../jobs/runtime/stores.ts';
import type { Version } from '../../sinks/port.ts';
import type { Reach } from '../../testing/points.ts';
import type { Claim, Transport } from '../../topics/log/transport.ts';
import { replaced } from './replaced.ts';
import type { WorldOptions } from './world.ts';

const byStores = {
  oneLine: { apart: true },
  tokenFirst: { distort: revisionFirst },
  fence: { distort: unfenced },
  atomic: { distort: torn },
  whole: { distort: neverWhole },
} as const satisfies Readonly<Record<string, WorldOptions>>;

export const WITHOUT: Readonly<Record<string, WorldOptions>> = {
  ...Object.fromEntries(
    (Object.keys(ALL_RULES) as (keyof Rules)[]).map((rule) => [rule, { rules: { ...ALL_RULES, [rule]: false } }]),
  ),
  ...byStores,
};

const swapped = <T extends { readonly version: Version }>(write: T): T => {
  const { token, revision } = write.version;
  return { ...write, version: { token: revision, revision: token } };
};

/** Versions that compare revisions before tokens. */
function revisionFirst(stores: Stores): Stores {
  const { tables } = stores;
  return {
    ...stores,
    tables: replaced(tables, {
      write: (table, rows) => tables.write(table, rows.map(swapped)),
      read: async (table, keys) => (await tables.read(table, keys)).map((row) => row && swapped(row)),
      apply: (view, changes) => tables.apply(view, changes.map(swapped)),
    }),
  };
}

/** Tables whose first write under a token covers only what changed. */
function neverWhole(stores: Stores): Stores {
  const { tables } = stores;
  return {
    ...stores,
    tables: replaced(tables, {
      write: (table, rows) =>
        tables.write(
          table,
          rows.map((row) => ({ ...row, whole: false, taken: undefined })),
        ),
    }),
  };
}

/** A log that accepts commits from fenced owners. */
function unfenced(stores: Stores): Stores {
  return withCommit(stores, async (claim, transaction, transport, move) => {
    try {
      await claim.commit(transaction);
    } catch (error) {
      if (!(error instanceof TributaryError) || error.code !== 'FENCED') throw error;
      await transport.produce(transaction.records);
      await move(transaction.offset, transaction.metadata);
    }
  });
}

/** A log that sends each event separately, and stores the offset afterwards. */
function torn(stores: Stores, reach: Reach): Stores {
  return withCommit(stores, async (claim, transaction, transport) => {
    for (const record of transaction.records) {
      await claim.look();
      await transport.produce([record]);
      await reach('produce');
    }
    await claim.commit({ ...transaction, records: [] });
  });
}

type Commit = (
  claim: Claim,
  transaction: Parameters<Claim['commit']>[0],
  transport: Transport,
  move: (offset: number, metadata: string) => Promise<void>,
) => Promise<void>;

function withCommit(stores: Stores, commit: Commit): Stores {
  const { transport } = stores;
  return {
    ...stores,
    transport: replaced(transport, {
      async join(group, topic, listener) {
        const membership = await transport.join(group, topic, listener);
        return replaced(membership, {
          async claim(partition) {
            const claim = await membership.claim(partition);
            return replaced(claim, {
              // An owner does not learn of a newer one before its next read.
              commit: (transaction) =>
                commit(claim, transaction, transport, (offset, metadata) =>
                  transport.seek(group, topic, { partition, offset, metadata }),
                ),
            });
          },
        });
      },
    }),
  };
}
