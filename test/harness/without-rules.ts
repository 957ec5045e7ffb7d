/**
 * The rules, each turned off: some by a switch of the runtime, others by stores and logs that do not keep them. A
 * test of the runtime must notice each missing rule.
 */
import assert from 'node:assert/strict';
import { TributaryError } from '../../core/errors.ts';
import type { TableDef } from '../../core/target.ts';
import { ALL_RULES } from '../../jobs/runtime/rows/rules.ts';
import type { Stores } from '../../jobs/runtime/stores.ts';
import type { Change, WriteResult } from '../../sinks/port.ts';
import type { RowWrite, StoredRow } from '../../sinks/tables/port.ts';
import type { Claim, Membership, Transport } from '../../topics/log/transport.ts';
import type { Roughness } from './crash-property.ts';
import type { Distort } from './world.ts';

export type { Distort };

const off = (rule: keyof typeof ALL_RULES): Roughness => ({ rules: { ...ALL_RULES, [rule]: false } });

export const WITHOUT: Readonly<Record<string, Roughness>> = {
  'a fresh row cache at a claim': off('freshCache'),
  'skipping what is applied': off('skip'),
  'the outbox': off('outbox'),
  'sending only what lies within the batch': off('withinBatch'),
  'marks of origins': off('dedupe'),
  'the token before the revision': { distort: revisionFirst },
  'the fence at the commit': { distort: unfenced },
  'one transaction of events and offset': { distort: (stores) => torn(tellingNothing(stores)) },
  'the check of the token after the fence': { distort: (stores) => uncheckedToken(tellingNothing(stores)) },
  'map entries written whole by a new owner': { distort: neverWhole },
};

/** Versions that compare revisions before tokens. */
function revisionFirst(stores: Stores): Stores {
  const swap = <T extends RowWrite | Change>(write: T): T => {
    const { token, revision } = write.version;
    return { ...write, version: { token: revision, revision: token } };
  };
  const { tables, cache, search } = stores;
  return {
    ...stores,
    tables: {
      ...bound(tables),
      write: (table, rows) => tables.write(table, rows.map(swap)),
      async read(table, keys) {
        const rows = await tables.read(table, keys);
        return rows.map(
          (row) => row && { ...row, version: { token: row.version.revision, revision: row.version.token } },
        );
      },
      apply: (view, changes) => tables.apply(view, changes.map(swap)),
    },
    cache: { ...bound(cache), apply: (def, changes) => cache.apply(def, changes.map(swap)) },
    search: { ...bound(search), apply: (def, changes) => search.apply(def, changes.map(swap)) },
  };
}

/**
 * Stores that settle versions silently, as Cassandra does: a write that lost is answered like any other. They also check that
 * whatever a write declares unchanged really is, since Cassandra does not write it.
 */
export function tellingNothing(stores: Stores): Stores {
  const { tables, cache, search } = stores;
  const silent = (results: WriteResult[]): WriteResult[] =>
    results.map((result) => (result === 'stale' ? 'written' : result));
  return {
    ...stores,
    tables: {
      ...bound(tables),
      async write(table, rows) {
        const held = await tables.read(
          table,
          rows.map(({ key }) => key),
        );
        rows.forEach((row, i) => {
          if (held[i] === undefined || held[i].version.token <= row.version.token) assertUnchanged(table, row, held[i]);
        });
        return silent(await tables.write(table, rows));
      },
      apply: async (view, changes) => silent(await tables.apply(view, changes)),
    },
    cache: { ...bound(cache), apply: async (def, changes) => silent(await cache.apply(def, changes)) },
    search: { ...bound(search), apply: async (def, changes) => silent(await search.apply(def, changes)) },
  };
}

function assertUnchanged(
  { record: { fields } }: TableDef,
  { key, unchanged, whole, version, timers, data }: RowWrite,
  held: StoredRow | undefined,
): void {
  if (unchanged === undefined) return;
  assert.ok(!whole && held?.version.token === version.token, `${key.join('/')}: another owner wrote it`);
  if (unchanged.timers) assert.deepEqual(timers, held.timers);
  for (const { name } of fields) {
    if (unchanged.fields.has(name)) assert.deepEqual(data?.[name], held.data?.[name], name);
  }
}

function neverWhole(stores: Stores): Stores {
  const { tables } = stores;
  return {
    ...stores,
    tables: {
      ...bound(tables),
      write: (table, rows) =>
        tables.write(
          table,
          rows.map((row) => ({ ...row, whole: false })),
        ),
    },
  };
}

/** A log that accepts commits from fenced owners. */
function unfenced(stores: Stores): Stores {
  return withClaims(stores, (claim, transport, partition) => ({
    ...bound(claim),
    async commit(transaction) {
      try {
        await claim.commit(transaction);
      } catch (error) {
        if (!(error instanceof TributaryError) || error.code !== 'FENCED') throw error;
        await transport.produce(transaction.records);
        await partition(transaction.offset);
      }
    },
  }));
}

/** A log that first appends the events, even those of a fenced owner, and then stores the offset. */
function torn(stores: Stores): Stores {
  return withClaims(stores, (claim, transport) => ({
    ...bound(claim),
    async commit(transaction) {
      await transport.produce(transaction.records);
      await claim.commit({ ...transaction, records: [] });
    },
  }));
}

/** Tables that always report the caller's own token as the newest. */
function uncheckedToken(stores: Stores): Stores {
  const { tables } = stores;
  let mine = 0;
  return {
    ...stores,
    tables: {
      ...bound(tables),
      async claim(...args) {
        mine = await tables.claim(...args);
        return mine;
      },
      token: async () => mine,
    },
  };
}

type Wrap = (claim: Claim, transport: Transport, moveOffset: (offset: number) => Promise<void>) => Claim;

function withClaims(stores: Stores, wrap: Wrap): Stores {
  const { transport } = stores;
  return {
    ...stores,
    transport: {
      ...bound(transport),
      async join(group, topic, listener): Promise<Membership> {
        const membership = await transport.join(group, topic, listener);
        return {
          partitions: membership.partitions,
          claim: async (partition) =>
            wrap(await membership.claim(partition), transport, (offset) =>
              transport.seek(group, topic, { partition, offset }),
            ),
          leave: () => membership.leave(),
        };
      },
    },
  };
}

/** A proxy with all methods of a port bound, so that some can be replaced even if the port is a class. */
function bound<T extends object>(port: T): T {
  return new Proxy(port, {
    ownKeys: (target) => Reflect.ownKeys(target),
    get: (target, name) => {
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
