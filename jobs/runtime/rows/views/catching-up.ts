/**
 * The views of a claim that may be behind their rows (`catchingUp` in `jobs/define.ts`). While the store of such a view is away, or
 * slow, batches go on without it, and the view has a position of its own in the log, which is committed beside the offset: everything
 * before it is in the view. From there on what the log owes is written of the rows as they are now (`owed-views.ts`), part by part in
 * the turns of the worker, until the view is where the rows are. Then it is written with the batches again.
 *
 * Nothing else is kept: whoever claims the partition after a crash goes on at that position.
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

/** The records of a batch, as far as it matters who is behind them. */
export interface Span {
  /** Where the last batch was committed. */
  readonly first: number;
  readonly last: number;
  /** When its first record was produced, in ms since 1970 UTC. */
  readonly time: number;
}

interface Lagging {
  readonly target: Target;
  /** Everything before is in the view. */
  from: number;
  /** Where it is level with the rows. */
  to: number;
  /** When the record at `from` was produced, about; undefined until it was read. */
  since: number | undefined;
  /** How far the last try came that failed. */
  reached: Reached | undefined;
  failures: number;
  /** Not before this time is it tried again. */
  tryAt: number;
  /** What is under way; its answer once it has settled. */
  attempt: Attempt | undefined;
}

interface Attempt {
  readonly done: Promise<void>;
  outcome: { readonly from: number; readonly since: number | undefined } | { readonly error: unknown } | undefined;
}

/** A partition with more to do than to catch up does so by turns, and faster than batches make a view fall behind. */
const PARTS_A_TURN = 4;

export class CatchingUp {
  readonly #context: OwedContext & { readonly runtime: Runtime };
  readonly #lagging = new Map<string, Lagging>();
  /** What was committed last. */
  #said: string;

  constructor(context: Omit<OwedContext, 'refused'> & { readonly runtime: Runtime }, claimed: Claimed) {
    const { runtime, place, job } = context;
    const refused = (view: string, key: readonly string[], why: string): void => {
      const message = `${view} has no ${key.join('/')}: ${why}`;
      runtime.telemetry.tell({ ...place, kind: 'view-refused', view, message });
    };
    this.#context = { ...context, refused };
    this.#said = textOf(claimed.behind);
    const { next, within, furthest } = claimed;
    for (const [name, committed] of claimed.behind) {
      // What nobody shows any more owes nothing.
      const target = job.views.find(({ into }) => into.name === name)?.into;
      if (target === undefined) continue;
      const from = Math.min(committed, next);
      const to = Math.max(furthest, within === undefined ? next : next + 1);
      this.#lagging.set(name, newLagging(target, from, to, undefined));
      this.#skipLost(name, claimed.claim.begin);
    }
    for (const { into, policy } of job.views) if (policy === 'catching-up') this.#tell(into.name, next);
  }

  /** Whether what batches make of it is written with them. */
  isLevel(view: string): boolean {
    return !this.#lagging.has(view);
  }

