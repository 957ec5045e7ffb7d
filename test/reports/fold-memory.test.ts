/** In a file of its own, and so in a process of its own: memory that other tests leave behind would be counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RollupFold } from '../../reports/rollup/fold.ts';
import { type Visit, visit, visits } from './visits.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function used(): number {
  // The second collection frees what the first one finds.
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const SHAPES: Readonly<Record<string, (i: number) => Visit>> = {
  'many tuples': (i) => visit({ page: `page number ${i}`, userId: 'ada', seconds: i }),
  'many tuples of texts that take two bytes': (i) => visit({ page: `पृष्ठ ${i}`, userId: 'ada' }),
  'few tuples of many users': (i) => visit({ page: `page-${i % 7}`, userId: `learner-${i}` }),
  'many users in every tuple': (i) =>
    visit({ page: `page-${i % 500}`, userId: `learner-${i % 30_011}`, seconds: i % 97 }),
};

for (const [shape, eventOf] of Object.entries(SHAPES)) {
  test(`the size that a fold reports is the memory that it takes, to some tenths: ${shape}`, () => {
    const before = used();
    const fold = new RollupFold(visits);
    for (let i = 0; i < 60_000; i++) fold.add(eventOf(i));
    const taken = used() - before;
    assert.ok(fold.bytes > taken * 0.8 && fold.bytes < taken * 1.6, `${fold.bytes} of ${taken}`);
  });
}
