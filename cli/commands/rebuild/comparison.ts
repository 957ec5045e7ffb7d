/** Prints a comparison of two generations. */
import type { Comparison } from '../../../jobs/runtime/rows/generations/compare.ts';

export function isEqual({ onlyCurrent, onlyOther, differing }: Comparison): boolean {
  return onlyCurrent.count === 0 && onlyOther.count === 0 && Object.keys(differing).length === 0;
}

export function* comparisonLines(compared: Comparison): Iterable<string> {
  const { job, current, other, same, behind, onlyCurrent, onlyOther, differing, notCompared } = compared;
  yield `${job}: generation ${current}, the current one, and generation ${other}`;
  yield `${rows(same)} the same`;
  if (behind > 0)
    yield `${rows(behind)} not compared: generation ${other} has yet to read what the job has applied to them`;
  if (notCompared.length > 0) {
    yield `not compared, since one of the tables does not have them as they are declared: ${notCompared.join(', ')}`;
  }
  for (const [where, { count, examples }] of [
    [current, onlyCurrent],
    [other, onlyOther],
  ] as const) {
    if (count === 0) continue;
    yield `${rows(count)} only in generation ${where}`;
    for (const key of examples) yield `  ${key.join('/')}`;
  }
  for (const [field, { count, examples }] of Object.entries(differing)) {
    yield `${field} differs in ${count === 1 ? '1 row' : `${number(count)} rows`}`;
    for (const { key, current: was, other: is } of examples)
      yield `  ${key.join('/')}: ${short(was)} became ${short(is)}`;
  }
  if (isEqual(compared)) yield 'no difference';
}

const LONGEST = 100;

function short(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

const rows = (count: number): string => (count === 1 ? '1 row is' : `${number(count)} rows are`);
const number = (value: number): string => value.toLocaleString('en');
