/** The queries on the analytics page and in the help are valid. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { COMMANDS } from '../../cli/descriptors/index.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { relationOf } from '../../reports/relations.ts';
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import { duckQueryEngine } from '../../sinks/query/duckdb/engine.ts';
import { temporaryFolder } from '../contracts/delta-samples.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/analytics.md'), 'utf8');

test('every query of the page and of the help works on tables that are still empty', async (t) => {
  const folder = await temporaryFolder(t);
  const engine = await duckQueryEngine({
    objects: directoryObjects(join(folder, 'objects')),
    relations: learningPlatform.datasources.map(relationOf),
    currentTable: async () => undefined,
    now: Date.now,
    folder,
    location: folder,
    cacheBytes: 1_000_000,
    memoryBytes: 100_000_000,
    threads: 1,
  });
  t.after(() => engine.close());
  const help = COMMANDS.flatMap(({ typed }) => typed?.examples ?? []).join('\n');
  const queries = [...`${page}\n${help}`.matchAll(/(?:query|-c) (["'])(select .+?)\1/gi)].map(
    ([, , sql]) => sql as string,
  );
  assert.ok(queries.length >= 4, `${queries}`);
  for (const sql of queries) {
    await using answer = await engine.query(sql);
    for await (const _ of answer.pages);
  }
});

test('the page names the version of Trino and the existing keys', () => {
  for (const key of ['duckMemoryMb', 'queryCacheMb', 'tlsCa']) assert.ok(page.includes(`\`${key}\``), key);
  assert.match(page, /Trino 445 or newer/);
});
