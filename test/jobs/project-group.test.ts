/** The members of a group and their joint activities. */
import { test } from 'node:test';
import { projectGroup } from '../../jobs/project-group/project-group.ts';
import { groupDeleted, memberAdded } from '../../schemas/group.ts';
import { jobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';
import { survives } from '../../testing/survival.ts';
import {
  adds,
  answers,
  creates,
  deletes,
  done,
  follows,
  forgets,
  gives,
  joined,
  key,
  makes,
  onBoard,
  removes,
  renames,
  takesUp,
} from './groups.ts';

const NOBODY = { members: {}, activities: {}, progress: {} };

test('a group that is created has a name and no members', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.when(creates());
  await spec.thenRow(key, { groupId: 'red', name: 'Red', createdAt: minute(0), ...NOBODY });
  await spec.thenNothing();
});

test('a group that is created again exists since the first time, and has the latest name', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(creates(), adds('ada'));
  await spec.when(creates('Crimson'));
  await spec.thenRow(key, { name: 'Crimson', createdAt: minute(0), members: joined('ada', 1) });
});

const NAMES: readonly (readonly [
  rule: string,
  events: readonly SpecEvent[],
  name: string,
  createdAt: number | null,
])[] = [
  ['a renamed group has its new name', [creates(), renames('Crimson')], 'Crimson', minute(0)],
  ['a group may be renamed to the name it has', [creates(), renames('Red')], 'Red', minute(0)],
  [
    'a group that was set up after it was renamed is called as it was called then',
    [renames('Crimson'), creates()],
    'Red',
    minute(1),
  ],
  ['a group that is only renamed was never set up', [renames('Crimson')], 'Crimson', null],
  ['a group that has members before it is set up has no name', [adds('ada')], '', null],
  ['a group that has members before it is set up is named when it is', [adds('ada'), creates()], 'Red', minute(1)],
];

for (const [rule, events, name, createdAt] of NAMES) {
  test(rule, async (t) => {
    const spec = await jobSpec(t, projectGroup);
    await spec.when(...events);
    await spec.thenRow(key, { name, createdAt });
    await spec.thenNothing();
  });
}

test('a member is in the group with a role and the time of joining', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.when(creates(), adds('ada'), adds('ben', 'admin'));
  await spec.thenRow(key, { members: { ...joined('ada', 1), ...joined('ben', 2, { role: 'admin' }) } });
  await spec.thenNothing();
});

test('a member who is added again has the latest role and the first time of joining', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(adds('ada', 'admin'), takesUp('algebra'));
  await spec.when(adds('ada', 'member'));
  await spec.thenRow(key, { members: joined('ada', 0, { saidAt: minute(2), roleAt: minute(2) }) });
  await spec.thenNothing();
});

test('a change of role changes the role and keeps the time of joining', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(adds('ada'));
  await spec.when(makes('ada', 'admin'), makes('ada', 'admin'));
  await spec.thenRow(key, { members: joined('ada', 0, { role: 'admin', roleAt: minute(2) }) });
  await spec.thenNothing();
});

test('a member who leaves and returns is a member since then', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(creates(), adds('ada', 'admin'), removes('ada'));
  await spec.thenRow(key, {
    members: {},
    absentMembers: { ada: { leftAt: minute(2), role: 'admin', roleAt: minute(1) } },
  });
  await spec.given(adds('ada'));
  await spec.thenRow(key, { members: joined('ada', 3), absentMembers: {} });
});

test('an activity that is added again has the latest kind and the first time of adding', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(takesUp('algebra'), adds('ada'));
  await spec.when(takesUp('algebra', 'other'));
  await spec.thenRow(key, { activities: done('algebra', 0, { kind: 'other', saidAt: minute(2) }), progress: {} });
  await spec.thenEmits(forgets('ada', 'algebra'));
  await spec.when(takesUp('algebra'));
  await spec.thenRow(key, {
    activities: done('algebra', 0, { saidAt: minute(3) }),
    progress: onBoard('ada', 'algebra'),
  });
  await spec.thenEmits(follows('ada', 'algebra'));
  await spec.given(gives('algebra'), takesUp('algebra'));
  await spec.thenRow(key, { activities: done('algebra', 5) });
});

/** A fact about an unknown member or activity, at minute `n`, and what the row remembers of it. */
const UNKNOWN: readonly (readonly [what: string, event: SpecEvent, known: (n: number) => object])[] = [
  [
    'removing somebody',
    removes('zoe'),
    (n) => ({ absentMembers: { zoe: { leftAt: minute(n), role: null, roleAt: null } } }),
  ],
  [
    'the role of somebody',
    makes('zoe', 'admin'),
    (n) => ({ absentMembers: { zoe: { leftAt: null, role: 'admin', roleAt: minute(n) } } }),
  ],
  ['removing an activity', gives('zoology'), (n) => ({ absentActivities: { zoology: { leftAt: minute(n) } } })],
];

