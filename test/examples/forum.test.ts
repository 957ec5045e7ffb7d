/** The example as it is: its own tests, on the sources, and the steps of its README. `test/package` tests it with the packed package. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { NODE_VERSIONS } from '../../app/node-version.ts';
import { running, temporaryFolder, tributary } from '../cli/harness.ts';
import './from-sources.ts';
import { commandsIn } from './pages.ts';

const ROOT = join(import.meta.dirname, '../..');
const EXAMPLE = join(ROOT, 'examples/forum');
const PRELOAD = pathToFileURL(join(import.meta.dirname, 'from-sources.ts')).href;

await import('../../examples/forum/watch-questions.test.ts');

const read = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8');
const manifestIn = (folder: string) => JSON.parse(read(folder, 'package.json'));

test('the example has the dependencies of the repository', () => {
  const ours = manifestIn(ROOT);
  const { engines, dependencies, devDependencies } = manifestIn(EXAMPLE);
  assert.equal(engines.node, NODE_VERSIONS);
  assert.deepEqual(dependencies, { tributary: `^${ours.version}` });
  for (const [name, version] of Object.entries(devDependencies))
    assert.equal(version, ours.devDependencies[name], name);
});

test('the page about the example names the tarball of this version', () => {
  const named = read(ROOT, 'docs/add-a-job.md').matchAll(/tributary-[\d.]+\.tgz/g);
  assert.deepEqual([...new Set([...named].map(([name]) => name))], [`tributary-${manifestIn(ROOT).version}.tgz`]);
});

test('init writes the example, and it runs as its README describes', async (t) => {
  const folder = join(temporaryFolder(t), 'Our Forum');
  const begun = await tributary(join(folder, '..'), ['init', 'Our Forum']);
  assert.deepEqual([begun.code, begun.stderr], [0, '']);
  assert.match(begun.stdout, /^ {4}cd 'Our Forum'$/m);
  for (const name of readdirSync(EXAMPLE).filter((name) => name !== 'package.json')) {
    assert.equal(read(folder, name), read(EXAMPLE, name), name);
  }
  assert.deepEqual(readdirSync(folder).sort(), [...readdirSync(EXAMPLE), '.gitignore'].sort());
  const { name, dependencies, ...others } = manifestIn(folder);
  const { name: _, dependencies: __, ...same } = manifestIn(EXAMPLE);
  assert.equal(name, 'our-forum');
  assert.match(dependencies.tributary, /^file:.*\/tributary-\d+\.\d+\.\d+\.tgz$/);
  // A partial comparison: this process may run on a Node from a package, on which the project then also depends.
  assert.partialDeepStrictEqual(others, same);

  const env = { NODE_OPTIONS: `--import=${PRELOAD}` };
  await running(t, folder, ['up'], env).printed('8 jobs, 4 rollups and a report worker are running');
  const shown: string[] = [];
  for (const { words, input } of commandsIn(read(EXAMPLE, 'README.md'))) {
    const { code, stdout, stderr } = await tributary(folder, words, { env, input });
    assert.deepEqual([code, stderr], [0, ''], words.join(' '));
    if (words[0] === 'show') shown.push(stdout);
  }
  const [row, view, feed, later] = shown;
  assert.match(row ?? '', /"answeredAt": null,\s+"remindedAt": "2025-09-03T/);
  assert.match(view ?? '', /^q-1 .* answered$\n^q-2 .* overdue$/m);
  assert.match(feed ?? '', /A question waits for an answer .*Where does the Nile begin\?/);
  assert.match(later ?? '', /^q-2 .* answered$/m);
});
