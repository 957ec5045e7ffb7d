import { test } from 'node:test';
import { projectUser } from '../../jobs/project-user/project-user.ts';
import { ownershipTransferred, userCreated, userDeleted, userMerged, userUpdated } from '../../schemas/user.ts';
import { jobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';
import { survives } from '../../testing/survival.ts';
import { userEvents } from '../../topics/index.ts';
import { assertAllTold, IN_2099, type LateLine, toldLate } from '../harness/late.ts';

const key = ['ada'];
const NOTHING = { name: null, gender: null, region: null, ageBand: null, education: null, disability: null };
const creates = (rest: object = {}): SpecEvent => [userCreated, { userId: 'ada', ...rest }];
const updates = (rest: object = {}, userId = 'ada'): SpecEvent => [userUpdated, { userId, ...rest }];
const deletes: SpecEvent = [userDeleted, { userId: 'ada' }];
const deleted = { ...NOTHING, toldAt: null, deleted: true };

test('the fields of an account are kept, and missing ones are unknown', async (t) => {
  const spec = await jobSpec(t, projectUser);
  await spec.when(creates({ region: 'Scotland', ageBand: '35-55', disability: false }));
  const known = { ...NOTHING, region: 'Scotland', ageBand: '35-55', disability: false };
  await spec.thenRow(key, { userId: 'ada', ...known, toldAt: minute(0), deleted: false });
  await spec.thenNothing();
});

test('an update carries the whole account: fields it leaves out become unknown', async (t) => {
  const spec = await jobSpec(t, projectUser);
  await spec.given(creates({ name: 'Ada', region: 'Scotland' }));
  await spec.when(updates({ region: 'Wales' }));
  await spec.thenRow(key, { ...NOTHING, region: 'Wales', toldAt: minute(1) });
});

test('of a deleted account only the id is kept, and it stays deleted', async (t) => {
  const spec = await jobSpec(t, projectUser);
  await spec.given(creates({ name: 'Ada', region: 'Scotland' }));
  await spec.when(deletes);
  await spec.thenRow(key, deleted);
  await spec.when(updates({ name: 'Ada' }), creates({ name: 'Ada' }), deletes);
  await spec.thenRow(key, deleted);
});

test('the accounts of other users are not affected', async (t) => {
  const spec = await jobSpec(t, projectUser);
  await spec.when(creates({ region: 'Wales' }), updates({ region: 'Scotland' }, 'bo'), deletes);
  await spec.thenRow(key, deleted);
  await spec.thenRow(['bo'], { region: 'Scotland', deleted: false });
});

const others = [updates({ region: 'Wales' }), updates({ region: 'London' })];
const LINES: readonly LateLine[] = [
  {
    event: creates({ region: 'Scotland' }),
    others,
    holds: { region: 'London', toldAt: minute(30) },
    oldest: { region: 'London', toldAt: minute(30) },
    newest: { region: 'Scotland', toldAt: IN_2099 },
  },
  {
    event: updates({ region: 'Scotland' }),
    others: [updates({ region: 'Wales' })],
    holds: { region: 'Scotland', toldAt: minute(20) },
    oldest: { region: 'Wales', toldAt: minute(10) },
    newest: { region: 'Scotland', toldAt: IN_2099 },
  },
  { event: deletes, others, holds: deleted, oldest: deleted, newest: deleted },
];
toldLate(projectUser, key, LINES);

test('every event of users that carries a state has such a line', () => {
  assertAllTold(userEvents, LINES, [userMerged, ownershipTransferred]);
});

survives(projectUser, [
  creates({ region: 'Scotland' }),
  updates({ region: 'Wales' }, 'bo'),
  updates({ region: 'Wales', name: 'Ada' }),
  [userMerged, { userId: 'bo', intoUserId: 'ada' }],
  [userUpdated, { userId: 'ada', region: 'London' }, { time: minute(-5) }],
  deletes,
  updates({ name: 'Ada' }),
]);