  /** The offset before which everything is in the view; for `ANY_VIEW`, in all of them. */
  from(view: string): number {
    if (view !== ANY_VIEW) return this.#lagging.get(view)?.from ?? Number.POSITIVE_INFINITY;
    return Math.min(...[...this.#lagging.values()].map(({ from }) => from));
  }

  /** What is to be committed: the positions of the views that are behind. */
  behind(): ReadonlyMap<string, number> {
    return new Map([...this.#lagging].map(([name, { from }]) => [name, from]));
  }

  /** Whether it differs from what was committed last. */
  get isUnsaid(): boolean {
    return textOf(this.behind()) !== this.#said;
  }

  /**
   * Writes what a batch makes of a view. If that may be behind and its store is away, or takes its time, nothing is answered, and the
   * view is behind from here on; `patient` are the stores that are waited for. What is still under way then does no harm: it is of a version.
   */
  async write(
    target: Target,
    changes: readonly Change[],
    span: Span,
    patient: Runtime['stores'],
  ): Promise<readonly WriteResult[]> {
    if (!this.#mayLag(target)) return applyTo(patient, target, changes);
    const writing = applyTo(this.#context.runtime.stores, target, changes);
    // It may fail when nobody waits for it any more.
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

  /** A batch goes by those that are behind. */
  passBy({ last }: Span): void {
    for (const lagging of this.#lagging.values()) lagging.to = Math.max(lagging.to, last + 1);
  }

  /** What `behind` answered was committed, with this as the next offset. */
  committed(next: number): void {
    this.#said = textOf(this.behind());
    for (const name of this.#lagging.keys()) this.#tell(name, next);
  }

  /**
   * Writes some of what is owed for what was committed, up to `next`. Answers whether anything came of it. Waits for no store that takes
   * its time. Throws FENCED, and what is fatal.
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
    this.#tell(name, next);
    return true;
  }

  #level(name: string, next: number): boolean {
    this.#lagging.delete(name);
    this.#tell(name, next);
    return true;
  }

  #failed(name: string, lagging: Lagging, error: unknown, next: number): boolean {
    if (kindOf(error) !== 'retry') throw error;
    const { clock, settings, random } = this.#context.runtime;
    lagging.failures += 1;
    const delayMs = backOff(lagging.failures, settings.backOffMs, random);
    lagging.tryAt = clock.elapsed() + delayMs;
    this.#tellLate(name, (error as TributaryError).code, `${messageOf(error)}; again in ${delayMs} ms`);
    this.#tell(name, next);
    return false;
  }

  /** Answers the position behind what it has written, and about when the record there was produced. */
  async #part(name: string, lagging: Lagging, end: number): Promise<{ from: number; since: number | undefined }> {
    const { runtime, place } = this.#context;
    const { maxRecords } = runtime.settings;
    const held = await runtime.catchUpBudget.take(maxRecords);
    try {
      const read = await runtime.stores.transport.read(place.topic, place.partition, lagging.from, maxRecords);
      if (read[0]?.offset !== lagging.from) await this.#lookForLost(name);
      const records = read.filter(({ offset }) => offset < end);
      const note = (reached: Reached): void => {
        lagging.reached = reached;
      };
      if (records.length > 0) await writeOwed(this.#context, lagging.target, records, lagging.reached, note);
      const last = records.at(-1) as LogRecord | undefined;
      const isAll = records.length < read.length || read.length < maxRecords;
      return { from: isAll ? end : (last as LogRecord).offset + 1, since: last?.timestamp ?? lagging.since };
    } finally {
      held.leave();
    }
  }

  /** There are gaps that nothing was lost in. */
  async #lookForLost(name: string): Promise<void> {
    const { runtime, place } = this.#context;
    const [info] = await runtime.stores.transport.describe([place.topic]);
    this.#skipLost(name, info?.partitions[place.partition]?.begin ?? 0);
  }

  #skipLost(name: string, begin: number): void {
    const { runtime, place } = this.#context;
    const lagging = this.#lagging.get(name);
    if (lagging === undefined || lagging.from >= begin) return;
    runtime.telemetry.tell({ ...place, kind: 'view-missed', view: name, from: lagging.from, to: begin });
    lagging.from = begin;
  }

  #fallBehind(target: Target, { first, last, time }: Span, code: LateCode, message: string): void {
    const { clock, settings, random } = this.#context.runtime;
    const lagging = newLagging(target, first, last + 1, time);
    lagging.failures = 1;
    lagging.tryAt = clock.elapsed() + backOff(1, settings.backOffMs, random);
    this.#lagging.set(target.name, lagging);
    this.#tellLate(target.name, code, `${message}; the job goes on without it`);
  }

  #mayLag(target: Target): boolean {
    return this.#context.job.views.some(({ into, policy }) => into === target && policy === 'catching-up');
  }

  /** Whether it settles before others have waited long enough. */
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

  #tellLate(view: string, code: LateCode, message: string): void {
    const { runtime, place } = this.#context;
    runtime.telemetry.tell({ ...place, kind: 'view-late', view, code, message });
  }

  #tell(view: string, next: number): void {
    const { runtime, place } = this.#context;
    const lagging = this.#lagging.get(view);
    const { from = next, since } = lagging ?? {};
    const ageMs =
      lagging === undefined ? 0 : since === undefined ? undefined : Math.max(0, runtime.clock.now() - since);
    runtime.telemetry.tell({ ...place, kind: 'view-lag', view, records: Math.max(0, next - from), ageMs });
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
