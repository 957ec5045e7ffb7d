/**
 * How an owner waits for what is away: it keeps its claim and what it has in memory, and makes the same call again. A new claim
 * for each try would cost everybody a token, a fence and a reading of everything.
 *
 * That is right for calls of which a second one does no harm: reads; what only says again what was said; writes of views, which
 * are under the version of their row, whatever became of the first. A write of rows is made again where the store says that nothing of it
 * was done. Where that is unknown it must not be: only a new claim goes on, as after a commit.
 *
 * A write that waited comes later than the look that allowed it. So before it is made again the owner looks at its token.
 */
import { kindOf, TributaryError } from '../../core/errors.ts';
import type { Assignment } from './assignment.ts';
import { backOff } from './back-off.ts';
import type { Runtime, Stores } from './stores.ts';

/** What keeps room that others wait for is given up after so long. */
const ROOM_MS = 10_000;
/** Whatever a claim is stuck in ends with a new one. */
const LONGEST_MS = 5 * 60_000;

type Call<T> = () => Promise<T>;
type Kind = <T>(call: Call<T>) => Promise<T>;

export class Retrying {
  readonly #place: Assignment;
  readonly #runtime: Runtime;
  #signal: AbortSignal | undefined;
  #token = 0;
  #hasWaited = false;

  constructor(place: Assignment, runtime: Runtime) {
    this.#place = place;
    this.#runtime = runtime;
  }

  /** From here on it waits, until the signal is aborted. Before that an error is an error. */
  begin(signal: AbortSignal): void {
    this.#signal = signal;
  }

  /** Aborted when the owner is to stop; undefined before `begin`. */
  get stopping(): AbortSignal | undefined {
    return this.#signal;
  }

  /** The token of the claim that is waited with. */
  owns(token: number): void {
    this.#token = token;
  }

  /** Tells that it waits, and why. */
  waits(error: TributaryError, delayMs: number): void {
    this.#hasWaited = true;
    this.#runtime.telemetry.tell({
      ...this.#place,
      kind: 'waiting',
      code: error.code,
      message: error.message,
      delayMs,
    });
  }

  /** The partition was taken away before anybody had heard of what is away: a log that is away for longer than a session does so. */
  stopped(error: TributaryError): void {
    if (!this.#hasWaited) this.waits(error, 0);
  }

  /** A turn was done: if there was any waiting, it is over. */
  resumes(): void {
    if (!this.#hasWaited) return;
    this.#hasWaited = false;
    this.#runtime.telemetry.tell({ ...this.#place, kind: 'resumed' });
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
        if (waited >= LONGEST_MS || (waited >= ROOM_MS && recordBudget.isWanted)) throw error;
        if (!mayRepeat(error as TributaryError)) throw error;
        const delayMs = backOff(failures, settings.backOffMs, random);
        this.waits(error as TributaryError, delayMs);
        await clock.sleep(delayMs, signal);
        if (signal.aborted) throw error;
      }
    }
  }

  async #checkOwner(): Promise<void> {
    const { job, topic, partition } = this.#place;
    const token = await this.#runtime.stores.tables.token(job, topic, partition);
    if (token === this.#token) return;
    throw new TributaryError('FENCED', `partition ${partition} of ${topic} was claimed by a newer owner of ${job}`);
  }
}

/** The stores, as an owner uses them that has patience. What it must not repeat is as it was. */
export function withRetries({ transport, codec, tables, cache, search, channels }: Stores, retrying: Retrying): Stores {
  const { reading, writing, writingRows } = retrying;
  return {
    transport: withKinds(transport, {
      describe: reading,
      shape: reading,
      committed: reading,
      lag: reading,
      read: reading,
      // Timers: a record said twice is harmless.
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

/** The same object, some of whose calls are made in another way. */
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
