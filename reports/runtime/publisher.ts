/**
 * Publishes what the partitions of a process have counted: their segments and positions in one commit to the table. So a process that owns
 * many partitions makes few segments, and an idle partition delays none.
 */
import { kindOf, TributaryError } from '../../core/errors.ts';
import { backOff } from '../../jobs/runtime/back-off.ts';
import type { Clock, Settings } from '../../jobs/runtime/stores.ts';
import type { Telemetry } from '../../jobs/runtime/telemetry.ts';
import { type Action, growthOf, type Snapshot } from '../../sinks/delta/index.ts';
import type { SegmentRow } from '../../sinks/segments/columns.ts';
import { DedupePositions } from '../../topics/log/dedupe-positions.ts';
import { type PublicationTrace, tracePublication } from '../../topics/tracing/publication.ts';
import type { PartitionFold, Taken } from './partition-fold.ts';
import { nextOf, txnsOf } from './positions.ts';
import type { RollupRules } from './rules.ts';
import type { RollupSettings } from './settings.ts';
import type { SegmentSource } from './source.ts';
import type { SegmentTable } from './tables.ts';

/** How long a revoked partition waits at most for a store that does not answer. */
const STOP_MS = 5000;
/** How often it checks whether another table has become current. */
const LOOK_MS = 30_000;
/** The age limit of unpublished counts grows to this many times the duration of the last publication, up to `LONGEST_MS`. */
const COST_SHARE = 10;
const LONGEST_MS = 60_000;

export interface PublisherParts {
  readonly source: SegmentSource;
  readonly table: SegmentTable;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly settings: RollupSettings & Pick<Settings, 'backOffMs'>;
  readonly random: () => number;
  readonly rules: RollupRules;
}

export class Publisher {
  readonly #parts: PublisherParts;
  readonly #folds = new Set<PartitionFold>();
  #underWay: Promise<void> | undefined;
  #takenBytes = 0;
  #stopping = new AbortController();
  /** Whether it waits for a store that does not answer. */
  #isWaiting = false;
  /** The current table at the last check, and when that was. */
  #current: string | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** Settles when the store fails to answer during the current publication. */
  #away = Promise.withResolvers<void>();
  /** How long the last publication took. */
  #costMs = 0;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  enter(fold: PartitionFold): void {
    if (this.#folds.size === 0) this.#stopping = new AbortController();
    this.#folds.add(fold);
  }

