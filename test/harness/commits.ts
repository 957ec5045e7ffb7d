/** The stores of a process, with every claim watched by a test. */
import type { Stores } from '../../jobs/runtime/stores.ts';
import type { Claim } from '../../topics/log/transport.ts';
import { replaced } from '../protocol/replaced.ts';

export function watchingClaims(stores: Stores, watched: (claim: Claim) => Claim): Stores {
  const { transport } = stores;
  return {
    ...stores,
    transport: replaced(transport, {
      join: async (...args) => {
        const membership = await transport.join(...args);
        return replaced(membership, { claim: async (partition) => watched(await membership.claim(partition)) });
      },
    }),
  };
}
