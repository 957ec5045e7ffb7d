/** The width of the buckets of a datasource, and the bucket of a moment. */
import { DateTime, IANAZone } from 'luxon';

const MINUTE = 60_000;
const WIDTH_MS = {
  minute: MINUTE,
  'quarter-hour': 15 * MINUTE,
  hour: 60 * MINUTE,
  day: 1440 * MINUTE,
} as const;

/** Days in the local time of one IANA time zone. They have 23, 24 or 25 hours. */
export interface LocalDay {
  readonly localDay: string;
}
/** Buckets in UTC, or days of a zone. Only minutes and quarters of an hour add up to the days of every zone. */
export type Granularity = keyof typeof WIDTH_MS | LocalDay;

export const localDay = (zone: string): LocalDay => ({ localDay: zone });

export const isLocalDay = (granularity: Granularity): granularity is LocalDay => typeof granularity === 'object';

/** Whether it is a zone that engines support too. An offset such as +05:30 is refused, since engines disagree about its sign. */
export const isZone = (zone: string): boolean => /^[A-Za-z][\w+/-]*$/.test(zone) && IANAZone.isValidZone(zone);

/** The error in it, as far as types do not catch it. */
export function granularityProblem(granularity: Granularity): string | undefined {
  if (isLocalDay(granularity)) {
    return isZone(granularity.localDay)
      ? undefined
      : `its days are those of ${granularity.localDay}, which is not a time zone: give one of IANA, such as Asia/Kolkata`;
  }
  return Object.hasOwn(WIDTH_MS, granularity)
    ? undefined
    : `its granularity is ${granularity}: give one of ${Object.keys(WIDTH_MS).join(', ')}, or localDay(zone)`;
}

/** One bucket: from `start` to before `end`, in ms since 1970 UTC. */
export interface Bucket {
  readonly start: number;
  readonly end: number;
  /** `YYYY-MM-DD`, the partition of the table: the date in UTC, or for a local day the date in its zone. */
  readonly date: string;
}

/** The first moment for which every engine writes the same date. They disagree about the year 0. */
const FIRST_MOMENT = -62_135_596_800_000;
/** The last moment of the year 9999, the last year that a partition date can have. */
const LAST_MOMENT = 253_402_214_399_999;

/** The bucket of a moment, from the year 1 to the year 9999; undefined outside. */
export function bucketOf(granularity: Granularity, time: number): Bucket | undefined {
  if (!(time >= FIRST_MOMENT && time <= LAST_MOMENT)) return undefined;
  if (isLocalDay(granularity)) return localBucket(granularity.localDay, time);
  const width = WIDTH_MS[granularity];
  const start = Math.floor(time / width) * width;
  return { start, end: start + width, date: dateOf(DateTime.fromMillis(start, { zone: 'utc' })) };
}

/** Not `toFormat`: that uses the digits of the machine's language. */
const dateOf = (day: DateTime): string => day.toISODate() ?? '';

function localBucket(zone: string, time: number): Bucket {
  const day = DateTime.fromMillis(time, { zone }).startOf('day');
  // In a zone whose clocks go from 24:00 to 1:00, the next day begins at 1:00. `startOf` handles that.
  const end = day.plus({ days: 1 }).startOf('day').toMillis();
  return { start: day.toMillis(), end, date: dateOf(day) };
}
