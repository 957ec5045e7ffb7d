import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProgress, nothing, parseProgress, viewLags } from '../../../topics/log/progress.ts';

const progress = { ...nothing(), topicId: 'id', furthest: 120, token: 7, partitions: 6, base: 6 };
const behind = new Map([
  ['enrollments', 3],
  ['course_index', 100],
]);

test('what is committed beside an offset is the same after reading, with or without views behind and a half-applied record', () => {
  for (const views of [new Map<string, number>(), behind]) {
    for (const within of [undefined, { after: 'a|b,c=d', index: 4 }]) {
      const text = formatProgress({ ...progress, behind: views, within }, 110);
      const { dedupe: _, ...read } = parseProgress(text, 110);
      const { dedupe: __, ...wanted } = { ...progress, behind: views, within };
      assert.deepEqual(read, wanted);
    }
  }
});

test('the lag of a view is added up over the partitions, and a half-applied record counts', () => {
  const committed = (offset: number, views: ReadonlyMap<string, number>) => ({
    offset,
    metadata: formatProgress({ ...progress, behind: views }, offset),
  });
  const lags = viewLags([
    committed(110, behind),
    committed(5, new Map([['enrollments', 5]])),
    committed(9, new Map()),
    { offset: undefined, metadata: '' },
    { offset: 4, metadata: '' },
  ]);
  assert.deepEqual(
    [...lags],
    [
      ['enrollments', 108],
      ['course_index', 10],
    ],
  );
});
