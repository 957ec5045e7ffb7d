/**
 * What rows make of the records of a partition: batch after batch (`batch.ts`), in halves where a store refuses rows, one by one where a
 * record finds more rows than a batch takes; besides, the timers that are due and the views that are behind.
 */
import { kindOf } from '../../../core/errors.ts';
import { eventTimeOf } from '../../../topics/codec/envelope.ts';
import type { DedupePositions } from '../../../topics/log/dedupe-positions.ts';
import type { Within } from '../../../topics/log/progress.ts';
import type { LogRecord, Membership } from '../../../topics/log/transport.ts';
import type { Job, Rejection } from '../../define.ts';
import type { Assignment } from '../assignment.ts';
import { Limits } from '../limits.ts';
import type { LookupCache } from '../lookups.ts';
import type { GroupProgress } from '../offsets/group-progress.ts';
import { type Applied, type Begun, type Handler, PartitionOwner } from '../owner.ts';
import { PartitionCounts } from '../partition-counts.ts';
import { Retrying, withKinds, withRetries } from '../retrying.ts';
import type { Runtime } from '../stores.ts';
import { processBatch } from './batch.ts';
import { type Claimed, claimPartition } from './claiming.ts';
import { Destinations } from './destinations.ts';
import { mayFindMany } from './plan.ts';
import { beyondLogAdvice } from './position.ts';
import { Apart, Outranked, RowsRefused } from './refused.ts';
import { PartitionRows } from './rows.ts';
import { ALL_RULES, type Rules } from './rules.ts';
import { type Shared, sharedOf } from './shared.ts';
import type { DueTimers } from './timers/due.ts';
import { Timers } from './timers/timers.ts';
import { CatchingUp } from './views/catching-up.ts';

/** A small batch counts as this part of the most records: it has a transaction of its own, of which a log takes some at a time. */
const SMALL_SHARE = 16;

export interface RowsOwnerParts {
  readonly job: Job;
  readonly partition: number;
  readonly membership: Membership;
  readonly runtime: Runtime;
  readonly lookups: LookupCache;
  /** All of them, unless a test shows what one is for. */
  readonly rules?: Rules;
  /** What the owners of the job share in this process; one of its own if there are no others. */
  readonly shared?: Shared;
}

/** The owner of a partition of the job's topic, which folds its records into rows. */
export function ownerOfRows(parts: RowsOwnerParts): PartitionOwner {
  const { job, partition, runtime, rules = ALL_RULES } = parts;
  const place = { job: job.name, topic: job.from.name, partition };
  const retrying = new Retrying(place, runtime);
  const patient = { ...runtime, stores: withRetries(runtime.stores, retrying) };
  const handler = new RowsHandler(parts, place, patient, retrying);
  return new PartitionOwner({ place, runtime: patient, retrying, handler, reclaim: rules.reclaim });
}

interface Owned extends Claimed {
  readonly catchingUp: CatchingUp;
  readonly timers: Timers;
  dedupe: DedupePositions;
  next: number;
  end: number;
  within: Within | undefined;
  /** The latest event time seen, in ms since 1970 UTC: the log's own time. */
  logTime: number;
  /** How many records the claim has committed that nobody had committed before. */
  judged: number;
  /** Calls that an earlier attempt of this very process wrote, by `callId`, and certainly did not make. */
  readonly uncalled: Set<string>;
}

class RowsHandler implements Handler {
  readonly beyondLog: string;
  readonly #job: Job;
  readonly #place: Assignment;
  readonly #membership: Membership;
  readonly #runtime: Runtime;
  /** For what nobody waits for. */
  readonly #impatient: Runtime;
  readonly #retrying: Retrying;
  readonly #rules: Rules;
  readonly #lookups: LookupCache;
  readonly #destinations: Destinations;
  readonly #counts: PartitionCounts;
  readonly #rows: PartitionRows;
  readonly #due: DueTimers;
  readonly #group: Pick<GroupProgress, 'read'>;
  readonly #limits = new Limits();
  #claimed: Owned | undefined;
  /** The largest token of a row that stopped a claim. */
  #above = 0;

  constructor(parts: RowsOwnerParts, place: Assignment, patient: Runtime, retrying: Retrying) {
    const { reading } = retrying;
    const { job, membership, runtime, lookups, rules = ALL_RULES, shared = sharedOf(job, runtime) } = parts;
    this.beyondLog = beyondLogAdvice(job.name);
    this.#job = job;
    this.#place = place;
    this.#membership = membership;
    this.#runtime = patient;
    this.#impatient = runtime;
    this.#retrying = retrying;
    this.#rules = rules;
    this.#lookups = withKinds(lookups, { load: reading });
    this.#destinations = new Destinations(job);
    this.#counts = new PartitionCounts(job);
    this.#due = withKinds(shared.due, { take: reading });
    this.#group = withKinds(shared.group, { read: reading });
    this.#rows = new PartitionRows(job.row, patient.stores.tables, runtime.rowBudget);
  }

