import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type At,
  advanced,
  formatAt,
  isApplied,
  lastApplied,
  NOWHERE,
  parseAt,
  tracesIn,
} from '../../../jobs/runtime/rows/position.ts';

test('the traces of pending timers lie behind the position, which readers that do not know them still read', () => {
  const at = [[0, 41]] as const;
  const traces = { 'a|b': '00-1-2-01' };
  const text = formatAt(at, 'id', traces);
  assert.deepEqual(parseAt(text, 'id'), at);
  assert.deepEqual(tracesIn(text), traces);
  assert.equal(tracesIn(formatAt(at, 'id')), undefined);
});

test('positions are the same after writing and reading', () => {
  for (const at of [
    NOWHERE,
    [[3, 0]],
    [
      [0, 41],
      [12, 9_007_199_254_740_991],
    ],
  ] as At[]) {
    assert.deepEqual(parseAt(formatAt(at, 'id'), 'id'), at);
  }
  assert.equal(
    formatAt(
      [
        [0, 41],
        [2, 7],
      ],
      'id',
    ),
    '2|id|0:41,2:7',
  );
  assert.equal(formatAt(NOWHERE, 'id'), '');
});

test('positions of a topic that was deleted and made again are ignored', () => {
  assert.deepEqual(parseAt(formatAt([[0, 41]], 'before'), 'now'), NOWHERE);
});

test('positions of the first format, which knew no ids, are those of the topic as it is', () => {
  assert.deepEqual(parseAt('0:41,2:7', 'now'), [
    [0, 41],
    [2, 7],
  ]);
});

test('positions of a newer format are left to a newer release', () => {
  assert.throws(() => parseAt('3|id|0:41', 'id'), { code: 'FORMAT_NEWER' });
});

test('applied are records at or before the position of their partition', () => {
  const at: At = [
    [0, 5],
    [2, 7],
  ];
  assert.deepEqual(
    [
      [0, 4],
      [0, 5],
      [0, 6],
      [1, 0],
      [2, 7],
      [2, 8],
    ].map(([partition, offset]) => isApplied(at, partition as number, offset as number)),
    [true, true, false, false, true, false],
  );
  assert.equal(isApplied(NOWHERE, 0, 0), false);
});

test('a position advances in its own partition and leaves the others', () => {
  assert.deepEqual(advanced(NOWHERE, 1, 4), [[1, 4]]);
  assert.deepEqual(advanced([[1, 4]], 1, 5), [[1, 5]]);
  assert.deepEqual(advanced([[1, 4]], 2, 0), [
    [1, 4],
    [2, 0],
  ]);
  assert.deepEqual(
    advanced(
      [
        [1, 4],
        [2, 0],
      ],
      1,
      9,
    ),
    [
      [2, 0],
      [1, 9],
    ],
  );
});

test('the last offset of a partition without records is -1', () => {
  assert.equal(
    lastApplied(
      [
        [1, 4],
        [2, 0],
      ],
      1,
    ),
    4,
  );
  assert.equal(
    lastApplied(
      [
        [1, 4],
        [2, 0],
      ],
      2,
    ),
    0,
  );
  assert.equal(lastApplied([[1, 4]], 0), -1);
});
