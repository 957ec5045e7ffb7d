/** Follows `docs/add-a-job.md` step by step: its instructions fit the example, and have the result that the page describes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { temporaryFolder } from '../cli/harness.ts';
import { change, changesIn } from './pages.ts';

const ROOT = join(import.meta.dirname, '../..');
const PRELOAD = pathToFileURL(join(import.meta.dirname, 'from-sources.ts')).href;

test('the test at the beginning of the page fails at first, and passes once the job is changed', (t) => {
  const folder = temporaryFolder(t);
  cpSync(join(ROOT, 'examples/forum'), folder, { recursive: true });
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const tested = (): string =>
    spawnSync(process.execPath, [`--import=${PRELOAD}`, '--test', '--test-reporter=tap'], {
      cwd: folder,
      env,
      encoding: 'utf8',
    }).stdout;
  const [first, ...others] = changesIn(readFileSync(join(ROOT, 'docs/add-a-job.md'), 'utf8'));
  assert.ok(first !== undefined && others.length === 9);
  change(folder, first);
  assert.match(tested(), /^# pass 8\n# fail 1$/m);
  for (const each of others) change(folder, each);
  const output = tested();
  assert.match(output, /^# pass 9\n# fail 0$/m, output);
});
