/** The metrics of a fold. Each is a column over the groups of the fold, with the figure of every group so far. */
import type { Event } from '../../core/event.ts';
import type { FoundRows } from '../../jobs/define.ts';
import type { Metric } from '../define-datasource.ts';
import { Distinct, Quantile } from './sketch-columns.ts';
import { grown } from './tables.ts';

/** As in segments: longs as numbers where these are exact, timestamps in ms since 1970 UTC. */
export type Cell = string | number | bigint | boolean | null | readonly bigint[] | ReadonlyMap<number, number>;

/**
 * Three steps for each event. Every metric takes its value, then each checks whether it fits into the group. Only if all do, each counts
 * it. So an event counts in all metrics or in none.
 */
export interface MetricColumn {
  /** Why the value cannot be counted at all. */
  take(event: Event, found: FoundRows): string | undefined;
  /** Why the value does not fit into the group. */
  refuses?(group: number): string | undefined;
  count(group: number): void;
  growTo(groups: number): void;
  /** Approximate memory, in bytes. */
  readonly bytes: number;
  cell(group: number): Cell;
}

export function columnOf(metric: Metric, groups: number): MetricColumn {
  const column = newColumn(metric);
  column.growTo(groups);
  return column;
}

function newColumn(metric: Metric): MetricColumn {
  switch (metric.kind) {
    case 'count':
      return new Count(metric.when);
    case 'sum':
      return metric.type === 'long' ? new LongSum(metric.of) : new DoubleSum(metric.of);
    case 'min':
    case 'max':
      return new Extreme(metric.of, metric.kind, metric.type);
    case 'distinct':
      return new Distinct(metric.of);
    case 'quantile':
      return new Quantile(metric.of);
  }
}

type Numbers = (event: Event, found: FoundRows) => number | null | undefined;

class Count implements MetricColumn {
  readonly #when: ((event: Event, found: FoundRows) => boolean) | undefined;
  #counts = new Float64Array();
  #counted = false;

  constructor(when: ((event: Event, found: FoundRows) => boolean) | undefined) {
    this.#when = when;
  }

  take(event: Event, found: FoundRows): undefined {
    this.#counted = this.#when === undefined || this.#when(event, found);
  }

  count(group: number): void {
    if (this.#counted) (this.#counts[group] as number)++;
  }

  growTo(groups: number): void {
    this.#counts = grown(this.#counts, groups);
  }

  get bytes(): number {
    return this.#counts.byteLength;
  }

  cell(group: number): number {
    return this.#counts[group] as number;
  }
}

/** The value of the current event; null if it has none. */
abstract class OfNumbers {
  readonly #of: Numbers;
  readonly #isWhole: boolean;
  protected value: number | null = null;
  protected values = new Float64Array();

  constructor(of: Numbers, isWhole: boolean) {
    this.#of = of;
    this.#isWhole = isWhole;
  }

  take(event: Event, found: FoundRows): string | undefined {
    this.value = this.#of(event, found) ?? null;
    if (this.value === null) return undefined;
    if (this.#isWhole)
      return Number.isSafeInteger(this.value) ? undefined : `${this.value} is not a whole number up to 2^53`;
    return Number.isFinite(this.value) ? undefined : `${this.value} is not a number`;
  }

  growTo(groups: number): void {
    this.values = grown(this.values, groups);
  }

  get bytes(): number {
    return this.values.byteLength;
  }
}

const LARGEST = 2n ** 63n - 1n;
const CARRIED_BYTES = 64;

/** Exact: whatever a double cannot hold is carried over. */
class LongSum extends OfNumbers implements MetricColumn {
  readonly #carried = new Map<number, bigint>();

  constructor(of: Numbers) {
    super(of, true);
  }

  refuses(group: number): string | undefined {
    const carried = this.#carried.get(group);
    if (carried === undefined || this.value === null) return undefined;
    const sum = carried + BigInt(this.values[group] as number) + BigInt(this.value);
    return sum > LARGEST || sum < -LARGEST ? `the sum would be ${sum}, and 2^63 - 1 is the most` : undefined;
  }

  count(group: number): void {
    if (this.value === null) return;
    const before = this.values[group] as number;
    const sum = before + this.value;
    if (Number.isSafeInteger(sum)) {
      this.values[group] = sum;
      return;
    }
    this.#carried.set(group, (this.#carried.get(group) ?? 0n) + BigInt(before));
    this.values[group] = this.value;
  }

  override get bytes(): number {
    return super.bytes + this.#carried.size * CARRIED_BYTES;
  }

  cell(group: number): number | bigint {
    const carried = this.#carried.get(group);
    const sum = this.values[group] as number;
    return carried === undefined ? sum : carried + BigInt(sum);
  }
}

class DoubleSum extends OfNumbers implements MetricColumn {
  constructor(of: Numbers) {
    super(of, false);
  }

  refuses(group: number): string | undefined {
    const sum = (this.values[group] as number) + (this.value ?? 0);
    return Number.isFinite(sum) ? undefined : 'the sum would be beyond what a double holds';
  }

  count(group: number): void {
    if (this.value !== null) (this.values[group] as number) += this.value;
  }

  cell(group: number): number {
    return this.values[group] as number;
  }
}

/** The minimum or the maximum. NaN, and null in the result, until an event has a value. */
class Extreme extends OfNumbers implements MetricColumn {
  readonly #isMin: boolean;

  constructor(of: Numbers, kind: 'min' | 'max', type: 'long' | 'double' | 'timestamp') {
    super(of, type !== 'double');
    this.#isMin = kind === 'min';
  }

  count(group: number): void {
    if (this.value === null) return;
    const known = this.values[group] as number;
    // A comparison with NaN is false, so the first value is taken.
    if (!(this.#isMin ? this.value >= known : this.value <= known)) this.values[group] = this.value;
  }

  override growTo(groups: number): void {
    const before = this.values.length;
    super.growTo(groups);
    this.values.fill(Number.NaN, before);
  }

  cell(group: number): number | null {
    const value = this.values[group] as number;
    return Number.isNaN(value) ? null : value;
  }
}
