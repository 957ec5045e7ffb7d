/** Incremental counts equal complete ones, whatever happens and however courses change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Entries } from '../../core/entries.ts';
import { DEFAULT_TENANT } from '../../core/event.ts';
import type { FoundRows, Job, Row } from '../../jobs/define.ts';
import { projectCourse } from '../../jobs/project-course/project-course.ts';
import { trackProgress } from '../../jobs/track-progress/track-progress.ts';
import { courseRetired } from '../../schemas/content.ts';
import {
  contentProgressed,
  courseStructureChanged,
  enrolled,
  progressFollowed,
  unenrolled,
} from '../../schemas/enrollment.ts';
import { plain } from '../../testing/dump.ts';
import type { SpecEvent } from '../../testing/job-spec.ts';
import { publishes } from './courses.ts';
import { ada } from './learners.ts';

function after(job: Job, row: Row | undefined, event: SpecEvent, found: FoundRows = {}): Row | undefined {
  const [{ type }, data, rest] = event;
  const whole = { type, data, id: '', source: '', time: 0, loggedAt: 0, tenant: DEFAULT_TENANT, ...rest };
  return job.fold[type]?.(row, whole, found) as Row | undefined;
}

/** The row without its earlier counts, so that everything is counted again. */
const uncounted = (row: Row | undefined): Row | undefined => row && { ...row, measuredSince: null };
const inTheOrderOfKeys = (value: unknown): unknown =>
  value instanceof Entries ? Object.fromEntries([...value].sort(([a], [b]) => (a < b ? -1 : 1))) : value;
const visible = (row: Row | undefined): unknown =>
  row && plain(Object.fromEntries(Object.entries(row).map(([name, value]) => [name, inTheOrderOfKeys(value)])));

// ---- possible events ----

const contents = ['a', 'b', 'c', 'd'] as const;
const units = ['', '<one', '<two'] as const;
const time = fc.nat(6);

/** Publications, some at the same time, and some with a clock that goes back. */
const publication = fc
  .record({
    name: fc.constantFrom('Algebra', 'Topology'),
    contents: fc.subarray([...contents]),
    units: fc.array(fc.constantFrom(...units), { minLength: 4, maxLength: 4 }),
    optional: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    time,
  })
  .map(({ name, contents: some, units, optional, time }): SpecEvent => {
    const all = some.map((id, i) => `${id}${units[i]}${optional[i] ? '?' : ''}`);
    const [def, data] = publishes('one two<one', all.join(' '), { name });
    return [def, data, { time }];
  });
const retirement = fc.constant<SpecEvent>([courseRetired, { courseId: ada.courseId }]);

const visit = fc
  .tuple(fc.constantFrom(...contents, 'elsewhere'), fc.constantFrom('started', 'completed'), time, fc.nat(20))
  .map(([contentId, status, time, id]): SpecEvent => {
    return [contentProgressed, { ...ada, contentId, status, views: 1 }, { time, id: `visit-${id}` }];
  });
const batch = fc
  .tuple(fc.constantFrom(enrolled, unenrolled), fc.constantFrom('spring', 'autumn'), time)
  .map(([def, batchId, time]): SpecEvent => [def, { ...ada, batchId }, { time }]);
const following = fc
  .tuple(fc.constantFrom('red', 'blue'), fc.boolean())
  .map(([groupId, following]): SpecEvent => [progressFollowed, { ...ada, groupId, following }]);
const changed = fc.constant<SpecEvent>([courseStructureChanged, { courseId: ada.courseId }]);

/** A step of the course, or a step of the learner with the course as it was some steps ago. */
const step = fc.oneof(
  { weight: 2, arbitrary: fc.oneof(publication, publication, retirement).map((event) => ({ course: event })) },
  {
    weight: 9,
    arbitrary: fc.record({
      learner: fc.oneof({ weight: 5, arbitrary: visit }, batch, following, changed),
      ago: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(3)),
    }),
  },
);

test('a standing that is updated step by step equals one that is counted anew', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const courses: (Row | undefined)[] = [undefined];
      let row: Row | undefined;
      let anew: Row | undefined;
      for (const one of steps) {
        if ('course' in one) {
          courses.push(after(projectCourse, courses.at(-1), one.course));
          continue;
        }
        const course = courses.at(-1 - one.ago);
        row = after(trackProgress, row, one.learner, { course });
        anew = after(trackProgress, uncounted(anew), one.learner, { course });
        assert.deepEqual(visible(uncounted(row)), visible(uncounted(anew)));
      }
    }),
    { numRuns: 2000 },
  );
});
