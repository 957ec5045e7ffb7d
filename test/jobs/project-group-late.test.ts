/** Facts about a group that arrive late, out of order, or with a wrong time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Entries } from '../../core/entries.ts';
import { newGroup } from '../../jobs/project-group/pairs.ts';
import { projectGroup } from '../../jobs/project-group/project-group.ts';
import { memberProgressed } from '../../schemas/group.ts';
import { groupMembership } from '../../schemas/rows/group-membership.ts';
import { plain } from '../../testing/dump.ts';
import { jobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';
import { groupEvents } from '../../topics/index.ts';
import { arrivesLate, assertAllArriveLate, type LateLine } from '../harness/late.ts';
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

const at = (time: number, [def, data]: SpecEvent): SpecEvent => [def, data, { time }];

const LINES: readonly LateLine[] = [
  {
    event: creates('Red'),
    others: [renames('Crimson'), renames('Scarlet')],
    holds: { name: 'Scarlet', createdAt: minute(20) },
    oldest: { name: 'Scarlet' },
    newest: { name: 'Red' },
  },
  {
    about: 'of a group that was deleted',
    event: creates('Red'),
    others: [renames('Crimson'), deletes],
    holds: { name: '', createdAt: null, deletedAt: minute(30) },
    oldest: { name: '', createdAt: null },
    newest: { name: 'Red' },
  },
  {
    event: renames('Crimson'),
    others: [creates('Red'), renames('Scarlet')],
    holds: { name: 'Scarlet' },
    oldest: { name: 'Scarlet' },
    newest: { name: 'Crimson' },
  },
  {
    event: deletes,
    others: [adds('ada'), adds('ben'), takesUp('algebra')],
    holds: { members: joined('ben', 30), progress: onBoard('ben', 'algebra'), deletedAt: minute(20) },
    oldest: { members: { ...joined('ada', 10), ...joined('ben', 30) } },
    newest: { members: {}, activities: {}, progress: {} },
  },
  {
    event: adds('ada', 'admin'),
    others: [takesUp('algebra'), removes('ada')],
    holds: { members: {}, progress: {} },
    oldest: { members: {}, progress: {} },
    newest: { progress: onBoard('ada', 'algebra') },
  },
  {
    about: 'with a role that was changed',
    event: adds('ada', 'admin'),
    others: [takesUp('algebra'), makes('ada', 'member')],
    holds: { members: joined('ada', 20, { roleAt: minute(30) }), progress: onBoard('ada', 'algebra') },
    oldest: { progress: onBoard('ada', 'algebra') },
    newest: { progress: onBoard('ada', 'algebra') },
  },
  {
    event: removes('ada'),
    others: [adds('ada'), adds('ada'), takesUp('algebra')],
    holds: { members: joined('ada', 30), progress: onBoard('ada', 'algebra') },
    oldest: { members: joined('ada', 10, { saidAt: minute(30), roleAt: minute(30) }) },
    newest: { members: {}, progress: {} },
  },
  {
    event: makes('ada', 'admin'),
    others: [adds('ada'), makes('ada', 'member')],
    holds: { members: joined('ada', 10, { roleAt: minute(30) }) },
    oldest: { members: joined('ada', 10, { roleAt: minute(30) }) },
    newest: { members: joined('ada', 10, { role: 'admin', roleAt: minute(1000) }) },
  },
  {
    about: 'of a membership that ended',
    event: makes('ada', 'admin'),
    others: [adds('ada'), removes('ada'), adds('ada')],
    holds: { members: joined('ada', 50) },
    oldest: { members: joined('ada', 50) },
    newest: { members: joined('ada', 50, { role: 'admin', roleAt: minute(1000) }) },
  },
  {
    event: takesUp('algebra'),
    others: [adds('ada'), gives('algebra')],
    holds: { activities: {}, progress: {} },
    oldest: { activities: {}, progress: {} },
    newest: { progress: onBoard('ada', 'algebra') },
  },
  {
    about: 'of another kind',
    event: takesUp('algebra', 'other'),
    others: [adds('ada'), takesUp('algebra')],
    holds: { progress: onBoard('ada', 'algebra') },
    oldest: { progress: onBoard('ada', 'algebra') },
    newest: { progress: {} },
  },
  {
    event: gives('algebra'),
    others: [takesUp('algebra'), takesUp('algebra'), adds('ada')],
    holds: { activities: done('algebra', 30), progress: onBoard('ada', 'algebra') },
    oldest: { activities: done('algebra', 10, { saidAt: minute(30) }) },
    newest: { activities: {}, progress: {} },
  },
];

arrivesLate(projectGroup, key, LINES);

test('every event of a group has its line, except the answers of a job', () => {
  assertAllArriveLate(groupEvents, LINES, [memberProgressed]);
});

test('an answer about a member counts in the order of the log, since a current conclusion may follow from an old fact', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(adds('ada'), takesUp('algebra'));
  const [more, less] = [60, 40].map((progress) => answers('ada', 'algebra', { progress, state: 'in_progress' }));
  await spec.given(at(minute(9), less as SpecEvent), at(minute(5), more as SpecEvent));
  await spec.thenRow(key, {
    progress: onBoard('ada', 'algebra', { enrolled: true, progress: 60, state: 'in_progress' }),
  });
});

const UNCHANGED: readonly (readonly [what: string, event: SpecEvent])[] = [
  ['a name', renames('Red')],
  ['a set-up', creates('Red')],
  ['a membership that ended', adds('ada')],
  ['a role in a membership that ended', makes('ada', 'admin')],
  ['the end of a membership', removes('ada')],
  ['an activity that is done no more', takesUp('algebra')],
  ['the end of an activity', gives('algebra')],
  ['a deletion', deletes],
];

for (const [what, event] of UNCHANGED) {
  test(`an older fact about ${what} writes nothing`, async (t) => {
    const spec = await jobSpec(t, projectGroup);
    const known = [...(event === deletes ? [deletes] : []), creates('Crimson'), removes('ada'), gives('algebra')];
    await spec.given(...known.map((each) => at(minute(9), each)));
    const before = await spec.revision(key);
    await spec.when(at(minute(8), event));
    assert.equal(await spec.revision(key), before);
    await spec.thenNothing();
  });
}

test('of two facts of the same time the later in the log counts', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  const now = (event: SpecEvent) => at(minute(1), event);
  await spec.given(now(adds('ada')), now(removes('ada')), now(makes('ben', 'admin')), now(adds('ben')));
  await spec.thenRow(key, { members: joined('ben', 1) });
  await spec.given(now(renames('Red')), now(renames('Crimson')));
  await spec.thenRow(key, { name: 'Crimson' });
  await spec.given(now(deletes), now(adds('eve')));
  await spec.thenRow(key, { name: '', members: joined('eve', 1) });
});

test('a late deletion of a group leaves the facts of the new one, and reports nothing else', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(adds('ada'), takesUp('algebra'), ...[adds('ben'), takesUp('algebra')].map((e) => at(minute(9), e)));
  await spec.when(at(minute(5), deletes));
  await spec.thenRow(key, { members: joined('ben', 9), activities: done('algebra', 9) });
  await spec.thenEmits(forgets('ada', 'algebra'));
  await spec.when(at(minute(4), adds('eve')));
  await spec.thenNothing();
  await spec.when(at(minute(6), adds('eve')));
  await spec.thenEmits(follows('eve', 'algebra'));
});

/** Every member is added and removed in turn, so that the meaning of a time is the same in every order. */
const HISTORY: readonly SpecEvent[] = [
  creates('Red'),
  adds('ada'),
  makes('ada', 'admin'),
  takesUp('algebra'),
  adds('ben', 'admin'),
  removes('ada'),
  renames('Crimson'),
  deletes,
  adds('ada'),
  gives('algebra'),
  takesUp('algebra', 'other'),
  creates('Scarlet'),
  makes('ben', 'member'),
  adds('ben', 'admin'),
  gives('algebra'),
  takesUp('algebra'),
  removes('ben'),
  adds('eve'),
].map((event, n) => at(minute(n), event));

