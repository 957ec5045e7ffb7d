/**
 * Quiet hours: a time of day, in the recipient's time zone, at which nothing goes out.
 *
 * They last from `quietFrom` up to, but without, `quietUntil`, and may cross midnight. Equal ends, or one end alone, are no quiet
 * hours. What counts is what a clock on the wall shows: an hour that comes twice is quiet twice, one that is left out
 * never comes.
 */
import { IANAZone } from 'luxon';

interface QuietHours {
  readonly timeZone: string;
  readonly quietFrom: string | null;
  readonly quietUntil: string | null;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const TIME_OF_DAY = /^([01]\d|2[0-3]):([0-5]\d)$/;

/** What is wrong with them and what is allowed; undefined if nothing is. */
export function problemOf({ timeZone, quietFrom, quietUntil }: QuietHours): string | undefined {
  if (!IANAZone.isValidZone(timeZone)) {
    return 'data.timeZone is no time zone: give an IANA name such as Europe/London, Asia/Kolkata or UTC';
  }
  for (const [name, time] of Object.entries({ quietFrom, quietUntil })) {
    if (time !== null && !TIME_OF_DAY.test(time)) return `data.${name} is no time of day: give 00:00 to 23:59, or null`;
  }
  return undefined;
}

/** When it is next not quiet; null if it is not quiet at `time`. Both in ms since 1970 UTC. */
export function quietEnd({ timeZone, quietFrom, quietUntil }: QuietHours, time: number): number | null {
  const from = millisOf(quietFrom);
  const until = millisOf(quietUntil);
  if (from === undefined || until === undefined || from === until) return null;
  const zone = IANAZone.create(timeZone);
  const wall = time + zone.offset(time) * MINUTE;
  const midnight = Math.floor(wall / DAY) * DAY;
  const now = wall - midnight;
  const quiet = from < until ? now >= from && now < until : now >= from || now < until;
  if (!quiet) return null;
  return firstAfter(time, midnight + until + (now < until ? 0 : DAY), zone);
}

function millisOf(time: string | null): number | undefined {
  const [, hours, minutes] = TIME_OF_DAY.exec(time ?? '') ?? [];
  return hours === undefined ? undefined : (Number(hours) * 60 + Number(minutes)) * MINUTE;
}

/** The first moment after `time` at which a clock on the wall shows `wall`; if none does, as long after the gap as it would be in it. */
function firstAfter(time: number, wall: number, zone: IANAZone): number {
  const offsets = [zone.offset(wall - DAY) * MINUTE, zone.offset(wall + DAY) * MINUTE] as const;
  const moments = offsets.map((offset) => wall - offset);
  const shown = moments.filter((moment) => moment > time && moment + zone.offset(moment) * MINUTE === wall);
  return shown.length > 0 ? Math.min(...shown) : wall - offsets[0];
}
