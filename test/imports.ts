/** The import graph of the sources: static, dynamic and type imports alike. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

const ROOT = join(import.meta.dirname, '..');

export interface Source {
  /** Path from the root of the project, with slashes. */
  readonly file: string;
  readonly text: string;
  /** The files of this project that it imports. */
  readonly files: readonly string[];
  /** Everything else that it imports: packages, and modules of Node as `node:…`. */
  readonly libraries: readonly string[];
}

const IMPORTS = [
  /^\s*(?:import|export)\b[^;'"`]*?\bfrom\s+'([^']+)'/gm,
  /^\s*import\s+'([^']+)'/gm,
  /\b(?:import|require|import\.meta\.resolve)\(\s*'([^']+)'/g,
];
/** Imports whose module is only known at run time. */
/** It imports a file of the user's. */
const OF_USERS = 'app/platform/file.ts';
const UNKNOWABLE = /\b(?:import|require)\(\s*[^'\s)]/;

export function importsOf(file: string, text: string): Pick<Source, 'files' | 'libraries'> {
  if (file !== OF_USERS && UNKNOWABLE.test(text))
    throw new Error(`${file}: an import does not say what it imports; write its path out`);
  const named = IMPORTS.flatMap((pattern) => [...text.matchAll(pattern)].map(([, name]) => name as string));
  return {
    files: named.filter((name) => name.startsWith('.')).map((name) => posix.join(dirname(file), name)),
    libraries: named.filter((name) => !name.startsWith('.')),
  };
}

/** Every TypeScript file of the project except tests, and every module of the page, by path. */
export function sourceTree(): ReadonlyMap<string, Source> {
  const files = globSync(['**/*.ts', 'reports/page/**/*.js'], {
    cwd: ROOT,
    exclude: ['node_modules/**', 'test/**', 'data/**', 'dist/**'],
  });
  return new Map(
    files.map((path): [string, Source] => {
      const file = path.replaceAll('\\', '/');
      const text = readFileSync(join(ROOT, file), 'utf8');
      return [file, { file, text, ...importsOf(file, text) }];
    }),
  );
}

/** This file and everything that it imports, directly or indirectly. The value is the file that led to the key. */
export function reachable(tree: ReadonlyMap<string, Source>, from: string): ReadonlyMap<string, string> {
  const cameFrom = new Map([[from, '']]);
  for (const file of cameFrom.keys()) {
    for (const next of tree.get(file)?.files ?? []) if (!cameFrom.has(next)) cameFrom.set(next, file);
  }
  return cameFrom;
}
