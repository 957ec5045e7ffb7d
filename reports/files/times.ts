/** Converts moments to dates and times of a zone. It must be fast: a file may have millions of them. */
import { IANAZone } from 'luxon';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Offsets change at whole quarters of an hour, with few exceptions in the past. */
const QUARTER = 15 * MINUTE;
/** A cache is cleared when it has this many entries. */
const MOST_REMEMBERED = 20_000;

/** The offset of a zone from UTC at a moment, in ms. */
export type OffsetAt = (ms: number) => number;

export function offsetsOf(zone: string): OffsetAt {
  if (zone === 'UTC') return () => 0;
  const rules = IANAZone.create(zone);
  const exact: OffsetAt = (ms) => Math.round(rules.offset(ms) * MINUTE);
  /** By quarter of an hour; undefined if the offset changes within it. */
  const known = new Map<number, number | undefined>();
  return (ms) => {
    const quarter = Math.floor(ms / QUARTER);
    if (!known.has(quarter)) {
      if (known.size >= MOST_REMEMBERED) known.clear();
      const first = exact(quarter * QUARTER);
      known.set(quarter, first === exact((quarter + 1) * QUARTER - 1) ? first : undefined);
    }
    return known.get(quarter) ?? exact(ms);
  };
}

export const pad = (value: number, digits: number): string => String(value).padStart(digits, '0');

export interface Day {
  /** In the proleptic Gregorian calendar. The year before 1 is 0. */
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** The date this many days after 1970-01-01. */
export function dayOf(days: number): Day {
  // In years that begin in March, the leap day comes last: http://howardhinnant.github.io/date_algorithms.html#civil_from_days
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const ofEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * ofYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: ofYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

/** Days from 1970-01-01 to a date. */
export function daysTo({ year, month, day }: Day): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const ofYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const ofEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + ofYear;
  return era * 146_097 + ofEra - 719_468;
}

/** Reads `YYYY-MM-DD`, or `±YYYYYY-MM-DD` for other years. */
export function dayFrom(text: string): Day {
  const found = /^([+-]?\d{4,6})-(\d\d)-(\d\d)$/.exec(text);
  if (found === null) throw new RangeError(`a date is YYYY-MM-DD, not ${JSON.stringify(text)}`);
  return { year: Number(found[1]), month: Number(found[2]), day: Number(found[3]) };
}

/** A year in ISO 8601: four digits, or a sign and six. */
export const yearText = (year: number): string =>
  year >= 0 && year <= 9999 ? pad(year, 4) : `${year < 0 ? '-' : '+'}${pad(Math.abs(year), 6)}`;

/** Wall-clock time: ms since 1970 as if it were UTC. */
export interface Wall {
  readonly days: number;
  readonly msOfDay: number;
}

export function wallOf(ms: number): Wall {
  const days = Math.floor(ms / DAY);
  return { days, msOfDay: ms - days * DAY };
}

/** `HH:MM:SS` */
export function clockText(msOfDay: number): string {
  const seconds = Math.floor(msOfDay / SECOND);
  return `${pad2(Math.floor(seconds / 3600))}:${pad2(Math.floor(seconds / 60) % 60)}:${pad2(seconds % 60)}`;
}

const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => pad(value, 2));
const pad2 = (value: number): string => TWO_DIGITS[value] as string;

/** `Z` or `+05:30`. Offsets before standard time may have seconds. */
export function offsetText(offset: number, zone: string): string {
  if (zone === 'UTC') return 'Z';
  const seconds = Math.abs(offset) / SECOND;
  const rest = seconds % 60 === 0 ? '' : `:${pad2(seconds % 60)}`;
  return `${offset < 0 ? '-' : '+'}${pad2(Math.floor(seconds / 3600))}:${pad2(Math.floor(seconds / 60) % 60)}${rest}`;
}

/** `2026-10-05T08:30:00.000Z` */
export function isoUtc(ms: number): string {
  const { days, msOfDay } = wallOf(ms);
  return `${isoDay(dayOf(days))}T${clockText(msOfDay)}.${pad(msOfDay % SECOND, 3)}Z`;
}

export const isoDay = ({ year, month, day }: Day): string => `${yearText(year)}-${pad(month, 2)}-${pad(day, 2)}`;

/** Caches the results of a function, up to a limit. */
export function remembered<K, V>(make: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    let found = known.get(key);
    if (found === undefined) {
      if (known.size >= MOST_REMEMBERED) known.clear();
      found = make(key);
      known.set(key, found);
    }
    return found;
  };
}
