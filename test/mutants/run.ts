/**
 * Introduces one fault after another in a copy of the project, and prints those that the tests do not notice. It takes minutes and is run
 * by hand: `npm run test:mutants`, or `npm run test:mutants -- stale` for faults with that word in their description.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MUTANTS, type Mutant, PROPERTY } from './mutants.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NOT_COPIED = new Set(['node_modules', '.git', '.servers', 'data', 'dist']);
const [word = ''] = process.argv.slice(2);

const copy = mkdtempSync(join(tmpdir(), 'mutants-'));
try {
  cpSync(ROOT, copy, {
    recursive: true,
    filter: (path) => !NOT_COPIED.has(path.slice(ROOT.length).split(sep)[0] ?? ''),
  });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const all = [...new Set([PROPERTY, ...MUTANTS.flatMap(({ tests = [] }) => tests)])];
  if (run(all).status !== 0) throw new Error('the tests fail without any mutant: mend that first');
  const survivors = MUTANTS.filter(({ what }) => what.includes(word)).filter((mutant) => !isNoticed(mutant));
  if (survivors.length > 0) process.exitCode = 1;
  console.log(`${survivors.length} survived`);
} finally {
  rmSync(copy, { recursive: true });
}

function isNoticed({ what, file, from, to, tests = [PROPERTY] }: Mutant): boolean {
  const path = join(copy, file);
  const text = readFileSync(path, 'utf8');
  if (text.split(from).length !== 2) throw new Error(`${file} does not have this text once: ${from}`);
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  const { status, stdout } = run(tests);
  writeFileSync(path, text);
  const [why = ''] = /seed \d+ differs/.exec(stdout) ?? /✖ (?!failing)[^(]*/.exec(stdout) ?? [];
  console.log(status === 0 ? `SURVIVED  ${what}` : `noticed   ${what}: ${why.trim()}`);
  return status !== 0;
}

function run(tests: readonly string[]) {
  return spawnSync(process.execPath, ['--test', ...tests], { cwd: copy, encoding: 'utf8' });
}
