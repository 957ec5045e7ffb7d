import { test } from 'node:test';
import { activity } from '../../../reports/datasources/activity.ts';
import { contentProgressed, enrolled } from '../../../schemas/enrollment.ts';
import { courseStructure } from '../../../schemas/rows/course-structure.ts';
import { datasourceSpec } from '../../../testing/datasource-spec.ts';
import { minute, type SpecEvent, type SpecRow } from '../../../testing/job-spec.ts';

const content = (type: string) => ({ name: '', required: true, units: [], type });
const algebra: SpecRow = [
  courseStructure,
  { courseId: 'algebra', contents: { film: content('video'), exam: content('quiz'), page: content('') } },
];
const visits = (userId: string, contentId: string, rest: object = {}): SpecEvent => [
  contentProgressed,
  { userId, courseId: 'algebra', contentId, status: 'started', ...rest },
];

test('visits are counted by course and kind of content', async (t) => {
  const spec = await datasourceSpec(t, activity, { rows: [algebra] });
  spec.when(
    visits('ada', 'film', { views: 3 }),
    visits('ada', 'film'),
    visits('bo', 'film', { status: 'completed' }),
    visits('ada', 'exam', { status: 'completed', views: 0 }),
  );
  const of = { bucket: minute(0), course_id: 'algebra' };
  spec.thenRows(
    { ...of, content_type: 'quiz', views: 0, learners: 1, completions: 1 },
    { ...of, content_type: 'video', views: 5, learners: 2, completions: 1 },
  );
});

test('learners and completions are the same despite repeats', async (t) => {
  const spec = await datasourceSpec(t, activity, { rows: [algebra] });
  const completed = visits('ada', 'film', { status: 'completed', views: 2 });
  spec.when(completed, completed, completed, visits('bo', 'film', { status: 'completed' }));
  spec.thenRows({ learners: 2, completions: 2, views: 7 });
});

test('the kind of a content is unknown while the course is unknown, or does not contain it', async (t) => {
  const spec = await datasourceSpec(t, activity);
  spec.when(visits('ada', 'film'));
  spec.lookups(algebra);
  spec.when(visits('ada', 'page'), visits('ada', 'elsewhere'), visits('ada', 'film'));
  spec.thenRows({ content_type: null, views: 3 }, { content_type: 'video', views: 1 });
});

test('pairs of learner and content are not confused, and enrolling is not an activity', async (t) => {
  const spec = await datasourceSpec(t, activity);
  const done = { status: 'completed' };
  spec.when(visits('a', 'b/c', done), visits('a/b', 'c', done), [
    enrolled,
    { userId: 'ada', courseId: 'algebra', batchId: 'spring' },
  ]);
  spec.thenRows({ learners: 2, completions: 2 });
});
