/** Everything that services can read through the ports, in a comparable form. */

import { DEFAULT_TENANT } from '../../core/event.ts';
import type { CacheDef, Target } from '../../core/target.ts';
import { jobs } from '../../jobs/index.ts';
import type { Stores } from '../../jobs/runtime/stores.ts';
import type { Page } from '../../sinks/port.ts';
import { plain } from '../../testing/dump.ts';

type Found = Readonly<Record<string, unknown>>;
/** Records by the name of their table, index or cache, ordered by their content. */
export type View = Readonly<Record<string, readonly Found[]>>;

const PAGE = 1000;
const targets: readonly Target[] = [
  ...new Set(jobs.flatMap((job): Target[] => [job.row, ...job.views.map((view) => view.into)])),
];

/** `entries` returns the keys that a cache may have, since a cache cannot be listed. */
export async function readAll(
  { tables, search, cache }: Pick<Stores, 'tables' | 'search' | 'cache'>,
  entries: (cache: CacheDef, view: View) => readonly string[],
): Promise<View> {
  const view: Record<string, Found[]> = {};
  for (const target of targets) {
    if (target.kind === 'table') {
      view[target.name] = await pages((after) => tables.select(target, [DEFAULT_TENANT], { limit: PAGE, after }));
    }
    if (target.kind === 'index') {
      const request = { tenant: DEFAULT_TENANT, words: '', limit: PAGE };
      view[target.name] = await pages((after) => search.search(target, { ...request, after }));
    }
  }
  for (const target of targets) {
    if (target.kind !== 'cache') continue;
    const keys = entries(target, view);
    const found = await Promise.all(keys.map((key) => cache.read(target, [DEFAULT_TENANT, key])));
    view[target.name] = found.flat();
  }
  return ordered(plain(view));
}

async function pages(page: (after: string | undefined) => Promise<Page<Found>>): Promise<Found[]> {
  const found: Found[] = [];
  for (let after: string | undefined, more = true; more; more = after !== undefined) {
    const { items, next } = await page(after);
    found.push(...items);
    after = next;
  }
  return found;
}

/** Keys of all possible entries: each entry has the key of a row of one of these tables. */
export function entriesFrom(cache: CacheDef, view: View): string[] {
  const keys = {
    learner_courses: ['learner_progress', 'userId'],
    unread_counts: ['recipient', 'recipientId'],
    batch_summaries: ['batch_summary', 'batchId'],
  } as const;
  const [table, field] = keys[cache.name as keyof typeof keys];
  return [...new Set((view[table] ?? []).map((row) => row[field] as string))];
}

/**
 * The view without what may rightly differ: when a channel answered, and in which order two topics changed one row. Units
 * counted as 0 are left out, too: an entry is there only if the learner had something in the unit before its course was republished.
 */
export function comparable(view: View): View {
  const without = (names: readonly string[]) => (row: Found) =>
    Object.fromEntries(
      Object.entries(row)
        .filter(([name]) => !names.includes(name))
        .map(([name, value]) => [name, name === 'units' && typeof value === 'object' ? counted(value) : value]),
    );
  const leaveOut: Record<string, readonly string[]> = {
    messages: ['changedAt', 'dueAt', 'lastDetail'],
    failed_messages: ['changedAt', 'lastDetail'],
    learner_progress: ['recent'],
    recipient: ['recent'],
  };
  return ordered(
    Object.fromEntries(
      Object.entries(view).map(([name, rows]) => [name, rows.map(without(leaveOut[name] ?? []))] as const),
    ),
  );
}

const counted = (units: unknown): unknown =>
  Object.fromEntries(Object.entries(units as Record<string, unknown>).filter(([, count]) => count !== 0));

function ordered(view: View): View {
  const text = (row: Found): string => JSON.stringify(row);
  return Object.fromEntries(
    Object.entries(view).map(([name, rows]) => {
      const sorted = rows.map((row) => sortKeys(row) as Found);
      return [name, sorted.sort((a, b) => (text(a) < text(b) ? -1 : 1))];
    }),
  );
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, sortKeys(inner)]),
  );
}
