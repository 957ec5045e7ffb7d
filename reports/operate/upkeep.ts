/** Keeps a table small: compacts the segments of a day, removes expired days, and deletes files that no snapshot has. */
import { randomUUID } from 'node:crypto';
import {
  type Compacted,
  type CompactionRules,
  compact,
  compactionPlan,
  type DeltaTable,
  filesOf,
  removalsOf,
} from '../../sinks/delta/index.ts';
import type { SegmentSource } from '../runtime/source.ts';
import type { KeptStores } from './kept.ts';

const DAY_MS = 86_400_000;

export interface CompactionChoice {
  /** Only this day. */
  readonly day?: string | undefined;
  readonly rules?: Partial<CompactionRules>;
  readonly signal?: AbortSignal;
}

/** The plan of a compaction: the number of segments by day. */
export async function plannedCompaction(
  table: DeltaTable,
  { day, rules }: CompactionChoice,
): Promise<{ readonly day: string; readonly files: number; readonly bytes: number }[]> {
  return compactionPlan(await table.refresh(), rules, day).map((group) => ({
    day: group.day,
    files: group.files.length,
    bytes: group.files.reduce((sum, { size }) => sum + size, 0),
  }));
}

/** Runs beside writers and readers. If another process removes a segment of a group meanwhile, the group is left unchanged. */
export function compactTable(
  { objects, duck, cache, now }: KeptStores,
  source: SegmentSource,
  table: DeltaTable,
  { day, rules, signal }: CompactionChoice,
): Promise<Compacted> {
  const { layout, sortBy, merge } = source;
  return compact(table, {
    objects,
    duck,
    cache,
    now,
    layout,
    sortBy,
    writer: `compact-${randomUUID()}`,
    ...(merge && { merge }),
    ...(day !== undefined && { day }),
    ...(rules && { rules }),
    ...(signal && { signal }),
  });
}

/** The first day that is kept, `YYYY-MM-DD`. The last one is the current day in UTC. */
export function firstKeptDay(retentionDays: number, now: number): string {
  return new Date(now - (retentionDays - 1) * DAY_MS).toISOString().slice(0, 10);
}

export interface Expired {
  readonly days: readonly string[];
  readonly segments: number;
}

/** Removes the days before `first`, in one commit. */
export async function expireTable(
  table: DeltaTable,
  first: string,
  { now, dryRun }: { readonly now: () => number; readonly dryRun: boolean },
): Promise<Expired> {
  const isOver = (day: string): boolean => day < first;
  const overOf = (snapshot: Awaited<ReturnType<DeltaTable['refresh']>>) =>
    [...snapshot.days.keys()].filter((day) => day !== '' && isOver(day)).sort();
  const before = await table.refresh();
  let days = overOf(before);
  let segments = days.reduce((sum, day) => sum + filesOf(before, day).length, 0);
  if (dryRun || days.length === 0) return { days, segments };
  await table.commit((snapshot) => {
    const actions = removalsOf(snapshot, isOver, now());
    days = overOf(snapshot);
    segments = actions.length;
    return actions.length === 0 ? undefined : { operation: 'DELETE', actions };
  });
  return { days, segments };
}
