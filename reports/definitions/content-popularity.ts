/** How much the learners of a batch use each content of the course. */
import { batchSummary } from '../../schemas/rows/batch-summary.ts';
import { courseStructure } from '../../schemas/rows/course-structure.ts';
import { batchLearners, learnerProgress } from '../../schemas/rows/learner-progress.ts';
import { defineReport } from '../define-report.ts';
import { known, type Learner, learnersIn, paged, progressOf, share } from './batch-learners.ts';
import * as columns from './columns.ts';
import { contentOf, placeOf } from './course-contents.ts';
import { type Batch, batchOf, batchOutlook, type Course, courseOf } from './outlooks.ts';
import { batchId, learners, retired } from './parameters.ts';

interface Use {
  learners: number;
  completed: number;
  views: number;
  lastAt: number | null;
}

export const contentPopularity = defineReport({
  name: 'content-popularity',
  title: 'Use of contents',
  answers: 'Which contents of the course do the learners of a batch visit and complete, and which do they skip?',
  version: 1,
  role: 'analyst',
  freshMs: 5 * 60_000,
  parameters: { batchId, learners, retired },
  columns: {
    course_id: columns.courseId,
    batch_id: columns.batchId,
    content_id: columns.contentId(
      'The content. Contents with the most learners come first. Null: all contents together that are not part of the course now.',
    ),
    content_name: columns.contentName,
    content_type: columns.contentType,
    required: {
      title: 'Required',
      type: 'boolean',
      doc: 'Whether the course requires the content. Null: it is not part of the course.',
    },
    learners: columns.count(
      'Learners',
      'learners',
      'Learners of the batch who have ever visited it, even before they joined. In the row of all contents together, a learner who visited two of them counts twice.',
    ),
    share: columns.percent(
      'Share',
      'These learners as a share of all learners of the batch. Null: all contents together, or the batch has no learners.',
    ),
    completed: columns.count('Completed by', 'learners', 'Learners who completed it.'),
    views: columns.count(
      'Views',
      'visits',
      'Their visits, as reported: a visit that a platform reports twice counts twice.',
    ),
    last_visit_at: columns.at('Last visit', 'The latest of these visits. Null: nobody visited it.'),
  },
  async outlook(values, reads) {
    const batch = await batchOf(values.batchId, reads);
    const course = batch === undefined ? undefined : await courseOf(batch.courseId, reads);
    return batchOutlook(values, reads, () => Object.keys(course?.contents ?? {}).length);
  },
  from: {
    reads: [batchLearners, learnerProgress, batchSummary, courseStructure],
    async *rows(values, reads) {
      const batch = await batchOf(values.batchId, reads);
      const course = batch === undefined ? undefined : await courseOf(batch.courseId, reads);
      const uses = new Map<string | null, Use>(Object.keys(course?.contents ?? {}).map((id) => [id, unused()]));
      let all = 0;
      for await (const { page } of learnersIn(values, reads)) {
        all += page.length;
        for (const row of await progressOf(page, reads)) if (row !== undefined) add(uses, row, course);
      }
      yield* paged(rowsOf(uses, { batch, course, all }));
    },
  },
});

const unused = (): Use => ({ learners: 0, completed: 0, views: 0, lastAt: null });

function add(uses: Map<string | null, Use>, { contents }: Learner, course: Course | undefined): void {
  for (const [contentId, { completed, views, lastAt }] of Object.entries(contents)) {
    const place = placeOf(contentId, course);
    const use = uses.get(place) ?? unused();
    uses.set(place, use);
    use.learners += 1;
    use.completed += completed ? 1 : 0;
    use.views += views;
    use.lastAt = Math.max(use.lastAt ?? lastAt, lastAt);
  }
}

function* rowsOf(
  uses: ReadonlyMap<string | null, Use>,
  { batch, course, all }: { batch: Batch | undefined; course: Course | undefined; all: number },
) {
  const sorted = [...uses].sort(
    ([a, { learners }], [b, other]) => other.learners - learners || ((a ?? '') < (b ?? '') ? -1 : 1),
  );
  for (const [contentId, { learners, completed, views, lastAt }] of sorted) {
    const content = contentOf(contentId, course);
    yield {
      course_id: known(batch?.courseId),
      batch_id: batch?.batchId ?? null,
      content_id: contentId,
      content_name: known(content?.name),
      content_type: known(content?.type),
      required: content?.required ?? null,
      learners,
      share: contentId === null ? null : share(learners, all),
      completed,
      views,
      last_visit_at: lastAt,
    };
  }
}
