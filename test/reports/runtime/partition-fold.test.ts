/** The memory that unpublished counts take. A process decides by it when to publish. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceOf } from '../../../reports/runtime/datasource-source.ts';
import { PartitionFold } from '../../../reports/runtime/partition-fold.ts';
import { DedupePositions } from '../../../topics/log/dedupe-positions.ts';
import { visitEvents, visits } from '../visits.ts';

test('every counted event takes memory until it is taken, even if it adds no row', () => {
  const partition = { job: 'roll-up-visits', topic: visitEvents.name, topicId: 'id', partition: 0 };
  const begin = {
    table: 'g1',
    position: undefined,
    next: 0,
    isGapless: true,
    dedupe: DedupePositions.none(),
    partitions: 1,
  };
  const fold = new PartitionFold(sourceOf(visits), partition, begin);
  const empty = fold.bytes;
  for (let offset = 0; offset < 1000; offset += 1) {
    fold.counted(offset, undefined);
    fold.pass(offset + 1, 0);
  }
  const full = fold.bytes;
  assert.ok(full >= empty + 1000 * 8, `${full}`);
  assert.equal(fold.take()?.bytes, full);
  assert.equal(fold.bytes, empty);
});
