/** Plans what to delete from a table. Pure. */
import type { ObjectInfo } from '../objects/port.ts';
import { isData, type LogEntry, objectName } from './names.ts';
import { filesOf, type Snapshot } from './snapshot.ts';

export interface VacuumTimes {
  /** Files that were removed from the table before this time (ms) are deleted. */
  readonly removedBefore: number;
  /** Files in no commit are deleted if they were written before this time (ms): their writer died between upload and commit. */
  readonly leftBefore: number;
}

/** The files that no snapshot since `removedBefore` refers to. */
export function vacuumPlan(snapshot: Snapshot, objects: readonly ObjectInfo[], times: VacuumTimes): ObjectInfo[] {
  const { table } = snapshot;
  const kept = new Set(filesOf(snapshot).map(({ path }) => objectName(table, path)));
  const removedAt = new Map(
    [...snapshot.removed.values()].map(({ path, deletionTimestamp }) => [
      objectName(table, path),
      deletionTimestamp ?? 0,
    ]),
  );
  return objects.filter(({ name, modifiedAt }) => {
    if (!isData(table, name) || kept.has(name)) return false;
    const removed = removedAt.get(name);
    return removed === undefined ? modifiedAt < times.leftBefore : removed < times.removedBefore;
  });
}

/**
 * The objects of the log that precede a checkpoint and are older than `before` (ms), in the order in which to delete
 * them: the oldest first, one after the other, so that the log never has a gap. Every version since `before` can still
 * be read: among the checkpoints after which everything is that old, the newest is kept.
 */
export function logPlan(entries: readonly LogEntry[], checkpoints: ReadonlySet<number>, before: number): LogEntry[] {
  const sorted = entries.toSorted((a, b) => a.version - b.version || a.parts - b.parts);
  const young = sorted.find(({ parts, modifiedAt }) => parts === 0 && modifiedAt >= before)?.version ?? Infinity;
  const last = Math.max(-1, ...sorted.filter(({ parts }) => parts === 0).map(({ version }) => version));
  // The commit of the checkpoint itself is kept: it shows a reader that the log is complete.
  const from = Math.max(-1, ...[...checkpoints].filter((version) => version <= young && version <= last));
  return sorted.filter(({ version, modifiedAt }) => version < from && modifiedAt < before);
}
