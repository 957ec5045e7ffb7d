/** Conditions of SQL that choose the buckets of local days. */
import { DateTime } from 'luxon';
import type { Days } from './parameters.ts';

/**
 * Text that follows a condition on the tenant. The partition's date is that of UTC, which may differ from the local day by one, either
 * way: the plain conditions on it let engines leave out other files.
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
