/** For topics whose records a test must not lose, whatever their times are; in ms. */
export const FOR_EVER = 100 * 365 * 24 * 3_600_000;
