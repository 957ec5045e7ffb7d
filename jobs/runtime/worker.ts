/**
 * The owner of one partition of a job's topic: claims it, then applies batch after batch until it is stopped, fenced, or meets
 * what it cannot live with. For what is away it waits where it is, if that call may be made again (`retrying.ts`). Whatever else goes
 * wrong in a batch, there is one way back: claim again, with nothing in memory. So recovery from a write of unknown outcome is the
 * same as recovery from a crash.
 */
import { kindOf, messageOf, TributaryError } from '../../core/errors.ts';
import { eventTimeOf } from '../../topics/codec/envelope.ts';
import type { DedupePositions } from '../../topics/log/dedupe-positions.ts';
import type { Within } from '../../topics/log/progress.ts';
import type { LogRecord, Membership } from '../../topics/log/transport.ts';
import type { Job, Rejection } from '../define.ts';
import { backOff } from './back-off.ts';
import { processBatch } from './batch.ts';
import { CatchingUp } from './catching-up.ts';
import { type Claimed, claimPartition } from './claiming.ts';
import { Destinations } from './destinations.ts';
import type { DueTimers } from './due-timers.ts';
import type { GroupProgress } from './group-progress.ts';
import { LimitLearned, Limits } from './limits.ts';
import type { LookupCache } from './lookups.ts';
import { PartitionCounts } from './partition-counts.ts';
import { mayFindMany } from './plan.ts';
import { beyondLogAdvice } from './position.ts';
import type { Assignment } from './records.ts';
import { Apart, Outranked, RowsRefused } from './refused.ts';
import { Retrying, withKinds, withRetries } from './retrying.ts';
import { PartitionRows } from './rows.ts';
import { ALL_RULES, type Rules } from './rules.ts';
import { sharedOf } from './shared.ts';
import type { Runtime } from './stores.ts';
import { Timers } from './timers.ts';

/** What a turn did: `idle` when there was nothing to do. */
export type Turn = 'worked' | 'idle' | 'fenced';

/** A batch of news has at most this part of the most records. */
const NEWS_SHARE = 8;
/** A small batch that is no news counts as this part of the most records. */
const SMALL_SHARE = 16;

interface Owned extends Claimed {
  readonly catchingUp: CatchingUp;
  readonly timers: Timers;
  dedupe: DedupePositions;
  next: number;
  end: number;
  within: Within | undefined;
  /** What was fetched and is not applied yet. */
  queue: readonly LogRecord[];
  /** Whether more is there to be read than the last fetch brought. */
  backlog: boolean;
  /** The latest event time seen, in ms since 1970 UTC: the log's own time. */
  logTime: number;
  /** How many records the claim has committed that nobody had committed before. */
  judged: number;
  /** Calls that an earlier attempt of this very process wrote, by `callId`, and certainly did not make. */
  readonly uncalled: Set<string>;
}

export class PartitionWorker {
  readonly #job: Job;
  readonly #place: Assignment;
  readonly #membership: Membership;
  readonly #runtime: Runtime;
  /** For what nobody waits for. */
  readonly #impatient: Runtime;
  readonly #rules: Rules;
  readonly #lookups: LookupCache;
  readonly #destinations: Destinations;
  readonly #counts: PartitionCounts;
  readonly #rows: PartitionRows;
  readonly #due: DueTimers;
  readonly #group: Pick<GroupProgress, 'read'>;
  readonly #retrying: Retrying;
  readonly #limits = new Limits();
  #owned: Owned | undefined;
  /** The largest token of a row that stopped a claim. */
  #above = 0;

