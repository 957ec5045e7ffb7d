/** A time as people read it: ISO 8601 to the second, with its zone, such as 2027-03-01T10:02:03Z. `time` is in ms since 1970 UTC. */
export const timeText = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;
