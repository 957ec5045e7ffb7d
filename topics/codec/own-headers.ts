/** Headers of ours that records may have beside the attributes of their event, and how far a sender's clock may be ahead. */

/** How much later than its record an event may have happened: clocks differ a little. */
export const CLOCK_TOLERANCE = 60_000;

/** A header of records that are sent on or replayed: when they came into the log first, in ms since 1970 UTC. */
export const LOGGED_AT = 'tributary-logged-at';

/** A header by which an operator's replay reaches one job only. */
export const ONLY_FOR = 'tributary-only-for';
