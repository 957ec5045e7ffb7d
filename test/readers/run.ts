/**
 * `npm run test:readers` installs the readers by pip into their own folder under `.servers/readers`, unless they are there, and runs their
 * tests. Needs Python 3.10 or newer with venv, its package registry, and some 660 MB of disk.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isInstalled, REQUIRED_VARIABLE, readersFolder, requirementsFile } from './readers.ts';

const folder = readersFolder();
if (!isInstalled()) {
  const begun = Date.now();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  const run = (command: string, args: string[]) =>
    execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  run('python3', ['-m', 'venv', folder]);
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
  run(join(folder, 'bin/python'), ['-m', 'pip', 'install', ...quiet, '--only-binary', ':all:', '-r', requirementsFile]);
  writeFileSync(join(folder, 'installed'), '');
  console.log(`readers: installed in ${Math.round((Date.now() - begun) / 1000)} s`);
}
const { status } = spawnSync(
  process.execPath,
  ['--test', '--test-concurrency=1', '--test-reporter=spec', '--test-timeout=300000', 'test/readers/*.test.ts'],
  { stdio: 'inherit', env: { ...process.env, [REQUIRED_VARIABLE]: 'true' } },
);
process.exitCode = status ?? 1;
