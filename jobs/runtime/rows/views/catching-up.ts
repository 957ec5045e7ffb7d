/**
 * Views that may be behind their rows (`catchingUp` in `jobs/define.ts`). While the store of such a view does not answer, or is slow,
 * batches go on without it. The view then has its own position in the log, which is committed with the offset: the view has everything
 * before that position. From there on, the pending view writes are made from the rows as they are now (`owed.ts`), in parts, one or several
 * in each turn of the owner. When the view has reached the position of the rows, it is written with the batches again.
 *
 * Nothing else is stored: after a crash the next owner continues at that position.
 */
import { kindOf, messageOf, type TributaryError } from '../../../../core/errors.ts';
import type { Target } from '../../../../core/target.ts';
import type { Change, WriteResult } from '../../../../sinks/port.ts';
import type { LogRecord } from '../../../../topics/log/transport.ts';
import { backOff } from '../../back-off.ts';
import type { Runtime } from '../../stores.ts';
import type { LateCode } from '../../telemetry.ts';
import type { Claimed } from '../claiming.ts';
import { ANY_VIEW } from '../outbox.ts';
import { type OwedContext, type Reached, writeOwed } from './owed.ts';
import { applyTo } from './write.ts';

/** The records of a batch, which a view may not have yet. */
export interface Span {
  /** The offset at which the batch begins: the last committed one. */
  readonly first: number;
  readonly last: number;
  /** When its first record was produced, in ms since 1970 UTC. */
  readonly time: number;
}

interface Lagging {
  readonly target: Target;
  /** The view has everything before this offset. */
  from: number;
  /** The offset at which the view has caught up with the rows. */
  to: number;
  /** About when the record at `from` was produced; undefined until it was read. */
  since: number | undefined;
  /** How far the last failed attempt came. */
  reached: Reached | undefined;
  failures: number;
  /** The next attempt is not made before this time of the monotonic clock. */
  tryAt: number;
  /** The attempt that is under way. */
  attempt: Attempt | undefined;
}

interface Attempt {
  readonly done: Promise<void>;
  outcome: { readonly from: number; readonly since: number | undefined } | { readonly error: unknown } | undefined;
}

/** How many parts, each of a batch's size, are written in a turn: more than one, so that the view gains on the batches. */
const PARTS_A_TURN = 4;

export class CatchingUp {
  readonly #context: OwedContext & { readonly runtime: Runtime };
  readonly #lagging = new Map<string, Lagging>();
  /** The last committed positions. */
  #lastCommitted: string;

  constructor(context: Omit<OwedContext, 'refused'> & { readonly runtime: Runtime }, claimed: Claimed) {
    const { runtime, assignment, job } = context;
    const refused = (view: string, key: readonly string[], why: string): void => {
      const message = `${view} has no ${key.join('/')}: ${why}`;
      runtime.telemetry.tell({ ...assignment, kind: 'view-refused', view, message });
    };
    this.#context = { ...context, refused };
    this.#lastCommitted = textOf(claimed.behind);
    const { next, within, furthest } = claimed;
    for (const [name, committed] of claimed.behind) {
      // The view is no longer declared.
      const target = job.views.find(({ into }) => into.name === name)?.into;
      if (target === undefined) continue;
      const from = Math.min(committed, next);
      const to = Math.max(furthest, within === undefined ? next : next + 1);
      this.#lagging.set(name, newLagging(target, from, to, undefined));
      this.#skipLost(name, claimed.claim.begin);
    }
    for (const { into, policy } of job.views) if (policy === 'catching-up') this.#reportLag(into.name, next);
  }

  /** Whether the view is not behind, and so is written with the batches. */
  isLevel(view: string): boolean {
    return !this.#lagging.has(view);
  }

