/**
 * The owner of one partition of a topic. It claims the partition and gives batch after batch to its handler, until it is stopped or fenced,
 * or an error is fatal. The owner knows the log; the handler decides what to do with the records.
 *
 * If a store or the log does not answer, and the call may be repeated, the call is retried in place (`retrying.ts`). After any other error
 * in a batch the owner claims again, with nothing in memory. So recovery from a write of unknown outcome is the same as recovery from a
 * crash.
 */
import { kindOf, messageOf, TributaryError } from '../../core/errors.ts';
import type { Claim, LogRecord } from '../../topics/log/transport.ts';
import type { Assignment } from './assignment.ts';
import { backOff } from './back-off.ts';
import { LimitLearned } from './limits.ts';
import type { Pauses } from './pauses.ts';
import type { Retrying } from './retrying.ts';
import type { Runtime } from './stores.ts';

/** The result of a turn: `idle` if there was nothing to do. */
export type Turn = 'worked' | 'idle' | 'fenced';

/** A batch of live records, which a caught-up partition has just received, has at most `maxRecords` divided by this. */
const LIVE_SHARE = 8;

/**
 * Processes the records of one partition. Its calls never overlap. Any of them may throw: FENCED if the partition has a newer owner, a
 * `retry` error if a store or the log does not answer. Then the claim is over, and the next call is `begin`.
 */
export interface Handler {
  /** What an operator has to do if the log ends before the offset at which the owner would continue. */
  readonly beyondLog: string;
  /** Claims the partition and fences earlier owners. Afterwards nothing from an earlier claim is in memory. */
  begin(): Promise<Begun>;
  /** Does the work that is due besides records: timers, and views that are behind. Returns whether it did anything. */
  tend(isBehind: boolean): Promise<boolean>;
  /** How much of the record budget these records take while they are being applied. */
  weigh(records: readonly LogRecord[]): number;
  /** Applies all records or only the first ones, and returns how far it came. `end` is the offset after the partition's last record. */
  apply(records: readonly LogRecord[], end: number): Promise<Applied>;
  /** Called when there are no records and nothing is due. */
  idle(): Promise<void>;
  /** Called before the owner gives up a claim that still holds, to store what is only in memory. */
  finish(): Promise<void>;
  /** Called after an error in a turn: the memory must not be used any more. */
  failed(error: unknown): void;
  /** Called when a claim ends, even if `begin` never completed. */
  end(): void;
}

export interface Begun {
  readonly claim: Claim;
  /** The offset at which to continue. */
  readonly next: number;
}

export interface Applied {
  /** The offset at which to continue. */
  readonly next: number;
  /** The records that are not applied yet, or only partly. */
  readonly rest: readonly LogRecord[];
}

interface Owned {
  readonly claim: Claim;
  next: number;
  end: number;
  /** Records that were fetched but not applied yet. */
  queue: readonly LogRecord[];
  /** Whether the log has more records than the last fetch returned. */
  backlog: boolean;
}

export interface OwnerParts {
  readonly assignment: Assignment;
  readonly runtime: Runtime;
  readonly retrying: Retrying;
  readonly handler: Handler;
  /** Whether a `retry` error ends the claim. Only tests turn it off. */
  readonly reclaim: boolean;
}

export class PartitionOwner {
  readonly #assignment: Assignment;
  readonly #runtime: Runtime;
  readonly #retrying: Retrying;
  readonly #handler: Handler;
  readonly #reclaim: boolean;
  #owned: Owned | undefined;

  constructor({ assignment, runtime, retrying, handler, reclaim }: OwnerParts) {
    this.#assignment = assignment;
    this.#runtime = runtime;
    this.#retrying = retrying;
    this.#handler = handler;
    this.#reclaim = reclaim;
  }

  /** Takes turns until the signal is aborted. Throws only fatal errors. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, telemetry, settings, random, pauses } = this.#runtime;
    const { job } = this.#assignment;
    let failures = 0;
    this.#retrying.begin(signal);
    try {
      while (!signal.aborted) {
        try {
          if (pauses?.of(job) !== undefined) {
            await this.#pause(pauses, signal);
            continue;
          }
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
      await this.#finish();
    } finally {
      await this.#letGo();
      telemetry.tell({ ...this.#assignment, kind: 'released' });
    }
  }

  /** While the job is paused, the partition stays assigned but is not claimed. */
  async #pause(pauses: Pauses, signal: AbortSignal): Promise<void> {
    await this.#finish();
    await this.#letGo();
    this.#runtime.telemetry.tell({ ...this.#assignment, kind: 'paused' });
    await pauses.ended(this.#assignment.job, signal);
  }

