/** `tributary init`: begins a new project, which is a copy of the example `examples/forum` under another name. */
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { messageOf, TributaryError } from '../../core/errors.ts';
import { print } from '../context.ts';
import type { RunForCaller } from '../descriptor.ts';
import { usage } from '../errors.ts';
import { type Manifest, manifestFor, nameFor, readManifest } from './init/manifest.ts';
import { nodePackages, origin } from './init/origin.ts';

/** In the order of reading. Compiled code lies one folder deeper, and so does the example. */
const EXAMPLE = new URL('../../examples/forum/', import.meta.url);
const COPIED = [
  'README.md',
  'events.ts',
  'tables.ts',
  'watch-questions.ts',
  'watch-questions.test.ts',
  'tributary.config.ts',
  'questions.ndjson',
  'tsconfig.json',
];
/** npm does not pack a file of this name, so the example cannot have it. */
const IGNORED = 'node_modules/\ndata/\n';

const OF_NPM = new Set(['dependencies', 'devDependencies']);
/** Files that may exist already: those of npm and git, and the tarball from which Tributary was installed. */
const HARMLESS = /^(?:node_modules|package\.json|package-lock\.json|\.git|.*\.tgz)$/;

export const run: RunForCaller<{ readonly folder: string }> = async (_, streams, { folder }) => {
  const { names, toPack } = begin(folder);
  for (const name of names) await print(streams, join(folder, name));
  const steps = [
    ...(toPack === undefined ? [] : [`(cd ${quoted(toPack)} && npm pack)`]),
    ...(resolve(folder) === process.cwd() ? [] : [`cd ${quoted(folder)}`]),
    'npm install',
    'npm test',
    'npm start',
  ];
  await print(streams, `\nNext, in this order; ${join(folder, 'README.md')} says what you see:\n`);
  for (const step of steps) await print(streams, `    ${step}`);
  return 0;
};

/** Writes the project. Returns the names of its files, and the checkout that has to be packed first, if any. */
function begin(folder: string): { readonly names: readonly string[]; readonly toPack: string | undefined } {
  const present = entriesOf(folder).filter((name) => !HARMLESS.test(name));
  if (present.length > 0) throw occupied(folder, present);
  const installed = installedInto(folder);
  const files = new Map(COPIED.map((name) => [name, readFileSync(new URL(name, EXAMPLE), 'utf8')]));
  const template = readManifest(new URL('package.json', EXAMPLE)) as Manifest;
  try {
    mkdirSync(folder, { recursive: true });
    const { dependencies, toPack } = origin(realpathSync(folder));
    const named = { dependencies, devDependencies: nodePackages() };
    const manifest = manifestFor(template, nameFor(basename(resolve(folder))), [named, installed]);
    files.set('package.json', `${JSON.stringify(manifest, null, 2)}\n`).set('.gitignore', IGNORED);
    for (const [name, text] of files) writeFileSync(join(folder, name), text);
    return { names: [...files.keys()], toPack };
  } catch (error) {
    throw usage(`${folder} cannot be written: ${messageOf(error)}`);
  }
}

/** Quoted for a shell. */
const quoted = (path: string): string => (/^[\w./~@%+:,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw usage(`${folder} cannot be used: ${messageOf(error)}; name a folder`);
  }
}

/** The package.json that `npm install` made in an empty folder. A user's own package.json is not touched. */
function installedInto(folder: string): Partial<Manifest> {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return {};
  const manifest = readManifest(file);
  if (manifest !== undefined && Object.keys(manifest).every((key) => OF_NPM.has(key))) return manifest;
  throw occupied(folder, ['a package.json of its own']);
}

function occupied(folder: string, present: readonly string[]): TributaryError {
  const shown = present.slice(0, 3).join(', ');
  const more = present.length > 3 ? ` and ${present.length - 3} more` : '';
  return new TributaryError(
    'ALREADY_EXISTS',
    `${folder} is not empty (${shown}${more}), and nothing was written; name a folder that is new or empty`,
  );
}
