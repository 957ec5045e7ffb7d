/**
 * The owner of one partition of a job's topic: claims it, then applies batch after batch until it is stopped, fenced, or meets
 * what it cannot live with. Whatever goes wrong in a batch, there is one way back: claim again, with nothing in memory. So
 * recovery from a store that was away is the same as recovery from a crash.
 */
import { kindOf, messageOf, TributaryError } from '../../schemas/errors.ts';
import { Marks } from '../../topics/origin.ts';
import type { Claim, LogRecord, Membership } from '../../topics/transport.ts';
import type { Job, Rejection } from '../define.ts';
import { backOff } from './back-off.ts';
import { type Elsewhere, processBatch } from './batch.ts';
import { Destinations } from './destinations.ts';
import type { LookupCache } from './lookups.ts';
import { PartitionCounts } from './partition-counts.ts';
import type { PartitionCount, Place } from './records.ts';
import { RowsRefused } from './refused.ts';
import { PartitionRows } from './rows.ts';
import { ALL_RULES, type Rules } from './rules.ts';
import type { Runtime } from './stores.ts';
import { Timers } from './timers.ts';

/** What a turn did: `idle` when there was nothing to do. */
export type Turn = 'worked' | 'idle' | 'fenced';

/** A batch of news has at most this part of the most records. */
const NEWS_SHARE = 8;

interface Owned {
  readonly claim: Claim;
  readonly token: number;
  readonly partitions: PartitionCount;
  readonly timers: Timers;
  readonly elsewhere: Elsewhere;
  marks: Marks;
  next: number;
  end: number;
  /** Whether more is there to be read than the last fetch brought. */
  backlog: boolean;
  /** The latest event time seen, in ms since 1970 UTC: the log's own time. */
  logTime: number;
  readonly uncalled: Set<string>;
}

export class PartitionWorker {
  readonly #job: Job;
  readonly #place: Place;
  readonly #membership: Membership;
  readonly #runtime: Runtime;
  readonly #rules: Rules;
  readonly #lookups: LookupCache;
  readonly #destinations: Destinations;
  readonly #counts: PartitionCounts;
  readonly #rows: PartitionRows;
  #owned: Owned | undefined;

  constructor(
    job: Job,
    partition: number,
    membership: Membership,
    runtime: Runtime,
    lookups: LookupCache,
    rules = ALL_RULES,
  ) {
    this.#job = job;
    this.#place = { job: job.name, topic: job.from.name, partition };
    this.#membership = membership;
    this.#runtime = runtime;
    this.#rules = rules;
    this.#lookups = lookups;
    this.#destinations = new Destinations(job);
    this.#counts = new PartitionCounts(job);
    this.#rows = new PartitionRows(job.row, runtime.stores.tables, runtime.settings.cachedRows);
  }

  /** Turns until the signal is aborted. Throws only what is fatal. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, telemetry, settings, random } = this.#runtime;
    let failures = 0;
    try {
      while (!signal.aborted) {
        try {
          const turn = await this.turn(settings.waitMs, signal);
          failures = turn === 'fenced' ? failures + 1 : 0;
          if (turn === 'fenced') await clock.sleep(backOff(failures, settings.backOffMs, random), signal);
        } catch (error) {
          if (kindOf(error) !== 'retry') throw error;
          failures += 1;
          const delayMs = backOff(failures, settings.backOffMs, random);
          telemetry.tell({
            ...this.#place,
            kind: 'waiting',
            code: (error as TributaryError).code,
            message: messageOf(error),
            delayMs,
          });
          await clock.sleep(delayMs, signal);
        }
      }
    } finally {
      await this.#letGo();
    }
    telemetry.tell({ ...this.#place, kind: 'released' });
  }

  /** One step: a claim if there is none, due timers, and one batch. After an error nothing is owned any more. */
  async turn(waitMs: number, signal?: AbortSignal): Promise<Turn> {
    try {
      const owned = this.#owned ?? (await this.#claim());
      this.#owned = owned;
      const fired = await owned.timers.fire(owned.backlog ? owned.logTime : undefined);
      // With a backlog, reading waits for its turn too: what is read and not yet folded takes memory.
      const { backlog } = owned;
      const { room, settings } = this.#runtime;
      const { maxRecords } = settings;
      const records = backlog ? [] : await this.#fetch(owned, fired ? 0 : waitMs, signal);
      // Some few new records, after which there are none, do not wait for those who catch up.
      const isNews = !backlog && !owned.backlog && records.length * NEWS_SHARE <= maxRecords;
      const held = isNews ? undefined : await room.take(backlog ? maxRecords : records.length);
      try {
        const batch = backlog ? await this.#fetch(owned, 0, signal) : records;
        held?.keep(batch.length);
        if (batch.length > 0) await this.#process(owned, batch);
        return batch.length > 0 || fired || backlog ? 'worked' : 'idle';
      } finally {
        held?.leave();
      }
    } catch (error) {
      await this.#letGo();
      if (kindOf(error) !== 'fenced') throw error;
      this.#runtime.telemetry.tell({ ...this.#place, kind: 'fenced', message: messageOf(error) });
      return 'fenced';
    }
  }

