import { test } from 'node:test';
import { activity } from '../../../reports/datasources/activity.ts';
import { contentTypes } from '../../../reports/definitions/content-types.ts';
import { contentProgressed } from '../../../schemas/enrollment.ts';
import type { SpecEvent } from '../../../testing/job-spec.ts';
import { reportSpec } from './report-spec.ts';
import { course } from './rows.ts';

interface Rest {
  readonly courseId?: string;
  readonly status?: string;
  readonly views?: number;
}
const visit = (userId: string, contentId: string, time: string, rest: Rest = {}): SpecEvent => [
  contentProgressed,
  { userId, courseId: 'algebra', contentId, status: 'started', views: 1, ...rest },
  { time: Date.parse(time) },
];

const [table, structure] = course({
  contents: {
    axioms: { name: 'Axioms', required: true, units: [], type: 'page' },
    proof: { name: 'Proof', required: true, units: [], type: 'video' },
    riddle: { name: 'Riddle', required: true, units: [], type: '' },
  },
});

test('kinds of content have their learners, visits and completions, the most visited first', async (t) => {
  const spec = await reportSpec(t, contentTypes);
  spec.lookups([table, structure]);
  const day = '2026-03-01T09:00:00Z';
  await spec.events(
    activity,
    visit('a', 'axioms', day, { views: 5 }),
    visit('a', 'axioms', '2026-03-02T09:00:00Z', { status: 'completed' }),
    visit('b', 'axioms', day, { status: 'completed' }),
    visit('a', 'proof', day, { views: 2 }),
    visit('a', 'riddle', day),
    visit('a', 'elsewhere', day, { courseId: 'latin' }),
  );
  await spec.thenRows(
    {},
    { content_type: 'page', learners: 2, views: 7, completions: 2 },
    { content_type: 'video', learners: 1, views: 2, completions: 0 },
    { content_type: null, learners: 1, views: 2, completions: 0 },
  );
  await spec.thenRows({ courseId: 'latin' }, { content_type: null, views: 1 });
  await spec.thenRows({ first: '2026-03-02' }, { content_type: 'page', learners: 1, views: 1, completions: 1 });
  await spec.thenRows({ last: '2026-02-28' });
});
