/**
 * Quiet hours: a time of day, in the recipient's time zone, at which nothing goes out.
 *
 * They last from `quietFrom` up to, but without, `quietUntil`, and may cross midnight. Equal ends, or one end alone, are no quiet
 * hours. What counts is what a clock on the wall shows: an hour that comes twice is quiet twice, one that is left out
 * never comes, and clocks that are put forward or back may begin or end them.
 */
import { IANAZone } from 'luxon';

export interface QuietHours {
  readonly timeZone: string;
  readonly quietFrom: string | null;
  readonly quietUntil: string | null;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const TIME_OF_DAY = /^([01]\d|2[0-3]):([0-5]\d)$/;

/** When it is next not quiet; null if it is not quiet at `time`. Both in ms since 1970 UTC. */
export function quietEnd(hours: QuietHours, time: number): number | null {
  const from = millisOf(hours.quietFrom);
  const until = millisOf(hours.quietUntil);
  if (from === undefined || until === undefined || from === until) return null;
  const zone = IANAZone.create(hours.timeZone);
  const wall = time + zone.offset(time) * MINUTE;
  const now = wall - Math.floor(wall / DAY) * DAY;
  const quiet = from < until ? now >= from && now < until : now >= from || now < until;
  if (!quiet) return null;
  const end = time + ((until - now + DAY) % DAY);
  const change = changeWithin(zone, time, end);
  return change === undefined ? end : (quietEnd(hours, change) ?? change);
}

/** A time of day, in ms from midnight; undefined if it is none. */
function millisOf(time: string | null): number | undefined {
  const [, hours, minutes] = TIME_OF_DAY.exec(time ?? '') ?? [];
  return hours === undefined ? undefined : (Number(hours) * 60 + Number(minutes)) * MINUTE;
}

/** The moment after `from`, up to `to`, at which the clocks are put forward or back; within a day there is at most one. */
function changeWithin(zone: IANAZone, from: number, to: number): number | undefined {
  const offset = zone.offset(from);
  if (zone.offset(to) === offset) return undefined;
  let [before, after] = [from, to];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (zone.offset(middle) === offset) before = middle;
    else after = middle;
  }
  return after;
}
