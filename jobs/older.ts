/**
 * Whether a fact of `time` is older than what is known as of `at`, and so changes nothing. Of two facts with the same time, the later in
 * the log counts. If `at` is unknown (null), every fact is newer. Both in ms since 1970 UTC.
 */
export function isOlder(time: number, at: number | null | undefined): boolean {
  return at !== null && at !== undefined && time < at;
}
