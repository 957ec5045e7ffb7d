/**
 * The files of the page, read once and kept in memory. The set of files is fixed before the first call: the path in a call is only looked
 * up, and never leads to a folder. Files of libraries are included as far as the page's own modules import them.
 */
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, extname, join, posix } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const PAGE = join(import.meta.dirname, '../../reports/page');

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
};

/** The packages from which browsers load files, with the file that the bare name means. */
export const LIBRARIES: Readonly<Record<string, string>> = {
  'lit-html': 'lit-html.js',
  oauth4webapi: 'build/index.js',
  uplot: 'dist/uPlot.esm.js',
};

export type Encoding = 'br' | 'gzip';

export interface PageFile {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  /** Compressed at the first request, and then kept. */
  packed(encoding: Encoding): Promise<Buffer>;
}

/** By path: `main.js`, `screens/overview/overview.js`, `libraries/uplot/dist/uPlot.esm.js`. */
export function pageFiles(): ReadonlyMap<string, PageFile> {
  read ??= readFiles();
  return read;
}

let read: ReadonlyMap<string, PageFile> | undefined;

function readFiles(): ReadonlyMap<string, PageFile> {
  const paths = globSync('**/*.{css,js,svg}', { cwd: PAGE }).map((path) => path.replaceAll('\\', '/'));
  const linked = [...indexText().matchAll(/"\/page\/(libraries\/[^"]+)"/g)].map(([, path = '']) => path);
  const texts = new Map<string, Buffer>();
  const wanted = [...paths, ...linked];
  for (const path of wanted) {
    if (texts.has(path)) continue;
    const text = readFileSync(fileOf(path));
    texts.set(path, text);
    wanted.push(...importsOf(path, text));
  }
  return new Map([...texts].map(([path, plain]) => [path, pageFile(path, plain)]));
}

export const indexText = (): string => readFileSync(join(PAGE, 'index.html'), 'utf8');

/** These modules, and then all modules that they import statically, directly or not, in the order in which they are found. */
export function withImports(files: ReadonlyMap<string, PageFile>, modules: readonly string[]): string[] {
  const found = new Set(modules);
  for (const path of found) for (const each of importsOf(path, files.get(path)?.plain ?? '')) found.add(each);
  return [...found];
}

const IMPORT = /\b(?:from|import)\s*["']([^"']+)["']/g;

/** The files that a module imports statically. A dynamic import may be another screen, or may never happen. */
function importsOf(path: string, text: Buffer | string): string[] {
  if (extname(path) !== '.js') return [];
  return [...text.toString().matchAll(IMPORT)].flatMap(([, name = '']) => {
    if (name.startsWith('.')) return [posix.join(posix.dirname(path), name)];
    const [library = '', ...rest] = name.split('/');
    const main = LIBRARIES[library];
    return main === undefined ? [] : [`libraries/${library}/${rest.length === 0 ? main : rest.join('/')}`];
  });
}

/** The location of the file that is served under the path. */
function fileOf(path: string): string {
  const [, library, file] = /^libraries\/([^/]+)\/(.+)$/.exec(path) ?? [];
  if (library === undefined || file === undefined) return join(PAGE, path);
  const manifest = findPackageJSON(library, import.meta.url);
  if (manifest === undefined) throw new Error(`the package ${library} is not installed: run npm ci`);
  return join(dirname(manifest), file);
}

export function pageFile(path: string, plain: Buffer): PageFile {
  const kept = new Map<Encoding, Promise<Buffer>>();
  return {
    type: TYPES[extname(path)] ?? 'application/octet-stream',
    etag: `"${digest(plain)}"`,
    plain,
    packed(encoding) {
      const known = kept.get(encoding) ?? PACK[encoding](plain);
      kept.set(encoding, known);
      return known;
    },
  };
}

const PACK: Readonly<Record<Encoding, (plain: Buffer) => Promise<Buffer>>> = {
  br: (plain) => promisify(brotliCompress)(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  gzip: promisify<Buffer, Buffer>(gzip),
};

export const digest = (bytes: Buffer | string): string =>
  createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
