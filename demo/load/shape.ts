/** When the events of a load are due: at an even rate, in bursts, or in daily waves. Exact, so that the rate does not drift. */

export const SHAPES = ['steady', 'bursty', 'daily'] as const;
export type Shape = (typeof SHAPES)[number];

export interface Schedule {
  readonly shape: Shape;
  /** Events per second, on average. */
  readonly rate: number;
  /** The length of a day in ms. A short day shows a wave within minutes. */
  readonly dayMs: number;
}

/** Each minute begins with a burst of ten seconds at four times the rate. The other events are spread over the rest. */
const BURST = { everyMs: 60_000, lastsMs: 10_000, times: 4 };
const BETWEEN = (BURST.everyMs - BURST.lastsMs * BURST.times) / (BURST.everyMs - BURST.lastsMs);
/** A day begins at its quietest moment, with a fifth of the average rate. Its busiest has nine fifths. */
const SWING = 0.8;

/** The number of events due in the first `ms`, with fractions. Never decreases. */
export function expectedBy({ shape, rate, dayMs }: Schedule, ms: number): number {
  return (rate * weighted(shape, ms, dayMs)) / 1000;
}

/** The time in which a steady load has the same number of events. */
function weighted(shape: Shape, ms: number, dayMs: number): number {
  if (shape === 'steady') return ms;
  if (shape === 'daily') {
    const turns = (2 * Math.PI) / dayMs;
    return ms - (SWING * Math.sin(turns * ms)) / turns;
  }
  const bursts = Math.floor(ms / BURST.everyMs);
  const within = ms - bursts * BURST.everyMs;
  const inBurst = Math.min(within, BURST.lastsMs);
  return bursts * BURST.everyMs + inBurst * BURST.times + (within - inBurst) * BETWEEN;
}

/** How many whole events are due at that moment; the first is due at 0. */
export const dueBy = (schedule: Schedule, ms: number): number => Math.floor(expectedBy(schedule, ms)) + 1;

/** The first whole ms at which event number `n`, counted from 0, is due. */
export function timeOf(schedule: Schedule, n: number): number {
  let [before, at] = [-1, 1];
  while (expectedBy(schedule, at) < n) [before, at] = [at, at * 2];
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    if (expectedBy(schedule, middle) < n) before = middle;
    else at = middle;
  }
  return at;
}
