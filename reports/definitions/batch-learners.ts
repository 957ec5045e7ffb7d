/** The learners of one batch, in pages. A reader holds one page at a time, however many learners there are. */
import type { RecordOf } from '../../core/target.ts';
import { batchLearners, learnerProgress } from '../../schemas/rows/learner-progress.ts';
import type { Reads } from '../define-report.ts';
import { type Batch, batchOf } from './outlooks.ts';

export type BatchLearner = RecordOf<typeof batchLearners>;
export type Learner = RecordOf<typeof learnerProgress>;

export interface Wanted {
  readonly batchId: string;
  /** Whether learners who have left are included. */
  readonly learners: 'active' | 'all';
}

/**
 * The learners of the batch's own course, in the order of their ids. A batch may also have learners of another course,
 * who enrolled before the batch's course was known. They count in no figure of the batch.
 */
export async function* learnersIn(
  { batchId, learners }: Wanted,
  reads: Reads,
): AsyncGenerator<{ readonly batch: Batch | undefined; readonly page: readonly BatchLearner[] }> {
  const batch = await batchOf(batchId, reads);
  const isOfBatch = ({ courseId }: BatchLearner): boolean =>
    batch === undefined || batch.courseId === '' || batch.courseId === courseId;
  for await (const all of reads.pages(batchLearners, { batchId })) {
    yield { batch, page: all.filter((learner) => isOfBatch(learner) && (learners === 'all' || learner.active)) };
  }
}

/** The full progress of these learners; undefined where it no longer exists. */
export function progressOf(
  page: readonly Pick<BatchLearner, 'userId' | 'courseId'>[],
  reads: Reads,
): Promise<(Learner | undefined)[]> {
  return reads.rows(
    learnerProgress,
    page.map(({ userId, courseId }) => ({ userId, courseId })),
  );
}

/** The size of a page where a learner has several rows. The report holds about this many rows at most. */
const ROWS = 1000;

/** The rows in pages of about equal size. */
export function* paged<T>(rows: Iterable<T>): Generator<readonly T[]> {
  let page: T[] = [];
  for (const row of rows) {
    page.push(row);
    if (page.length < ROWS) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Whole days from a moment to `asOf`; 0 if the moment is later. */
export const daysSince = (at: number, asOf: number): number => Math.max(0, Math.floor((asOf - at) / DAY_MS));

/** When the learner was last active in the batch: the latest visit, or the last joining if that is later. */
export const quietSince = ({ lastAccessAt, since }: Pick<BatchLearner, 'lastAccessAt' | 'since'>): number =>
  Math.max(lastAccessAt ?? since, since);

/** To two decimals, as people read percentages. */
export const rounded = (percent: number): number => Math.round(100 * percent) / 100;

/** A part of a whole in percent; null if there is no whole. */
export const share = (part: number, whole: number): number | null =>
  whole === 0 ? null : rounded((100 * part) / whole);

/** An entry of a map field. The check matters because an id may be a name that every object has, such as `constructor`. */
export const entryOf = <V>(map: Readonly<Record<string, V>> | undefined, key: string): V | undefined =>
  map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined;

/** A name is empty while it is unknown. */
export const known = (name: string | undefined): string | null => name || null;
