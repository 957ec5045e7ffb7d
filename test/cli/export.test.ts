import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder, tributary } from './harness.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const textOf = (...path: string[]): string => readFileSync(join(...path), 'utf8');

test('the document is printed without a data folder', async (t) => {
  const folder = temporaryFolder(t);
  const { code, stdout, stderr } = await tributary(folder, ['topics', 'export']);
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(stdout, textOf(DOCS, 'asyncapi.json'));
  assert.deepEqual(readdirSync(folder), []);
});

test('the document is written into a folder, with a schema of each event', async (t) => {
  const folder = temporaryFolder(t);
  const { code, stdout } = await tributary(folder, ['topics', 'export', '--out', 'a/b']);
  assert.equal(code, 0);
  assert.equal(textOf(folder, 'a/b/asyncapi.json'), textOf(DOCS, 'asyncapi.json'));
  const names = readdirSync(join(DOCS, 'schemas'));
  assert.deepEqual(readdirSync(join(folder, 'a/b/schemas')), names);
  for (const name of names) assert.equal(textOf(folder, 'a/b/schemas', name), textOf(DOCS, 'schemas', name), name);
  assert.equal(stdout, `a/b/asyncapi.json and ${names.length} schemas in a/b/schemas were written\n`);
});

test('a folder that is not writable ends the command with the reason', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'file'), '');
  const { code, stderr } = await tributary(folder, ['topics', 'export', '--out', 'file']);
  assert.equal(code, 2);
  assert.match(stderr, /^error: file\/asyncapi\.json cannot be written: /);
});
