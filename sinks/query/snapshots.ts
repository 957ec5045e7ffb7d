/** The current versions of the tables behind the relations. */
import type { DuckDb } from '../../duckdb/database.ts';
import { type DeltaTable, deltaTable, type Snapshot } from '../delta/index.ts';
import type { Objects } from '../objects/port.ts';
import type { ReadTable, Relation } from './port.ts';

export interface LakeOptions {
  readonly objects: Objects;
  readonly relations: readonly Relation[];
  /** The prefix of a relation's current table; undefined if it has none yet. Called for every query. */
  readonly currentTable: (relation: string) => Promise<string | undefined>;
  /** In ms since 1970 UTC. */
  readonly now: () => number;
}

/** A relation and its table at one version; undefined if there is no table. */
export interface At {
  readonly relation: Relation;
  readonly snapshot: Snapshot | undefined;
}

/** The newest versions. The logs are remembered, so the next time only new commits are read. */
export function snapshotsOf(
  { objects, currentTable, now }: LakeOptions,
  duck: DuckDb,
): (relations: readonly Relation[]) => Promise<At[]> {
  const known = new Map<string, DeltaTable>();
  async function snapshotOf(relation: Relation): Promise<Snapshot | undefined> {
    const name = await currentTable(relation.name);
    if (name === undefined) return undefined;
    let table = known.get(relation.name);
    if (table?.table !== name) table = deltaTable({ objects, duck, table: name, now, engine: 'tributary' });
    known.set(relation.name, table);
    return table.find();
  }
  return (relations) =>
    Promise.all(relations.map(async (relation) => ({ relation, snapshot: await snapshotOf(relation) })));
}

export function readOf(all: readonly At[]): ReadTable[] {
  return all.flatMap(({ relation, snapshot }) => {
    if (snapshot === undefined) return [];
    const { table, version, txns } = snapshot;
    const positions = new Map([...txns.values()].map(({ appId, version }) => [appId, version] as const));
    return [{ relation: relation.name, table, version, positions }];
  });
}
