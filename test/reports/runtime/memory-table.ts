/** A table whose log is the real one over objects, and whose segments are rows in memory. */

import type { SegmentTable } from '../../../reports/runtime/tables.ts';
import { type DeltaTable, deltaTable, filesOf } from '../../../sinks/delta/index.ts';
import type { Objects } from '../../../sinks/objects/port.ts';
import type { Layout, SegmentRow } from '../../../sinks/segments/columns.ts';

const NAME = 'rollups/visits/g1';
/** No checkpoint is ever written here, which is what it is for. */
const NO_DUCK = {} as Parameters<typeof deltaTable>[0]['duck'];

export class MemorySegments {
  readonly #rows = new Map<string, readonly SegmentRow[]>();
  #count = 0;

  /** The table, as one process has it. */
  table(objects: Objects, layout: Layout): SegmentTable {
    const table = this.log(objects);
    let created = false;
    return {
      name: NAME,
      refresh: async () => {
        if (!created) await table.create({ layout });
        created = true;
        return table.refresh();
      },
      write: async (rows) => {
        const path = `date=2026-01-05/s${this.#count++}.parquet`;
        this.#rows.set(path, [...rows]);
        const partitionValues = { date: '2026-01-05' };
        return this.#rows.get(path)?.length === 0
          ? []
          : [{ path, partitionValues, size: 1, modificationTime: 0, dataChange: true }];
      },
      commit: (propose) => table.commit(propose),
    };
  }

  log(objects: Objects): DeltaTable {
    const never = { checkpointEvery: 1_000_000, keepFilesMs: 1e12, pause: async () => {}, random: () => 0.5 };
    return deltaTable({ objects, duck: NO_DUCK, table: NAME, now: () => 0, engine: 'test', ...never });
  }

  /** The rows of all segments that the table has. */
  async rows(objects: Objects): Promise<SegmentRow[]> {
    const snapshot = await this.log(objects).refresh();
    return filesOf(snapshot).flatMap(({ path }) => this.#rows.get(path) ?? []);
  }
}
