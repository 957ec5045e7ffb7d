/** The TypeScript producer example of `docs/events.md`, run against a real broker as a reader would. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { running } from '../../../servers/running.ts';
import { Codec } from '../../../topics/codec/codec.ts';
import { enrollmentEvents } from '../../../topics/index.ts';
import { kafkaTransport } from '../../../topics/kafka/transport.ts';
import { partitionOfText } from '../../../topics/log/partition.ts';
import { MemoryRegistry } from '../../topics/codec/memory-registry.ts';
import { wantedOf } from '../../topics/codec/records.ts';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/events.md'), 'utf8');
const [, example = ''] = /```ts\n([\s\S]*?)```/.exec(page) ?? [];

test('the example in TypeScript produces an event into the partition of its key', async (t) => {
  const { url } = await running('kafka');
  const transport = kafkaTransport({ url });
  t.after(() => transport.close());
  await transport.createTopics([enrollmentEvents]);
  const [{ partitions } = assert.fail()] = await transport.describe([enrollmentEvents.name]);
  const partition = partitionOfText('learner-1', partitions.length);
  const { end } = partitions[partition] ?? assert.fail();

  const env = { ...process.env, BROKERS: new URL(url).host };
  await promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', example], { cwd: root, env });

  const [record] = await transport.read(enrollmentEvents.name, partition, end, 1);
  const codec = new Codec(new MemoryRegistry());
  await codec.prepare([enrollmentEvents]);
  const decoded = codec.decode(enrollmentEvents, record ?? assert.fail('nothing came'), wantedOf(enrollmentEvents));
  assert.ok(decoded.kind === 'event', JSON.stringify(decoded));
  assert.partialDeepStrictEqual(decoded.event, { type: 'enrollment.enrolled', data: { userId: 'learner-1' } });
});
