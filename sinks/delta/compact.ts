/** Combines many small segments of a day, while writers and readers go on. */
import type { SegmentCache } from '../segments/cache.ts';
import { copySegmentFile } from '../segments/files.ts';
import { segmentsSql } from '../segments/source.ts';
import type { Action, Add } from './actions.ts';
import { type CompactionGroup, type CompactionRules, compactionPlan } from './compaction.ts';
import { objectName } from './names.ts';
import { pinFiles, removeOf, type SegmentWriterOptions, uploader } from './segments.ts';
import { fileOf, type Snapshot } from './snapshot.ts';
import type { DeltaTable } from './table.ts';

export interface CompactionOptions extends Omit<SegmentWriterOptions, 'table'> {
  readonly cache: SegmentCache;
  /**
   * SQL that merges the rows of a relation. The relation has rows of one day only; the SQL returns every column of the
   * layout except the day. Without it, rows stay unchanged.
   */
  readonly merge?: (relation: string) => string;
  readonly rules?: Partial<CompactionRules>;
  /** Only this day. */
  readonly day?: string;
  readonly signal?: AbortSignal;
}

export interface Compacted {
  /** Merged groups, and the number of their segments. */
  readonly groups: number;
  readonly files: number;
  /** Groups that were not committed, because another process removed one of their segments meanwhile. */
  readonly dropped: number;
  /** Of all merged groups. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

export async function compact(table: DeltaTable, options: CompactionOptions): Promise<Compacted> {
  const snapshot = await table.refresh();
  const work = mergerOf(table, options);
  let done: Compacted = { groups: 0, files: 0, dropped: 0, bytesBefore: 0, bytesAfter: 0 };
  for (const group of compactionPlan(snapshot, options.rules, options.day)) {
    options.signal?.throwIfAborted();
    const after = await work(snapshot, group);
    if (after === undefined) done = { ...done, dropped: done.dropped + 1 };
    else {
      done = {
        ...done,
        groups: done.groups + 1,
        files: done.files + group.files.length,
        bytesBefore: done.bytesBefore + group.files.reduce((sum, { size }) => sum + size, 0),
        bytesAfter: done.bytesAfter + after,
      };
    }
  }
  return done;
}

/** Returns the size of a group after the merge, in bytes; undefined if it was dropped. */
function mergerOf(
  table: DeltaTable,
  options: CompactionOptions,
): (snapshot: Snapshot, group: CompactionGroup) => Promise<number | undefined> {
  const { cache, duck, layout, merge, sortBy, now, objects, signal } = options;
  const upload = uploader({ ...options, table: table.table });

  async function merged(snapshot: Snapshot, { day, files }: CompactionGroup): Promise<Add | undefined> {
    await using pinned = await pinFiles(cache, snapshot, files);
    const file = await duck.using(async (connection) => {
      await connection.run(`CREATE TEMP VIEW segments AS ${segmentsSql(layout, pinned.paths)}`);
      const query = merge === undefined ? 'SELECT * FROM segments' : merge('segments');
      return copySegmentFile(duck, connection, { layout, day, query, sortBy: sortBy ?? [], signal });
    });
    const [add] = await upload([file], false);
    return file.statistics.rows === 0 ? undefined : add;
  }

  return async (snapshot, group) => {
    const add = await merged(snapshot, group);
    const { committed } = await table.commit((newest) => {
      const inputs = group.files.map(({ path }) => fileOf(newest, path));
      if (inputs.some((file) => file === undefined)) return undefined;
      const removals = group.files.map((file): Action => ({ remove: removeOf(file, now(), false) }));
      return { operation: 'OPTIMIZE', actions: add === undefined ? removals : [{ add }, ...removals] };
    });
    if (committed) return add?.size ?? 0;
    const name = add && objectName(table.table, add.path);
    if (name !== undefined) await objects.remove(name);
    return undefined;
  };
}
