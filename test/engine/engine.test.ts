/** The small start script, run by an older Node. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { NODE_NEEDED, NODE_VERSIONS, runsTributary } from '../../app/node-version.ts';

const ROOT = join(import.meta.dirname, '../..');
const PACKAGE = `node-${process.platform}-${process.arch}`;

/** Makes this Node pretend to be another version without `execve`, like Node 20. */
function pretending(version: string): string {
  const lines = `
    Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });
    process.execve = undefined;`;
  return `data:text/javascript,${encodeURIComponent(lines)}`;
}

/** A folder with the script. If `installed` is a version, the folder also has this Node, as npm installs it. */
function folder(t: TestContext, installed?: string): string {
  const path = mkdtempSync(join(tmpdir(), 'tributary-engine-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const each of ['bin', 'engine']) cpSync(join(ROOT, each), join(path, each), { recursive: true });
  writeFileSync(join(path, 'package.json'), '{ "type": "module" }');
  if (installed !== undefined) {
    const home = join(path, 'node_modules', PACKAGE);
    mkdirSync(join(home, 'bin'), { recursive: true });
    writeFileSync(join(home, 'package.json'), JSON.stringify({ version: installed, bin: { node: 'bin/node' } }));
    writeFileSync(join(home, 'bin/node'), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`);
    chmodSync(join(home, 'bin/node'), 0o755);
  }
  return path;
}

function run(cwd: string, version: string, ...args: string[]) {
  return spawnSync(process.execPath, ['--import', pretending(version), ...args], { cwd, encoding: 'utf8' });
}

test('an old Node hands over to the one that npm installed, with arguments and exit code', (t) => {
  const { stdout, status } = run(
    folder(t, '24.21.0'),
    '20.20.2',
    'engine/run.js',
    '-p',
    'process.exitCode = 7; "done"',
  );
  assert.equal(stdout, 'done\n');
  assert.equal(status, 7);
});

test('an old Node takes the one of the working folder, where npx keeps the command elsewhere', (t) => {
  const [here, elsewhere] = [folder(t, '24.21.0'), folder(t)];
  const { stdout, stderr } = run(here, '20.20.2', join(elsewhere, 'engine/run.js'), '-p', '"done"');
  assert.deepEqual([stdout, stderr], ['done\n', '']);
});

test('the command runs the sources of a checkout, and compiled files where there are no sources', (t) => {
  const path = folder(t, '24.21.0');
  mkdirSync(join(path, 'dist/cli'), { recursive: true });
  writeFileSync(
    join(path, 'dist/cli/main.js'),
    'console.log("compiled", ...process.argv.slice(2), ...process.execArgv)',
  );
  const compiled = run(path, '20.20.2', 'bin/tributary.js', 'up', '--json');
  assert.equal(compiled.stdout, 'compiled up --json --max-semi-space-size=8\n');
  mkdirSync(join(path, 'cli'));
  writeFileSync(join(path, 'cli/main.ts'), 'console.log("sources")');
  assert.equal(run(path, '20.20.2', 'bin/tributary.js').stdout, 'sources\n');
  assert.equal(run(path, '24.16.0', 'bin/tributary.js').stdout, 'sources\n');
});

for (const installed of [undefined, '20.20.2']) {
  test(`an old Node says what to do when npm installed ${installed ?? 'none'}`, (t) => {
    const { stderr, status } = run(folder(t, installed), '20.20.2', 'bin/tributary.js', 'up');
    assert.equal(status, 1);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
    assert.match(
      stderr,
      /needs Node 24\.16, a newer 24, or 26 and newer, and this is Node 20\.20\.2; install one from .*--save-dev node-/,
    );
  });
}

test('the script, the package and doctor agree on the supported versions of Node', (t) => {
  const path = folder(t);
  for (const version of [
    '18.20.8',
    '22.23.5',
    '24.9.1',
    '24.15.0',
    '24.16.0',
    '24.21.0',
    '25.9.0',
    '26.0.0',
    '30.1.0',
  ]) {
    const { status, stderr } = run(path, version, 'engine/run.js', '-p', '1');
    assert.equal(status === 0, runsTributary(version), version);
    if (status !== 0) assert.ok(stderr.includes(NODE_NEEDED), stderr);
  }
  assert.equal(NODE_VERSIONS, '^24.16.0 || >=26.0.0');
});

test('an installed Node that does not start on this machine is named', (t) => {
  const path = folder(t, '24.21.0');
  writeFileSync(join(path, 'node_modules', PACKAGE, 'bin/node'), '#!/no/such/loader\n');
  const { stderr, status } = run(path, '20.20.2', 'engine/run.js', '-p', '1');
  assert.equal(status, 1);
  assert.match(stderr, /node does not start: .*ENOENT/);
});

test('a signal reaches the Node that was handed over to', async (t) => {
  const waiting = `process.on('SIGTERM', () => process.exit(3)); setInterval(() => {}, 1000); console.log('ready')`;
  const args = ['--import', pretending('20.20.2'), 'engine/run.js', '-e', waiting];
  const child = spawn(process.execPath, args, {
    cwd: folder(t, '24.21.0'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface(child.stdout), 'line');
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [3, null]);
});
