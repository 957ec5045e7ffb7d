/**
 * Until when receivers are not called: those that fail repeatedly, and those that ask for a pause. All times are in ms
 * of a monotonic clock: with the wall clock, a pause would become longer if the clock is set back.
 */

/** The number of consecutive failures that begins the first pause. Each further failure doubles the pause. */
const FAILURES = 3;
const FIRST_MS = 5_000;
const LONGEST_MS = 60_000;
/** The longest pause that a receiver may ask for. */
const LONGEST_REQUESTED_MS = 15 * 60_000;
const MOST_KEPT = 10_000;

interface Record {
  readonly failures: number;
  readonly until: number;
}

export class Pauses {
  /** Ordered by the last failure, the oldest first. */
  readonly #records = new Map<string, Record>();

  /** Until when the receiver is not called; undefined if it may be called. */
  until(name: string, now: number): number | undefined {
    const until = this.#records.get(name)?.until ?? 0;
    return until > now ? until : undefined;
  }

  /** `requestedMs`: the pause that the receiver asked for; 0 if it did not. */
  failed(name: string, now: number, requestedMs = 0): void {
    const before = this.#records.get(name);
    const failures = (before?.failures ?? 0) + 1;
    const own = failures < FAILURES ? 0 : Math.min(FIRST_MS * 2 ** (failures - FAILURES), LONGEST_MS);
    const pause = Math.max(own, Math.min(requestedMs, LONGEST_REQUESTED_MS));
    this.#records.delete(name);
    this.#records.set(name, { failures, until: Math.max(before?.until ?? 0, now + pause) });
    const [oldest] = this.#records.keys();
    if (this.#records.size > MOST_KEPT && oldest !== undefined) this.#records.delete(oldest);
  }

  succeeded(name: string): void {
    this.#records.delete(name);
  }
}