  /** The view has everything before this offset; for `ANY_VIEW`, all views have. */
  from(view: string): number {
    if (view !== ANY_VIEW) return this.#lagging.get(view)?.from ?? Number.POSITIVE_INFINITY;
    return Math.min(...[...this.#lagging.values()].map(({ from }) => from));
  }

  /** The positions of the views that are behind, to be committed. */
  behind(): ReadonlyMap<string, number> {
    return new Map([...this.#lagging].map(([name, { from }]) => [name, from]));
  }

  /** Whether the positions differ from the last committed ones. */
  get isUncommitted(): boolean {
    return textOf(this.behind()) !== this.#lastCommitted;
  }

  /**
   * Writes the changes that a batch makes to a view. If the view may be behind, and its store does not answer or is slow, the result is
   * empty and the view is behind from here on. A write that is still under way does no harm then, since it carries its version. Other views
   * are written by `patient`, the stores with retries.
   */
  async write(
    target: Target,
    changes: readonly Change[],
    span: Span,
    patient: Runtime['stores'],
  ): Promise<readonly WriteResult[]> {
    if (!this.#mayLag(target)) return applyTo(patient, target, changes);
    const writing = applyTo(this.#context.runtime.stores, target, changes);
    // The write may fail after nothing awaits it any more.
    writing.catch(() => {});
    try {
      if (await this.#isInTime(writing)) return await writing;
      this.#fallBehind(target, span, 'SLOW', `${target.name} did not answer in time`);
    } catch (error) {
      if (kindOf(error) !== 'retry') throw error;
      this.#fallBehind(target, span, (error as TributaryError).code, messageOf(error));
    }
    return [];
  }

  /** Notes a batch for the views that are behind. */
  passBy({ last }: Span): void {
    for (const lagging of this.#lagging.values()) lagging.to = Math.max(lagging.to, last + 1);
  }

  /** Called when the positions of `behind` were committed together with the offset `next`. */
  committed(next: number): void {
    this.#lastCommitted = textOf(this.behind());
    for (const name of this.#lagging.keys()) this.#reportLag(name, next);
  }

  /**
   * Makes some of the pending view writes for committed records, up to `next`. Returns whether any view advanced. Does not wait for a slow
   * store. Throws FENCED and fatal errors.
   */
  async step(next: number): Promise<boolean> {
    let moved = false;
    for (const [name, lagging] of this.#lagging) {
      for (let part = 0; part < PARTS_A_TURN; part++) {
        if (!(await this.#tryPart(name, lagging, next))) break;
        moved = true;
        if (!this.#lagging.has(name)) break;
      }
    }
    return moved;
  }

  async #tryPart(name: string, lagging: Lagging, next: number): Promise<boolean> {
    const { clock } = this.#context.runtime;
    let { attempt } = lagging;
    if (attempt === undefined) {
      const end = Math.min(next, lagging.to);
      if (lagging.from >= lagging.to) return this.#level(name, next);
      if (lagging.from >= end || clock.elapsed() < lagging.tryAt) return false;
      attempt = begun(this.#part(name, lagging, end));
      lagging.attempt = attempt;
      await this.#isInTime(attempt.done);
    }
    const { outcome } = attempt;
    if (outcome === undefined) return false;
    lagging.attempt = undefined;
    if ('error' in outcome) return this.#failed(name, lagging, outcome.error, next);
    lagging.failures = 0;
    Object.assign(lagging, outcome);
    if (lagging.from >= lagging.to) return this.#level(name, next);
    this.#reportLag(name, next);
    return true;
  }

  #level(name: string, next: number): boolean {
    this.#lagging.delete(name);
    this.#reportLag(name, next);
    return true;
  }

  #failed(name: string, lagging: Lagging, error: unknown, next: number): boolean {
    if (kindOf(error) !== 'retry') throw error;
    const { clock, settings, random } = this.#context.runtime;
    lagging.failures += 1;
    const delayMs = backOff(lagging.failures, settings.backOffMs, random);
    lagging.tryAt = clock.elapsed() + delayMs;
    this.#reportLate(name, (error as TributaryError).code, `${messageOf(error)}; again in ${delayMs} ms`);
    this.#reportLag(name, next);
    return false;
  }

  /** Returns the offset after the last record that it has written, and about when the record there was produced. */
  async #part(name: string, lagging: Lagging, end: number): Promise<{ from: number; since: number | undefined }> {
    const { runtime, assignment } = this.#context;
    const { maxRecords } = runtime.settings;
    const reservation = await runtime.catchUpBudget.take(maxRecords);
    try {
      const read = await runtime.stores.transport.read(
        assignment.topic,
        assignment.partition,
        lagging.from,
        maxRecords,
      );
      if (read[0]?.offset !== lagging.from) await this.#lookForLost(name);
      const records = read.filter(({ offset }) => offset < end);
      const note = (reached: Reached): void => {
        lagging.reached = reached;
      };
      if (records.length > 0)
        await writeOwed(this.#context, lagging.target, records, { reached: lagging.reached, note });
      const last = records.at(-1) as LogRecord | undefined;
      const isAll = records.length < read.length || read.length < maxRecords;
      return { from: isAll ? end : (last as LogRecord).offset + 1, since: last?.timestamp ?? lagging.since };
    } finally {
      reservation.release();
    }
  }

  /** Finds out whether the log has deleted records. A gap alone does not show it, since it may be transaction markers. */
  async #lookForLost(name: string): Promise<void> {
    const { runtime, assignment } = this.#context;
    const [info] = await runtime.stores.transport.describe([assignment.topic]);
    this.#skipLost(name, info?.partitions[assignment.partition]?.begin ?? 0);
  }

  #skipLost(name: string, begin: number): void {
    const { runtime, assignment } = this.#context;
    const lagging = this.#lagging.get(name);
    if (lagging === undefined || lagging.from >= begin) return;
    runtime.telemetry.tell({ ...assignment, kind: 'view-missed', view: name, from: lagging.from, to: begin });
    lagging.from = begin;
  }

  #fallBehind(target: Target, { first, last, time }: Span, code: LateCode, message: string): void {
    const { clock, settings, random } = this.#context.runtime;
    const lagging = newLagging(target, first, last + 1, time);
    lagging.failures = 1;
    lagging.tryAt = clock.elapsed() + backOff(1, settings.backOffMs, random);
    this.#lagging.set(target.name, lagging);
    this.#reportLate(target.name, code, `${message}; the job goes on without it`);
  }

  #mayLag(target: Target): boolean {
    return this.#context.job.views.some(({ into, policy }) => into === target && policy === 'catching-up');
  }

  /** Whether the work settles within `viewWaitMs`. */
  async #isInTime(work: Promise<unknown>): Promise<boolean> {
    const { clock, settings } = this.#context.runtime;
    if (settings.viewWaitMs === Number.POSITIVE_INFINITY) return work.then(() => true);
    const waiting = new AbortController();
    const settled = work.then(
      () => true,
      () => true,
    );
    try {
      return await Promise.race([settled, clock.sleep(settings.viewWaitMs, waiting.signal).then(() => false)]);
    } finally {
      waiting.abort();
    }
  }

  #reportLate(view: string, code: LateCode, message: string): void {
    const { runtime, assignment } = this.#context;
    runtime.telemetry.tell({ ...assignment, kind: 'view-late', view, code, message });
  }

  #reportLag(view: string, next: number): void {
    const { runtime, assignment } = this.#context;
    const lagging = this.#lagging.get(view);
    const { from = next, since } = lagging ?? {};
    const ageMs =
      lagging === undefined ? 0 : since === undefined ? undefined : Math.max(0, runtime.clock.now() - since);
    runtime.telemetry.tell({ ...assignment, kind: 'view-lag', view, records: Math.max(0, next - from), ageMs });
  }
}

function newLagging(target: Target, from: number, to: number, since: number | undefined): Lagging {
  return {
    target,
    from,
    to,
    since,
    reached: undefined,
    failures: 0,
    tryAt: Number.NEGATIVE_INFINITY,
    attempt: undefined,
  };
}

function begun(work: Promise<{ from: number; since: number | undefined }>): Attempt {
  const attempt: { done: Promise<void>; outcome: Attempt['outcome'] } = { done: Promise.resolve(), outcome: undefined };
  attempt.done = work.then(
    (outcome) => {
      attempt.outcome = outcome;
    },
    (error) => {
      attempt.outcome = { error };
    },
  );
  return attempt;
}

const textOf = (behind: ReadonlyMap<string, number>): string => JSON.stringify([...behind].sort());
