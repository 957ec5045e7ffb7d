/** Moments in time as events and rows carry them: whole milliseconds since 1970 UTC, within bounds. */

/** The start of 1971. Seconds mistaken for milliseconds give a time in January 1970, and so does a clock that was never set. */
export const FIRST_TIME = 31_536_000_000;
/** The last moment that RFC 3339 can express. Microseconds mistaken for milliseconds are beyond it. */
export const LAST_TIME = 253_402_300_799_999;
/** The attributes of a field that holds a moment given by a sender. */
export const moment = { unit: 'ms since 1970 UTC', minimum: FIRST_TIME, maximum: LAST_TIME } as const;
