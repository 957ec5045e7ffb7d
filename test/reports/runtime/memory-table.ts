/** A table with a real log over objects, and with segments that are rows in memory. */

import { TributaryError } from '../../../core/errors.ts';
import { tableName } from '../../../reports/runtime/generations.ts';
import type { SegmentTable } from '../../../reports/runtime/tables.ts';
import { type DeltaTable, deltaTable, filesOf } from '../../../sinks/delta/index.ts';
import type { Objects } from '../../../sinks/objects/port.ts';
import type { Layout, SegmentRow } from '../../../sinks/segments/columns.ts';

const PREFIX = 'rollups/visits';
/** DuckDB is only needed to write checkpoints, and none is written here. */
const NO_DUCK = {} as Parameters<typeof deltaTable>[0]['duck'];

export class MemorySegments {
  readonly #rows = new Map<string, readonly SegmentRow[]>();
  #count = 0;
  #generation = 1;

  /** From now on, a new and empty table is current. */
  makeAnew(): void {
    this.#generation += 1;
  }

  /** The table as one process sees it. A refresh moves it to the generation that is current. */
  table(objects: Objects, layout: Layout): SegmentTable {
    let generation = 0;
    let table: DeltaTable | undefined;
    const opened = (): DeltaTable => {
      if (table === undefined) throw new Error('a table is refreshed before it is written to');
      return table;
    };
    return {
      get name() {
        return tableName(PREFIX, generation);
      },
      refresh: async () => {
        if (generation !== this.#generation) {
          const next = this.#generation;
          const log = this.log(objects, next);
          await log.create({ layout });
          generation = next;
          table = log;
        }
        return opened().refresh();
      },
      write: async (rows) => {
        const path = `date=2026-01-05/s${this.#count++}.parquet`;
        this.#rows.set(`${opened().table}/${path}`, [...rows]);
        const partitionValues = { date: '2026-01-05' };
        return this.#rows.get(`${opened().table}/${path}`)?.length === 0
          ? []
          : [{ path, partitionValues, size: 1, modificationTime: 0, dataChange: true }];
      },
      commit: async (propose) => {
        if (generation !== this.#generation) throw new TributaryError('FENCED', 'another generation counts by now');
        return opened().commit(propose);
      },
    };
  }

  log(objects: Objects, generation = this.#generation): DeltaTable {
    const never = { checkpointEvery: 1_000_000, keepFilesMs: 1e12, pause: async () => {}, random: () => 0.5 };
    const table = tableName(PREFIX, generation);
    return deltaTable({ objects, duck: NO_DUCK, table, now: () => 0, engine: 'test', ...never });
  }

  /** The rows of all segments of the table. */
  async rows(objects: Objects): Promise<SegmentRow[]> {
    const snapshot = await this.log(objects).refresh();
    return filesOf(snapshot).flatMap(({ path }) => {
      const rows = this.#rows.get(`${snapshot.table}/${path}`);
      if (rows === undefined) throw new Error(`${snapshot.table} has ${path}, which was never written there`);
      return rows;
    });
  }
}
