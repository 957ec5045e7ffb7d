import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchCreated } from '../../schemas/batch.ts';
import { enrolled, unenrolled } from '../../schemas/enrollment.ts';
import { given, recordsOf } from '../../testing/produce.ts';
import { batchEvents, enrollmentEvents } from '../../topics/index.ts';
import { partitionOf } from '../../topics/log/partition.ts';
import type { NewRecord } from '../../topics/log/transport.ts';
import { figuresOf, installation } from './installation.ts';

const presentations = ['GGG-2014J'];
const learner = { userId: 'learner-1', courseId: 'course-1', batchId: 'batch-1' };

const PRODUCED_AT = Date.UTC(2026, 0, 5);

test('a record that no job can read is counted as a dead letter by its code', async (t) => {
  const on = await installation(t);
  await figuresOf(on, { presentations });
  const [record] = recordsOf(
    on.stores.codec,
    given(enrollmentEvents, enrolled, learner, { id: '1', time: PRODUCED_AT }),
    3,
  ) as [NewRecord];
  const broken = (value: string): NewRecord => ({ ...record, value: Buffer.from(value) });
  const json = { ...record.headers, 'content-type': 'application/json' };
  await on.stores.transport.produce([
    broken('what is this?'),
    { ...broken('{"userId":1}'), headers: json },
    { ...broken('{"userId":"x"}'), headers: json },
  ]);
  const { figures } = await figuresOf(on, { presentations });
  assert.deepEqual(figures.deadLetters, { DATA_INVALID: 2, VALUE_UNREADABLE: 1 });
  assert.deepEqual(figures.produced, { 'enrollment.events': 3 });
});

test('a record that is forwarded to its partition is counted once', async (t) => {
  const on = await installation(t);
  const before = await figuresOf(on, { presentations });
  const records = [enrolled, unenrolled].flatMap((def, i) =>
    recordsOf(on.stores.codec, given(enrollmentEvents, def, learner, { id: String(i), time: PRODUCED_AT + i }), 3),
  );
  const own = partitionOf(Buffer.from(learner.userId), 3);
  await on.stores.transport.produce(records.map((record) => ({ ...record, partition: (own + 1) % 3 })));
  const { figures } = await figuresOf(on, { presentations });
  assert.deepEqual(figures.produced, { 'enrollment.events': 2 });
  const derived = { ...before.figures.derived };
  derived['batch.learner-joined'] += 1;
  derived['batch.learner-left'] += 1;
  assert.deepEqual(figures.derived, derived);
});

test('batches beyond one page of a table are all included', async (t) => {
  const on = await installation(t);
  const records = Array.from({ length: 1200 }, (_, i) => {
    const data = { batchId: `batch-${i}`, courseId: 'course-1', name: `Batch ${i}`, startsAt: Date.UTC(2999, 0, 1) };
    return recordsOf(on.stores.codec, given(batchEvents, batchCreated, data, { id: String(i), time: PRODUCED_AT }), 3);
  });
  await on.stores.transport.produce(records.flat());
  const { figures } = await figuresOf(on, { presentations });
  assert.equal(figures.batches.length, 1201);
  assert.equal(new Set(figures.batches.map(({ batchId }: { batchId: string }) => batchId)).size, 1201);
});
