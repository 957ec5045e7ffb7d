/** Compares the totals of two generations of a datasource per day and tenant, day by day. */
import type { DuckDb } from '../../duckdb/database.ts';
import { filesOf, pinFiles, type Snapshot } from '../../sinks/delta/index.ts';
import type { SegmentCache } from '../../sinks/segments/cache.ts';
import { segmentsSql } from '../../sinks/segments/source.ts';
import { layoutOf } from '../columns.ts';
import { type Datasource, pointName } from '../define-datasource.ts';
import { isLocalDay } from '../granularity.ts';
import { summarySql } from '../sql/finish.ts';
import { daysOf } from './kept.ts';

/** The last digits of a sum of doubles depend on the order. */
const TOLERANCE = 1e-9;
const MOST_EXAMPLES = 20;
const MOST_FILES = 1000;
const MOST_BYTES = 128_000_000;

type Total = string | number | boolean | null;

export interface Difference {
  readonly day: string;
  readonly tenant: string;
  readonly metric: string;
  /** Null if there is no row. */
  readonly before: Total;
  readonly after: Total;
}

export interface Compared {
  /** Days in both, with equal totals. */
  readonly equalDays: number;
  readonly differentDays: number;
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
  /** Examples of the differences. */
  readonly examples: readonly Difference[];
}

export interface CompareOptions {
  readonly duck: DuckDb;
  readonly cache: SegmentCache;
  readonly signal: AbortSignal;
  readonly progress: (days: number, of: number) => void;
}

export const isEqual = ({ differentDays, onlyBefore, onlyAfter }: Compared): boolean =>
  differentDays === 0 && onlyBefore.length === 0 && onlyAfter.length === 0;

export async function compareTables(
  datasource: Datasource,
  before: Snapshot,
  after: Snapshot,
  options: CompareOptions,
): Promise<Compared> {
  const [first, second] = [new Set(daysOf(before)), new Set(daysOf(after))];
  const both = [...first].filter((day) => second.has(day));
  let [equalDays, done] = [0, 0];
  const examples: Difference[] = [];
  for (const days of groupsOf(both, [before, after])) {
    options.signal.throwIfAborted();
    const [one, other] = [
      await totalsOf(datasource, before, days, options),
      await totalsOf(datasource, after, days, options),
    ];
    for (const day of days) {
      const differences = differencesOf(day, datasource, one.get(day) ?? NONE, other.get(day) ?? NONE);
      if (differences.length === 0) equalDays += 1;
      examples.push(...differences.slice(0, MOST_EXAMPLES - examples.length));
    }
    done += days.length;
    options.progress(done, both.length);
  }
  return {
    equalDays,
    differentDays: both.length - equalDays,
    onlyBefore: [...first].filter((day) => !second.has(day)),
    onlyAfter: [...second].filter((day) => !first.has(day)),
    examples,
  };
}

/** Groups of consecutive days to read together, small enough for their segments to fit on the disk and into memory. */
function groupsOf(days: readonly string[], snapshots: readonly Snapshot[]): string[][] {
  const groups: string[][] = [];
  let [files, bytes] = [0, 0];
  for (const day of days) {
    const own = snapshots.flatMap((snapshot) => filesOf(snapshot, day));
    files += own.length;
    bytes += own.reduce((sum, { size }) => sum + size, 0);
    const group = groups.at(-1);
    if (group !== undefined && files <= MOST_FILES && bytes <= MOST_BYTES) group.push(day);
    else {
      groups.push([day]);
      [files, bytes] = [own.length, own.reduce((sum, { size }) => sum + size, 0)];
    }
  }
  return groups;
}

/** By tenant. */
type Row = Readonly<Record<string, unknown>>;
type Totals = ReadonlyMap<string, Row>;

const NONE: Totals = new Map();

/** By day. */
async function totalsOf(
  datasource: Datasource,
  snapshot: Snapshot,
  days: readonly string[],
  { duck, cache, signal }: CompareOptions,
): Promise<ReadonlyMap<string, Totals>> {
  await using pinned = await pinFiles(
    cache,
    snapshot,
    days.flatMap((day) => filesOf(snapshot, day)),
  );
  const { granularity } = datasource;
  const time = { every: 'day', zone: isLocalDay(granularity) ? granularity.localDay : 'UTC' } as const;
  const from = `(${segmentsSql(layoutOf(datasource), pinned.paths)}) as segments`;
  const rows = await duck.using((connection) =>
    connection.rows(summarySql(datasource, { from, time, by: [] }), signal),
  );
  const totals = new Map<string, Map<string, Row>>();
  for (const row of rows) {
    const day = (row['date'] as Date).toISOString().slice(0, 10);
    const ofDay = totals.get(day) ?? new Map<string, Row>();
    totals.set(day, ofDay.set(String(row['tenant']), row));
  }
  return totals;
}

function differencesOf(day: string, datasource: Datasource, before: Totals, after: Totals): Difference[] {
  const tenants = [...new Set([...before.keys(), ...after.keys()])].sort();
  const metrics = datasource.metrics.flatMap((metric) =>
    metric.kind === 'quantile' ? metric.points.map((point) => pointName(metric.name, point)) : [metric.name],
  );
  return tenants.flatMap((tenant) =>
    metrics.flatMap((metric) => {
      const [one, other] = [totalOf(before.get(tenant)?.[metric]), totalOf(after.get(tenant)?.[metric])];
      return isSame(one, other) ? [] : [{ day, tenant, metric, before: one, after: other }];
    }),
  );
}

/** As in JSON, but a whole number beyond 2^53 as text. */
function totalOf(value: unknown): Total {
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'number' || typeof value === 'boolean' ? value : String(value);
}

function isSame(one: Total, other: Total): boolean {
  if (typeof one !== 'number' || typeof other !== 'number') return one === other;
  return one === other || Math.abs(one - other) <= TOLERANCE * Math.max(Math.abs(one), Math.abs(other));
}
