/** What one claim of a partition has counted but not published, and the position that it reflects. */
import type { RejectedRecord } from '../../jobs/runtime/dead-letter.ts';
import type { SegmentRow } from '../../sinks/segments/columns.ts';
import type { DedupePositions } from '../../topics/log/dedupe-positions.ts';
import { MOST_TRACED, type TraceContext } from '../../topics/tracing/batch.ts';
import type { Partition, Position } from './positions.ts';
import type { SegmentFold, SegmentSource } from './source.ts';

/** The counts to publish in one commit. */
export interface Taken {
  readonly fold: PartitionFold;
  readonly partition: Partition;
  /** The expected position of the table; undefined if none. */
  readonly before: Position | undefined;
  readonly after: Position;
  readonly rows: Iterable<SegmentRow>;
  readonly rowCount: number;
  readonly events: number;
  /** The times of the events, in ms since 1970 UTC. */
  readonly times: readonly number[];
  readonly bytes: number;
  readonly deadLetters: readonly RejectedRecord[];
  /** The spans of some of its records, if they belong to traces. */
  readonly traced: readonly TraceContext[];
}

export interface Published {
  readonly next: number;
  /** Only the origins seen before `next`: a claim that counts from there treats them as known. */
  readonly dedupe: DedupePositions;
  readonly deadLetters: readonly RejectedRecord[];
}

export interface Begin {
  /** The table that has this position. */
  readonly table: string;
  /** Undefined if nothing of the partition was ever published. */
  readonly position: Position | undefined;
  /** The offset at which counting begins. */
  readonly next: number;
  /** Whether no record between the position and `next` was lost. */
  readonly isGapless: boolean;
  readonly dedupe: DedupePositions;
  readonly partitions: number;
}

/** The approximate size of a dead letter without its record. */
const LETTER_BYTES = 500;
/** The size of an event's time, and of its latency on publication. Events count even if they add no row. */
const TIME_BYTES = 16;

export class PartitionFold {
  readonly partition: Partition;
  readonly table: string;
  /** The origins of the counted records. */
  readonly dedupe: DedupePositions;
  readonly fold: SegmentFold;
  /** Why none of it may be published any more. */
  failure: unknown;
  /** Published, but not yet committed to the group. */
  published: Published | undefined;
  readonly #partitions: number;
  readonly #whole: number | undefined;
  #before: Position | undefined;
  #next: number;
  #deadLetters: RejectedRecord[] = [];
  #letterBytes = 0;
  #times: number[] = [];
  #traced: TraceContext[] = [];
  #since: number | undefined;
  #last = 0;

  constructor(
    source: SegmentSource,
    partition: Partition,
    { table, position, next, isGapless, dedupe, partitions }: Begin,
  ) {
    this.partition = partition;
    this.table = table;
    this.fold = source.newFold(partition.topicId);
    this.dedupe = dedupe;
    this.#partitions = partitions;
    // A gap breaks the run of complete records: the log has lost records, or an earlier release left out records for one job alone.
    const whole = isGapless ? position?.whole : undefined;
    this.#whole = source.forEveryJob ? (whole ?? next) : undefined;
    this.#before = position;
    this.#next = next;
  }

  get next(): number {
    return this.#next;
  }

  get bytes(): number {
    return this.fold.bytes + this.#letterBytes + this.#times.length * TIME_BYTES;
  }

  /** When the first unpublished record was counted, by the monotonic clock; undefined if there is none. */
  get since(): number | undefined {
    return this.#since;
  }

  /** When the last of them was counted. */
  get last(): number {
    return this.#last;
  }

  /** A record was counted, skipped or rejected: the fold reflects everything before `next`. */
  pass(next: number, elapsed: number): void {
    this.#next = next;
    this.#since ??= elapsed;
    this.#last = elapsed;
  }

  /** An event was counted. */
  counted(time: number, within: TraceContext | undefined): void {
    this.#times.push(time);
    if (within !== undefined && this.#traced.length < MOST_TRACED) this.#traced.push(within);
  }

  reject(rejected: RejectedRecord): void {
    this.#deadLetters.push(rejected);
    this.#letterBytes += LETTER_BYTES + (rejected.record.value?.length ?? 0);
  }

  /** Undefined if there is nothing to publish. Whatever is counted from now on belongs to the next commit. */
  take(): Taken | undefined {
    if (this.#since === undefined || this.failure !== undefined) return undefined;
    const { rows: rowCount, events } = this.fold;
    const { bytes } = this;
    const after = {
      next: this.#next,
      dedupe: this.dedupe.copy(),
      partitions: this.#partitions,
      whole: this.#whole,
    };
    const taken = {
      fold: this,
      partition: this.partition,
      before: this.#before,
      after,
      rows: this.fold.drain(),
      rowCount,
      events,
      times: this.#times,
      bytes,
      deadLetters: this.#deadLetters,
      traced: this.#traced,
    };
    this.#before = after;
    this.#deadLetters = [];
    this.#letterBytes = 0;
    this.#times = [];
    this.#traced = [];
    this.#since = undefined;
    return taken;
  }

  /** Records up to `next` were counted before and have been judged again. Their dead letters are sent separately. */
  isJudged(next: number): void {
    const deadLetters = [...(this.published?.deadLetters ?? []), ...this.#deadLetters];
    this.published = { next, dedupe: this.dedupe.copy(), deadLetters };
    this.#deadLetters = [];
    this.#letterBytes = 0;
  }

  /** The taken part is in the table now. */
  isPublished({ after, deadLetters }: Taken): void {
    const { next, dedupe } = after;
    this.published = { next, dedupe, deadLetters: [...(this.published?.deadLetters ?? []), ...deadLetters] };
  }
}
