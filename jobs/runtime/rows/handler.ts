/**
 * The handler that folds the records of a partition into rows, batch after batch (`batch.ts`). It halves a batch if a store refuses rows,
 * and gives a record that finds too many rows a batch of its own. It also fires due timers and writes views that are behind.
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

/** A small batch counts as `maxRecords` divided by this: it needs its own transaction, and a log takes only some at a time. */
const SMALL_SHARE = 16;

export interface RowsOwnerParts {
  readonly job: Job;
  readonly partition: number;
  readonly membership: Membership;
  readonly runtime: Runtime;
  readonly lookups: LookupCache;
  /** All rules by default; a test may turn one off to show what it is for. */
  readonly rules?: Rules;
  /** What the owners of the job share in this process. By default the owner shares nothing. */
  readonly shared?: Shared;
}

/** The owner of a partition of the job's topic, which folds its records into rows. */
export function ownerOfRows(parts: RowsOwnerParts): PartitionOwner {
  const { job, partition, runtime, rules = ALL_RULES } = parts;
  const assignment = { job: job.name, topic: job.from.name, partition };
  const retrying = new Retrying(assignment, runtime);
  const patient = { ...runtime, stores: withRetries(runtime.stores, retrying) };
  const handler = new RowsHandler(parts, assignment, patient, retrying);
  return new PartitionOwner({ assignment, runtime: patient, retrying, handler, reclaim: rules.reclaim });
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
  /** How many batches the claim has committed. */
  batches: number;
  /** How many records the claim has committed for the first time. */
  judged: number;
  /** Calls, by `callId`, that an earlier attempt of this process wrote to rows and certainly did not make. */
  readonly uncalled: Set<string>;
}

class RowsHandler implements Handler {
  readonly beyondLog: string;
  readonly #job: Job;
  readonly #assignment: Assignment;
  readonly #membership: Membership;
  readonly #runtime: Runtime;
  /** Without retries, for views that may be behind. */
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

  constructor(parts: RowsOwnerParts, assignment: Assignment, patient: Runtime, retrying: Retrying) {
    const { reading } = retrying;
    const { job, membership, runtime, lookups, rules = ALL_RULES, shared = sharedOf(job, runtime) } = parts;
    this.beyondLog = beyondLogAdvice(job.name);
    this.#job = job;
    this.#assignment = assignment;
    this.#membership = membership;
    this.#runtime = patient;
    this.#impatient = runtime;
    this.#retrying = retrying;
    this.#rules = rules;
    this.#lookups = withKinds(lookups, { load: reading });
    this.#destinations = new Destinations(job);
    this.#counts = new PartitionCounts(job, runtime.pipelineTopic === undefined ? [] : [runtime.pipelineTopic]);
    this.#due = withKinds(shared.due, { take: reading });
    this.#group = withKinds(shared.group, { read: reading });
    this.#rows = new PartitionRows(job.row, patient.stores.tables, runtime.rowBudget);
  }

  async begin(): Promise<Begun> {
    const [job, assignment, runtime, rules] = [this.#job, this.#assignment, this.#runtime, this.#rules];
    if (rules.freshCache) {
      this.#rows.clear();
      this.#lookups.forget();
    }
    const [membership, counts, group] = [this.#membership, this.#counts, this.#group];
    const claimed = await claimPartition({ job, assignment, membership, runtime, rules, counts, group }, this.#above);
    const { forgotten } = runtime;
    await this.#retrying.reading(() => forgotten.load());
    const { claim, token, topicId, partitions, otherPartitions, next, stored } = claimed;
    this.#rows.begin({ token, topicId, partition: assignment.partition, otherPartitions, stopAbove: rules.stopAbove });
    this.#claimed = {
      ...claimed,
      catchingUp: new CatchingUp(
        { runtime: this.#impatient, job, assignment: assignment, token, topicId, stored },
        claimed,
      ),
      timers: new Timers({ job, assignment, runtime, partitions, due: this.#due }),
      end: next,
      logTime: 0,
      batches: 0,
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

  /** A broadcast counts as a full batch, because it may find many rows. */
  weigh(records: readonly LogRecord[]): number {
    const { maxRecords } = this.#runtime.settings;
    const [first] = records;
    if (first === undefined) return 0;
    const isBroadcast = records.length === 1 && mayFindMany(this.#job, first);
    return isBroadcast ? maxRecords : Math.max(records.length, Math.ceil(maxRecords / SMALL_SHARE));
  }

  /** Applies all records, or only those before a record that needs a batch of its own, or one page of the rows that such a record finds. */
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
      const some = error.index === 0 ? 1 : error.index;
      await this.#process(owned, records.slice(0, some));
      return { next: owned.next, rest: owned.within === undefined ? records.slice(some) : records };
    }
  }

  /** Views may have caught up since the last batch. Without a next batch, their position is committed here. */
  async idle(): Promise<void> {
    const { claim, progress, next, dedupe, within, catchingUp } = this.#owned;
    if (!catchingUp.isUncommitted) return;
    await claim.commit({ records: [], offset: next, metadata: progress(next, dedupe, within, catchingUp.behind()) });
    catchingUp.committed(next);
  }

  /** Nothing to do: everything that was applied is committed. */
  async finish(): Promise<void> {}

  failed(error: unknown): void {
    if (error instanceof Outranked) this.#above = Math.max(this.#above, error.token);
    if (!this.#rules.reclaim && kindOf(error) === 'retry') this.#rows.clear();
  }

  end(): void {
    this.#claimed = undefined;
    this.#due.leave(this.#assignment.partition);
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

  /** Halves the batch to find the records whose rows are refused. Those records become dead letters. */
  async #processHalves(owned: Owned, records: readonly LogRecord[]): Promise<void> {
    if (records.length === 1) return this.#processAlone(owned, records);
    const middle = Math.ceil(records.length / 2);
    await this.#process(owned, records.slice(0, middle));
    await this.#process(owned, records.slice(middle));
  }

  /** Applies the record to the rows that are not refused. */
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
      assignment: this.#assignment,
      rows: this.#rows,
      lookups: this.#lookups,
      destinations: this.#destinations,
      limits: this.#limits,
      isYoung: owned.judged < this.#runtime.settings.possessionRecords,
      refreshEnd: () => this.#refreshEnd(),
    };
    const after = await processBatch(context, { records, first: owned.next, end: owned.end, refused });
    Object.assign(owned, after);
    owned.batches += 1;
    if (after.within !== undefined) return;
    owned.logTime = Math.max(owned.logTime, eventTimeOf(records.at(-1) as LogRecord));
    for (const { offset } of records) if (offset >= owned.furthest) owned.judged += 1;
  }

  async #refreshEnd(): Promise<number> {
    const [topic] = await this.#runtime.stores.transport.describe([this.#assignment.topic]);
    return topic?.partitions[this.#assignment.partition]?.end ?? 0;
  }
}
