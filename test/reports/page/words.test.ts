/** Names and counts in words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moduleOfPage } from './module-of-page.ts';

const { labelOf, nameOf, sentence } = await moduleOfPage('app/words.js');
const { quantity } = await moduleOfPage('app/format.js');

test('one thing is in the singular, whatever is counted', () => {
  const counts = ['learners', 'batches', 'dead letters', 'entries', 'more values', 'records'];
  assert.deepEqual(
    counts.map((unit) => quantity(1, unit)),
    ['1 learner', '1 batch', '1 dead letter', '1 entry', '1 more value', '1 record'],
  );
  assert.deepEqual([quantity(0, 'learners'), quantity(2, 'batches')], ['0 learners', '2 batches']);
});

test('names of declarations are words, and an id is called as what it is of', () => {
  assert.deepEqual(['batchId', 'latency_p95', 'dead-letters'].map(labelOf), [
    'Batch id',
    'Latency p95',
    'Dead letters',
  ]);
  assert.deepEqual(['batchId', 'course_id', 'region'].map(nameOf), ['Batch', 'Course', 'Region']);
  assert.deepEqual(['it broke', 'Why?'].map(sentence), ['It broke.', 'Why?']);
});
