/** SQL conditions that select the buckets of local days. */
import { DateTime } from 'luxon';
import type { Days } from './parameters.ts';

/**
 * Text to append to a condition on the tenant. The partition date is in UTC and may differ from the local day by one
 * day either way. The plain conditions on it let engines skip other files.
 */
export function daysSql({ first, last }: Days): string {
  const local = 'cast(bucket at time zone :zone as date)';
  return [
    ...(first === null ? [] : [`and date >= date '${shifted(first, -1)}' and ${local} >= :first`]),
    ...(last === null ? [] : [`and date <= date '${shifted(last, 1)}' and ${local} <= :last`]),
  ].join(' ');
}

const shifted = (day: string, days: number): string =>
  DateTime.fromISO(day, { zone: 'utc' }).plus({ days }).toISODate() ?? day;
