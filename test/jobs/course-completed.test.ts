/** The notification that tells a learner about a completed course, whatever the course is called. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trackProgress } from '../../jobs/track-progress/track-progress.ts';
import { courseStructureChanged } from '../../schemas/enrollment.ts';
import { notificationRequested } from '../../schemas/notification.ts';
import { courseStructure } from '../../schemas/rows/course-structure.ts';
import { jobSpec, type SpecEvent } from '../../testing/job-spec.ts';
import { completedAlgebra, completes, course, joins } from './learners.ts';

const NAMES: readonly (readonly [what: string, name: string, courseId: string, title: string, id: string])[] = [
  ['a name is called so', 'Algebra', 'algebra', 'Algebra', 'algebra'],
  ['no name is called by its id', '', 'algebra', 'algebra', 'algebra'],
  ['a name of blanks is called by its id', ' \n', 'algebra', 'algebra', 'algebra'],
  [
    'an id of the longest length has a notification of its own',
    'Algebra',
    'x'.repeat(512),
    'Algebra',
    'sha256:64164443bb63e338ef1cfdb12a57117cd1212270cc935a798f6e8a665cdf4659',
  ],
];

for (const [what, name, courseId, title, id] of NAMES) {
  test(`a completed course of ${what}`, async (t) => {
    const spec = await jobSpec(t, trackProgress, { rows: [[courseStructure, { ...course, courseId, name }]] });
    const of = ([def, data]: SpecEvent): SpecEvent => [def, { ...data, courseId }];
    await spec.given(of(joins), of(completes('a')));
    await spec.when(of(completes('b')));
    const [, completion] = completedAlgebra;
    const requested = (await spec.emitted()).flat().filter(({ type }) => type === notificationRequested.type);
    assert.deepEqual(
      requested.map(({ data }) => data),
      [{ ...completion, notificationId: `course-completed/${id}`, title: `You have completed ${title}` }],
    );
  });
}

test('a completion concluded from a late course has the time of its last content, not that of the course', async (t) => {
  const DAY = 86_400_000;
  const began = Date.UTC(2026, 0, 1);
  const spec = await jobSpec(t, trackProgress, {});
  const at = ([def, data]: SpecEvent, day: number): SpecEvent => [def, data, { time: began + day * DAY }];
  await spec.given(at(joins, 0), at(completes('a'), 10), at(completes('b'), 20));
  await spec.lookups([courseStructure, course]);
  // The course was published before the learner began, but the job reads this event last.
  await spec.when(at([courseStructureChanged, { courseId: course.courseId }], 0));
  const [info] = await spec.stores.transport.describe(['notification.events']);
  const records = await spec.stores.transport.read('notification.events', 0, info?.partitions[0]?.begin ?? 0, 10);
  assert.deepEqual(
    records.map(({ headers }) => headers['ce_time']),
    [new Date(began + 20 * DAY).toISOString()],
  );
});
