/** Who is in a group, and what it does together. */
import { test } from 'node:test';
import { projectGroup } from '../../jobs/project-group.ts';
import { groupDeleted, memberAdded } from '../../schemas/group.ts';
import { jobSpec, minute, type SpecEvent } from '../harness/job-spec.ts';
import { survives } from '../harness/survival.ts';
import {
  adds,
  creates,
  deletes,
  follows,
  forgets,
  gives,
  hears,
  key,
  makes,
  onBoard,
  removes,
  renames,
  takesUp,
} from './groups.ts';

const NOBODY = { members: {}, activities: {}, progress: {} };

test('a group that is set up has a name and nobody in it', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.when(creates());
  await spec.thenRow(key, { groupId: 'red', name: 'Red', createdAt: minute(0), ...NOBODY });
  await spec.thenNothing();
});

test('a group that is set up again stays as it was', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(creates(), adds('ada'));
  await spec.when(creates('Crimson'));
  await spec.thenRow(key, {
    name: 'Red',
    createdAt: minute(0),
    members: { ada: { role: 'member', since: minute(1) } },
  });
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
    'a group that was renamed before it was set up keeps its new name',
    [renames('Crimson'), creates()],
    'Crimson',
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

test('a member is in the group with a role, since joining', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.when(creates(), adds('ada'), adds('ben', 'admin'));
  await spec.thenRow(key, {
    members: { ada: { role: 'member', since: minute(1) }, ben: { role: 'admin', since: minute(2) } },
  });
  await spec.thenNothing();
});

test('adding a member again changes neither the role nor the time of joining', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(adds('ada', 'admin'), takesUp('algebra'));
  await spec.when(adds('ada', 'member'));
  await spec.thenRow(key, { members: { ada: { role: 'admin', since: minute(0) } } });
  await spec.thenNothing();
});

test('a role is changed by a change of role, and the time of joining stays', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(adds('ada'));
  await spec.when(makes('ada', 'admin'), makes('ada', 'admin'));
  await spec.thenRow(key, { members: { ada: { role: 'admin', since: minute(0) } } });
  await spec.thenNothing();
});

test('a member who leaves and comes back is a member since then', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(creates(), adds('ada', 'admin'), removes('ada'));
  await spec.thenRow(key, { members: {} });
  await spec.given(adds('ada'));
  await spec.thenRow(key, { members: { ada: { role: 'member', since: minute(3) } } });
});

test('an activity is changed by removing and adding it, not by adding it again', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(takesUp('algebra'));
  await spec.when(takesUp('algebra', 'other'));
  await spec.thenRow(key, { activities: { algebra: { kind: 'course', since: minute(0) } } });
  await spec.when(gives('algebra'), takesUp('algebra', 'other'));
  await spec.thenRow(key, { activities: { algebra: { kind: 'other', since: minute(3) } } });
});

const UNKNOWN: readonly (readonly [what: string, event: SpecEvent])[] = [
  ['removing somebody', removes('zoe')],
  ['the role of somebody', makes('zoe', 'admin')],
  ['removing an activity', gives('zoology')],
  ['the progress of somebody', hears('zoe', 'algebra', { progress: 50, state: 'in_progress' })],
  ['deleting it', deletes],
];

for (const [what, event] of UNKNOWN) {
  test(`${what} in a group that nobody knows changes nothing`, async (t) => {
    const spec = await jobSpec(t, projectGroup);
    await spec.when(event);
    await spec.thenRow(key, undefined);
    await spec.thenNothing();
  });
}

for (const [what, event] of UNKNOWN.slice(0, -1)) {
  test(`${what} who or that is not in the group changes nothing`, async (t) => {
    const spec = await jobSpec(t, projectGroup);
    await spec.given(creates(), adds('ada'), takesUp('algebra'));
    await spec.when(event);
    await spec.thenRow(key, {
      members: { ada: { role: 'member', since: minute(1) } },
      activities: { algebra: { kind: 'course', since: minute(2) } },
      progress: onBoard('ada', 'algebra'),
    });
    await spec.thenNothing();
  });
}

test('a deleted group leaves nothing, and what is added later is of a new group', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(creates(), adds('ada'), takesUp('algebra'));
  await spec.when(deletes);
  await spec.thenRow(key, undefined);
  await spec.thenView('user_groups');
  await spec.thenView('group_progress');
  await spec.thenEmits(forgets('ada', 'algebra'));
  await spec.when(adds('ben'));
  await spec.thenRow(key, {
    name: '',
    createdAt: null,
    members: { ben: { role: 'member', since: minute(4) } },
    activities: {},
    progress: {},
  });
  await spec.thenNothing();
});

const NOTHING_KNOWN: readonly (readonly [what: string, events: readonly SpecEvent[]])[] = [
  ['a member who is gone', [adds('ada'), removes('ada')]],
  ['an activity that is gone', [takesUp('algebra'), gives('algebra')]],
  ['a name that is none', [renames('')]],
  ['members and activities that are gone', [takesUp('algebra'), adds('ada'), gives('algebra'), removes('ada')]],
  ['what was told after it was deleted, and is gone', [creates(), deletes, adds('ada'), removes('ada')]],
];

for (const [what, events] of NOTHING_KNOWN) {
  test(`a group of which nothing is known but ${what} leaves nothing`, async (t) => {
    const spec = await jobSpec(t, projectGroup);
    await spec.given(...events);
    await spec.thenRow(key, undefined);
  });
}

const SOMETHING_KNOWN: readonly (readonly [what: string, events: readonly SpecEvent[], row: object])[] = [
  ['was set up', [creates(''), adds('ada'), removes('ada')], { createdAt: minute(0), ...NOBODY }],
  ['has a name', [renames('Red'), adds('ada'), removes('ada')], { name: 'Red', ...NOBODY }],
  ['has an activity', [takesUp('algebra', 'other'), adds('ada'), removes('ada')], { members: {} }],
];

for (const [what, events, row] of SOMETHING_KNOWN) {
  test(`a group that ${what} stays when its last member is gone`, async (t) => {
    const spec = await jobSpec(t, projectGroup);
    await spec.given(...events);
    await spec.thenRow(key, { ...row });
  });
}

test('a group that is deleted and filled again in one go shows the new one only', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(creates(), adds('ada'), adds('ben'), takesUp('algebra'));
  await spec.when(deletes, adds('ben', 'admin'), takesUp('botany'));
  await spec.thenView('user_groups', { userId: 'ben', groupId: 'red', name: '', role: 'admin', since: minute(5) });
  await spec.thenRow(key, {
    members: { ben: { role: 'admin', since: minute(5) } },
    progress: onBoard('ben', 'botany'),
  });
  await spec.thenEmits(forgets('ada', 'algebra'), forgets('ben', 'algebra'), follows('ben', 'botany'));
});

test('the groups of a user are found by the user, with their names and the role', async (t) => {
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
  test(`${JSON.stringify(id.slice(0, 9))} is neither a member nor an activity: no id can be so`, async (t) => {
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
  hears('ada', 'algebra', { progress: 40, state: 'in_progress' }),
  adds('ben', 'admin'),
  hears('ada', 'algebra', { progress: 140, state: 'in_progress' }),
  takesUp('botany'),
  removes('ada'),
  [groupDeleted, { groupId: 'blue' }],
  deletes,
  adds('eve'),
  takesUp('algebra'),
  renames('Crimson'),
  makes('eve', 'admin'),
]);
