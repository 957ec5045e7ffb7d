/** How large a group can become. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectGroup } from '../../jobs/project-group/project-group.ts';
import { groupMembership } from '../../schemas/rows/group-membership.ts';
import { type JobSpec, jobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';
import { adds, creates, deletes, follows, forgets, gives, key, makes, removes, takesUp } from './groups.ts';

const many = <T>(n: number, of: (name: string) => T): T[] => Array.from({ length: n }, (_, i) => of(`x${i}`));

async function sizeOf(spec: JobSpec): Promise<number[]> {
  const row = await spec.row(groupMembership, key);
  return [row?.members?.size ?? 0, row?.activities?.size ?? 0, row?.progress?.size ?? 0];
}

const FULL: readonly (readonly [
  what: string,
  given: readonly SpecEvent[],
  tooMuch: SpecEvent,
  size: readonly number[],
  fits: readonly SpecEvent[],
])[] = [
  ['5,000 members', [creates(), ...many(5000, adds)], adds('ada'), [5000, 0, 0], [removes('x7'), adds('ada')]],
  [
    '200 activities',
    [creates(), ...many(200, (id) => takesUp(id, 'other'))],
    takesUp('algebra'),
    [0, 200, 0],
    [gives('x7'), takesUp('algebra')],
  ],
  [
    '10,000 members to follow in its courses, by one more member,',
    [...many(100, takesUp), ...many(100, adds)],
    adds('ada'),
    [100, 100, 10_000],
    [gives('x7'), takesUp('other', 'other'), removes('x7'), adds('ada')],
  ],
  [
    '10,000 members to follow in its courses, by one more course,',
    [...many(100, takesUp), ...many(100, adds)],
    takesUp('algebra'),
    [100, 100, 10_000],
    [removes('x7'), gives('x7'), takesUp('algebra')],
  ],
];

for (const [what, given, tooMuch, size, fits] of FULL) {
  test(`a group has at most ${what} and accepts more when there is space again`, async (t) => {
    const spec = await jobSpec(t, projectGroup);
    await spec.given(...given);
    await spec.when(tooMuch);
    assert.deepEqual(await sizeOf(spec), size);
    await spec.thenNothing();
    await spec.thenDeadLetters('FACT_IMPOSSIBLE');
    await spec.when(...fits);
    await spec.thenDeadLetters('FACT_IMPOSSIBLE');
  });
}

test('in a full group, members change their roles and are added again, and activities that are not courses are added', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(...many(100, takesUp), ...many(100, adds));
  await spec.when(makes('x7', 'admin'), adds('x8'), takesUp('x9'), takesUp('outing', 'other'));
  await spec.thenNothing();
  assert.deepEqual(await sizeOf(spec), [100, 101, 10_000]);
});

test('a full group that is deleted ends the following of every pair, once', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(...many(100, takesUp), ...many(100, adds));
  await spec.when(deletes);
  assert.deepEqual(await sizeOf(spec), [0, 0, 0]);
  await spec.thenEmits(...many(100, (member) => many(100, (course) => forgets(member, course))).flat());
  await spec.when(adds('ada'), takesUp('algebra'));
  await spec.thenEmits(follows('ada', 'algebra'));
});

const ABSENT: readonly (readonly [
  what: string,
  most: number,
  goes: (id: string) => SpecEvent,
  absent: 'absentMembers' | 'absentActivities',
])[] = [
  ['5,000 members', 5000, removes, 'absentMembers'],
  ['200 activities', 200, gives, 'absentActivities'],
];

for (const [what, most, goes, absent] of ABSENT) {
  test(`of those that are gone a group remembers the newest ${what}`, async (t) => {
    const spec = await jobSpec(t, projectGroup);
    const [def, data] = goes('first of all');
    await spec.given(goes('x-old'), ...many(most, goes), [def, data, { time: minute(-1) }]);
    const gone = (await spec.row(groupMembership, key))?.[absent];
    assert.deepEqual(
      [gone?.size, gone?.has('x-old'), gone?.has('first of all'), gone?.has('x0')],
      [most, false, false, true],
    );
  });
}

test('ids of the longest length make pairs, and are followed', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  const [member, course] = ['😀'.repeat(256), '"'.repeat(512)];
  await spec.when(adds(member), takesUp(course));
  await spec.thenEmits(follows(member, course));
  assert.equal((await spec.view('group_progress')).length, 1);
});
