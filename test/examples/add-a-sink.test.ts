/** Follows `docs/add-a-sink.md` step by step: its sink passes the contract suite, and the code that it changes exists. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../cli/harness.ts';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = readFileSync(join(ROOT, 'docs/add-a-sink.md'), 'utf8');

/** The first code block after each file name. */
const steps = [...PAGE.matchAll(/^\*\*\d\. [^`]*`([^`]+)`[\s\S]*?^```ts\n([\s\S]*?)^```/gm)].map(
  ([, name = '', text = '']) => [name, text] as const,
);

test('the sink of the page passes the contract suite of its port', (t) => {
  const files = steps.slice(0, 3);
  assert.deepEqual(
    files.map(([name]) => name),
    ['sinks/channels/pigeon/request.ts', 'sinks/channels/pigeon/channel.ts', 'test/sinks/channels-pigeon.test.ts'],
  );
  const folder = temporaryFolder(t);
  for (const [name, text] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  for (const name of ['core', 'sinks/channels/message.ts', 'sinks/channels/port.ts', 'test/contracts']) {
    symlinkSync(join(ROOT, name), join(folder, name));
  }
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = spawnSync(
    process.execPath,
    ['--test', '--test-reporter=tap', 'test/sinks/channels-pigeon.test.ts'],
    { cwd: folder, env, encoding: 'utf8' },
  );
  const suite = Number(/The suite has (\d+) tests/.exec(PAGE)?.[1]);
  assert.match(stdout, new RegExp(`^# pass ${suite + 1}\n# fail 0$`, 'm'), stdout);
});

test('the lines that the page extends are in the files that it names', () => {
  const [schemes, openers] = [steps[3], steps[4]];
  assert.deepEqual([schemes?.[0], openers?.[0]], ['SCHEMES', 'app/stores/openers.ts']);
  const withoutPigeon = (text = ''): string => text.replace(/, (?:pigeon|'pigeon').*?(?= ?[}\]])/, '').trim();
  const has = (file: string, line: string): void =>
    assert.ok(readFileSync(join(ROOT, file), 'utf8').includes(line), `${file} has not:\n${line}`);
  has('app/config/keys.ts', withoutPigeon(schemes?.[1]));
  has('app/stores/openers.ts', withoutPigeon(openers?.[1].split('// …\n')[1]));
});
