/** Which contents of a course are required, and in which units they count. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { projectCourse } from '../../jobs/project-course/project-course.ts';
import { DEAD_LETTER } from '../../jobs/runtime/dead-letter.ts';
import { courseStructure } from '../../schemas/rows/course-structure.ts';
import { jobSpec } from '../../testing/job-spec.ts';
import { publishes, structureOf } from './courses.ts';

async function structure(t: TestContext, units: string, contents: string) {
  const spec = await jobSpec(t, projectCourse);
  await spec.given(publishes(units, contents));
  return structureOf(await spec.row(courseStructure, ['algebra']));
}

const STRUCTURES: readonly {
  rule: string;
  units: string;
  contents: string;
  kept: { required: number; units: string; contents: string };
}[] = [
  {
    rule: 'a course without anything requires nothing',
    units: '',
    contents: '',
    kept: { required: 0, units: '', contents: '' },
  },
  {
    rule: 'a content outside of all units is required like any other',
    units: '',
    contents: 'a',
    kept: { required: 1, units: '', contents: 'a' },
  },
  {
    rule: 'an optional content is not required, and counts in no unit',
    units: 'one',
    contents: 'a<one? b<one',
    kept: { required: 1, units: 'one:1', contents: 'a? b<one' },
  },
  {
    rule: 'an optional unit makes its contents optional',
    units: 'one? two',
    contents: 'a<one b<two',
    kept: { required: 1, units: 'one?:0 two:1', contents: 'a? b<two' },
  },
  {
    rule: 'a unit within an optional unit is optional, and so is what lies in it, however deep',
    units: 'one? two<one three<two',
    contents: 'a<three',
    kept: { required: 0, units: 'one?:0 three<two?:0 two<one?:0', contents: 'a?' },
  },
  {
    rule: 'a unit that contains an optional unit is not optional itself',
    units: 'one two<one?',
    contents: 'a<one b<two',
    kept: { required: 1, units: 'one:1 two<one?:0', contents: 'a<one b?' },
  },
  {
    rule: 'a content counts in the unit it lies in and in all that hold that unit, which may come in any order',
    units: 'deep<middle middle<top top',
    contents: 'a<deep b<middle',
    kept: { required: 2, units: 'deep<middle:1 middle<top:2 top:2', contents: 'a<deep+middle+top b<middle+top' },
  },
  {
    rule: 'a content in several places is one content, which counts in the units of all of them',
    units: 'one two within<two',
    contents: 'a<one a<within',
    kept: { required: 1, units: 'one:1 two:1 within<two:1', contents: 'a<one+two+within' },
  },
  {
    rule: 'a content in two units of one unit counts once in that',
    units: 'all one<all two<all',
    contents: 'a<one a<two',
    kept: { required: 1, units: 'all:1 one<all:1 two<all:1', contents: 'a<all+one+two' },
  },
  {
    rule: 'a content that is optional in one unit is required by the other, and counts only there',
    units: 'one two',
    contents: 'a<one? a<two',
    kept: { required: 1, units: 'one:0 two:1', contents: 'a<two' },
  },
  {
    rule: 'a content that lies in an optional unit and in the course itself is required',
    units: 'one?',
    contents: 'a<one a',
    kept: { required: 1, units: 'one?:0', contents: 'a' },
  },
  {
    rule: 'a content that is optional in every unit is optional',
    units: 'one two?',
    contents: 'a<one? a<two',
    kept: { required: 0, units: 'one:0 two?:0', contents: 'a?' },
  },
  {
    rule: 'a content in several units has the first name that is given, even where it is optional',
    units: '',
    contents: 'a a=Apples? a=Pears',
    kept: { required: 1, units: '', contents: 'a=Apples' },
  },
  {
    rule: 'a unit or content whose unit is not in the course lies in the course itself',
    units: 'one<nowhere',
    contents: 'a<nowhere b<one',
    kept: { required: 2, units: 'one:1', contents: 'a b<one' },
  },
  {
    rule: 'names that mean something to the language are names',
    units: '__proto__ constructor<__proto__',
    contents: 'toString<constructor __proto__?',
    kept: {
      required: 1,
      units: '__proto__:1 constructor<__proto__:1',
      contents: '__proto__? toString<__proto__+constructor',
    },
  },
];

for (const { rule, units, contents, kept } of STRUCTURES) {
  test(rule, async (t) => assert.deepEqual(await structure(t, units, contents), kept));
}

const PLACES: typeof STRUCTURES = [
  {
    rule: 'a unit in two places is one unit, whose contents count in both',
    units: 'one two shared<one shared<two',
    contents: 'a<shared',
    kept: { required: 1, units: 'one:1 shared<one:1 two:1', contents: 'a<one+shared+two' },
  },
  {
    rule: 'a unit that is optional in one parent is required by the other, and counts only there',
    units: 'one two shared<one? shared<two',
    contents: 'a<shared',
    kept: { required: 1, units: 'one:0 shared<one:1 two:1', contents: 'a<shared+two' },
  },
  {
    rule: 'a unit in two places of which both are optional is optional',
    units: 'one two? shared<one? shared<two',
    contents: 'a<shared',
    kept: { required: 0, units: 'one:0 shared<one?:0 two?:0', contents: 'a?' },
  },
  {
    rule: 'a unit in a unit and in the course itself counts in that unit',
    units: 'shared=Shared one shared<one=Other',
    contents: 'a<shared',
    kept: { required: 1, units: 'one:1 shared=Shared:1', contents: 'a<one+shared' },
  },
  {
    rule: 'units that hold one unit and lie in one unit count once',
    units: 'top left<top right<top low<left low<right',
    contents: 'a<low b<left',
    kept: {
      required: 2,
      units: 'left<top:2 low<left:1 right<top:1 top:2',
      contents: 'a<left+low+right+top b<left+top',
    },
  },
];

for (const { rule, units, contents, kept } of PLACES) {
  test(rule, async (t) => assert.deepEqual(await structure(t, units, contents), kept));
}

test('a unit keeps all of its parent units', async (t) => {
  const spec = await jobSpec(t, projectCourse);
  await spec.given(publishes('one two three shared<two shared<one shared<three', 'a<shared'));
  await spec.thenPartOfRow(['algebra'], { units: { shared: { parentId: 'two', otherParentIds: ['one', 'three'] } } });
});

test('units that contain each other along too many paths to walk are published', async (t) => {
  const levels = Array.from({ length: 60 }, (_, i) =>
    i === 0 ? 'a0 b0' : ['a', 'b'].map((x) => `${x}${i}<a${i - 1} ${x}${i}<b${i - 1}`).join(' '),
  );
  const { required, contents } = await structure(t, levels.join(' '), 'a<a59');
  assert.equal(required, 1);
  assert.equal(contents.split('+').length, 2 * 59 + 1);
});

const nested = (depth: number) =>
  Array.from({ length: depth }, (_, i) => (i === 0 ? 'u0' : `u${i}<u${i - 1}`)).join(' ');

test('units can be nested 64 deep', async (t) => {
  const { contents } = await structure(t, nested(64), 'a<u63');
  assert.equal(contents.split('+').length, 64);
});

const MISTAKES = [
  ['two units of one id in one place', 'one one', /two units with the same id, one, in one place/],
  [
    'two units of one id in places that are not there',
    'one<here one<there',
    /two units with the same id, one, in one place/,
  ],
  ['a unit that lies in itself by one of its places', 'top one<top one<two two<one', /unit one lies in a circle/],
  ['a unit that lies in itself', 'one<one', /unit one lies in a circle/],
  ['units that lie in each other', 'one<two two<three three<one', /unit one lies in a circle/],
  ['a unit below a circle of units', 'deep<one one<two two<one', /unit deep lies in a circle/],
  ['units 65 deep', nested(65), /unit u64 lies deeper than 64 units/],
] as const;

for (const [mistake, units, message] of MISTAKES) {
  test(`a course with ${mistake} is refused, and stays as it was`, async (t) => {
    const spec = await jobSpec(t, projectCourse);
    await spec.given(publishes('one', 'a<one'));
    await spec.when(publishes(units, 'a<one b<one'));
    const kept = await spec.row(courseStructure, ['algebra']);
    assert.deepEqual(structureOf(kept), { required: 1, units: 'one:1', contents: 'a<one' });
    await spec.thenNothing();
    await spec.thenDeadLetters('FACT_IMPOSSIBLE');
    const [record] = await spec.deadLetterRecords();
    assert.match(String(record?.headers[DEAD_LETTER.message]), message);
  });
}
