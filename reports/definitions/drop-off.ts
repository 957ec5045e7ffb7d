/** Where the learners of a batch stop: the content that those who stopped visited last. */
import { batchSummary } from '../../schemas/rows/batch-summary.ts';
import { courseStructure } from '../../schemas/rows/course-structure.ts';
import { batchLearners, learnerProgress } from '../../schemas/rows/learner-progress.ts';
import { defineReport } from '../define-report.ts';
import {
  type BatchLearner,
  daysSince,
  known,
  type Learner,
  learnersIn,
  paged,
  progressOf,
  quietSince,
  rounded,
  share,
} from './batch-learners.ts';
import * as columns from './columns.ts';
import { contentOf, lastVisited, placeOf, unitOf } from './course-contents.ts';
import { type Batch, batchOf, batchOutlook, type Course, courseOf } from './outlooks.ts';
import { asOf, batchId, inactiveDays, learners, retired } from './parameters.ts';

interface Stop {
  /** Null if nothing was visited, or if the content is no longer part of the course. */
  readonly contentId: string | null;
  readonly stoppedAt: 'content' | 'former content' | 'nothing';
  learners: number;
  /** The sum of their progress, in percent. */
  progress: number;
}

export const dropOff = defineReport({
  name: 'drop-off',
  title: 'Where learners stop',
  answers: 'Which content did learners visit last before they left or became inactive, without completing the course?',
  version: 1,
  role: 'analyst',
  freshMs: 5 * 60_000,
  parameters: { batchId, learners, inactiveDays, asOf, retired },
  columns: {
    course_id: columns.courseId,
    batch_id: columns.batchId,
    stopped_at: columns.string(
      'Stopped at',
      'content: at a content of the course. former content: at a content that is not part of the course now. nothing: without any visit.',
    ),
    content_id: columns.contentId(
      'The content that the learners visited last. Contents where most learners stopped come first. Null: no content of the course.',
    ),
    content_name: columns.contentName,
    unit_id: columns.string('Unit id', 'The innermost unit that requires the content. Null: no unit does.'),
    unit_name: columns.string('Unit', 'The name of that unit. Null: there is none.'),
    learners: columns.count('Learners', 'learners', 'Learners who stopped there.'),
    share: columns.percent('Share', 'These learners as a share of all who stopped.'),
    mean_progress: columns.percent('Mean progress', 'The average progress of these learners.'),
  },
  outlook: (values, reads) => batchOutlook(values, reads, () => null),
  from: {
    reads: [batchLearners, learnerProgress, batchSummary, courseStructure],
    async *rows(values, reads) {
      const batch = await batchOf(values.batchId, reads);
      const course = batch === undefined ? undefined : await courseOf(batch.courseId, reads);
      const stops = new Map<string, Stop>();
      const hasStopped = (learner: BatchLearner): boolean =>
        learner.state !== 'completed' &&
        (!learner.active || daysSince(quietSince(learner), values.asOf) >= values.inactiveDays);
      for await (const { page } of learnersIn(values, reads)) {
        const stopped = page.filter(hasStopped);
        const rows = await progressOf(stopped, reads);
        for (const row of rows) if (row !== undefined) add(stops, row, course);
      }
      yield* paged(rowsOf([...stops.values()], batch, course));
    },
  },
});

function add(stops: Map<string, Stop>, { contents, progress }: Learner, course: Course | undefined): void {
  const last = lastVisited(contents);
  const contentId = last === undefined ? null : placeOf(last.contentId, course);
  const stoppedAt = last === undefined ? 'nothing' : contentId === null ? 'former content' : 'content';
  const place = JSON.stringify([stoppedAt, contentId]);
  const stop = stops.get(place) ?? { contentId, stoppedAt, learners: 0, progress: 0 };
  stops.set(place, stop);
  stop.learners += 1;
  stop.progress += progress;
}

function* rowsOf(stops: readonly Stop[], batch: Batch | undefined, course: Course | undefined) {
  const all = stops.reduce((sum, { learners }) => sum + learners, 0);
  const nameOf = ({ stoppedAt, contentId }: Stop): string => `${stoppedAt} ${contentId ?? ''}`;
  const sorted = stops.toSorted((a, b) => b.learners - a.learners || (nameOf(a) < nameOf(b) ? -1 : 1));
  for (const { contentId, stoppedAt, learners, progress } of sorted) {
    const content = contentOf(contentId, course);
    const unit = unitOf(content, course);
    yield {
      course_id: known(batch?.courseId),
      batch_id: batch?.batchId ?? null,
      stopped_at: stoppedAt,
      content_id: contentId,
      content_name: known(content?.name),
      unit_id: unit?.unitId ?? null,
      unit_name: known(unit?.name),
      learners,
      share: share(learners, all),
      mean_progress: rounded(progress / learners),
    };
  }
}