  constructor(
    job: Job,
    partition: number,
    membership: Membership,
    runtime: Runtime,
    lookups: LookupCache,
    rules = ALL_RULES,
    shared = sharedOf(job, runtime),
  ) {
    this.#job = job;
    this.#place = { job: job.name, topic: job.from.name, partition };
    this.#membership = membership;
    this.#retrying = new Retrying(this.#place, runtime);
    const stores = withRetries(runtime.stores, this.#retrying);
    this.#runtime = { ...runtime, stores };
    this.#impatient = runtime;
    this.#rules = rules;
    this.#lookups = withKinds(lookups, { load: this.#retrying.reading });
    this.#destinations = new Destinations(job);
    this.#counts = new PartitionCounts(job);
    this.#due = withKinds(shared.due, { take: this.#retrying.reading });
    this.#group = withKinds(shared.group, { read: this.#retrying.reading });
    this.#rows = new PartitionRows(job.row, stores.tables, runtime.rowBudget);
  }

  /** Turns until the signal is aborted. Throws only what is fatal. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, telemetry, settings, random } = this.#runtime;
    let failures = 0;
    this.#retrying.begin(signal);
    try {
      while (!signal.aborted) {
        try {
          const turn = await this.turn(settings.waitMs, signal);
          failures = turn === 'fenced' ? failures + 1 : 0;
          if (turn !== 'fenced') this.#retrying.resumes();
          else await clock.sleep(backOff(failures, settings.backOffMs, random), signal);
        } catch (error) {
          if (kindOf(error) !== 'retry') throw error;
          if (signal.aborted) {
            this.#retrying.stopped(error as TributaryError);
            break;
          }
          failures += 1;
          const delayMs = backOff(failures, settings.backOffMs, random);
          this.#retrying.waits(error as TributaryError, delayMs);
          await clock.sleep(delayMs, signal);
        }
      }
    } finally {
      await this.#letGo();
      telemetry.tell({ ...this.#place, kind: 'released' });
    }
  }

  /** One step: a claim if there is none, due timers, and one batch. After an error nothing is owned any more. */
  async turn(waitMs: number, signal?: AbortSignal): Promise<Turn> {
    try {
      const owned = this.#owned ?? (await this.#claim());
      this.#owned = owned;
      const isBehind = owned.backlog || owned.queue.length > 0;
      const fired = await owned.timers.fire(isBehind ? owned.logTime : undefined);
      const caughtUp = await owned.catchingUp.step(owned.next);
      // With a backlog, reading waits for its turn too: what is read and not yet folded takes memory.
      const { recordBudget, settings } = this.#runtime;
      const { maxRecords } = settings;
      if (!isBehind) owned.queue = await this.#fetch(owned, fired || caughtUp ? 0 : waitMs, signal);
      // Some few new records, after which there are none, do not wait for those who catch up.
      const isNews = !isBehind && !owned.backlog && owned.queue.length * NEWS_SHARE <= maxRecords;
      const held = isNews ? undefined : await recordBudget.take(isBehind ? maxRecords : owned.queue.length);
      try {
        if (owned.queue.length === 0 && isBehind) owned.queue = await this.#fetch(owned, 0, signal);
        const { length } = owned.queue;
        held?.keep(this.#roomFor(owned.queue));
        if (length > 0) await this.#processSome(owned);
        const worked = length > 0 || fired || isBehind || caughtUp;
        if (!worked && owned.catchingUp.isUnsaid) await this.#commitViews(owned);
        return worked ? 'worked' : 'idle';
      } finally {
        held?.leave();
      }
    } catch (error) {
      if (error instanceof Outranked) this.#above = Math.max(this.#above, error.token);
      if (this.#rules.reclaim || kindOf(error) !== 'retry') await this.#letGo();
      else this.#rows.clear();
      if (error instanceof LimitLearned) {
        this.#retrying.waits(error, 0);
        return 'worked';
      }
      if (kindOf(error) !== 'fenced') throw error;
      this.#runtime.telemetry.tell({ ...this.#place, kind: 'fenced', message: messageOf(error) });
      return 'fenced';
    }
  }

  /** One record may find many rows; and the smallest batch has a transaction of its own, of which a log takes some at a time. */
  #roomFor(records: readonly LogRecord[]): number {
    const { maxRecords } = this.#runtime.settings;
    const [first] = records;
    if (first === undefined) return 0;
    const isBroadcast = records.length === 1 && mayFindMany(this.#job, first);
    return isBroadcast ? maxRecords : Math.max(records.length, Math.ceil(maxRecords / SMALL_SHARE));
  }

  async #fetch(owned: Owned, waitMs: number, signal: AbortSignal | undefined): Promise<readonly LogRecord[]> {
    const { maxRecords, maxKeys } = this.#runtime.settings;
    const options = { maxRecords, maxKeys, waitMs };
    const fetching = signal === undefined ? options : { ...options, signal };
    const { records, end } = await this.#retrying.reading(() => owned.claim.fetch(fetching));
    owned.end = end;
    // Not `next < end`: the last offsets of a log may be taken by markers of transactions, which nobody can read.
    const last = records.at(-1);
    owned.backlog = last !== undefined && last.offset + 1 < end;
    if (owned.next > end) this.#beyondLog(owned.next, end);
    return records;
  }

  async #claim(): Promise<Owned> {
    const [job, place, runtime, rules] = [this.#job, this.#place, this.#runtime, this.#rules];
    if (rules.freshCache) {
      this.#rows.clear();
      this.#lookups.forget();
    }
    const [membership, counts, group] = [this.#membership, this.#counts, this.#group];
    const claimed = await claimPartition({ job, place, membership, runtime, rules, counts, group }, this.#above);
    const { token, topicId, partitions, otherPartitions, next, stored } = claimed;
    this.#retrying.owns(token);
    this.#rows.begin({ token, topicId, partition: place.partition, otherPartitions, stopAbove: rules.stopAbove });
    return {
      ...claimed,
      catchingUp: new CatchingUp({ runtime: this.#impatient, job, place, token, topicId, stored }, claimed),
      timers: new Timers(job, place, runtime, partitions, this.#due),
      end: next,
      // Not known before the first fetch; until then no timer is due by the clock on the wall.
      backlog: true,
      logTime: 0,
      judged: 0,
      queue: [],
      uncalled: new Set(),
    };
  }

  /** The records of the queue; or those before one that has to be by itself; or a page of the rows that it finds. */
  async #processSome(owned: Owned): Promise<void> {
    const { queue } = owned;
    try {
      await this.#process(owned, queue);
      owned.queue = owned.within === undefined ? [] : queue;
    } catch (error) {
      if (!(error instanceof Apart)) throw error;
      // Some records may have been folded already.
      this.#rows.clear();
      const some = error.place === 0 ? 1 : error.place;
      await this.#process(owned, queue.slice(0, some));
      owned.queue = owned.within === undefined ? queue.slice(some) : queue;
    }
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
    const after = await processBatch(context, records, owned.next, owned.end, owned.dedupe, refused);
    Object.assign(owned, after);
    if (after.within !== undefined) return;
    owned.logTime = Math.max(owned.logTime, eventTimeOf(records.at(-1) as LogRecord));
    for (const { offset } of records) if (offset >= owned.furthest) owned.judged += 1;
  }

  /** Views have caught up since the last batch, and there is no next one. */
  async #commitViews({ claim, progress, next, dedupe, within, catchingUp }: Owned): Promise<void> {
    await claim.commit({ records: [], offset: next, metadata: progress(next, dedupe, within, catchingUp.behind()) });
    catchingUp.committed(next);
  }

  async #refreshEnd(): Promise<number> {
    const [topic] = await this.#runtime.stores.transport.describe([this.#place.topic]);
    return topic?.partitions[this.#place.partition]?.end ?? 0;
  }

  #beyondLog(next: number, end: number): never {
    const { job, topic, partition } = this.#place;
    throw new TributaryError(
      'POSITION_BEYOND_LOG',
      `${job} is to go on at offset ${next} of partition ${partition} of ${topic}, which ends at ${end}: ${beyondLogAdvice(job)}`,
    );
  }

  async #letGo(): Promise<void> {
    const owned = this.#owned;
    this.#owned = undefined;
    this.#due.leave(this.#place.partition);
    if (this.#rules.freshCache) this.#rows.clear();
    await owned?.claim.close();
  }
}
