/** Follows `docs/add-a-datasource.md` step by step: puts its files into the example, and checks its statements. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { temporaryFolder } from '../cli/harness.ts';
import { change, changesIn } from './pages.ts';

const ROOT = join(import.meta.dirname, '../..');
const PRELOAD = pathToFileURL(join(import.meta.dirname, 'from-sources.ts')).href;

test('the datasource of the page passes its test, and fits into the platform of the example', (t) => {
  const folder = temporaryFolder(t);
  cpSync(join(ROOT, 'examples/forum'), folder, { recursive: true });
  const page = readFileSync(join(ROOT, 'docs/add-a-datasource.md'), 'utf8');
  const files = [...page.matchAll(/^`([\w.-]+\.ts)`[^`]*^```ts\n([\s\S]*?)^```/gm)];
  assert.deepEqual(
    files.map(([, name]) => name),
    ['questions.ts', 'questions.test.ts'],
  );
  for (const [, name = '', text = ''] of files) writeFileSync(join(folder, name), text);
  const changes = changesIn(page);
  assert.equal(changes.length, 1);
  for (const each of changes) change(folder, each);
  const config = join(folder, 'tributary.config.ts');
  writeFileSync(config, `import { questions } from './questions.ts';\n${readFileSync(config, 'utf8')}`);

  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [`--import=${PRELOAD}`, ...args], { cwd: folder, env, encoding: 'utf8' });
  const { stdout } = run('--test', '--test-reporter=tap', 'questions.test.ts');
  assert.match(stdout, /^# pass 1\n# fail 0$/m, stdout);
  const shown = run(
    '--input-type=module',
    '--eval',
    "console.log((await import('./tributary.config.ts')).default.datasources.at(-1).name)",
  );
  assert.equal(shown.stdout, 'questions\n', shown.stderr);
});
