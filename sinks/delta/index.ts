/**
 * Tables of the open Delta Lake protocol (reader 1, writer 2) over the objects port: segments of rows in Parquet, and a log of commits that
 * defines which segments belong to the table. Spark, Trino, DuckDB, Polars, ClickHouse and others read and write such tables, too.
 *
 *     const table = deltaTable({ objects, duck, table: 'rollups/enrollments', now: Date.now, engine: 'tributary 0.1.0' });
 *     await table.create({ layout });
 *     const segments = segmentWriter({ objects, duck, table: table.table, layout, writer: `summarize-3-${token}`, now: Date.now });
 *     const adds = await segments.write(rows);
 *     const { committed } = await table.commit((snapshot) => {
 *       if (txnOf(snapshot, appId) !== start) return undefined;  // another owner has come further: nothing is committed
 *       return { operation: 'WRITE', actions: [...growthOf(snapshot, layout), ...adds.map((add) => ({ add })), { txn: { appId, version: next } }] };
 *     });
 *
 * Guarantees:
 *
 * - **A commit appears whole, once, or not at all.** Its object is created if and only if the version is free. A writer that loses the race
 *   reads the other commit and is asked for its proposal again. So what a commit requires of the table is true when it is made.
 * - **Only the `txn` decides.** After a crash, or OBJECTS_AWAY from `commit`, the outcome is unknown until the next
 *   snapshot: if the `txn` is there, so is everything else in that commit. Offsets and segments cannot disagree.
 * - **Others may commit, too.** Compactions, vacuums and checkpoints by other engines are read like ours. A table that
 *   requires a newer protocol or other features is refused: TABLE_PROTOCOL.
 * - **Reading a table lists nothing.** The reader probes for the next version. A missing, old or damaged checkpoint
 *   only costs extra reads, as long as the commits exist.
 * - **Readers keep what they read** for `keepFilesMs` after it was removed. Uploads that are never committed are
 *   deleted after the same time, so a segment must be committed within half of it (COMMIT_REFUSED later).
 *
 * Errors: OBJECTS_AWAY and COMMIT_REFUSED (retry: begin again from a fresh snapshot), TABLE_PROTOCOL, TABLE_DRIFTED,
 * STORE_BROKEN (fatal), NOT_FOUND and USAGE. Clocks are parameters and may differ by some minutes.
 */
import type { Layout } from '../segments/columns.ts';
import type { Action, Add } from './actions.ts';
import { grown } from './schema.ts';
import { removeOf } from './segments.ts';
import { filesOf, type Snapshot } from './snapshot.ts';

export type { Action, Add, Txn } from './actions.ts';
export { type Compacted, type CompactionOptions, compact } from './compact.ts';
export { type CompactionRules, compactionPlan } from './compaction.ts';
export { countRows, type ErasureOptions, eraseRows } from './erase.ts';
export { pinFiles, type SegmentWriter, segmentWriter } from './segments.ts';
export { filesOf, type Snapshot, txnOf } from './snapshot.ts';
export {
  type Committed,
  type DeltaOptions,
  type DeltaTable,
  deltaTable,
  type Proposal,
  type Propose,
} from './table.ts';

/** The action that adds the layout's missing columns to a table, if any are missing. Throws TABLE_DRIFTED if they cannot be added. */
export function growthOf(snapshot: Snapshot, layout: Layout): Action[] {
  const metaData = grown(snapshot.table, snapshot.metaData, snapshot.columns, layout);
  return metaData === undefined ? [] : [{ metaData }];
}

/** The actions that remove all segments of the days for which `isOver` is true, at the time `now` (ms). Used for retention by day. */
export function removalsOf(snapshot: Snapshot, isOver: (day: string) => boolean, now: number): Action[] {
  const over = [...snapshot.days.keys()].filter((day) => day !== '' && isOver(day)).sort();
  return over.flatMap((day) => filesOf(snapshot, day).map((file: Add) => ({ remove: removeOf(file, now, true) })));
}
