/**
 * The page of the service: its shell at every address that a reader may see, and its files at addresses that change with their contents.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { digest, indexText, LIBRARIES, type PageFile, pageFile, pageFiles, withImports } from './page-files.ts';

/** The prefixes of the addresses that the page's own router knows (`reports/page/app/screens.js`). */
export const PAGE_ADDRESSES = [
  'courses',
  'batches',
  'reports',
  'requests',
  'schedules',
  'explore',
  'operate',
  'signed-in',
] as const;

/** Modules that every screen needs. They are preloaded, instead of one import after the other. */
const EARLY = /^(?:main|parts\/.*)\.js$/;

const FOREVER = 'public, max-age=31536000, immutable';

interface Shell {
  readonly file: PageFile;
  readonly policy: string;
}

/** `origins`: where people sign in. The page calls them besides the service. */
export function addPage(app: FastifyInstance, origins: readonly string[]): void {
  const files = pageFiles();
  const version = digest([...files].map(([path, { etag }]) => `${path} ${etag}`).join('\n')).slice(0, 8);
  const preloaded = withImports(
    files,
    [...files.keys()].filter((path) => EARLY.test(path)),
  );
  const shell = shellOf(version, preloaded, origins);
  const config = { name: 'page' };
  const method = ['GET', 'HEAD'];
  const url = ['/', ...PAGE_ADDRESSES.flatMap((name) => [`/${name}`, `/${name}/*`])];
  for (const each of url)
    app.route({
      method,
      url: each,
      config,
      handler: (request, reply) => {
        reply.headers({ 'cache-control': 'no-cache', 'content-security-policy': shell.policy });
        return sendFile(request, reply, shell.file);
      },
    });
  app.route({
    method,
    url: '/page/:version/*',
    config,
    handler: (request, reply) => {
      const { version: asked, '*': path } = request.params as { readonly version: string; readonly '*': string };
      const file = files.get(path);
      if (file === undefined) return reply.callNotFound();
      // During a rollout, the shell may come from another instance, with other files.
      reply.header('cache-control', asked === version ? FOREVER : 'no-cache');
      return sendFile(request, reply, file);
    },
  });
}

function shellOf(version: string, preloaded: readonly string[], origins: readonly string[]): Shell {
  const base = `/page/${version}`;
  const imports = Object.entries(LIBRARIES).flatMap(([name, main]) => [
    [name, `${base}/libraries/${name}/${main}`],
    [`${name}/`, `${base}/libraries/${name}/`],
  ]);
  const map = JSON.stringify({ imports: Object.fromEntries(imports) });
  const links = preloaded.map((path) => `<link rel="modulepreload" href="${base}/${path}">`);
  const text = indexText()
    .replaceAll('"/page/', `"${base}/`)
    .replace('<!-- imports -->', () => `<script type="importmap">${map}</script>${links.join('')}`);
  return { file: pageFile('index.html', Buffer.from(text)), policy: policyOf(map, origins) };
}

/** The one inline script is the import map, which cannot be a file. */
const policyOf = (map: string, origins: readonly string[]): string =>
  [
    "default-src 'self'",
    `script-src 'self' 'sha256-${createHash('sha256').update(map).digest('base64')}'`,
    ["connect-src 'self'", ...origins].join(' '),
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

async function sendFile(request: FastifyRequest, reply: FastifyReply, file: PageFile): Promise<FastifyReply> {
  reply.headers({ etag: file.etag, vary: 'accept-encoding' }).type(file.type);
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  const accepted = request.headers['accept-encoding'];
  const given = typeof accepted === 'string' ? accepted : '';
  const encoding = (['br', 'gzip'] as const).find((each) => new RegExp(`\\b${each}\\b(?!;q=0)`).test(given));
  if (encoding === undefined) return reply.send(file.plain);
  reply.header('content-encoding', encoding);
  return reply.send(await file.packed(encoding));
}
