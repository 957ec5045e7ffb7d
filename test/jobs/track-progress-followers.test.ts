/** The events for groups that follow a learner. */
import { test } from 'node:test';
import { trackProgress } from '../../jobs/track-progress/track-progress.ts';
import { learnerJoined, learnerLeft, learnerProgressed } from '../../schemas/batch.ts';
import { progressFollowed } from '../../schemas/enrollment.ts';
import { memberProgressed } from '../../schemas/group.ts';
import { jobSpec, type SpecEvent } from '../../testing/job-spec.ts';
import { ada, completes, joins, key, known, leaves, opens, standing } from './learners.ts';

test('a group that follows an enrolled learner is notified at once, at every change, and when the learner leaves', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  const follows: SpecEvent = [progressFollowed, { ...ada, groupId: 'red', following: true }];
  const progressEvent = (enrolledNow: boolean, progress: number, state: string) =>
    [memberProgressed, { ...ada, groupId: 'red', enrolled: enrolledNow, progress, state, completedAt: null }] as const;
  await spec.given(joins);
  await spec.when(follows);
  await spec.thenEmits(progressEvent(true, 0, 'not_started'));
  await spec.when(completes('a'));
  await spec.thenEmits(
    [learnerProgressed, { ...standing(50, 'in_progress'), previousProgress: 0, previousState: 'not_started' }],
    progressEvent(true, 50, 'in_progress'),
  );
  await spec.when(leaves);
  await spec.thenEmits([learnerLeft, standing(50, 'in_progress')], progressEvent(false, 50, 'in_progress'));
});

test('a group that follows somebody who is not enrolled is notified when that changes', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.when([progressFollowed, { ...ada, groupId: 'red', following: true }]);
  await spec.thenNothing();
  await spec.thenView('learner_courses');
  await spec.thenView('enrollments');
  await spec.when(joins);
  await spec.thenEmits(
    [learnerJoined, { ...standing(0, 'not_started'), first: true }],
    [
      memberProgressed,
      { ...ada, groupId: 'red', enrolled: true, progress: 0, state: 'not_started', completedAt: null },
    ],
  );
});

test('a group that no longer follows a learner gets nothing', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(
    joins,
    [progressFollowed, { ...ada, groupId: 'red', following: true }],
    [progressFollowed, { ...ada, groupId: 'red', following: false }],
  );
  await spec.when(leaves);
  await spec.thenEmits([learnerLeft, standing(0, 'not_started')]);
});

const follows = (groupId: string, following = true): SpecEvent => [progressFollowed, { ...ada, groupId, following }];

const LEFT: readonly (readonly [rule: string, events: readonly SpecEvent[], row: object | undefined])[] = [
  ['of whom nothing else is known', [follows('red'), follows('red', false)], undefined],
  ['of whom nothing was known', [follows('red', false)], undefined],
  ['followed by another group', [follows('red'), follows('blue'), follows('red', false)], { followers: ['blue'] }],
  ['who did something', [follows('red'), opens('a'), follows('red', false)], { followers: [] }],
  ['who was in a batch', [follows('red'), joins, leaves, follows('red', false)], { followers: [] }],
];

for (const [rule, events, row] of LEFT) {
  test(`when a group no longer follows, of a learner ${rule} ${row ? 'the rest' : 'nothing'} is left`, async (t) => {
    const spec = await jobSpec(t, trackProgress, { rows: known });
    await spec.given(...events);
    await spec.thenRow(key, row as Record<string, unknown> | undefined);
  });
}
