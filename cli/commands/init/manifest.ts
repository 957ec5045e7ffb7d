/** The package.json of a new project. */
import { readFileSync } from 'node:fs';

export interface Manifest {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** The template under this name; of a dependency that several name, the last one counts. */
export function manifestFor(template: Manifest, name: string, installed: readonly Partial<Manifest>[]): Manifest {
  const all = [template, ...installed];
  return {
    ...template,
    name,
    dependencies: Object.assign({}, ...all.map(({ dependencies }) => dependencies)),
    devDependencies: Object.assign({}, ...all.map(({ devDependencies }) => devDependencies)),
  };
}

/** The name of the folder as npm takes it for a package. One that is named like its dependency would be that for npm. */
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

/** Undefined: the file is none. */
export function readManifest(file: string | URL): Partial<Manifest> | undefined {
  const text = readFileSync(file, 'utf8');
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
