import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rangeOf } from '../../../reports/service/range.ts';

const CASES: [header: string | undefined, bytes: number, range: ReturnType<typeof rangeOf>][] = [
  [undefined, 10, undefined],
  ['bytes=0-0', 10, { start: 0, end: 1 }],
  ['bytes=3-', 10, { start: 3, end: 10 }],
  ['bytes=3-99', 10, { start: 3, end: 10 }],
  ['bytes=-4', 10, { start: 6, end: 10 }],
  ['bytes=-99', 10, { start: 0, end: 10 }],
  ['bytes=10-', 10, 'unsatisfiable'],
  ['bytes=-0', 10, 'unsatisfiable'],
  ['bytes=0-', 0, 'unsatisfiable'],
  // Not understood, so the whole file is sent.
  ['bytes=5-3', 10, undefined],
  ['bytes=0-1,3-4', 10, undefined],
  ['bytes=-', 10, undefined],
  ['lines=0-1', 10, undefined],
  [`bytes=${'9'.repeat(30)}-`, 10, undefined],
];

test('one range of bytes is understood, as RFC 9110 has it', () => {
  for (const [header, bytes, range] of CASES) assert.deepEqual(rangeOf(header, bytes), range, `${header} of ${bytes}`);
});
