/**
 * The fold of a rollup: it turns events into rows, one for each bucket and tuple.
 *
 * It holds, in memory only, what it has counted since it was created or drained. The runtime keeps the positions, passes it every record of
 * its partition once, checks its size, and drains it into the segments of one commit. The events of a fold that is dropped have not been
 * counted.
 *
 * - An event counts in all metrics or in none. The rejection names the metric and the reason; the record becomes a dead letter.
 * - An unknown value is null, in its own group. It is not replaced by a word such as "unknown", which could be a real value.
 * - A text of a dimension with more than 256 UTF-16 code units is cut, and its last character is then "…". The event counts, so totals are
 *   right, and the cut is visible.
 * - A dimension may have any number of values. If it has many, the fold becomes large, the runtime drains it early, and segments have
 *   nearly as many rows as events.
 */
import type { Event } from '../../core/event.ts';
import { type FoundRows, type Rejection, reject } from '../../jobs/define.ts';
import type { Datasource } from '../define-datasource.ts';
import { type Bucket, bucketOf } from '../granularity.ts';
import { Interned, NULL } from './interned.ts';
import { type Cell, columnOf, type MetricColumn } from './metrics.ts';
import { Tuples } from './tables.ts';

/** A row, keyed by column name, without the date. */
export type SegmentRow = Readonly<Record<string, Cell>>;

/** The rows of one date. Each is made when it is read. */
export interface SegmentRows {
  /** `YYYY-MM-DD`: the partition. */
  readonly date: string;
  readonly count: number;
  readonly rows: Iterable<SegmentRow>;
}

const NONE: FoundRows = {};
const BUCKET_BYTES = 200;
/** In a tuple of the fold, the bucket and the tenant precede the dimensions. */
const BEFORE = 2;

export class RollupFold {
  readonly #datasource: Datasource;
  readonly #types: ReadonlySet<string>;
  #counted: Counted;

  constructor(datasource: Datasource) {
    this.#datasource = datasource;
    this.#types = new Set(datasource.on.map(({ type }) => type));
    this.#counted = new Counted(datasource);
  }

  /**
   * Counts an event, unless it is not one of the datasource. `found` are the rows that `lookups` of the datasource asks for, by name. If a
   * declared function throws, the error is passed on and nothing was counted.
   */
  add(event: Event, found: FoundRows = NONE): Rejection | undefined {
    const { where } = this.#datasource;
    if (!this.#types.has(event.type) || (where !== undefined && !where(event, found))) return undefined;
    return this.#counted.add(event, found);
  }

  /** The number of counted events. */
  get events(): number {
    return this.#counted.events;
  }

  /** The number of rows. */
  get rows(): number {
    return this.#counted.rows;
  }

  /** Approximate memory, in bytes. Once the fold is large, one event may increase it by about a half. */
  get bytes(): number {
    return this.#counted.bytes;
  }

  /**
   * Its rows, date by date in ascending order, each date sorted by tenant, dimensions and bucket. The fold is empty at once: events may be
   * added while the rows are read.
   */
  drain(): Generator<SegmentRows> {
    const counted = this.#counted;
    this.#counted = new Counted(this.#datasource);
    return counted.segments();
  }
}

/** What was counted between two drains. */
class Counted {
  events = 0;
  readonly #datasource: Datasource;
  readonly #buckets: Bucket[] = [];
  readonly #bucketNumbers = new Map<number, number>();
  #latest = 0;
  #tenant: { name: string | undefined; number: number } = { name: undefined, number: NULL };
  /** The values of the tenant, then of each dimension. */
  readonly #values: readonly Interned[];
  readonly #tuples: Tuples;
  readonly #tuple: Int32Array;
  readonly #metrics: readonly MetricColumn[];
  readonly #refusing: readonly number[];
  #capacity: number;

  constructor(datasource: Datasource) {
    this.#datasource = datasource;
    const { dimensions, metrics } = datasource;
    this.#values = [undefined, ...dimensions].map(() => new Interned());
    this.#tuples = new Tuples(BEFORE + dimensions.length);
    this.#tuple = new Int32Array(this.#tuples.width);
    this.#capacity = this.#tuples.capacity;
    this.#metrics = metrics.map((metric) => columnOf(metric, this.#capacity));
    this.#refusing = this.#metrics.flatMap((metric, i) => (metric.refuses === undefined ? [] : [i]));
  }

  get rows(): number {
    return this.#tuples.size;
  }