  /** Drops what it has counted but not published. */
  leave(fold: PartitionFold): void {
    this.#folds.delete(fold);
    fold.failure ??= new TributaryError('FENCED', 'the claim is over');
    if (this.#folds.size === 0) this.#stopping.abort();
  }

  /**
   * Whether it is time to publish: by size; by age, whose limit grows with the duration of a publication, so that more events become fewer
   * segments; or because no record came for a while.
   */
  get isDue(): boolean {
    const { clock, settings } = this.#parts;
    const now = clock.elapsed();
    const { oldest, newest } = this.#ages();
    const { publishMs, idleMs = publishMs } = settings;
    const longest = Math.max(publishMs, Math.min(LONGEST_MS, COST_SHARE * this.#costMs));
    return this.isFull || oldest <= now - longest || newest <= now - idleMs;
  }

  /** Whether counting should wait until the current counts are published. */
  get isFull(): boolean {
    let bytes = this.#takenBytes;
    for (const fold of this.#folds) bytes += fold.bytes;
    return bytes >= this.#parts.settings.publishBytes;
  }

  /**
   * Throws FENCED if the fold's table is no longer current. Otherwise a partition without counts would not notice, and its part of the new
   * table would never be counted. All partitions check together, at an interval.
   */
  async checkTable(fold: PartitionFold): Promise<void> {
    const { table, clock } = this.#parts;
    const isDue = clock.elapsed() - this.#lookedAt >= LOOK_MS;
    if (!isDue && this.#current === fold.table) return;
    this.#lookedAt = clock.elapsed();
    try {
      this.#current = (await table.refresh()).table;
    } catch (error) {
      if (kindOf(error) !== 'retry') throw error;
      return;
    }
    if (this.#current !== fold.table) throw replaced(fold, this.#current);
  }

  /** When the first and the last unpublished record were counted, by the monotonic clock; infinite if there is none. */
  #ages(): { readonly oldest: number; readonly newest: number } {
    let [oldest, newest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const { since, last } of this.#folds) {
      if (since === undefined) continue;
      oldest = Math.min(oldest, since);
      newest = Math.max(newest, last);
    }
    return { oldest, newest: oldest === Number.POSITIVE_INFINITY ? oldest : newest };
  }

  /**
   * Publishes what all partitions have counted so far. Settles when it is in the table, or when no partition is left to wait for it. For a
   * caller that is stopping, it settles as soon as it would have to wait for a store that does not answer. If a publication fails, each of
   * its partitions gets the error as its `failure`.
   */
  async publish(stopping?: AbortSignal): Promise<void> {
    // The current publication may have begun before the caller had counted.
    await this.#settled(this.#underWay, stopping);
    if (stopping?.aborted && this.#isWaiting) return;
    this.#underWay ??= this.#publish().finally(() => {
      this.#underWay = undefined;
    });
    await this.#settled(this.#underWay, stopping);
  }

  async #settled(work: Promise<void> | undefined, stopping: AbortSignal | undefined): Promise<void> {
    if (work === undefined || stopping === undefined) return work;
    const done = new AbortController();
    await Promise.race([work, this.#givenUp(stopping, done.signal)]);
    done.abort();
  }

  /** Settles when the caller is stopping and the store is known not to answer, or has not answered for `STOP_MS`. */
  async #givenUp(stopping: AbortSignal, done: AbortSignal): Promise<void> {
    await aborted(stopping, done);
    await Promise.race([this.#away.promise, this.#parts.clock.sleep(STOP_MS, done)]);
  }

  async #publish(): Promise<void> {
    const taken: Taken[] = [];
    for (const fold of this.#folds) {
      const one = fold.take();
      if (one !== undefined) taken.push(one);
    }
    if (taken.length === 0) return;
    this.#takenBytes = taken.reduce((sum, { bytes }) => sum + bytes, 0);
    const trace = tracePublication(
      this.#parts.table.name,
      taken.flatMap(({ traced }) => traced),
    );
    try {
      await this.#untilPublished(taken, trace);
    } catch (error) {
      for (const { fold } of taken) fold.failure ??= error;
    } finally {
      trace.end(taken.some(({ fold }) => fold.failure !== undefined));
      this.#takenBytes = 0;
      this.#isWaiting = false;
      this.#away = Promise.withResolvers();
    }
  }

  /** Retries while a store does not answer. The counts stay in memory. The table's position shows whether an attempt succeeded. */
  async #untilPublished(taken: readonly Taken[], trace: PublicationTrace): Promise<void> {
    const { clock, settings, random, telemetry } = this.#parts;
    const { signal } = this.#stopping;
    const began = clock.elapsed();
    for (let failures = 1; ; failures++) {
      const left = taken.filter(({ fold }) => fold.failure === undefined);
      if (left.length === 0) return;
      const triedAt = clock.elapsed();
      try {
        await this.#tryToPublish(left, began, trace);
        // Time spent waiting for a store is no reason to publish less often.
        this.#costMs = clock.elapsed() - triedAt;
        if (this.#isWaiting)
          for (const { partition } of left) telemetry.tell({ ...assignmentOf(partition), kind: 'resumed' });
        return;
      } catch (error) {
        if (kindOf(error) !== 'retry' || signal.aborted) throw error;
        this.#isWaiting = true;
        this.#away.resolve();
        const { code, message } = error as TributaryError;
        const delayMs = backOff(failures, settings.backOffMs, random);
        for (const { partition } of left) {
          telemetry.tell({ ...assignmentOf(partition), kind: 'waiting', code, message, delayMs });
        }
        await clock.sleep(delayMs, signal);
        if (signal.aborted) throw error;
      }
    }
  }

  async #tryToPublish(taken: readonly Taken[], began: number, trace: PublicationTrace): Promise<void> {
    const { source, table, clock, rules } = this.#parts;
    let left = taken;
    while (left.length > 0) {
      const adds = await trace.step('write segments', () => table.write(rowsOf(left)));
      let state = new Map<Taken, Standing>();
      const actionsOf: Parameters<typeof table.commit>[0] = (now) => {
        state = new Map(left.map((one) => [one, standingOf(now, one, rules)]));
        const isAsBegun = left.every((one) => state.get(one) === 'begun');
        if (!isAsBegun) return undefined;
        const actions: Action[] = [
          ...growthOf(now, source.layout),
          ...adds.map((add) => ({ add })),
          ...left.flatMap(({ partition, before, after }) =>
            txnsOf(partition, before, seenBy(after, rules), clock.now()),
          ),
        ];
        return { operation: 'WRITE', actions };
      };
      const { snapshot } = await trace.step('commit', () => table.commit(actionsOf));
      const isCommitted = left.every((one) => state.get(one) === 'begun');
      for (const one of left) {
        const standing = isCommitted ? 'there' : state.get(one);
        if (standing === 'there') this.#isPublished(one, snapshot, began);
        if (standing === 'elsewhere') one.fold.failure ??= overtaken(one, snapshot);
      }
      if (isCommitted) return;
      // The uploaded segments may contain rows of partitions that another owner has overtaken. So the others are written again.
      left = left.filter((one) => state.get(one) === 'begun');
    }
  }

  #isPublished(one: Taken, { version }: Snapshot, began: number): void {
    const { clock, telemetry, table } = this.#parts;
    one.fold.isPublished(one);
    const now = clock.now();
    telemetry.tell({
      ...assignmentOf(one.partition),
      kind: 'published',
      table: table.name,
      version,
      events: one.events,
      rows: one.rowCount,
      durationMs: clock.elapsed() - began,
      next: one.after.next,
      latenciesMs: one.times.map((time) => now - time),
    });
  }
}

/** The table's position for a partition: where the fold began, where an earlier attempt moved it, or elsewhere, moved by another owner. */
type Standing = 'begun' | 'there' | 'elsewhere';

function standingOf(snapshot: Snapshot, { fold, partition, before, after }: Taken, rules: RollupRules): Standing {
  // Another generation may have become current since the claim. It has its own positions.
  if (snapshot.table !== fold.table) return 'elsewhere';
  const now = nextOf(snapshot, partition);
  if (now === before?.next || !rules.startChecked) return 'begun';
  return now === after.next ? 'there' : 'elsewhere';
}

const seenBy = (after: Taken['after'], { dedupeCommitted }: RollupRules): Taken['after'] =>
  dedupeCommitted ? after : { ...after, dedupe: DedupePositions.none() };

function overtaken({ fold, partition }: Taken, snapshot: Snapshot): TributaryError {
  if (snapshot.table !== fold.table) return replaced(fold, snapshot.table);
  const at = nextOf(snapshot, partition);
  return new TributaryError(
    'FENCED',
    `another owner has brought ${snapshot.table} to offset ${at} of partition ${partition.partition} of ${partition.topic}; what was counted here is dropped`,
  );
}

const replaced = ({ table }: PartitionFold, current: string): TributaryError =>
  new TributaryError('FENCED', `${current} has replaced ${table}; going on there`);

function* rowsOf(taken: readonly Taken[]): Generator<SegmentRow> {
  for (const { rows } of taken) yield* rows;
}

function aborted(signal: AbortSignal, done: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true, signal: done });
  });
}

const assignmentOf = ({ job, topic, partition }: Taken['partition']) => ({ job, topic, partition });