for (const [what, event, known] of UNKNOWN) {
  test(`${what} in an unknown group is remembered, and is in no view`, async (t) => {
    const spec = await jobSpec(t, projectGroup);
    await spec.when(event);
    await spec.thenRow(key, { name: '', createdAt: null, ...NOBODY, ...known(0) });
    await spec.thenView('user_groups');
    await spec.thenNothing();
  });

  test(`${what} who or that is not in the group is remembered, and changes nothing else`, async (t) => {
    const spec = await jobSpec(t, projectGroup);
    await spec.given(creates(), adds('ada'), takesUp('algebra'));
    await spec.when(event);
    await spec.thenRow(key, {
      members: joined('ada', 1),
      activities: done('algebra', 2),
      progress: onBoard('ada', 'algebra'),
      ...known(3),
    });
    await spec.thenNothing();
  });
}

test('the progress of somebody in an unknown group leaves nothing', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.when(answers('zoe', 'algebra', { progress: 50, state: 'in_progress' }));
  await spec.thenRow(key, undefined);
  await spec.thenNothing();
});

test('the progress of somebody who is not in the group changes nothing', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(creates(), adds('ada'), takesUp('algebra'));
  await spec.when(answers('zoe', 'algebra', { progress: 50, state: 'in_progress' }));
  await spec.thenRow(key, { progress: onBoard('ada', 'algebra') });
  await spec.thenNothing();
});

test('of a deleted group only the time of deletion is left, and later additions belong to a new group', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(creates(), adds('ada'), takesUp('algebra'));
  await spec.when(deletes);
  const nothing = { name: '', namedAt: null, createdAt: null, ...NOBODY, absentMembers: {}, absentActivities: {} };
  await spec.thenRow(key, { ...nothing, deletedAt: minute(3) });
  await spec.thenView('user_groups');
  await spec.thenView('group_progress');
  await spec.thenEmits(forgets('ada', 'algebra'));
  await spec.when(adds('ben'));
  await spec.thenRow(key, { ...nothing, deletedAt: minute(3), members: joined('ben', 4) });
  await spec.thenNothing();
  await spec.when(creates('Red again'));
  await spec.thenRow(key, { name: 'Red again', createdAt: minute(5), members: joined('ben', 4) });
});

test('a group that is deleted and filled again in one batch shows only the new one', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(creates(), adds('ada'), adds('ben'), takesUp('algebra'));
  await spec.when(deletes, adds('ben', 'admin'), takesUp('botany'));
  await spec.thenView('user_groups', { userId: 'ben', groupId: 'red', name: '', role: 'admin', since: minute(5) });
  await spec.thenRow(key, {
    members: joined('ben', 5, { role: 'admin' }),
    progress: onBoard('ben', 'botany'),
  });
  await spec.thenEmits(forgets('ada', 'algebra'), forgets('ben', 'algebra'), follows('ben', 'botany'));
});

test('the groups of a user can be read by the user, with their names and the role', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(creates(), adds('ada', 'admin'), adds('ben'), [
    memberAdded,
    { groupId: 'blue', userId: 'ada', role: 'member' },
  ]);
  const blue = { userId: 'ada', groupId: 'blue', name: '', role: 'member', since: minute(3) };
  const red = { userId: 'ada', groupId: 'red', name: 'Red', role: 'admin', since: minute(1) };
  await spec.thenView('user_groups', blue, red, { ...red, userId: 'ben', role: 'member', since: minute(2) });
  await spec.given(renames('Crimson'), removes('ben'), makes('ada', 'member'));
  await spec.thenView('user_groups', blue, { ...red, name: 'Crimson', role: 'member' });
  await spec.given([groupDeleted, { groupId: 'blue' }], removes('ada'));
  await spec.thenView('user_groups');
});

const NO_IDS = ['', 'x'.repeat(513), 'a\0b', '\uFFFD'];

for (const id of NO_IDS) {
  test(`${JSON.stringify(id.slice(0, 9))} is neither a member nor an activity: it is not a valid id`, async (t) => {
    const spec = await jobSpec(t, projectGroup);
    await spec.given(creates());
    await spec.when(adds(id), takesUp(id), removes(id), gives(id));
    await spec.thenRow(key, NOBODY);
    await spec.thenNothing();
    await spec.thenDeadLetters('KEY_INVALID', 'KEY_INVALID', 'KEY_INVALID', 'KEY_INVALID');
  });
}

survives(projectGroup, [
  adds('ada'),
  creates(),
  takesUp('algebra'),
  [memberAdded, { groupId: 'blue', userId: 'ada', role: 'admin' }],
  answers('ada', 'algebra', { progress: 40, state: 'in_progress' }),
  adds('ben', 'admin'),
  answers('ada', 'algebra', { progress: 140, state: 'in_progress' }),
  takesUp('botany'),
  removes('ada'),
  [groupDeleted, { groupId: 'blue' }],
  deletes,
  adds('eve'),
  takesUp('algebra'),
  renames('Crimson'),
  makes('eve', 'admin'),
]);
