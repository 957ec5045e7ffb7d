/** The packages that `npm ci` installs. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

interface Manifest {
  readonly version?: string;
  readonly engines?: { readonly node?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
interface Locked extends Manifest {
  readonly license?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly inBundle?: boolean;
  readonly hasInstallScript?: boolean;
}

const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, '../..', name), 'utf8'));
const manifest = read('package.json') as Manifest;
const engine = read('engine/package.json') as Manifest;
const locked = Object.entries((read('package-lock.json') as { packages: Record<string, Locked> }).packages);
const installed = locked.filter(([path, { link }]) => path.startsWith('node_modules/') && link !== true);
const pathsOf = (which: readonly [string, Locked][]) => which.map(([path]) => path);

test('everything installed matches the lock file byte for byte', () => {
  assert.ok(installed.length > 100);
  const loose = installed.filter(([, { integrity, inBundle }]) => integrity === undefined && inBundle !== true);
  assert.deepEqual(pathsOf(loose), []);
});

test('nothing runs a script when it is installed', () => {
  assert.deepEqual(pathsOf(locked.filter(([, { hasInstallScript }]) => hasInstallScript === true)), []);
});

/** Licences that only require users of Tributary to keep the notices, which are in each package. */
const LICENCES = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'MIT-0', 'Unlicense'];

/** For development tools, which we neither publish nor change. */
const DEVELOPMENT_LICENCES = [...LICENCES, 'MPL-2.0'];

test('every package has a licence that is compatible with ours', () => {
  const suits = ({ license, dev }: Locked) => {
    const fine = dev === true ? DEVELOPMENT_LICENCES : LICENCES;
    return license?.split(' OR ').some((each) => fine.includes(each)) === true;
  };
  assert.deepEqual(pathsOf(installed.filter(([, each]) => !suits(each))), []);
});

/** DuckDB's client numbers its own releases for one DuckDB: -r.1, -r.2. */
test('versions are pinned', () => {
  const wanted = [manifest.dependencies, manifest.devDependencies, engine.optionalDependencies];
  const ranges = wanted
    .flatMap((each) => Object.entries(each ?? {}))
    .filter(([, range]) => !/^\d+\.\d+\.\d+(-r\.\d+)?$/.test(range));
  assert.deepEqual(ranges, []);
});

test('packages of one family have one version', () => {
  const families = Map.groupBy(
    Object.entries({ ...manifest.dependencies, ...engine.optionalDependencies }).filter(([name]) =>
      /^@aws-sdk\/|^node-/.test(name),
    ),
    ([name]) => name.replace(/[/-].*/, ''),
  );
  assert.ok(families.size >= 2);
  for (const [family, members] of families) {
    assert.equal(new Set(members.map(([, version]) => version)).size, 1, family);
  }
});

/*
 * npm compares `engines` with the Node that npm itself runs on, and warns. That is no problem here: installed packages run on the Node of
 * `engine/`. So the lock file has no `engines` for entries that ask for more than Node 20. npm does not put them back.
 */
test('npm on Node 20 shows no warning', () => {
  assert.equal(manifest.engines?.node, '>=20');
  const demanding = installed.filter(([, { engines, optional }]) => {
    const alternatives = engines?.node?.split('||') ?? [];
    return optional !== true && alternatives.length > 0 && alternatives.every((each) => Number(/\d+/.exec(each)) > 20);
  });
  assert.deepEqual(pathsOf(demanding), []);
});
