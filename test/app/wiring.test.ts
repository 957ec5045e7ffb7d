import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../app/config/config.ts';
import type { Config } from '../../app/config/keys.ts';
import { wire } from '../../app/stores/wiring.ts';
import { callAnswered, DEFAULT_TENANT, timerFired } from '../../core/event.ts';
import { SILENT } from '../../jobs/runtime/telemetry.ts';
import { definePlatform } from '../../modules/define.ts';
import { targetsOf } from '../../modules/derived.ts';
import { learning, learningPlatform } from '../../modules/learning.ts';
import { deadLetterTopic } from '../../topics/define.ts';
import { temporaryFolder } from '../cli/harness.ts';
import { wired } from '../cli/in-process.ts';
import { countOf } from '../harness/count.ts';

test('every declared topic exists, and has a topic for its dead letters', async (t) => {
  const { stores, platform } = await wired(t);
  const { topics } = platform;
  const found = new Map((await stores.transport.describe()).map(({ name, partitions }) => [name, partitions.length]));
  for (const { name, partitions } of topics) {
    assert.equal(found.get(name), partitions);
    assert.equal(found.get(deadLetterTopic(name)), partitions);
  }
  assert.equal(found.size, 2 * topics.length);
});

test('everything that jobs write can be read', async (t) => {
  const { stores, platform } = await wired(t);
  const targets = targetsOf(platform.jobs);
  assert.equal(new Set(targets.map(({ name }) => name)).size, targets.length);
  for (const target of targets) {
    if (target.kind === 'table') assert.equal(await countOf(stores.tables, target, DEFAULT_TENANT), 0);
    if (target.kind === 'index') {
      const { total } = await stores.search.search(target, { tenant: DEFAULT_TENANT, words: '', limit: 1 });
      assert.equal(total, 0);
    }
    if (target.kind === 'cache') assert.deepEqual(await stores.cache.read(target, [DEFAULT_TENANT, ...target.key]), []);
  }
});

test('events of the runtime can be encoded for the topics whose jobs fold them, and for no other', async (t) => {
  const { stores, platform } = await wired(t);
  for (const event of [timerFired, callAnswered]) {
    const wanting = new Set(platform.jobs.filter((job) => job.on.includes(event)).map((job) => job.from.name));
    assert.ok(wanting.size > 0);
    for (const { name } of platform.topics) {
      const encode = () => stores.codec.encode(name, event, event.example);
      if (wanting.has(name)) assert.ok(encode().length > 0);
      else assert.throws(encode, { code: 'DECLARATION_INVALID' });
    }
  }
});

test('the settings of the runtime are those of the configuration', async (t) => {
  const folder = temporaryFolder(t);
  const flags = { maxRecords: '17', backOffFirstMs: '3', backOffLongestMs: '4' };
  const one = await wire({ config: loadConfig({ flags, env: {}, folder }).config, platform: learningPlatform });
  t.after(() => one.close());
  const { settings } = one.runtime(SILENT);
  assert.deepEqual([settings.maxRecords, settings.backOffMs], [17, [3, 4]]);
});

test('batches report themselves, unless the configuration or the platform has it otherwise', async (t) => {
  const topicOf = async (flags: object, platform = learningPlatform): Promise<string | undefined> => {
    const { config } = loadConfig({ flags: { ...flags }, env: {}, folder: temporaryFolder(t) });
    const one = await wire({ config, platform });
    t.after(() => one.close());
    return one.runtime(SILENT).pipelineTopic;
  };
  assert.equal(await topicOf({}), 'pipeline.events');
  assert.equal(await topicOf({ pipelineEvents: 'off' }), undefined);
  assert.equal(await topicOf({}, definePlatform({ modules: [learning] })), undefined);
});

test('a channel is an outbox, or none', async (t) => {
  const folder = temporaryFolder(t);
  const one = await wire({
    config: loadConfig({ flags: { sms: 'none:' }, env: {}, folder }).config,
    platform: learningPlatform,
  });
  t.after(() => one.close());
  assert.deepEqual(Object.keys(one.stores.channels), ['mail', 'webhook', 'push']);
});

test('after an error nothing stays open: the folder can be opened again', async (t) => {
  const folder = temporaryFolder(t);
  const { config } = loadConfig({ flags: {}, env: {}, folder });
  await (await wire({ config, platform: learningPlatform })).close();
  rmSync(join(config.data, 'objects'), { recursive: true });
  writeFileSync(join(config.data, 'objects'), 'no folder');
  await assert.rejects(wire({ config, platform: learningPlatform }));
  rmSync(join(config.data, 'objects'));
  await (await wire({ config, platform: learningPlatform })).close();
});

test('a scheme that the configuration did not check is refused, and the message lists the allowed ones', async (t) => {
  const folder = temporaryFolder(t);
  const { config } = loadConfig({ flags: {}, env: {}, folder });
  const other: Config = { ...config, tables: 'mysql://u:secret@host' };
  await assert.rejects(wire({ config: other, platform: learningPlatform }), {
    code: 'CONFIG_INVALID',
    message: /^tables: mysql:\/\/u:\*{4}@host cannot be used; it must begin with embedded: or cassandra:$/,
  });
});
