/**
 * The origin of this copy of Tributary, as a package.json names it: a new project depends on the same. The installer of the copy, which is
 * the user in a folder or npx in its cache, recorded the origin beside `node_modules`. A tarball is named by its path from the new folder.
 */
import { existsSync, realpathSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { VERSION } from '../../../app/version.ts';
import { type Manifest, readManifest } from './manifest.ts';

/** The executable of a package that contains only Node for one platform. */
const PACKAGE_OF_NODE = /\/node_modules\/(node-(?:bin-)?(?:linux|win|darwin)-\w+)\/bin\/node(?:\.exe)?$/;

export interface Origin extends Pick<Manifest, 'dependencies'> {
  /** The checkout from which the tarball has to be packed first. */
  readonly toPack: string | undefined;
}

/** The files of the running copy. */
const COPY = dirname(findPackageJSON(import.meta.url) as string);

export function origin(folder: string, copy = COPY): Origin {
  if (basename(dirname(copy)) !== 'node_modules') return checkedOut(copy, folder);
  const root = dirname(dirname(copy));
  const file = join(root, 'package.json');
  const { dependencies, devDependencies } = (existsSync(file) && readManifest(file)) || {};
  // Not in a package.json: it is installed globally, or by a program other than npm.
  const spec = { ...devDependencies, ...dependencies }['tributary'] ?? `^${VERSION}`;
  const tributary = spec.startsWith('file:') ? fileSpec(folder, resolve(root, spec.slice('file:'.length))) : spec;
  return { dependencies: { tributary }, toPack: undefined };
}

/** The package of the Node on which this process runs, if Node was installed as a package because the machine's own is too old. */
export function nodePackages(executable = process.execPath): Readonly<Record<string, string>> {
  const name = PACKAGE_OF_NODE.exec(executable.replaceAll('\\', '/'))?.[1];
  return name === undefined ? {} : { [name]: `^${process.versions.node}` };
}

/** A checkout is not compiled, so no project can depend on it directly. The tarball from `npm pack` can be installed. */
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
