import { test } from 'node:test';
import { projectCourse } from '../../jobs/project-course/project-course.ts';
import { coursePublished, courseRetired } from '../../schemas/content.ts';
import { courseStructureChanged } from '../../schemas/enrollment.ts';
import { jobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';
import { survives } from '../../testing/survival.ts';
import { publishes } from './courses.ts';

const key = ['algebra'];
const changed = [courseStructureChanged, { courseId: 'algebra' }] as const;
const retires = (courseId: string): SpecEvent => [courseRetired, { courseId }];

test('a published course is kept with its units and contents, and has progress concluded', async (t) => {
  const spec = await jobSpec(t, projectCourse);
  await spec.when(publishes('one=One', 'a<one=A b'));
  await spec.thenRow(key, {
    courseId: 'algebra',
    name: 'Algebra',
    retired: false,
    publishedAt: minute(0),
    required: 2,
    units: { one: { name: 'One', parentId: null, otherParentIds: [], optional: false, required: 1 } },
    contents: {
      a: { name: 'A', required: true, units: ['one'], type: '' },
      b: { name: '', required: true, units: [], type: '' },
    },
  });
  await spec.thenEmits(changed);
});

test('publishing replaces the whole structure: what is no longer in it is gone', async (t) => {
  const spec = await jobSpec(t, projectCourse);
  await spec.given(publishes('one two', 'a<one b<two'));
  await spec.when(publishes('two three', 'b<three c?'));
  await spec.thenRow(key, {
    publishedAt: minute(1),
    required: 1,
    units: {
      two: { name: '', parentId: null, otherParentIds: [], optional: false, required: 0 },
      three: { name: '', parentId: null, otherParentIds: [], optional: false, required: 1 },
    },
    contents: {
      b: { name: '', required: true, units: ['three'], type: '' },
      c: { name: '', required: false, units: [], type: '' },
    },
  });
  await spec.thenEmits(changed);
});

test('the kind of a content is that of its first occurrence', async (t) => {
  const spec = await jobSpec(t, projectCourse);
  const occurrences = ['', 'video', 'quiz'].map((type, i) => ({ contentId: 'a', unitId: `unit-${i}`, type }));
  await spec.when([coursePublished, { courseId: 'algebra', name: 'Algebra', contents: occurrences }]);
  await spec.thenPartOfRow(key, { contents: { a: { type: 'video' } } });
});

test('the order of its contents is that in which it was last published, and nobody is concluded again because of it', async (t) => {
  const spec = await jobSpec(t, projectCourse);
  await spec.given(publishes('one', 'c<one a b<one a<one'));
  await spec.thenPartOfRow(key, { contentOrder: ['c', 'a', 'b'] });
  await spec.when(publishes('one', 'b<one c<one a<one a'));
  await spec.thenPartOfRow(key, { contentOrder: ['b', 'c', 'a'] });
  await spec.thenNothing();
});

const before = publishes('one two', 'a<one b<two extra<one?');

const NO_OTHER_STANDING = [
  ['the same course again', before],
  ['the same in another order', publishes('two one', 'extra<one? b<two a<one')],
  ['other names of units and contents', publishes('one=One two', 'a<one=A b<two extra<one=E?')],
  ['another place of an optional content', publishes('one two', 'a<one b<two extra<two?')],
  ['an optional content that is gone', publishes('one two', 'a<one b<two')],
  ['one more optional content', publishes('one two', 'a<one b<two extra<one? more?')],
] as const;

for (const [what, after] of NO_OTHER_STANDING) {
  test(`no learner is concluded again after ${what}`, async (t) => {
    const spec = await jobSpec(t, projectCourse);
    await spec.given(before);
    await spec.when(after);
    await spec.thenRow(key, { publishedAt: minute(1) });
    await spec.thenNothing();
  });
}

const ANOTHER_STANDING = [
  ['another name of the course', publishes('one two', 'a<one b<two extra<one?', { name: 'Algebra I' })],
  ['one more required content', publishes('one two', 'a<one b<two c extra<one?')],
  ['a required content that is gone', publishes('one two', 'a<one extra<one?')],
  ['a required content in another unit', publishes('one two', 'a<two b<two extra<one?')],
  ['a content that became optional', publishes('one two', 'a<one? b<two extra<one?')],
  ['a content that became required', publishes('one two', 'a<one b<two extra<one')],
  ['a unit that became optional', publishes('one? two', 'a<one b<two extra<one?')],
  ['a unit that moved into another', publishes('one two<one', 'a<one b<two extra<one?')],
  ['one more unit, though it is empty', publishes('one two three', 'a<one b<two extra<one?')],
] as const;

for (const [what, after] of ANOTHER_STANDING) {
  test(`all learners are concluded again after ${what}`, async (t) => {
    const spec = await jobSpec(t, projectCourse);
    await spec.given(before);
    await spec.when(after);
    await spec.thenEmits(changed);
  });
}

test('a publication that is repeated with the same time counts once', async (t) => {
  const spec = await jobSpec(t, projectCourse);
  const [def, data] = before;
  await spec.given([def, data, { time: minute(7) }]);
  await spec.when([def, data, { time: minute(7) }]);
  await spec.thenRow(key, { publishedAt: minute(7) });
  await spec.thenNothing();
});

test('a retired course keeps its structure, and no learner is concluded again', async (t) => {
  const spec = await jobSpec(t, projectCourse);
  await spec.given(publishes('', 'a'));
  await spec.when(retires('algebra'));
  const contents = { a: { name: '', required: true, units: [], type: '' } };
  await spec.thenRow(key, { retired: true, publishedAt: minute(0), required: 1, contents });
  await spec.thenNothing();
  await spec.when(retires('algebra'));
  await spec.thenRow(key, { retired: true, publishedAt: minute(0), required: 1, contents });
  await spec.thenNothing();
});

test('publishing a retired course makes it available again', async (t) => {
  const spec = await jobSpec(t, projectCourse);
  await spec.given(publishes('', 'a'), retires('algebra'));
  await spec.when(publishes('', 'a'));
  await spec.thenRow(key, { retired: false, publishedAt: minute(2) });
  await spec.thenNothing();
});

test('the retirement of an unpublished course is kept for its publication, and is in no view', async (t) => {
  const spec = await jobSpec(t, projectCourse);
  await spec.when(retires('algebra'));
  await spec.thenRow(key, { retired: true, publishedAt: null, retiredAt: minute(0) });
  await spec.thenNothing();
  await spec.thenView('courses');
  const [def, data] = publishes('', 'a');
  await spec.when([def, data, { time: minute(-1) }]);
  await spec.thenRow(key, { retired: true, publishedAt: minute(-1), required: 1 });
  await spec.thenEmits(changed);
});

test('courses can be searched, with the size of each', async (t) => {
  const spec = await jobSpec(t, projectCourse);
  const shown = { courseId: 'algebra', name: 'Algebra', publishedAt: minute(0), units: 2, contents: 3, required: 2 };
  await spec.given(before);
  await spec.thenView('courses', { ...shown, retired: false });
  await spec.given(retires('algebra'));
  await spec.thenView('courses', { ...shown, retired: true });
});

survives(projectCourse, [
  publishes('one two', 'a<one b<two'),
  publishes('', 'x', { courseId: 'botany', name: 'Botany' }),
  publishes('one two', 'a<one b<two c<two'),
  publishes('one<two two<one', ''),
  retires('algebra'),
  retires('chemistry'),
  publishes('three', 'c<three', { name: 'Algebra I' }),
  publishes('three', 'c<three=See', { name: 'Algebra I' }),
  retires('botany'),
  publishes('three', 'c<three=See d?', { name: 'Algebra I' }),
]);
