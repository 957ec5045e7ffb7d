/** Tables with real logs over objects, and with segments that are rows in memory. */

import { currentGeneration, tableName } from '../../../reports/runtime/generations.ts';
import type { SegmentSource } from '../../../reports/runtime/source.ts';
import type { OpenGeneration } from '../../../reports/runtime/tables.ts';
import { type DeltaTable, deltaTable, filesOf } from '../../../sinks/delta/index.ts';
import type { Objects } from '../../../sinks/objects/port.ts';
import type { SegmentRow } from '../../../sinks/segments/columns.ts';

/** DuckDB is only needed to write checkpoints, and none is written here. */
const NO_DUCK = {} as Parameters<typeof deltaTable>[0]['duck'];
const DAY = '2026-01-05';

export class MemoryGenerations {
  readonly #rows = new Map<string, readonly SegmentRow[]>();
  readonly #source: Pick<SegmentSource, 'prefix' | 'layout'>;
  #count = 0;

  constructor(source: Pick<SegmentSource, 'prefix' | 'layout'>) {
    this.#source = source;
  }

  /** Opens generations of the source, as one process does. */
  opener(objects: Objects): OpenGeneration {
    return async (generation) => {
      const table = this.log(objects, generation);
      await table.create({ layout: this.#source.layout });
      return { table, write: async (rows) => this.#add(table.table, [...rows], true) };
    };
  }

  log(objects: Objects, generation: number): DeltaTable {
    const never = { checkpointEvery: 1_000_000, keepFilesMs: 1e12, pause: async () => {}, random: () => 0.5 };
    const table = tableName(this.#source.prefix, generation);
    return deltaTable({ objects, duck: NO_DUCK, table, now: () => 0, engine: 'test', ...never });
  }

  #add(table: string, rows: readonly SegmentRow[], dataChange: boolean) {
    if (rows.length === 0) return [];
    const path = `date=${DAY}/s${this.#count++}.parquet`;
    this.#rows.set(`${table}/${path}`, rows);
    return [{ path, partitionValues: { date: DAY }, size: 1, modificationTime: 0, dataChange }];
  }

  /** Compacts all segments of a generation into one. `isChecked`: does nothing if one of them is gone by then. */
  async compact(objects: Objects, generation: number, isChecked: boolean): Promise<void> {
    const table = this.log(objects, generation);
    const found = await table.find();
    const files = found === undefined ? [] : filesOf(found);
    if (files.length < 2) return;
    const [add] = this.#add(
      table.table,
      files.flatMap(({ path }) => this.#rowsOf(table.table, path)),
      false,
    );
    await table.commit((now) => {
      const there = filesOf(now).filter(({ path }) => files.some((each) => each.path === path));
      if (add === undefined || (isChecked && there.length < files.length)) return undefined;
      const removals = there.map(({ path, partitionValues }) => {
        return { remove: { path, partitionValues, dataChange: false, deletionTimestamp: 0 } };
      });
      return { operation: 'OPTIMIZE', actions: [{ add }, ...removals] };
    });
  }

  /** The rows of all segments of the current table. */
  async rows(objects: Objects): Promise<SegmentRow[]> {
    const { generation } = await currentGeneration(objects, this.#source.prefix);
    const snapshot = await this.log(objects, generation).refresh();
    return filesOf(snapshot).flatMap(({ path }) => this.#rowsOf(snapshot.table, path));
  }

  #rowsOf(table: string, path: string): readonly SegmentRow[] {
    const rows = this.#rows.get(`${table}/${path}`);
    if (rows === undefined) throw new Error(`${table} has ${path}, which was never written there`);
    return rows;
  }
}
