import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobs } from '../../../jobs/index.ts';
import { jobsBefore, orderAdvice } from '../../../jobs/runtime/offsets/order.ts';

const named = (name: string) => jobs.find((job) => job.name === name) ?? assert.fail(name);

test('only jobs whose rows are looked up, and that do not follow from who looks, come first', () => {
  // track-progress looks up batches, too. But these follow from its own events about learners.
  assert.deepEqual(
    jobs.map((job) => [job.name, jobsBefore(job, jobs).map(({ name }) => name)]).filter(([, before]) => before?.length),
    [['track-progress', ['project-course']]],
  );
});

test('jobs that look up nothing, and whose rows nobody looks up, have no order', () => {
  assert.equal(orderAdvice([named('summarize-batch'), named('notify')], jobs), undefined);
  assert.match(orderAdvice([named('notify'), named('project-course')], jobs) ?? '', /^start project-course alone/);
});

test('a job whose lookups need more than texts has the order that its other events give', () => {
  const track = named('track-progress');
  const demanding: typeof track = {
    ...track,
    lookups: (key, event) => {
      if (event.type === 'enrollment.enrolled') throw new TypeError('a list is needed');
      return track.lookups?.(key, event) ?? {};
    },
  };
  assert.deepEqual(jobsBefore(demanding, jobs), [named('project-course')]);
});
