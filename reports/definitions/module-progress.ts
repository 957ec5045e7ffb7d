/** How far each learner of a batch is in each unit of the course: one row for each learner and unit. */
import { batchSummary } from '../../schemas/rows/batch-summary.ts';
import { courseStructure } from '../../schemas/rows/course-structure.ts';
import { batchLearners, learnerProgress } from '../../schemas/rows/learner-progress.ts';
import { defineReport } from '../define-report.ts';
import { type BatchLearner, entryOf, known, type Learner, learnersIn, paged, progressOf } from './batch-learners.ts';
import * as columns from './columns.ts';
import { batchOf, batchOutlook, type Course, courseOf } from './outlooks.ts';
import { batchId, learners, retired } from './parameters.ts';

type Unit = Course['units'][string];

export const moduleProgress = defineReport({
  name: 'module-progress',
  title: 'Progress by unit',
  answers: 'How far is each learner of a batch in each unit of the course?',
  version: 1,
  role: 'analyst',
  freshMs: 5 * 60_000,
  parameters: { batchId, learners, retired },
  columns: {
    course_id: columns.courseId,
    batch_id: columns.batchId,
    user_id: columns.userId,
    active: columns.active,
    unit_id: columns.string('Unit id', 'The unit. The units of each learner are sorted by id.'),
    unit_name: columns.string('Unit', 'The name of the unit.'),
    parent_unit_id: columns.string('Within unit id', 'The unit that contains it. Null: no unit does.'),
    progress: columns.count(
      'Progress',
      'percent',
      'The share of the required contents in the unit and in the units below it that are complete, rounded down. Null: the unit requires nothing, or the progress is not known.',
    ),
    completed_contents: columns.count(
      'Completed contents',
      'contents',
      'How many of these contents are complete. Null: not known.',
    ),
    required_contents: columns.count(
      'Required contents',
      'contents',
      'How many contents the unit and the units below it require. Optional contents do not count.',
    ),
  },
  async outlook(values, reads) {
    const batch = await batchOf(values.batchId, reads);
    const course = batch === undefined ? undefined : await courseOf(batch.courseId, reads);
    const units = Object.keys(course?.units ?? {}).length;
    const outlook = await batchOutlook(values, reads, ({ ever, learners }) =>
      values.learners === 'all' ? ever * units : learners * units,
    );
    if (outlook.problems.length > 0 || units > 0) return outlook;
    const why =
      course === undefined
        ? `the course ${batch?.courseId} of the batch is not known: produce its content.published`
        : `the course ${batch?.courseId} has no units: ask for learner-progress instead`;
    return { problems: [why], rows: null };
  },
  from: {
    reads: [batchLearners, learnerProgress, batchSummary, courseStructure],
    async *rows(values, reads) {
      let units: readonly (readonly [string, Unit])[] | undefined;
      for await (const { batch, page } of learnersIn(values, reads)) {
        units ??= unitsOf(await courseOf(batch?.courseId ?? '', reads));
        yield* paged(rowsOf(page, await progressOf(page, reads), units));
      }
    },
  },
});

const unitsOf = (course: Course | undefined): [string, Unit][] =>
  Object.entries(course?.units ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));

function* rowsOf(
  page: readonly BatchLearner[],
  progress: readonly (Learner | undefined)[],
  units: readonly (readonly [string, Unit])[],
) {
  for (const [i, { batchId, courseId, userId, active }] of page.entries()) {
    for (const [unitId, { name, parentId, required }] of units) {
      const row = progress[i];
      // A course that was just published may require fewer contents than the learner's counts include.
      const completed = row === undefined ? null : Math.min(entryOf(row.units, unitId) ?? 0, required);
      yield {
        course_id: courseId,
        batch_id: batchId,
        user_id: userId,
        active,
        unit_id: unitId,
        unit_name: known(name),
        parent_unit_id: parentId,
        progress: required === 0 || completed === null ? null : Math.floor((100 * completed) / required),
        completed_contents: completed,
        required_contents: required,
      };
    }
  }
}