  get bytes(): number {
    let bytes = this.#tuples.bytes + this.#buckets.length * BUCKET_BYTES;
    for (const values of this.#values) bytes += values.bytes;
    for (const metric of this.#metrics) bytes += metric.bytes;
    return bytes;
  }

  add(event: Event, found: FoundRows): Rejection | undefined {
    const bucket = this.#bucketOf(event);
    if (bucket === undefined) return refused(this.#datasource, 'its time is not between the years 1 and 9999');
    const { dimensions } = this.#datasource;
    const tuple = this.#tuple;
    tuple[0] = bucket;
    tuple[1] = this.#tenantOf(event);
    for (let i = 0; i < dimensions.length; i++) {
      const value = (dimensions[i] as (typeof dimensions)[number]).of(event, found);
      if (typeof value === 'number' && !Number.isSafeInteger(value)) {
        return refused(this.#datasource, `${dimensions[i]?.name} is ${value}, which is not a whole number up to 2^53`);
      }
      tuple[BEFORE + i] = (this.#values[i + 1] as Interned).numberOf(value);
    }
    const metrics = this.#metrics;
    for (let i = 0; i < metrics.length; i++) {
      const why = (metrics[i] as MetricColumn).take(event, found);
      if (why !== undefined) return refused(this.#datasource, `${this.#datasource.metrics[i]?.name}: ${why}`);
    }
    if (this.#refusing.length > 0) {
      const group = this.#tuples.find(tuple);
      for (const i of this.#refusing) {
        const why = group === undefined ? undefined : metrics[i]?.refuses?.(group);
        if (why !== undefined) return refused(this.#datasource, `${this.#datasource.metrics[i]?.name}: ${why}`);
      }
    }
    const group = this.#tuples.add(tuple);
    if (this.#tuples.capacity !== this.#capacity) this.#grow();
    for (let i = 0; i < metrics.length; i++) (metrics[i] as MetricColumn).count(group);
    this.events++;
    return undefined;
  }

  /** Successive events often have the same tenant. */
  #tenantOf({ tenant }: Event): number {
    if (tenant !== this.#tenant.name)
      this.#tenant = { name: tenant, number: (this.#values[0] as Interned).numberOf(tenant) };
    return this.#tenant.number;
  }

  #grow(): void {
    this.#capacity = this.#tuples.capacity;
    for (const metric of this.#metrics) metric.growTo(this.#capacity);
  }

  /** Undefined where there is none. Successive events are close in time, so they often have the same bucket. */
  #bucketOf(event: Event): number | undefined {
    const { time: timeOf, granularity } = this.#datasource;
    const time = timeOf === undefined ? event.time : Math.min(timeOf(event), event.time);
    const latest = this.#buckets[this.#latest];
    if (latest !== undefined && time >= latest.start && time < latest.end) return this.#latest;
    const bucket = bucketOf(granularity, time);
    if (bucket === undefined) return undefined;
    let number = this.#bucketNumbers.get(bucket.start);
    if (number === undefined) {
      number = this.#buckets.length;
      this.#buckets.push(bucket);
      this.#bucketNumbers.set(bucket.start, number);
    }
    this.#latest = number;
    return number;
  }

  *segments(): Generator<SegmentRows> {
    const order = this.#sorted();
    for (let from = 0; from < order.length; ) {
      const { date } = this.#bucket(order[from] as number);
      let to = from + 1;
      while (to < order.length && this.#bucket(order[to] as number).date === date) to++;
      const groups = order.subarray(from, to);
      yield { date, count: groups.length, rows: { [Symbol.iterator]: () => this.#rows(groups) } };
      from = to;
    }
  }

  #bucket(group: number): Bucket {
    return this.#buckets[this.#tuples.part(group, 0)] as Bucket;
  }

  *#rows(groups: Int32Array): Generator<SegmentRow> {
    const { dimensions, metrics } = this.#datasource;
    const names = ['tenant', ...dimensions.map(({ name }) => name)];
    for (const group of groups) {
      const row: Record<string, Cell> = { bucket: this.#bucket(group).start };
      names.forEach((name, i) => {
        row[name] = this.#values[i]?.values[this.#tuples.part(group, i + 1)] ?? null;
      });
      metrics.forEach(({ name }, i) => {
        row[name] = this.#metrics[i]?.cell(group) ?? null;
      });
      yield row;
    }
  }

  /** The groups, sorted by date, tenant, dimensions and bucket. */
  #sorted(): Int32Array {
    const tuples = this.#tuples;
    const dates = new Map([...new Set(this.#buckets.map(({ date }) => date))].sort().map((date, rank) => [date, rank]));
    const dateOf = Int32Array.from(this.#buckets, ({ date }) => dates.get(date) as number);
    const ranks = this.#values.map((values) => values.ranks());
    return Int32Array.from({ length: tuples.size }, (_, group) => group).sort((a, b) => {
      const [ofA, ofB] = [tuples.part(a, 0), tuples.part(b, 0)];
      let difference = (dateOf[ofA] as number) - (dateOf[ofB] as number);
      for (let i = 0; difference === 0 && i < ranks.length; i++) {
        const rank = ranks[i] as Int32Array;
        difference = (rank[tuples.part(a, i + 1)] as number) - (rank[tuples.part(b, i + 1)] as number);
      }
      return difference !== 0 ? difference : (this.#buckets[ofA]?.start ?? 0) - (this.#buckets[ofB]?.start ?? 0);
    });
  }
}

const refused = ({ name }: Datasource, why: string): Rejection =>
  reject('DATA_INVALID', `the datasource ${name} cannot count it: ${why}`);
