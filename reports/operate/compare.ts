/** The totals per day and tenant of two generations of a datasource, day after day. */
import type { DuckDb } from '../../duckdb/database.ts';
import { filesOf, pinFiles, type Snapshot } from '../../sinks/delta/index.ts';
import type { SegmentCache } from '../../sinks/segments/cache.ts';
import { segmentsSql } from '../../sinks/segments/source.ts';
import { layoutOf } from '../columns.ts';
import { type Datasource, pointName } from '../define-datasource.ts';
import { summarySql } from '../sql/finish.ts';
import { daysOf } from './kept.ts';

/** Sums of doubles depend on their order in the last digits. */
const TOLERANCE = 1e-9;
const MOST_EXAMPLES = 20;

type Total = string | number | boolean | null;

export interface Difference {
  readonly day: string;
  readonly tenant: string;
  readonly metric: string;
  /** Null where there is no row. */
  readonly before: Total;
  readonly after: Total;
}

export interface Compared {
  /** Days that both have, with equal totals. */
  readonly equalDays: number;
  readonly differentDays: number;
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
  /** Some of them. */
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
  for (const day of both) {
    options.signal.throwIfAborted();
    const differences = differencesOf(
      day,
      datasource,
      await totalsOf(datasource, before, day, options),
      await totalsOf(datasource, after, day, options),
    );
    if (differences.length === 0) equalDays += 1;
    examples.push(...differences.slice(0, MOST_EXAMPLES - examples.length));
    done += 1;
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

type Totals = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

async function totalsOf(
  datasource: Datasource,
  snapshot: Snapshot,
  day: string,
  { duck, cache, signal }: CompareOptions,
): Promise<Totals> {
  await using pinned = await pinFiles(cache, snapshot, filesOf(snapshot, day));
  const from = `(${segmentsSql(layoutOf(datasource), pinned.paths)}) as segments`;
  const rows = await duck.using((connection) => connection.rows(summarySql(datasource, { from, by: [] }), signal));
  return new Map(rows.map((row) => [String(row['tenant']), row]));
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

/** As JSON has it; a whole number beyond 2^53 as text. */
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
