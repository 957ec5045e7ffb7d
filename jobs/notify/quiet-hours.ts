/**
 * Quiet hours: the time of day, in the recipient's time zone, at which no messages are sent.
 *
 * They last from `quietFrom` to `quietUntil`, which is not included, and may cross midnight. If both are equal, or only one is given, there
 * are no quiet hours. Local time counts: an hour that occurs twice is quiet twice, an hour that is skipped never comes, and a change of
 * clocks may begin or end them.
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

/** When the quiet hours end; null if it is not quiet at `time`. Both in ms since 1970 UTC. */
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

/** A time of day, in ms from midnight; undefined if the text is not one. */
function millisOf(time: string | null): number | undefined {
  const [, hours, minutes] = TIME_OF_DAY.exec(time ?? '') ?? [];
  return hours === undefined ? undefined : (Number(hours) * 60 + Number(minutes)) * MINUTE;
}

/** The moment after `from`, up to `to`, at which clocks change; within a day there is at most one. */
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
