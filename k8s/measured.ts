/**
 * What one pod does in a second, for thresholds of scaling. Where docs/performance.md has a measurement, half of it: it was the rate of a pod that
 * did nothing but catch up. Whoever measures otherwise sets `eventsPerSecond` of the job.
 */

/** `track-progress` with all views on two cores that it shared with its servers: 3,980. Other jobs write less for an event. */
const JOB = 2000;
/** A rollup with sketches from Kafka: 98,416 a CPU second. It shares its pod with the other rollups. */
const ROLLUP = 10_000;

export const rateOf = (work: object): number => ('row' in work ? JOB : ROLLUP);
