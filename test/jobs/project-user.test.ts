import { test } from 'node:test';
import { projectUser } from '../../jobs/project-user/project-user.ts';
import {
  ownershipTransferred,
  userConsentGiven,
  userConsentWithdrawn,
  userCreated,
  userDeleted,
  userMerged,
  userUpdated,
} from '../../schemas/user.ts';
import { jobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';
import { survives } from '../../testing/survival.ts';
import { userEvents } from '../../topics/index.ts';
import { arrivesLate, assertAllArriveLate, IN_2099, type LateLine } from '../harness/late.ts';

const key = ['ada'];
const NOTHING = { name: null, gender: null, region: null, ageBand: null, education: null, disability: null };
const creates = (rest: object = {}): SpecEvent => [userCreated, { userId: 'ada', ...rest }];
const updates = (rest: object = {}, userId = 'ada'): SpecEvent => [userUpdated, { userId, ...rest }];
const deletes: SpecEvent = [userDeleted, { userId: 'ada' }];
const deleted = { ...NOTHING, toldAt: null, deleted: true, consents: {} };
const consents = (objectId = 'rivers'): SpecEvent => [userConsentGiven, { userId: 'ada', objectId }];
const withdraws = (objectId = 'rivers'): SpecEvent => [userConsentWithdrawn, { userId: 'ada', objectId }];
const given = (at: number) => ({ given: true, at });
const withdrawn = (at: number) => ({ given: false, at });

test('the fields of an account are kept, and missing ones are unknown', async (t) => {
  const spec = await jobSpec(t, projectUser);
  await spec.when(creates({ region: 'Scotland', ageBand: '35-55', disability: false }));
  const known = { ...NOTHING, region: 'Scotland', ageBand: '35-55', disability: false };
  await spec.thenRow(key, { userId: 'ada', ...known, toldAt: minute(0), deleted: false, consents: {} });
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

test('consents are kept for each thing, and a withdrawal ends one alone', async (t) => {
  const spec = await jobSpec(t, projectUser);
  await spec.given(creates({ name: 'Ada' }), consents('rivers'), consents('lakes'));
  await spec.when(withdraws('lakes'));
  await spec.thenRow(key, { name: 'Ada', consents: { rivers: given(minute(1)), lakes: withdrawn(minute(3)) } });
  await spec.when(consents('lakes'), withdraws('seas'));
  await spec.thenRow(key, {
    consents: { rivers: given(minute(1)), lakes: given(minute(4)), seas: withdrawn(minute(5)) },
  });
  await spec.thenNothing();
});

test('a consent may arrive before the account, and stays when the account changes', async (t) => {
  const spec = await jobSpec(t, projectUser);
  await spec.when(consents());
  await spec.thenRow(key, { ...NOTHING, userId: 'ada', toldAt: null, consents: { rivers: given(minute(0)) } });
  await spec.when(creates({ name: 'Ada' }), updates({ region: 'Wales' }));
  await spec.thenRow(key, { name: null, region: 'Wales', consents: { rivers: given(minute(0)) } });
});

test('with the account the consents are gone, whatever arrives later', async (t) => {
  const spec = await jobSpec(t, projectUser);
  await spec.given(creates({ name: 'Ada' }), consents('rivers'), withdraws('lakes'));
  await spec.when(deletes);
  await spec.thenRow(key, deleted);
  await spec.when(consents('rivers'), withdraws('rivers'), consents('seas'));
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
  {
    event: deletes,
    about: 'with consents',
    others: [consents(), withdraws()],
    holds: deleted,
    oldest: deleted,
    newest: deleted,
  },
  {
    event: consents(),
    about: 'before a withdrawal',
    others: [updates({ region: 'Wales' }), withdraws(), consents('lakes')],
    holds: { region: 'Wales', consents: { rivers: withdrawn(minute(30)), lakes: given(minute(50)) } },
    oldest: { consents: { rivers: withdrawn(minute(30)) } },
    newest: { region: 'Wales', toldAt: minute(10), consents: { rivers: given(IN_2099) } },
  },
  {
    event: consents(),
    about: 'after a withdrawal',
    others: [withdraws()],
    holds: { consents: { rivers: given(minute(20)) } },
    oldest: { consents: { rivers: withdrawn(minute(10)) } },
    newest: { consents: { rivers: given(IN_2099) } },
  },
  {
    event: withdraws(),
    others: [consents()],
    holds: { consents: { rivers: withdrawn(minute(20)) } },
    oldest: { consents: { rivers: given(minute(10)) } },
    newest: { consents: { rivers: withdrawn(IN_2099) } },
  },
];
arrivesLate(projectUser, key, LINES);

test('every event of users that carries a state has such a line', () => {
  assertAllArriveLate(userEvents, LINES, [userMerged, ownershipTransferred]);
});

survives(projectUser, [
  creates({ region: 'Scotland' }),
  updates({ region: 'Wales' }, 'bo'),
  updates({ region: 'Wales', name: 'Ada' }),
  [userMerged, { userId: 'bo', intoUserId: 'ada' }],
  [userUpdated, { userId: 'ada', region: 'London' }, { time: minute(-5) }],
  consents('rivers'),
  withdraws('rivers'),
  consents('lakes'),
  [userConsentGiven, { userId: 'ada', objectId: 'rivers' }, { time: minute(-5) }],
  deletes,
  updates({ name: 'Ada' }),
  consents('rivers'),
]);