  /** The next owner repeats whatever cannot be finished here. */
  async #finish(): Promise<void> {
    if (this.#owned === undefined) return;
    try {
      await this.#handler.finish();
    } catch (error) {
      if (kindOf(error) !== 'retry' && kindOf(error) !== 'fenced') throw error;
    }
  }

  /** One turn: a claim if there is none, what is due, and one batch. After an error the partition is no longer owned. */
  async turn(waitMs: number, signal?: AbortSignal): Promise<Turn> {
    const handler = this.#handler;
    try {
      const owned = this.#owned ?? (await this.#claim());
      this.#owned = owned;
      const isBehind = owned.backlog || owned.queue.length > 0;
      const tended = await handler.tend(isBehind);
      // With a backlog, the fetch also waits for the budget: records that are read and not yet folded take memory.
      const { recordBudget, settings } = this.#runtime;
      const { maxRecords } = settings;
      if (!isBehind) owned.queue = await this.#fetch(owned, tended ? 0 : waitMs, signal);
      // A few live records do not wait for partitions that are catching up.
      const isLive = !isBehind && !owned.backlog && owned.queue.length * LIVE_SHARE <= maxRecords;
      const reservation = isLive ? undefined : await recordBudget.take(isBehind ? maxRecords : owned.queue.length);
      try {
        if (owned.queue.length === 0 && isBehind) owned.queue = await this.#fetch(owned, 0, signal);
        const { length } = owned.queue;
        reservation?.shrinkTo(handler.weigh(owned.queue));
        if (length > 0) await this.#apply(owned);
        const worked = length > 0 || tended || isBehind;
        if (!worked) await handler.idle();
        return worked ? 'worked' : 'idle';
      } finally {
        reservation?.release();
      }
    } catch (error) {
      handler.failed(error);
      if (this.#reclaim || kindOf(error) !== 'retry') await this.#letGo();
      if (error instanceof LimitLearned) {
        this.#retrying.waits(error, 0);
        return 'worked';
      }
      if (kindOf(error) !== 'fenced') throw error;
      this.#runtime.telemetry.tell({ ...this.#assignment, kind: 'fenced', message: messageOf(error) });
      return 'fenced';
    }
  }

  async #claim(): Promise<Owned> {
    const { claim, next } = await this.#handler.begin();
    // Before the first fetch it is unknown whether there is a backlog; until then no timer is due by the wall clock.
    return { claim, next, end: next, queue: [], backlog: true };
  }

  async #fetch(owned: Owned, waitMs: number, signal: AbortSignal | undefined): Promise<readonly LogRecord[]> {
    const { maxRecords, maxKeys } = this.#runtime.settings;
    const options = { maxRecords, maxKeys, waitMs };
    const fetching = signal === undefined ? options : { ...options, signal };
    const { records, end } = await this.#retrying.reading(() => owned.claim.fetch(fetching));
    owned.end = end;
    // Not `next < end`: the last offsets of a log may be markers of transactions, which cannot be read.
    const last = records.at(-1);
    owned.backlog = last !== undefined && last.offset + 1 < end;
    if (owned.next > end) this.#beyondLog(owned.next, end);
    return records;
  }

  async #apply(owned: Owned): Promise<void> {
    const { next, rest } = await this.#handler.apply(owned.queue, owned.end);
    owned.next = next;
    owned.queue = rest;
  }

  #beyondLog(next: number, end: number): never {
    const { job, topic, partition } = this.#assignment;
    throw new TributaryError(
      'POSITION_BEYOND_LOG',
      `${job} is to go on at offset ${next} of partition ${partition} of ${topic}, which ends at ${end}: ${this.#handler.beyondLog}`,
    );
  }

  async #letGo(): Promise<void> {
    const owned = this.#owned;
    this.#owned = undefined;
    this.#handler.end();
    await owned?.claim.close();
  }
}
