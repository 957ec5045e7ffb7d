/** A time for people: ISO 8601 to the second, with its zone, such as 2027-03-01T10:02:03Z. `time` is in ms since 1970 UTC. */
export const timeText = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;

/** A time outside of the calendar's range, as a broken producer may send it, is shown as a number. */
export function isoOf(time: number): string {
  return Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time);
}
