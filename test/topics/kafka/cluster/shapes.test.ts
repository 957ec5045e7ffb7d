import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Shapes } from '../../../../topics/kafka/cluster/shapes.ts';
import type { TopicMetadata } from '../../../../topics/kafka/wire/calls/metadata.ts';
import type { TopicShape } from '../../../../topics/log/transport.ts';

const made = (id: string | undefined, count: number): TopicMetadata => ({
  error: 0,
  name: 'orders',
  id,
  internal: false,
  partitions: Array.from({ length: count }, (_, partition) => ({ error: 0, partition, leader: 1, replicas: [1] })),
});

test('a topic that was expanded or created again has changed', () => {
  const shapes = new Shapes();
  assert.ok(shapes.update(made('a', 4)));
  const was = shapes.of('orders') as TopicShape;
  assert.deepEqual(was, { name: 'orders', id: 'a', partitions: 4 });
  assert.equal(shapes.change(was), undefined);
  assert.ok(shapes.update(made('a', 4)));
  assert.equal(shapes.change(was), undefined);
  assert.ok(shapes.update(made('a', 6)));
  assert.match(shapes.change(was) ?? '', /has 6 partitions now, and had 4/);
  assert.ok(shapes.update(made('b', 4)));
  assert.match(shapes.change(was) ?? '', /made again/);
  assert.equal(shapes.change({ name: 'unheard', id: 'a', partitions: 1 }), undefined);
});

test('the answer of a broker without the last change is ignored', () => {
  const shapes = new Shapes();
  for (const shape of [made('a', 4), made('a', 6), made('b', 3)]) assert.ok(shapes.update(shape));
  for (const late of [made('a', 4), made('a', 6), made('b', 2)]) assert.equal(shapes.update(late), false);
  assert.deepEqual(shapes.of('orders'), { name: 'orders', id: 'b', partitions: 3 });
});

test('where brokers give no ids only growth of a topic is a change', () => {
  const shapes = new Shapes();
  shapes.update(made(undefined, 4));
  const was = shapes.of('orders') as TopicShape;
  assert.equal(shapes.update(made(undefined, 3)), false);
  assert.ok(shapes.update(made(undefined, 5)));
  assert.match(shapes.change(was) ?? '', /5 partitions now/);
});