test('the same facts lead to the same group, in any order and with any repeats', async (t) => {
  const endOf = async (events: readonly SpecEvent[]) => {
    const spec = await jobSpec(t, projectGroup);
    await spec.given(...events);
    const { absentMembers: _, absentActivities: __, ...row } = (await spec.row(groupMembership, key)) ?? {};
    return JSON.stringify(sorted(plain(row)));
  };
  const inTurn = await endOf(HISTORY);
  const anyOrder = fc.shuffledSubarray([...HISTORY, ...HISTORY], { minLength: 2 * HISTORY.length });
  await fc.assert(
    fc.asyncProperty(anyOrder, async (events) => (await endOf(events)) === inTurn),
    { numRuns: 40 },
  );
});

const sorted = (value: unknown): unknown =>
  typeof value !== 'object' || value === null || Array.isArray(value)
    ? value
    : Object.fromEntries(
        Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, of]) => [name, sorted(of)]),
      );

test('for a row of an earlier release, what began is known since then, and what has no time is older than everything', () => {
  const unknown = { saidAt: null, roleAt: null };
  const row = {
    ...newGroup({ groupId: 'red' }),
    name: 'Red',
    createdAt: minute(5),
    members: Entries.stored([['ada', { role: 'member', since: minute(5), ...unknown }]]),
    activities: Entries.stored([['algebra', { kind: 'course', since: minute(5), saidAt: null }]]),
    progress: Entries.stored(Object.entries(onBoard('ada', 'algebra'))),
  };
  const after = (n: number, [{ type }, data]: SpecEvent) =>
    projectGroup.fold[type]?.(
      row,
      { type, data, id: '', source: '', tenant: '', time: minute(n), loggedAt: minute(n) },
      {},
    );
  for (const event of [
    adds('ada', 'admin'),
    removes('ada'),
    makes('ada', 'admin'),
    takesUp('algebra', 'other'),
    gives('algebra'),
  ]) {
    assert.equal(after(4, event), row, event[0].type);
    assert.notEqual(after(5, event), row, event[0].type);
  }
  assert.partialDeepStrictEqual(after(-9, renames('Crimson')), { name: 'Crimson', namedAt: minute(-9) });
  assert.partialDeepStrictEqual(after(5, deletes), { createdAt: null, name: '' });
  assert.partialDeepStrictEqual(plain(after(4, deletes)), {
    createdAt: minute(5),
    members: { ada: { since: minute(5) } },
  });
});