  async begin(): Promise<Begun> {
    const [job, place, runtime, rules] = [this.#job, this.#place, this.#runtime, this.#rules];
    if (rules.freshCache) {
      this.#rows.clear();
      this.#lookups.forget();
    }
    const [membership, counts, group] = [this.#membership, this.#counts, this.#group];
    const claimed = await claimPartition({ job, place, membership, runtime, rules, counts, group }, this.#above);
    const { claim, token, topicId, partitions, otherPartitions, next, stored } = claimed;
    this.#rows.begin({ token, topicId, partition: place.partition, otherPartitions, stopAbove: rules.stopAbove });
    this.#claimed = {
      ...claimed,
      catchingUp: new CatchingUp({ runtime: this.#impatient, job, place, token, topicId, stored }, claimed),
      timers: new Timers(job, place, runtime, partitions, this.#due),
      end: next,
      logTime: 0,
      judged: 0,
      uncalled: new Set(),
    };
    this.#retrying.owns(token);
    return { claim, next };
  }

  async tend(isBehind: boolean): Promise<boolean> {
    const { timers, catchingUp, logTime, next } = this.#owned;
    const fired = await timers.fire(isBehind ? logTime : undefined);
    const caughtUp = await catchingUp.step(next);
    return fired || caughtUp;
  }

  /** One record may find many rows. */
  weigh(records: readonly LogRecord[]): number {
    const { maxRecords } = this.#runtime.settings;
    const [first] = records;
    if (first === undefined) return 0;
    const isBroadcast = records.length === 1 && mayFindMany(this.#job, first);
    return isBroadcast ? maxRecords : Math.max(records.length, Math.ceil(maxRecords / SMALL_SHARE));
  }

  /** All records; or those before one that has to be by itself; or a page of the rows that it finds. */
  async apply(records: readonly LogRecord[], end: number): Promise<Applied> {
    const owned = this.#owned;
    owned.end = end;
    try {
      await this.#process(owned, records);
      return { next: owned.next, rest: owned.within === undefined ? [] : records };
    } catch (error) {
      if (!(error instanceof Apart)) throw error;
      // Some records may have been folded already.
      this.#rows.clear();
      const some = error.place === 0 ? 1 : error.place;
      await this.#process(owned, records.slice(0, some));
      return { next: owned.next, rest: owned.within === undefined ? records.slice(some) : records };
    }
  }

  /** Views may have caught up since the last batch, and there is no next one to commit that with. */
  async idle(): Promise<void> {
    const { claim, progress, next, dedupe, within, catchingUp } = this.#owned;
    if (!catchingUp.isUnsaid) return;
    await claim.commit({ records: [], offset: next, metadata: progress(next, dedupe, within, catchingUp.behind()) });
    catchingUp.committed(next);
  }

  /** Everything that was applied is committed. */
  async finish(): Promise<void> {}

  failed(error: unknown): void {
    if (error instanceof Outranked) this.#above = Math.max(this.#above, error.token);
    if (!this.#rules.reclaim && kindOf(error) === 'retry') this.#rows.clear();
  }

  end(): void {
    this.#claimed = undefined;
    this.#due.leave(this.#place.partition);
    if (this.#rules.freshCache) this.#rows.clear();
  }

  get #owned(): Owned {
    return this.#claimed as Owned;
  }

  async #process(owned: Owned, records: readonly LogRecord[]): Promise<void> {
    try {
      await this.#apply(owned, records, new Map());
    } catch (error) {
      if (!(error instanceof RowsRefused)) throw error;
      this.#rows.clear();
      await this.#processHalves(owned, records);
    }
  }

  /** Finds the records whose rows are refused, by halves: those go to the dead letters. */
  async #processHalves(owned: Owned, records: readonly LogRecord[]): Promise<void> {
    if (records.length === 1) return this.#processAlone(owned, records);
    const middle = Math.ceil(records.length / 2);
    await this.#process(owned, records.slice(0, middle));
    await this.#process(owned, records.slice(middle));
  }

  /** Goes on without the rows that are refused. */
  async #processAlone(owned: Owned, records: readonly LogRecord[]): Promise<void> {
    const refused = new Map<string, Rejection>();
    for (;;) {
      try {
        return await this.#apply(owned, records, refused);
      } catch (error) {
        if (!(error instanceof RowsRefused)) throw error;
        for (const [row, why] of error.rows) refused.set(row, why);
        this.#rows.clear();
      }
    }
  }

  async #apply(owned: Owned, records: readonly LogRecord[], refused: ReadonlyMap<string, Rejection>): Promise<void> {
    const context = {
      ...owned,
      runtime: this.#runtime,
      rules: this.#rules,
      job: this.#job,
      place: this.#place,
      rows: this.#rows,
      lookups: this.#lookups,
      destinations: this.#destinations,
      limits: this.#limits,
      isYoung: owned.judged < this.#runtime.settings.possessionRecords,
      refreshEnd: () => this.#refreshEnd(),
    };
    const after = await processBatch(context, { records, first: owned.next, end: owned.end, refused });
    Object.assign(owned, after);
    if (after.within !== undefined) return;
    owned.logTime = Math.max(owned.logTime, eventTimeOf(records.at(-1) as LogRecord));
    for (const { offset } of records) if (offset >= owned.furthest) owned.judged += 1;
  }

  async #refreshEnd(): Promise<number> {
    const [topic] = await this.#runtime.stores.transport.describe([this.#place.topic]);
    return topic?.partitions[this.#place.partition]?.end ?? 0;
  }
}
