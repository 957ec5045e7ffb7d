/** The tables of a source for an operator. It opens existing tables and creates none. */
import { type DeltaTable, deltaTable, filesOf, type Snapshot } from '../../sinks/delta/index.ts';
import type { SegmentCache } from '../../sinks/segments/cache.ts';
import { currentGeneration, tableName } from '../runtime/generations.ts';
import type { SegmentSource } from '../runtime/source.ts';
import type { TableStores } from '../runtime/tables.ts';

/** What the upkeep of tables needs. DuckDB must be allowed to read the folder of the cache. */
export interface KeptStores extends TableStores {
  readonly cache: SegmentCache;
}

export function generationTable(
  { objects, duck, now, engine }: TableStores,
  { prefix }: Pick<SegmentSource, 'prefix'>,
  generation: number,
): DeltaTable {
  return deltaTable({ objects, duck, table: tableName(prefix, generation), now, engine });
}

/** The current table and its content; undefined if nothing was ever published. */
export async function currentTable(
  stores: TableStores,
  source: Pick<SegmentSource, 'prefix'>,
): Promise<{ readonly table: DeltaTable; readonly snapshot: Snapshot; readonly generation: number } | undefined> {
  const { generation } = await currentGeneration(stores.objects, source.prefix);
  const table = generationTable(stores, source, generation);
  const snapshot = await table.find();
  return snapshot && { table, snapshot, generation };
}

/** The days that have segments, in ascending order. */
export const daysOf = (snapshot: Snapshot): string[] => [...snapshot.days.keys()].filter((day) => day !== '').sort();

export interface Extent {
  readonly segments: number;
  readonly rows: number;
  readonly bytes: number;
  readonly firstDay: string | null;
  readonly lastDay: string | null;
  /** When the newest segment was written, in ms since 1970 UTC. */
  readonly writtenAt: number | null;
}

export function extentOf(snapshot: Snapshot): Extent {
  const files = filesOf(snapshot);
  const days = daysOf(snapshot);
  return {
    segments: files.length,
    rows: files.reduce((sum, { stats }) => sum + rowsIn(stats), 0),
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    firstDay: days[0] ?? null,
    lastDay: days.at(-1) ?? null,
    writtenAt: files.length === 0 ? null : Math.max(...files.map(({ modificationTime }) => modificationTime)),
  };
}

/** Other programs may write segments without statistics. */
function rowsIn(stats: string | null | undefined): number {
  const { numRecords } = JSON.parse(stats ?? '{}') as { readonly numRecords?: unknown };
  return typeof numRecords === 'number' ? numRecords : 0;
}
