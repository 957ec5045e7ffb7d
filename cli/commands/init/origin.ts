/**
 * Where this copy of Tributary is from, as a package.json names it: a project that it begins depends on the same. Whoever installed
 * the copy wrote that down beside its `node_modules`: the user in a folder, or npx in its cache. A tarball is named by its path from the
 * new folder.
 */
import { existsSync, realpathSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { VERSION } from '../../../app/version.ts';
import { type Manifest, readManifest } from './manifest.ts';

/** The executable of a package that is nothing but Node for one machine. */
const PACKAGE_OF_NODE = /\/node_modules\/(node-(?:bin-)?(?:linux|win|darwin)-\w+)\/bin\/node(?:\.exe)?$/;

export interface Origin extends Pick<Manifest, 'dependencies'> {
  /** The checkout in which the tarball has to be packed first. */
  readonly toPack: string | undefined;
}

/** Where the files of the running copy are. */
const COPY = dirname(findPackageJSON(import.meta.url) as string);

export function origin(folder: string, copy = COPY): Origin {
  if (basename(dirname(copy)) !== 'node_modules') return checkedOut(copy, folder);
  const root = dirname(dirname(copy));
  const file = join(root, 'package.json');
  const { dependencies, devDependencies } = (existsSync(file) && readManifest(file)) || {};
  // Not named there: it is installed for all, or by another program than npm.
  const spec = { ...devDependencies, ...dependencies }['tributary'] ?? `^${VERSION}`;
  const tributary = spec.startsWith('file:') ? fileSpec(folder, resolve(root, spec.slice('file:'.length))) : spec;
  return { dependencies: { tributary }, toPack: undefined };
}

/** Where this process runs on a Node that was installed as a package, since the one of the machine is too old: that package. */
export function nodePackages(executable = process.execPath): Readonly<Record<string, string>> {
  const name = PACKAGE_OF_NODE.exec(executable.replaceAll('\\', '/'))?.[1];
  return name === undefined ? {} : { [name]: `^${process.versions.node}` };
}

/** A checkout is not compiled, so that nobody can depend on it as it is; what `npm pack` makes of it can be installed. */
function checkedOut(copy: string, folder: string): Origin {
  const tarball = join(copy, `tributary-${VERSION}.tgz`);
  return {
    dependencies: { tributary: fileSpec(folder, tarball) },
    toPack: existsSync(tarball) ? undefined : copy,
  };
}

function fileSpec(folder: string, tarball: string): string {
  const real = existsSync(tarball) ? realpathSync(tarball) : tarball;
  return `file:${relative(folder, real).replaceAll('\\', '/')}`;
}
