/**
 * How an owner retries calls when a store or the log does not answer. It keeps its claim and its memory, and makes the same call again. A
 * new claim for each try would cost a token, a fence, and reading all rows again.
 *
 * Only calls that may be repeated are retried: reads; timers, of which a second record is harmless; and writes of views, which carry the
 * version of their row. A write of rows is retried only if the store reports that it did none of it. If the outcome is unknown, the write
 * must not be repeated: the owner claims again, as after a failed commit.
 *
 * A retried write comes later than the check that allowed it. So the owner checks its token again before each retry of a write.
 */
import { kindOf, TributaryError } from '../../core/errors.ts';
import type { Assignment } from './assignment.ts';
import { backOff } from './back-off.ts';
import type { Runtime, Stores } from './stores.ts';

/** Retrying ends after this time if others wait for the record budget. */
const BUDGET_MS = 10_000;
/** Retrying always ends after this time; the owner then claims again. */
const LONGEST_MS = 5 * 60_000;

type Call<T> = () => Promise<T>;
type Kind = <T>(call: Call<T>) => Promise<T>;

export class Retrying {
  readonly #assignment: Assignment;
  readonly #runtime: Runtime;
  #signal: AbortSignal | undefined;
  #token = 0;
  #hasWaited = false;

  constructor(assignment: Assignment, runtime: Runtime) {
    this.#assignment = assignment;
    this.#runtime = runtime;
  }

  /** Retries calls from here on, until the signal is aborted. Before, errors are thrown at once. */
  begin(signal: AbortSignal): void {
    this.#signal = signal;
  }

  /** Aborted when the owner is to stop; undefined before `begin`. */
  get stopping(): AbortSignal | undefined {
    return this.#signal;
  }

  /** Sets the token of the current claim. */
  owns(token: number): void {
    this.#token = token;
  }

  /** Reports that the owner waits, and why. */
  waits(error: TributaryError, delayMs: number): void {
    this.#hasWaited = true;
    this.#runtime.telemetry.tell({
      ...this.#assignment,
      kind: 'waiting',
      code: error.code,
      message: error.message,
      delayMs,
    });
  }

  /** The partition was revoked before any waiting was reported. This happens if the log does not answer for longer than a session. */
  stopped(error: TributaryError): void {
    if (!this.#hasWaited) this.waits(error, 0);
  }

  /** A turn succeeded, so any waiting is over. */
  resumes(): void {
    if (!this.#hasWaited) return;
    this.#hasWaited = false;
    this.#runtime.telemetry.tell({ ...this.#assignment, kind: 'resumed' });
  }

  readonly reading: Kind = (call) => this.#keepTrying(call, () => true);
  readonly writing: Kind = (call) => this.#keepTrying(call, () => true, true);
  readonly writingRows: Kind = (call) => this.#keepTrying(call, ({ outcome }) => outcome === 'none', true);

  async #keepTrying<T>(call: Call<T>, mayRepeat: (error: TributaryError) => boolean, isWrite = false): Promise<T> {
    const { clock, settings, random, recordBudget } = this.#runtime;
    const began = clock.elapsed();
    for (let failures = 1; ; failures++) {
      try {
        if (isWrite && failures > 1) await this.#checkOwner();
        return await call();
      } catch (error) {
        const signal = this.#signal;
        if (signal === undefined || signal.aborted || kindOf(error) !== 'retry') throw error;
        const waited = clock.elapsed() - began;
        if (waited >= LONGEST_MS || (waited >= BUDGET_MS && recordBudget.isWanted)) throw error;
        if (!mayRepeat(error as TributaryError)) throw error;
        const delayMs = backOff(failures, settings.backOffMs, random);
        this.waits(error as TributaryError, delayMs);
        await clock.sleep(delayMs, signal);
        if (signal.aborted) throw error;
      }
    }
  }

  async #checkOwner(): Promise<void> {
    const { job, topic, partition } = this.#assignment;
    const token = await this.#runtime.stores.tables.token(job, topic, partition);
    if (token === this.#token) return;
    throw new TributaryError('FENCED', `partition ${partition} of ${topic} was claimed by a newer owner of ${job}`);
  }
}

/** Wraps the stores with retries. Calls that must not be repeated stay as they are. */
export function withRetries({ transport, codec, tables, cache, search, channels }: Stores, retrying: Retrying): Stores {
  const { reading, writing, writingRows } = retrying;
  return {
    transport: withKinds(transport, {
      describe: reading,
      shape: reading,
      committed: reading,
      lag: reading,
      read: reading,
      // Timers: a second record is harmless.
      produce: reading,
    }),
    codec: withKinds(codec, { learn: reading }),
    tables: withKinds(tables, {
      token: reading,
      read: reading,
      under: reading,
      matching: reading,
      due: reading,
      write: writingRows,
      apply: writing,
    }),
    cache: withKinds(cache, { apply: writing }),
    search: withKinds(search, { apply: writing }),
    channels,
  };
}

/** The same object with some of its calls wrapped. */
export function withKinds<T extends object>(port: T, kinds: Partial<Record<keyof T, Kind>>): T {
  const result: Record<string, unknown> = {};
  for (let each: object | null = port; each !== null && each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    for (const name of Object.getOwnPropertyNames(each)) {
      const value: unknown = name in result ? undefined : Reflect.get(port, name);
      if (typeof value !== 'function' || name === 'constructor') continue;
      const method = value.bind(port) as (...args: unknown[]) => Promise<unknown>;
      const kind = kinds[name as keyof T];
      result[name] = kind === undefined ? method : (...args: unknown[]) => kind(() => method(...args));
    }
  }
  return result as T;
}
