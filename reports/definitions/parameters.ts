/** Parameters that several reports share, so that each has the same name and description everywhere. */
import type { Parameter } from '../define-report.ts';

export const batchId = { type: 'text', doc: 'The id of the batch.' } as const satisfies Parameter;

export const someCourseId = {
  type: 'text',
  optional: true,
  doc: 'The id of a course. Without it, all courses.',
} as const satisfies Parameter;
export const someBatchId = {
  type: 'text',
  optional: true,
  doc: 'The id of a batch. Without it, all batches.',
} as const satisfies Parameter;

export const asOf = {
  type: 'moment',
  default: 'now',
  doc: 'The moment from which days are counted back, such as 2026-03-01T00:00:00Z. Progress and visits are always shown as they are known now.',
} as const satisfies Parameter;

export const zone = {
  type: 'zone',
  default: 'UTC',
  doc: 'The time zone in which days begin and end, such as Asia/Kolkata.',
} as const satisfies Parameter;
export const firstDay = {
  type: 'date',
  optional: true,
  doc: 'The first day, in the time zone. Without it, the day of the first event.',
} as const satisfies Parameter;
export const lastDay = {
  type: 'date',
  optional: true,
  doc: 'The last day, in the time zone. Without it, the day of the last event.',
} as const satisfies Parameter;

export const retired = {
  type: 'boolean',
  default: false,
  doc: 'Whether to report a batch or a course even if it is retired.',
} as const satisfies Parameter;

export const learners = {
  type: 'choice',
  of: ['active', 'all'],
  default: 'all',
  doc: 'active: only learners who are in the batch now. all: also learners who have left.',
} as const satisfies Parameter;

export const inactiveDays = {
  type: 'long',
  unit: 'days',
  min: 1,
  max: 3650,
  default: 14,
  doc: 'After how many days without a visit a learner counts as inactive.',
} as const satisfies Parameter;

export interface Days {
  readonly first: string | null;
  readonly last: string | null;
}

/** The range of days that events may have and report calendars cover. */
const EARLIEST = '1970-01-01';
const LATEST = '2199-12-31';

/** The errors in the days, for the `problems` of a report with `first` and `last`. ISO 8601 days sort as text. */
export function daysProblems({ first, last }: Days): readonly string[] {
  const outside = [first, last].filter((day) => day !== null && (day < EARLIEST || day > LATEST));
  return [
    ...outside.map((day) => `${day} is outside of what can be asked: give days from ${EARLIEST} to ${LATEST}`),
    ...(first !== null && last !== null && first > last
      ? [`the first day, ${first}, is after the last, ${last}: exchange them`]
      : []),
  ];
}
