import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster } from '../../../../topics/kafka/cluster/cluster.ts';
import { settingsOf } from '../../../../topics/kafka/cluster/options.ts';
import type { TopicMetadata } from '../../../../topics/kafka/wire/calls/metadata.ts';

const topic = (name: string, partitions: number): TopicMetadata => ({
  error: 0,
  name,
  id: `id-of-${name}`,
  internal: false,
  partitions: Array.from({ length: partitions }, (_, partition) => ({ error: 0, partition, leader: 1, replicas: [1] })),
});

/** A cluster whose brokers give the test's answers. Its metadata is invalidated by others with every answer. */
class Answering extends Cluster {
  answers: readonly TopicMetadata[] = [];
  override async describe(names: readonly string[] = []): Promise<readonly TopicMetadata[]> {
    const found = this.answers.filter(({ name }) => names.includes(name));
    this.invalidate();
    return found;
  }
}

function answering(...answers: readonly TopicMetadata[]): Answering {
  const cluster = new Answering(settingsOf({ url: 'kafka://127.0.0.1:9092' }));
  cluster.answers = answers;
  return cluster;
}

test('a topic is found although the metadata is invalidated while it is described', async () => {
  const cluster = answering(topic('a', 2), topic('b', 3));
  const found = await cluster.recent(['b', 'a', 'missing']);
  assert.deepEqual(
    found.map(({ name, partitions }) => [name, partitions.length]),
    [
      ['b', 3],
      ['a', 2],
    ],
  );
});

test('an answer of a broker without the last change is ignored, and the request is repeated', async () => {
  const cluster = answering(topic('a', 2));
  cluster.shapes.update(topic('a', 4));
  await assert.rejects(cluster.recent(['a']), /the last change of the topic a/);
  cluster.answers = [topic('a', 4)];
  assert.equal((await cluster.recent(['a']))[0]?.partitions.length, 4);
});
