/**
 * The platform of the working folder: the default export of its `tributary.config.ts` (or `.mts`, `.js`, `.mjs`). Without such a file, it
 * is the built-in platform.
 *
 * Node runs the file as it is. Any error in it, or in a module that it imports, is CONFIG_INVALID with the file's name.
 */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, TributaryError } from '../../core/errors.ts';
import { originOf, type Platform } from '../../modules/define.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { VERSION } from '../version.ts';

export interface LoadedPlatform {
  readonly platform: Platform;
  /** The file of the platform; undefined for the built-in one, and for one that the caller of `main` passed. */
  readonly file: string | undefined;
}

const NAMES = ['ts', 'mts', 'js', 'mjs'].map((ending) => `tributary.config.${ending}`);
const WRITE_ONE = 'write `export default definePlatform({ modules: [learning, …] })`';

export async function loadPlatform(folder: string): Promise<LoadedPlatform> {
  const [name, ...others] = NAMES.filter((each) => existsSync(join(folder, each)));
  if (name === undefined) return { platform: learningPlatform, file: undefined };
  if (others.length > 0) throw wrong(`there are ${[name, ...others].join(' and ')} in ${folder}: keep one of them`);
  const file = join(folder, name);
  let found: { readonly default?: unknown };
  try {
    found = await import(pathToFileURL(file).href);
  } catch (error) {
    throw wrong(`${file} cannot be used: ${whyOf(error, file)}`, error);
  }
  return { platform: platformIn(found, file), file };
}

function platformIn(found: { readonly default?: unknown }, file: string): Platform {
  const { default: value, ...others } = found;
  if (value === undefined) {
    const names = Object.keys(others);
    const has = names.length === 0 ? '' : `; it exports ${names.join(', ')}`;
    throw wrong(`${file} has no default export: ${WRITE_ONE}${has}`);
  }
  switch (originOf(value)) {
    case 'ours':
      return value as Platform;
    case 'foreign':
      throw wrong(
        `the platform of ${file} was made by another copy of Tributary than this command, which is ${VERSION}: run the copy that the file imports, with \`npx tributary\` in its project`,
      );
    case 'none':
      throw wrong(`the default export of ${file} is not a platform: ${WRITE_ONE}`);
  }
}

function whyOf(error: unknown, file: string): string {
  const code = String((error as { code?: unknown } | null)?.code ?? '');
  const at = fileAndLineOf(error);
  const text = `${messageOf(error)}${at === undefined ? '' : ` (${at})`}`;
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX')
    return `${text}; Node takes types away and translates nothing: write it without enums, namespaces with values and parameter properties (erasableSyntaxOnly of TypeScript finds them)`;
  if (code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING')
    return `${text}; below node_modules Node runs JavaScript alone: import what the package has compiled`;
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED')
    return `${text}; correct the import (relative ones name the file with its ending), or install the package`;
  if (error instanceof SyntaxError && at === undefined)
    return `${text}; \`node --check ${basename(file)}\` shows where, if it is in this file`;
  return text;
}

/** File and line, where Node reports them: before the message of a syntax error, or in the first line of the stack that names a file. */
function fileAndLineOf(error: unknown): string | undefined {
  if (error instanceof TributaryError || !(error instanceof Error)) return undefined;
  const lines = (error.stack ?? '').split('\n');
  const first = error instanceof SyntaxError ? lines[0] : lines.find((line) => line.includes('file://'));
  return /file:\/\/([^\s()]+?:\d+)(?::\d+)?\)?$/.exec(first ?? '')?.[1];
}

const wrong = (message: string, cause?: unknown): TributaryError =>
  new TributaryError('CONFIG_INVALID', message, { cause });
