/** A retention in ms for topics whose records a test must not lose, whatever their timestamps are. */
export const FOR_EVER = 100 * 365 * 24 * 3_600_000;
