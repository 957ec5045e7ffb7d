/**
 * Quiet hours: a time of day, in the recipient's time zone, at which nothing goes out.
 *
 * They last from `quietFrom` up to, but without, `quietUntil`, and may cross midnight. Equal ends, or one end alone, are no quiet
 * hours. What counts is what a clock on the wall shows: an hour that comes twice is quiet twice, one that is left out
 * never comes, and if the end lies in it, quiet hours end when the clock is put forward.
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
export function quietEnd(hours: QuietHours, time: number): number | null {
  const from = millisOf(hours.quietFrom);
  const until = millisOf(hours.quietUntil);
  if (from === undefined || until === undefined || from === until) return null;
  const zone = IANAZone.create(hours.timeZone);
  const wall = shownAt(time, zone);
  const midnight = Math.floor(wall / DAY) * DAY;
  const now = wall - midnight;
  const quiet = from < until ? now >= from && now < until : now >= from || now < until;
  if (!quiet) return null;
  const end = firstAfter(time, midnight + until + (now < until ? 0 : DAY), zone);
  // A clock that is put forward past all that is not quiet shows quiet hours again.
  return quietEnd(hours, end) ?? end;
}

function millisOf(time: string | null): number | undefined {
  const [, hours, minutes] = TIME_OF_DAY.exec(time ?? '') ?? [];
  return hours === undefined ? undefined : (Number(hours) * 60 + Number(minutes)) * MINUTE;
}

/** What a clock on the wall shows, as if it stood in UTC. */
function shownAt(time: number, zone: IANAZone): number {
  return time + zone.offset(time) * MINUTE;
}

/** The first moment after `time` at which a clock on the wall shows `wall`; if none does, the one at which it is put forward past it. */
function firstAfter(time: number, wall: number, zone: IANAZone): number {
  let late = wall - zone.offset(wall - DAY) * MINUTE;
  let early = wall - zone.offset(wall + DAY) * MINUTE;
  const shown = [late, early].filter((moment) => moment > time && shownAt(moment, zone) === wall);
  if (shown.length > 0) return Math.min(...shown);
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (shownAt(middle, zone) < wall) early = middle;
    else late = middle;
  }
  return late;
}
