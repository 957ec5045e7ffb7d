/**
 * The owner of one partition of a topic: claims it, then hands batch after batch to its handler until it is stopped, fenced, or
 * meets what it cannot live with. It knows the log and nothing of what becomes of the records: that is the handler's.
 *
 * For what is away it waits where it is, if that call may be made again (`retrying.ts`). Whatever else goes wrong in a batch, there is
 * one way back: claim again, with nothing in memory. So recovery from a write of unknown outcome is the same as recovery from a crash.
 */
import { kindOf, messageOf, TributaryError } from '../../core/errors.ts';
import type { Claim, LogRecord } from '../../topics/log/transport.ts';
import type { Assignment } from './assignment.ts';
import { backOff } from './back-off.ts';
import { LimitLearned } from './limits.ts';
import type { Retrying } from './retrying.ts';
import type { Runtime } from './stores.ts';

/** What a turn did: `idle` when there was nothing to do. */
export type Turn = 'worked' | 'idle' | 'fenced';

/** A batch of news has at most this part of the most records. */
const NEWS_SHARE = 8;

/**
 * What becomes of the records of one partition. Its calls never overlap. Any of them may throw: FENCED when somebody newer owns the
 * partition, a `retry` error when something is away; then the claim is over, and the next call is `begin`.
 */
export interface Handler {
  /** What an operator is to do where the log ends before the offset to go on at. */
  readonly beyondLog: string;
  /** Claims the partition and fences whoever owned it before. Nothing of an earlier claim is in memory afterwards. */
  begin(): Promise<Begun>;
  /** What is due besides records: timers, what fell behind. Answers whether anything came of it. */
  tend(isBehind: boolean): Promise<boolean>;
  /** How much of the record budget these take while they are applied. */
  weigh(records: readonly LogRecord[]): number;
  /** Applies the first of the records, or all, and answers how far it came. `end` is the offset after the last of the partition. */
  apply(records: readonly LogRecord[], end: number): Promise<Applied>;
  /** There are no records, and nothing was due. */
  idle(): Promise<void>;
  /** The claim still holds, and the owner is about to let go of it: what is in memory may be brought to where it lasts. */
  finish(): Promise<void>;
  /** Something went wrong in a turn: what is in memory is not to be trusted. `error` is what it was. */
  failed(error: unknown): void;
  /** The claim is over, whether or not one was made. */
  end(): void;
}

export interface Begun {
  readonly claim: Claim;
  /** The offset to go on at. */
  readonly next: number;
}

export interface Applied {
  /** The offset to go on at. */
  readonly next: number;
  /** Those of the records that are not applied, or not wholly. */
  readonly rest: readonly LogRecord[];
}

interface Owned {
  readonly claim: Claim;
  next: number;
  end: number;
  /** What was fetched and is not applied yet. */
  queue: readonly LogRecord[];
  /** Whether more is there to be read than the last fetch brought. */
  backlog: boolean;
}

export interface OwnerParts {
  readonly place: Assignment;
  readonly runtime: Runtime;
  readonly retrying: Retrying;
  readonly handler: Handler;
  /** Whether an error that can be tried again ends the claim; the model of the protocol switches it off. */
  readonly reclaim: boolean;
}

export class PartitionOwner {
  readonly #place: Assignment;
  readonly #runtime: Runtime;
  readonly #retrying: Retrying;
  readonly #handler: Handler;
  readonly #reclaim: boolean;
  #owned: Owned | undefined;

  constructor({ place, runtime, retrying, handler, reclaim }: OwnerParts) {
    this.#place = place;
    this.#runtime = runtime;
    this.#retrying = retrying;
    this.#handler = handler;
    this.#reclaim = reclaim;
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
      await this.#finish();
    } finally {
      await this.#letGo();
      telemetry.tell({ ...this.#place, kind: 'released' });
    }
  }

  /** What cannot be brought to an end is done again by the next owner. */
  async #finish(): Promise<void> {
    if (this.#owned === undefined) return;
    try {
      await this.#handler.finish();
    } catch (error) {
      if (kindOf(error) !== 'retry' && kindOf(error) !== 'fenced') throw error;
    }
  }

  /** One step: a claim if there is none, what is due, and one batch. After an error nothing is owned any more. */
  async turn(waitMs: number, signal?: AbortSignal): Promise<Turn> {
    const handler = this.#handler;
    try {
      const owned = this.#owned ?? (await this.#claim());
      this.#owned = owned;
      const isBehind = owned.backlog || owned.queue.length > 0;
      const tended = await handler.tend(isBehind);
      // With a backlog, reading waits for its turn too: what is read and not yet folded takes memory.
      const { recordBudget, settings } = this.#runtime;
      const { maxRecords } = settings;
      if (!isBehind) owned.queue = await this.#fetch(owned, tended ? 0 : waitMs, signal);
      // Some few new records, after which there are none, do not wait for those who catch up.
      const isNews = !isBehind && !owned.backlog && owned.queue.length * NEWS_SHARE <= maxRecords;
      const held = isNews ? undefined : await recordBudget.take(isBehind ? maxRecords : owned.queue.length);
      try {
        if (owned.queue.length === 0 && isBehind) owned.queue = await this.#fetch(owned, 0, signal);
        const { length } = owned.queue;
        held?.keep(handler.weigh(owned.queue));
        if (length > 0) await this.#apply(owned);
        const worked = length > 0 || tended || isBehind;
        if (!worked) await handler.idle();
        return worked ? 'worked' : 'idle';
      } finally {
        held?.leave();
      }
    } catch (error) {
      handler.failed(error);
      if (this.#reclaim || kindOf(error) !== 'retry') await this.#letGo();
      if (error instanceof LimitLearned) {
        this.#retrying.waits(error, 0);
        return 'worked';
      }
      if (kindOf(error) !== 'fenced') throw error;
      this.#runtime.telemetry.tell({ ...this.#place, kind: 'fenced', message: messageOf(error) });
      return 'fenced';
    }
  }

  async #claim(): Promise<Owned> {
    const { claim, next } = await this.#handler.begin();
    // Whether it is behind is not known before the first fetch; until then no timer is due by the clock on the wall.
    return { claim, next, end: next, queue: [], backlog: true };
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

  async #apply(owned: Owned): Promise<void> {
    const { next, rest } = await this.#handler.apply(owned.queue, owned.end);
    owned.next = next;
    owned.queue = rest;
  }

  #beyondLog(next: number, end: number): never {
    const { job, topic, partition } = this.#place;
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
