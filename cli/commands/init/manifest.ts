/** The package.json of a new project. */
import { readFileSync } from 'node:fs';

export interface Manifest {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** The template under this name. If several name a dependency, the last one counts. None is both a dependency and a dev dependency. */
export function manifestFor(template: Manifest, name: string, installed: readonly Partial<Manifest>[]): Manifest {
  const all = [template, ...installed];
  const dependencies = joined(all.map((each) => each.dependencies));
  const forDevelopment = joined(all.map((each) => each.devDependencies));
  const devDependencies = Object.fromEntries(
    Object.entries(forDevelopment).filter(([each]) => !(each in dependencies)),
  );
  return { ...template, name, dependencies, devDependencies };
}

/** Sorted as npm sorts them. */
function joined(all: readonly (Manifest['dependencies'] | undefined)[]): Manifest['dependencies'] {
  const entries = all.flatMap((each) => Object.entries(each ?? {}));
  return Object.fromEntries([...new Map(entries)].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The name of the folder as a valid package name. It must not be that of its dependency, which npm would take it for. */
export function nameFor(folder: string): string {
  const name = folder
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._~-]+/g, '-')
    .replaceAll(/^[._-]+|-+$/g, '')
    .slice(0, 200);
  return ['', 'tributary', 'node_modules', 'favicon.ico'].includes(name) ? 'my-jobs' : name;
}

/** Undefined if the file is not a manifest. */
export function readManifest(file: string | URL): Partial<Manifest> | undefined {
  const text = readFileSync(file, 'utf8');
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
