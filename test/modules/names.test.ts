import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../app/config/config.ts';
import { wire } from '../../app/stores/wiring.ts';
import { openDatabase } from '../../embedded/database.ts';
import { indexesOf, tablesOf } from '../../modules/derived.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { nameProblem } from '../../modules/names.ts';
import { METADATA_TOPIC } from '../../topics/kafka/group/metadata-topic.ts';
import { temporaryFolder } from '../cli/harness.ts';

test('no table of a platform can have the name of a table that the embedded stores make for themselves', async (t) => {
  const { config } = loadConfig({ flags: {}, env: {}, folder: temporaryFolder(t) });
  await (await wire({ config, platform: learningPlatform })).close();
  const database = openDatabase(config.data);
  t.after(() => database.close());
  const tables = database
    .statement("SELECT name FROM sqlite_master WHERE type = 'table'")
    .all<[string]>()
    .map(([name]) => name);
  const declared = new Set(tablesOf(learningPlatform.jobs).map(({ name }) => name));
  const own = tables.filter((name) => !declared.has(name));
  assert.ok(own.length > 10);
  assert.deepEqual(
    own.filter((name) => nameProblem('table', name) === undefined),
    [],
  );
});

test('no topic of a platform can have the name of a topic of the runtime', () => {
  assert.match(String(nameProblem('topic', METADATA_TOPIC.name)), /taken/);
});

test('the built-in module follows the rules', () => {
  for (const { name } of indexesOf(learningPlatform.jobs)) assert.equal(nameProblem('index', name), undefined);
});
