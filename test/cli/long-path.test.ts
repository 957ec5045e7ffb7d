import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder, tributary, up } from './harness.ts';

test('a data folder whose path is too long for a socket works like any other', async (t) => {
  const folder = temporaryFolder(t);
  const data = join(folder, 'deep'.repeat(25), 'deeper'.repeat(10), 'data');
  mkdirSync(data, { recursive: true });
  const one = await up(t, folder, ['--data', data]);
  assert.ok(existsSync(join(data, 'control.sock')));
  const { code, stdout } = await tributary(folder, ['lag', 'track-progress', '--data', data]);
  assert.equal(code, 0);
  assert.match(stdout, /^track-progress +enrollment\.events +0/m);
  one.child.kill('SIGTERM');
  const { code: ended, stderr } = await one.ended;
  assert.equal(ended, 0);
  assert.doesNotMatch(stderr, /cannot be opened/);
  assert.equal(existsSync(join(data, 'control.sock')), false, 'it goes with the process');
  assert.deepEqual(readdirSync(folder), ['deep'.repeat(25)], 'and leaves nothing elsewhere');
});
