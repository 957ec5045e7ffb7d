/** The registry is killed, paused and started again while its client works. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, type TestContext, test } from 'node:test';
import { contentProgressed, enrolled } from '../../schemas/enrollment.ts';
import { startRegistry } from '../../servers/registry.ts';
import { Codec } from '../../topics/codec/codec.ts';
import { confluentRegistry } from '../../topics/confluent/registry.ts';
import { defineTopic, type Topic } from '../../topics/define.ts';
import { avroRecord, wantedOf } from '../topics/codec/records.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-registry-'));
const server = await startRegistry({ folder });
after(async () => {
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => server.start());

const newTopic = (): Topic =>
  defineTopic({ name: `test-${randomUUID()}`, doc: '', key: 'userId', events: [enrolled, contentProgressed] });

function client(t: TestContext, url = server.url, timeoutMs = 2000) {
  const registry = confluentRegistry({ url, timeoutMs, missingMs: 0 });
  t.after(() => registry.close());
  return registry;
}

test('with the registry killed, records with known ids are read and written, and unknown ids are away', async (t) => {
  const topic = newTopic();
  const producer = new Codec(client(t));
  await producer.prepare([topic]);
  const consumer = new Codec(client(t));
  const known = avroRecord(producer, topic, enrolled);
  await consumer.learn([known]);
  await server.kill();

  const again = avroRecord(producer, topic, enrolled);
  await consumer.learn([known, again]);
  for (const record of [known, again]) assert.equal(consumer.decode(topic, record, wantedOf(topic)).kind, 'event');

  const unknown = avroRecord(producer, topic, contentProgressed);
  await assert.rejects(consumer.learn([unknown]), { code: 'REGISTRY_AWAY', kind: 'retry' });
  await assert.rejects(new Codec(client(t)).prepare([topic]), { code: 'REGISTRY_AWAY', kind: 'retry' });
});

test('a client continues when the registry is back', async (t) => {
  const registry = client(t);
  await registry.register(`${randomUUID()}-a`, '"string"');
  await server.kill();
  const subject = `${randomUUID()}-b`;
  await assert.rejects(registry.register(subject, '"string"'), { code: 'REGISTRY_AWAY' });
  await server.start();
  const id = await registry.register(subject, '"string"');
  assert.equal(await client(t).schema(id), '"string"');
});

test('a registry that hangs is away, and the next node is asked', async (t) => {
  const other = await startRegistry({ folder: join(folder, 'other') });
  t.after(() => other.kill());
  const id = await client(t, other.url).register(`${randomUUID()}-a`, '"string"');
  server.pause();
  t.after(() => server.resume());
  await assert.rejects(client(t, server.url, 500).schema(id), { code: 'REGISTRY_AWAY' });
  assert.equal(await client(t, `${server.url},${other.url}`).schema(id), '"string"');
});
