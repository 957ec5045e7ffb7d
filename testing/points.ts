/**
 * The stores, with a point before every effect. `reach` is called at each point. The test decides what it does: throw to crash the process,
 * wait to let others go first, or nothing. Calls that write several rows or records are split, since a real store may have written only
 * some of them.
 */

import type { Target } from '../core/target.ts';
import type { Stores } from '../jobs/runtime/stores.ts';
import type { Change, WriteResult } from '../sinks/port.ts';
import type { Claim, Membership } from '../topics/log/transport.ts';

export type Point =
  | 'claim'
  | 'fence'
  | 'read'
  | 'write row'
  | 'look'
  | 'write view'
  | 'call channel'
  | 'fetch'
  | 'produce'
  | 'before commit'
  | 'after commit';

export type Reach = (point: Point) => Promise<void> | void;

export function withPoints(stores: Stores, reach: Reach): Stores {
  const { tables, cache, search, transport, channels } = stores;
  const before =
    <A extends unknown[], R>(point: Point, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await reach(point);
      return call(...args);
    };
  const oneByOne =
    <T extends Target>(apply: (target: T, changes: readonly Change[]) => Promise<WriteResult[]>) =>
    async (target: T, changes: readonly Change[]): Promise<WriteResult[]> => {
      const results: WriteResult[] = [];
      for (const change of changes) {
        await reach('write view');
        results.push(...(await apply(target, [change])));
      }
      return results;
    };
  return {
    ...stores,
    tables: {
      prepare: (defs) => tables.prepare(defs),
      missing: (defs) => tables.missing(defs),
      drifted: (table) => tables.drifted(table),
      drop: (defs) => tables.drop(defs),
      generations: before('claim', (job) => tables.generations(job)),
      setGenerations: before('claim', (...args) => tables.setGenerations(...args)),
      claim: before('claim', (...args) => tables.claim(...args)),
      token: before('claim', (...args) => tables.token(...args)),
      read: before('read', (...args) => tables.read(...args)),
      under: before('read', (...args) => tables.under(...args)),
      matching: before('read', (...args) => tables.matching(...args)),
      scan: before('read', (...args) => tables.scan(...args)),
      async write(table, rows) {
        const results: WriteResult[] = [];
        for (const row of rows) {
          await reach('write row');
          results.push(...(await tables.write(table, [row])));
        }
        return results;
      },
      due: before('read', (...args) => tables.due(...args)),
      apply: oneByOne((view, changes) => tables.apply(view, changes)),
      select: (...args) => tables.select(...args),
      sweep: (...args) => tables.sweep(...args),
      close: () => tables.close(),
    },
    cache: { ...boundCache(cache), apply: oneByOne((def, changes) => cache.apply(def, changes)) },
    search: { ...boundSearch(search), apply: oneByOne((def, changes) => search.apply(def, changes)) },
    transport: {
      createTopics: (topics) => transport.createTopics(topics),
      describe: (names) => transport.describe(names),
      shape: (names) => transport.shape(names),
      produce: before('produce', (records) => transport.produce(records)),
      exclusive: (...args) => transport.exclusive(...args),
      join: async (group, topic, listener) => membershipWithPoints(await transport.join(group, topic, listener), reach),
      read: (...args) => transport.read(...args),
      offsetAt: (...args) => transport.offsetAt(...args),
      lag: (...args) => transport.lag(...args),
      committed: (...args) => transport.committed(...args),
      seek: (...args) => transport.seek(...args),
      expire: (now) => transport.expire(now),
      close: () => transport.close(),
    },
    channels: Object.fromEntries(
      Object.entries(channels).map(([name, channel]) => [
        name,
        {
          repeats: channel.repeats,
          send: before('call channel', (message) => channel.send(message)),
          close: () => channel.close(),
        },
      ]),
    ),
  };
}

function boundCache(cache: Stores['cache']): Stores['cache'] {
  return {
    apply: (...args) => cache.apply(...args),
    read: (...args) => cache.read(...args),
    subscribe: (...args) => cache.subscribe(...args),
    close: () => cache.close(),
  };
}

function boundSearch(search: Stores['search']): Stores['search'] {
  return {
    prepare: (...args) => search.prepare(...args),
    missing: (...args) => search.missing(...args),
    renew: (...args) => search.renew(...args),
    apply: (...args) => search.apply(...args),
    search: (...args) => search.search(...args),
    sweep: (...args) => search.sweep(...args),
    close: () => search.close(),
  };
}

function membershipWithPoints(membership: Membership, reach: Reach): Membership {
  return {
    get partitions() {
      return membership.partitions;
    },
    async claim(partition) {
      await reach('fence');
      return claimWithPoints(await membership.claim(partition), reach);
    },
    leave: () => membership.leave(),
  };
}

function claimWithPoints(claim: Claim, reach: Reach): Claim {
  return {
    partition: claim.partition,
    shape: claim.shape,
    committed: claim.committed,
    begin: claim.begin,
    async fetch(options) {
      await reach('fetch');
      return claim.fetch(options);
    },
    seek: (offset) => claim.seek(offset),
    async look() {
      await reach('look');
      await claim.look();
    },
    async commit(transaction) {
      await reach('before commit');
      await claim.commit(transaction);
      await reach('after commit');
    },
    close: () => claim.close(),
  };
}
