import { test } from 'node:test';
import { enrollments } from '../../../reports/datasources/enrollments.ts';
import { batchCreated, learnerCompleted, learnerJoined, learnerLeft } from '../../../schemas/batch.ts';
import { userProfile } from '../../../schemas/rows/user-profile.ts';
import { datasourceSpec } from '../../../testing/datasource-spec.ts';
import { minute, type SpecEvent, type SpecRow } from '../../../testing/job-spec.ts';

const inBatch = (userId: string) => ({ batchId: 'spring', courseId: 'algebra', userId });
const standing = (userId: string) => ({ ...inBatch(userId), progress: 0, state: 'not_started' });
const joins = (userId: string, first = true): SpecEvent => [learnerJoined, { ...standing(userId), first }];
const leaves = (userId: string): SpecEvent => [learnerLeft, standing(userId)];
const completes = (userId: string, completedAt: number): SpecEvent => [
  learnerCompleted,
  { ...inBatch(userId), completedAt },
];

const NOTHING = { name: null, gender: null, education: null, disability: null, toldAt: null, deleted: false };
const lives = (userId: string, region: string | null, ageBand: string | null): SpecRow => [
  userProfile,
  { ...NOTHING, userId, region, ageBand },
];
const rows = [lives('ada', 'Wales', '35-55'), lives('bo', 'Wales', null)];

test('joinings, leavings and completions are counted by what is known of the learner', async (t) => {
  const spec = await datasourceSpec(t, enrollments, { rows });
  spec.when(joins('ada'), joins('bo'), joins('eve'), leaves('ada'), joins('ada', false));
  const of = { bucket: minute(0), tenant: 'default', course_id: 'algebra', batch_id: 'spring', completed: 0 };
  spec.thenRows(
    { ...of, region: null, age_band: null, joined: 1, joined_first: 1, departed: 0, learners: 1 },
    { ...of, region: 'Wales', age_band: null, joined: 1, joined_first: 1, departed: 0, learners: 1 },
    { ...of, region: 'Wales', age_band: '35-55', joined: 2, joined_first: 1, departed: 1, learners: 1 },
  );
});

test('a completion counts at the time of completion, not at the time when that became known', async (t) => {
  const spec = await datasourceSpec(t, enrollments, { rows });
  spec.when(completes('ada', minute(-60)), completes('bo', minute(1)), joins('bo'));
  spec.thenRows(
    { bucket: minute(0), region: 'Wales', age_band: null, completed: 1, joined: 1, learners: 1 },
    { bucket: minute(-60), region: 'Wales', age_band: '35-55', completed: 1, joined: 0, learners: 1 },
  );
});

test('a completion of the future counts with its event', async (t) => {
  const spec = await datasourceSpec(t, enrollments, { rows });
  spec.when(completes('ada', Date.UTC(2099, 0)));
  spec.thenRows({ bucket: minute(0), completed: 1 });
});

test('tenants are counted separately, and other events of a batch are not counted', async (t) => {
  const spec = await datasourceSpec(t, enrollments, { rows });
  const [def, data] = joins('ada');
  spec.when([def, data, { tenant: 'north' }], joins('ada'));
  spec.when([batchCreated, { batchId: 'spring', courseId: 'algebra', name: 'Spring', startsAt: minute(0) }]);
  spec.thenRows(
    { tenant: 'default', region: 'Wales', joined: 1, learners: 1 },
    { tenant: 'north', region: null, joined: 1, learners: 1 },
  );
});
