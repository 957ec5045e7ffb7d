/** Columns that several reports share, so that each has the same name, title and description everywhere. */
import type { Column } from '../define-report.ts';

export const string = (title: string, doc: string) => ({ title, type: 'string', doc }) as const satisfies Column;

/** A moment. It has no unit: files show it as a date and time. */
export const at = (title: string, doc: string) => ({ title, type: 'timestamp', doc }) as const satisfies Column;
export const count = (title: string, unit: string, doc: string) =>
  ({ title, type: 'long', doc, unit }) as const satisfies Column;

export const percent = (title: string, doc: string) =>
  ({ title, type: 'double', doc, unit: 'percent' }) as const satisfies Column;

export const courseId = string('Course id', 'The course.');
export const courseName = string('Course', 'The name of the course. Null: not known.');
export const batchId = string('Batch id', 'The batch.');
export const batchName = string('Batch', 'The name of the batch. Null: not known.');
export const userId = string('Learner id', 'The learner.');

export const contentId = (doc: string) => string('Content id', doc);
export const contentName = string('Content', 'The name of the content. Null: it has no name, or is not known.');

export const contentType = string(
  'Content type',
  'The type of the content, as the platform calls it. Null: not known.',
);
export const active = {
  title: 'Active',
  type: 'boolean',
  doc: 'Whether the learner is in the batch now.',
} as const satisfies Column;

export const state = string(
  'State',
  'not_started, in_progress or completed. A learner who has completed the course stays completed when the course grows.',
);
export const progress = count(
  'Progress',
  'percent',
  'The share of the required contents that are complete, rounded down. Optional contents do not count. Null: the course is not known, or requires nothing.',
);
/** For reports that know only the progress, and not whether the course is known. */
export const progressMade = count(
  'Progress',
  'percent',
  'The share of the required contents that are complete, rounded down. Optional contents do not count. Also 0 while the course is not known.',
);
export const completedContents = count(
  'Completed contents',
  'contents',
  'How many required contents are complete. Null: the course is not known, or requires nothing.',
);
export const requiredContents = count(
  'Required contents',
  'contents',
  'How many contents are required. Null: the course is not known, or requires nothing.',
);
export const completedAt = at('Completed', 'When the course was completed. Null: it is not completed.');
export const lastAccessAt = at('Last access', 'The latest visit to any content. Null: there is none.');
export const daysInactive = count(
  'Days inactive',
  'days',
  'Whole days from the latest visit to the moment of `asOf`; 0 if the visit was later. Null: the learner has visited nothing.',
);
