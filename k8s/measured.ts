/**
 * The events that one pod processes per second, for scaling thresholds. Where docs/performance.md has a measurement, half of it: the
 * measured pod did nothing but catch up. If you measure something else, set `eventsPerSecond` of the job.
 */

/** `track-progress` with all views, on two cores shared with its servers: 3,980. Other jobs write less per event. */
const JOB = 2000;
/** A rollup with sketches, from Kafka: 98,416 per CPU second. It shares its pod with the other rollups. */
const ROLLUP = 10_000;

export const rateOf = (work: object): number => ('row' in work ? JOB : ROLLUP);
