/** Which learners a group follows, and the board with the progress of its members. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectGroup } from '../../jobs/project-group/project-group.ts';
import { jobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';
import { adds, answers, creates, deletes, follows, forgets, gives, key, onBoard, removes, takesUp } from './groups.ts';

type Answer = ReturnType<typeof follows>;

/** What the group begins or ceases to follow because of the last event, and the board after it. */
const FOLLOWED: readonly (readonly [
  rule: string,
  events: readonly SpecEvent[],
  answers: readonly Answer[],
  board: object,
])[] = [
  ['a member is followed in no course while there is none', [adds('ada')], [], {}],
  ['a course is followed for nobody while there is nobody', [takesUp('algebra')], [], {}],
  [
    'a course is followed for every member there is',
    [adds('ada'), adds('ben'), takesUp('algebra')],
    [follows('ada', 'algebra'), follows('ben', 'algebra')],
    { ...onBoard('ada', 'algebra'), ...onBoard('ben', 'algebra') },
  ],
  [
    'a member is followed in every course there is',
    [takesUp('algebra'), takesUp('botany'), adds('ada')],
    [follows('ada', 'algebra'), follows('ada', 'botany')],
    { ...onBoard('ada', 'algebra'), ...onBoard('ada', 'botany') },
  ],
  ['nobody is followed in an activity that is no course', [adds('ada'), takesUp('chess', 'other')], [], {}],
  ['a member is not followed in an activity that is no course', [takesUp('chess', 'other'), adds('ada')], [], {}],
  [
    'adding a course again follows nobody again',
    [adds('ada'), takesUp('algebra'), takesUp('algebra')],
    [],
    onBoard('ada', 'algebra'),
  ],
  [
    'adding a member again follows nobody again',
    [adds('ada'), takesUp('algebra'), adds('ada')],
    [],
    onBoard('ada', 'algebra'),
  ],
  [
    'a member who left is not followed any more',
    [adds('ada'), adds('ben'), takesUp('algebra'), takesUp('chess', 'other'), takesUp('botany'), removes('ada')],
    [forgets('ada', 'algebra'), forgets('ada', 'botany')],
    { ...onBoard('ben', 'algebra'), ...onBoard('ben', 'botany') },
  ],
  [
    'a course that is done no more is not followed any more',
    [adds('ada'), adds('ben'), takesUp('algebra'), takesUp('botany'), gives('algebra')],
    [forgets('ada', 'algebra'), forgets('ben', 'algebra')],
    { ...onBoard('ada', 'botany'), ...onBoard('ben', 'botany') },
  ],
  [
    'giving up an activity that is no course says nothing',
    [adds('ada'), takesUp('chess', 'other'), gives('chess')],
    [],
    {},
  ],
  [
    'a member who comes back is followed again',
    [adds('ada'), takesUp('algebra'), removes('ada'), adds('ada')],
    [follows('ada', 'algebra')],
    onBoard('ada', 'algebra'),
  ],
];

for (const [rule, events, answers, board] of FOLLOWED) {
  test(rule, async (t) => {
    const spec = await jobSpec(t, projectGroup);
    await spec.given(...events.slice(0, -1));
    await spec.when(events.at(-1) as SpecEvent);
    await spec.thenRow(key, { progress: board });
    await spec.thenEmits(...answers);
  });
}

test('a deleted group no longer follows anybody', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(adds('ada'), adds('ben'), takesUp('algebra'), takesUp('botany'), takesUp('chess', 'other'));
  await spec.when(deletes);
  await spec.thenEmits(
    forgets('ada', 'algebra'),
    forgets('ben', 'algebra'),
    forgets('ada', 'botany'),
    forgets('ben', 'botany'),
  );
});

const group: readonly SpecEvent[] = [creates(), adds('ada'), takesUp('algebra')];
const completed = { progress: 100, state: 'completed', completedAt: minute(9) };

/** Successive progress of ada in algebra, and what the board shows after it. */
const BOARDS: readonly (readonly [rule: string, answers: readonly SpecEvent[], shown: object])[] = [
  ['a member without progress is not enrolled, as far as is known', [], {}],
  [
    'the board shows the progress of a member',
    [answers('ada', 'algebra', { progress: 40, state: 'in_progress' })],
    { enrolled: true, progress: 40, state: 'in_progress' },
  ],
  ['a completion keeps its time', [answers('ada', 'algebra', completed)], { enrolled: true, ...completed }],
  [
    'the latest progress counts',
    [
      answers('ada', 'algebra', { progress: 40, state: 'in_progress' }),
      answers('ada', 'algebra', { progress: 30, state: 'in_progress' }),
    ],
    { enrolled: true, progress: 30, state: 'in_progress' },
  ],
  [
    'of a member who is not enrolled any more nothing stays on the board',
    [answers('ada', 'algebra', completed), answers('ada', 'algebra', { ...completed, enrolled: false })],
    {},
  ],
  [
    'the progress of others is not that of the member',
    [answers('ben', 'algebra', completed), answers('ada', 'botany', completed)],
    {},
  ],
];

for (const [rule, answers, shown] of BOARDS) {
  test(rule, async (t) => {
    const spec = await jobSpec(t, projectGroup);
    await spec.given(...group);
    await spec.when(...answers);
    await spec.thenRow(key, { progress: onBoard('ada', 'algebra', shown) });
    await spec.thenView('group_progress', { groupId: 'red', ...Object.values(onBoard('ada', 'algebra', shown))[0] });
    await spec.thenNothing();
  });
}

const IMPOSSIBLE = [-1, 101, 2_000_000];

for (const progress of IMPOSSIBLE) {
  test(`a progress of ${progress} percent is refused, and the board stays as it was`, async (t) => {
    const spec = await jobSpec(t, projectGroup);
    await spec.given(...group, answers('ada', 'algebra', { progress: 40, state: 'in_progress' }));
    await spec.when(answers('ada', 'algebra', { progress, state: 'in_progress' }));
    await spec.thenRow(key, {
      progress: onBoard('ada', 'algebra', { enrolled: true, progress: 40, state: 'in_progress' }),
    });
    await spec.thenDeadLetters('FACT_IMPOSSIBLE');
  });
}

const TOO_LATE: readonly (readonly [who: string, event: SpecEvent])[] = [
  ['a member who left', removes('ada')],
  ['a course that is done no more', gives('algebra')],
];

for (const [who, event] of TOO_LATE) {
  test(`an answer about ${who} comes too late, and is ignored`, async (t) => {
    const spec = await jobSpec(t, projectGroup);
    await spec.given(...group, event);
    await spec.when(answers('ada', 'algebra', { progress: 40, state: 'in_progress' }));
    await spec.thenRow(key, { progress: {} });
    await spec.thenView('group_progress');
    await spec.thenNothing();
  });
}

test('a member who returns begins on the board without the earlier progress', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(...group, answers('ada', 'algebra', completed), removes('ada'));
  await spec.when(adds('ada'));
  await spec.thenRow(key, { progress: onBoard('ada', 'algebra') });
});

test('a repeat changes nothing', async (t) => {
  const spec = await jobSpec(t, projectGroup);
  await spec.given(...group, answers('ada', 'algebra', completed));
  const before = await spec.revision(key);
  await spec.when(answers('ada', 'algebra', completed));
  assert.equal(await spec.revision(key), before);
});