  async #fetch(owned: Owned, waitMs: number, signal: AbortSignal | undefined): Promise<readonly LogRecord[]> {
    const { maxRecords, maxKeys } = this.#runtime.settings;
    const options = { maxRecords, maxKeys, waitMs };
    const { records, end } = await owned.claim.fetch(signal === undefined ? options : { ...options, signal });
    owned.end = end;
    // Not `next < end`: the last offsets of a log may be taken by marks of transactions, which nobody can read.
    const last = records.at(-1);
    owned.backlog = last !== undefined && last.offset + 1 < end;
    if (owned.next > end) this.#beyondLog(owned.next, end);
    return records;
  }

  /** Counts up the token, fences whoever was here, and only then reads where to go on. */
  async #claim(): Promise<Owned> {
    const { stores, telemetry } = this.#runtime;
    const { job, topic, partition } = this.#place;
    if (this.#rules.freshCache) {
      this.#rows.clear();
      this.#lookups.forget();
    }
    const partitions = await this.#counts.read(stores.transport);
    for (;;) {
      const token = await stores.tables.claim(job, topic, partition);
      const claim = await this.#membership.claim(partition);
      // Somebody with a larger token may have fenced before us and be fenced by us now: its rows are newer than ours would be.
      if ((await stores.tables.token(job, topic, partition)) !== token) {
        await claim.close();
        continue;
      }
      const committed = claim.committed.offset;
      const next = Math.max(committed ?? claim.begin, claim.begin);
      if (committed !== undefined && committed < claim.begin) {
        telemetry.tell({ ...this.#place, kind: 'records-lost', from: committed, to: claim.begin });
      }
      telemetry.tell({ ...this.#place, kind: 'claimed', token, offset: next });
      const marks = Marks.parse(this.#rules.marks ? claim.committed.marks : '');
      return {
        claim,
        token,
        partitions,
        timers: new Timers(this.#job, this.#place, this.#runtime, partitions),
        elsewhere: await this.#lookElsewhere(),
        marks,
        next,
        end: next,
        // Not known before the first fetch; until then no timer is due by the clock on the wall.
        backlog: true,
        logTime: 0,
        uncalled: new Set(),
      };
    }
  }

  async #lookElsewhere(): Promise<Elsewhere> {
    const lag = await this.#runtime.stores.transport.lag(this.#place.job, this.#place.topic);
    const committed = new Map(lag.map((other) => [other.partition, other.committed ?? 0]));
    // In this order: a record that was sent on was committed together with the offset behind it.
    return { committed, seenFrom: await this.#refreshEnd() };
  }

  async #process(owned: Owned, records: readonly LogRecord[]): Promise<void> {
    try {
      await this.#apply(owned, records, new Map());
    } catch (error) {
      if (!(error instanceof RowsRefused)) throw error;
      await this.#processSingly(owned, records);
    }
  }

  /** Finds the records whose rows are refused: one by one, and those go to the dead letters. */
  async #processSingly(owned: Owned, records: readonly LogRecord[]): Promise<void> {
    for (const record of records) {
      const refused = new Map<string, Rejection>();
      for (let done = false; !done; ) {
        this.#rows.clear();
        try {
          await this.#apply(owned, [record], refused);
          done = true;
        } catch (error) {
          if (!(error instanceof RowsRefused)) throw error;
          for (const [row, why] of error.rows) refused.set(row, why);
        }
      }
    }
  }

  async #apply(owned: Owned, records: readonly LogRecord[], refused: ReadonlyMap<string, Rejection>): Promise<void> {
    const context = {
      runtime: this.#runtime,
      rules: this.#rules,
      job: this.#job,
      place: this.#place,
      claim: owned.claim,
      token: owned.token,
      rows: this.#rows,
      lookups: this.#lookups,
      destinations: this.#destinations,
      partitions: owned.partitions,
      elsewhere: owned.elsewhere,
      uncalled: owned.uncalled,
      refreshEnd: () => this.#refreshEnd(),
    };
    owned.marks = await processBatch(context, records, owned.next, owned.end, owned.marks, refused);
    const last = records.at(-1) as LogRecord;
    owned.next = last.offset + 1;
    owned.logTime = Math.max(owned.logTime, eventTimeOf(last));
  }

  async #refreshEnd(): Promise<number> {
    const [topic] = await this.#runtime.stores.transport.describe([this.#place.topic]);
    return topic?.partitions[this.#place.partition]?.end ?? 0;
  }

  #beyondLog(next: number, end: number): never {
    const { job, topic, partition } = this.#place;
    throw new TributaryError(
      'POSITION_BEYOND_LOG',
      `${job} is to go on at offset ${next} of partition ${partition} of ${topic}, which ends at ${end}: the topic was deleted and made again; reset the group and start with empty tables, or restore the topic`,
    );
  }

  async #letGo(): Promise<void> {
    const owned = this.#owned;
    this.#owned = undefined;
    if (this.#rules.freshCache) this.#rows.clear();
    await owned?.claim.close();
  }
}

function eventTimeOf(record: LogRecord): number {
  const time = record.headers['ce_time'];
  const parsed = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return Number.isNaN(parsed) ? record.timestamp : parsed;
}
