/** The model of the rules: it is valid, and it has the same switches as the runtime and its test. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { WITHOUT } from '../protocol/without.ts';

const MODEL = fileURLToPath(new URL('protocol.py', import.meta.url));
const hasPython = spawnSync('python3', ['--version']).status === 0;

test('the model with all its rules ends as if nothing had happened', { skip: !hasPython && 'no python3' }, async () => {
  const { stdout } = await promisify(execFile)('python3', [MODEL, '40', '--all-only']);
  assert.match(stdout, /^all rules +0 of 40 seeds differ/);
});

test('the model and the runtime have the same rules that can be turned off', () => {
  const [, rules = ''] = /^RULES = \{\n(.*?)^\}/ms.exec(readFileSync(MODEL, 'utf8')) ?? [];
  const names = [...rules.matchAll(/^ {4}'(\w+)'/gm)].map(([, name = '']) =>
    name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
  );
  assert.deepEqual(Object.keys(WITHOUT).sort(), names.sort());
});
