/** The stores of a process, with a hook after every commit. */
import type { Stores } from '../../jobs/runtime/stores.ts';
import type { Claim, LogRecord } from '../../topics/log/transport.ts';
import { replaced } from '../protocol/replaced.ts';

export type Transaction = Parameters<Claim['commit']>[0];

interface Commit {
  readonly claim: Claim;
  /** The records that this commit covers: fetched before, and committed by no earlier transaction. */
  readonly records: readonly LogRecord[];
  readonly transaction: Transaction;
}

type Seen = (commit: Commit) => Promise<void> | void;

/** `seen` is called and awaited after each commit that succeeds. */
export function watchingCommits(stores: Stores, seen: Seen): Stores {
  const { transport } = stores;
  return {
    ...stores,
    transport: replaced(transport, {
      join: async (...args) => {
        const membership = await transport.join(...args);
        return replaced(membership, { claim: async (partition) => watched(await membership.claim(partition), seen) });
      },
    }),
  };
}

function watched(claim: Claim, seen: Seen): Claim {
  let fetched: LogRecord[] = [];
  return replaced(claim, {
    fetch: async (options) => {
      const answer = await claim.fetch(options);
      fetched.push(...answer.records);
      return answer;
    },
    commit: async (transaction) => {
      const records = fetched.filter(({ offset }) => offset < transaction.offset);
      await claim.commit(transaction);
      fetched = fetched.filter(({ offset }) => offset >= transaction.offset);
      await seen({ claim, records, transaction });
    },
  });
}
