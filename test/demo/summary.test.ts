import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summaryText } from '../../demo/summary.ts';

const nothing = { records: 0, seconds: 0 };

function summaryOf(rollups: readonly string[]): string {
  const figures = { batches: [], imported: {}, produced: {}, derived: {}, deadLetters: {} };
  const timing = { imported: nothing, applied: nothing, counted: nothing, seconds: 0 };
  return summaryText({ figures, timing, sample: undefined, rollups, flags: '', goesOn: false });
}

test('the summary names the tables of what was counted', () => {
  assert.match(summaryOf(['enrollments', 'activity']), /^Rollups: .* tables enrollments, activity\.$/m);
  assert.doesNotMatch(summaryOf([]), /Rollups/);
});
