/** Our own headers that a record may have besides the attributes of its event, and how far a sender's clock may be ahead. */

/** How much later than its record an event may claim to have happened, in ms, because clocks differ a little. */
export const CLOCK_TOLERANCE = 60_000;

/** A header of records that were sent on or replayed: when they were first appended to the log, in ms since 1970 UTC. */
export const LOGGED_AT = 'tributary-logged-at';

/** A header that limits an operator's replay to one job. */
export const ONLY_FOR = 'tributary-only-for';
