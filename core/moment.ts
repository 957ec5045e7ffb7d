/** Moments in time as events and rows carry them: whole milliseconds since 1970 UTC, within bounds. */

/** 1971. Seconds that are taken for milliseconds make a time of January 1970, and so does a clock that was never set. */
export const FIRST_TIME = 31_536_000_000;
/** The last moment that RFC 3339 has a text for. Microseconds that are taken for milliseconds are beyond it. */
export const LAST_TIME = 253_402_300_799_999;
/** Of a field that is a moment, as a sender may give it. */
export const moment = { unit: 'ms since 1970 UTC', minimum: FIRST_TIME, maximum: LAST_TIME } as const;
