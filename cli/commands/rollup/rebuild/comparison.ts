/** Prints a comparison. */
import { type Compared, isEqual } from '../../../../reports/operate/compare.ts';
import { counted } from '../tables.ts';
import type { Status } from './doing.ts';

export function comparisonLines(compared: Compared, before: Status, after: Status): string[] {
  const { equalDays, differentDays, onlyBefore, onlyAfter, examples } = compared;
  const only = (days: readonly string[], { generation }: Status): string[] =>
    days.length === 0
      ? []
      : [`${counted(days.length, 'day')} of generation ${generation} alone: ${days[0]} to ${days.at(-1)}`];
  return [
    `${counted(equalDays, 'day')} with the same totals in generations ${before.generation} and ${after.generation}`,
    ...(differentDays === 0 ? [] : [`${counted(differentDays, 'day')} with other totals, such as:`]),
    ...examples.map(
      ({ day, tenant, metric, before: one, after: other }) =>
        `  ${day}  ${tenant}  ${metric}: ${one ?? 'none'} became ${other ?? 'none'}`,
    ),
    ...only(onlyBefore, before),
    ...only(onlyAfter, after),
    ...(before.behind === after.behind
      ? []
      : [`they are not equally far: ${number(before.behind)} and ${number(after.behind)} records behind the topic`]),
    ...(isEqual(compared) ? ['no difference'] : []),
  ];
}

const number = (value: number): string => value.toLocaleString('en');
