/**
 * Whether what was said at `time` is older than what is known as of `at`: then it changes nothing. Of two at the same time the later in
 * the log counts. Where nobody knows since when something is so (null), everything is newer. Both in ms since 1970 UTC.
 */
export function isOlder(time: number, at: number | null | undefined): boolean {
  return at !== null && at !== undefined && time < at;
}
