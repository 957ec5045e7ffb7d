import { test } from 'node:test';
import { deadLetters } from '../../../reports/definitions/dead-letters.ts';
import { lag } from '../../../reports/definitions/lag.ts';
import { minute } from '../../../testing/job-spec.ts';
import { reportSpec } from './report-spec.ts';

test('dead letters are there by topic, job and code', async (t) => {
  const spec = await reportSpec(t, deadLetters);
  await spec.thenRows({});
  const one = { topic: 'user.events', job: 'project-user', code: 'KEY_INVALID' };
  spec.reads.deadLetters = [{ ...one, count: 3, oldestAt: minute(1), newestAt: minute(9) }];
  await spec.thenRows({}, { ...one, records: 3, oldest_at: minute(1), newest_at: minute(9) });
});

test('the lag of each partition is there, or only where there is one', async (t) => {
  const spec = await reportSpec(t, lag);
  await spec.thenRows({});
  const of = { job: 'project-user', topic: 'user.events' };
  spec.reads.lags = [
    { ...of, partition: 0, offset: 5, end: 9 },
    { ...of, partition: 1, offset: 9, end: 9 },
    { ...of, partition: 2, offset: null, end: 9 },
    { ...of, partition: 3, offset: 12, end: 9 },
  ];
  await spec.thenRows(
    {},
    { ...of, partition: 0, next_offset: 5, end_offset: 9, behind: 4 },
    { partition: 1, behind: 0 },
    { partition: 2, next_offset: null, behind: null },
    { partition: 3, behind: 0 },
  );
  await spec.thenRows({ behindOnly: true }, { partition: 0 }, { partition: 2 });
});
