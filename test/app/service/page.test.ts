/** How the page is served: a closed list of small files, with a content security policy. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { loadConfig } from '../../../app/config/config.ts';
import { aboutOf } from '../../../app/service/about.ts';
import { indexText, pageFile, pageFiles } from '../../../app/service/page-files.ts';
import { temporaryFolder } from '../../cli/harness.ts';
import { service } from './harness.ts';

const KB = 1000;

test('the whole page is less than 200 KB over the wire', async () => {
  const files = [...pageFiles().values()];
  const packed = await Promise.all(files.map((file) => file.packed('br')));
  const bytes = packed.reduce((sum, { length }) => sum + length, 0);
  assert.ok(bytes < 200 * KB, `${bytes} bytes`);
  assert.ok(files.length > 30);
});

test('no file of the page is large or of another kind', async () => {
  for (const [path, file] of pageFiles()) {
    assert.match(file.type, /^(text\/(css|javascript)|image\/svg\+xml)/, path);
    const { length } = await file.packed('br');
    assert.ok(length < 40 * KB, `${path} has ${length} bytes`);
  }
});

test('of libraries, what the page imports is served, what that imports as well, and nothing else', () => {
  const served = [...pageFiles().keys()].filter((path) => path.startsWith('libraries/'));
  const own = globSync('reports/page/**/*.js').map((path) => readFileSync(path, 'utf8'));
  const imported = own.flatMap((text) =>
    [...text.matchAll(/^(?:import|} from|export) .*?'(lit-html\/[^']+)';/gm)].map(([, name]) => `libraries/${name}`),
  );
  assert.ok(imported.length > 0);
  for (const path of imported) assert.ok(served.includes(path), path);
  assert.ok(served.includes('libraries/lit-html/directive.js'), 'which no module of the page imports itself');
  assert.deepEqual(
    served.filter((path) => path.includes('/directives/')).sort(),
    [...new Set(imported)].filter((path) => path.includes('/directives/')).sort(),
  );
});

test('a file is compressed once, when it is first asked for', async () => {
  const file = pageFile('a.css', Buffer.from('a{}'));
  const first = file.packed('br');
  assert.equal(await first, await file.packed('br'));
  assert.equal(brotliDecompressSync(await first).toString(), 'a{}');
});

test('the page may load nothing from other hosts, and run nothing that is written into it', async (t) => {
  const { address } = await service(t, {});
  const { headers } = await fetch(address);
  const policy = headers.get('content-security-policy') ?? '';
  assert.match(policy, /^default-src 'self'; script-src 'self' 'sha256-[\w+/=]+'; connect-src 'self'; /);
  assert.doesNotMatch(policy, /unsafe|\*|https?:|data:/);
  assert.equal(headers.get('x-frame-options'), 'DENY');
  assert.equal(headers.get('cache-control'), 'no-cache');
  assert.doesNotMatch(indexText(), /https?:|style=|onclick/);
});

test('the policy lets the page call the providers at which people sign in', async (t) => {
  const flags = {
    serveAccess: 'signed-in',
    oidcIssuers: 'https://login.example.org/realms/a acme@https://acme.example',
    oidcAudience: 'tributary',
    oidcPageClients: 'page',
  };
  const { address } = await service(t, { flags });
  const { headers } = await fetch(address);
  const policy = headers.get('content-security-policy') ?? '';
  assert.match(policy, /connect-src 'self' https:\/\/login\.example\.org https:\/\/acme\.example;/);
});

test('files are compressed, are kept by browsers, and have an address that changes with them', async (t) => {
  const { address } = await service(t, {});
  const index = await (await fetch(address)).text();
  const main = /src="(\/page\/[\w-]{8}\/main\.js)"/.exec(index)?.[1];
  assert.ok(main !== undefined, index);
  const plain = await fetch(address + main, { headers: { 'accept-encoding': 'identity' } });
  assert.equal(plain.headers.get('content-type'), 'text/javascript; charset=utf-8');
  assert.equal(plain.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  const text = await plain.text();
  for (const encoding of ['br', 'gzip']) {
    const packed = await fetch(address + main, { headers: { 'accept-encoding': encoding } });
    assert.equal(packed.headers.get('content-encoding'), encoding);
    assert.equal(packed.headers.get('vary'), 'accept-encoding');
    assert.equal(await packed.text(), text);
  }
  const file = pageFiles().get('main.js');
  assert.ok(file !== undefined);
  assert.equal(brotliDecompressSync(await file.packed('br')).toString(), text);
  assert.equal(gunzipSync(await file.packed('gzip')).toString(), text);
  const etag = plain.headers.get('etag') ?? '';
  assert.equal((await fetch(address + main, { headers: { 'if-none-match': etag } })).status, 304);
  const older = await fetch(address + main.replace(/\/page\/[\w-]+/, '/page/before'));
  assert.deepEqual([older.status, older.headers.get('cache-control')], [200, 'no-cache']);
  const head = await fetch(address + main, { method: 'HEAD' });
  assert.deepEqual([head.status, await head.text()], [200, '']);
});

test('a configuration that does not say who signs in where is refused', (t) => {
  const about = (flags: Record<string, string>) =>
    aboutOf(loadConfig({ flags, env: {}, folder: temporaryFolder(t) }).config);
  const refused = (message: RegExp) => ({ code: 'CONFIG_INVALID', message });
  const two = { oidcIssuers: 'https://a.example https://b.example', serveAccess: 'signed-in' };
  assert.throws(() => about({ ...two, oidcPageClients: 'a b c' }), refused(/3 clients for 2 providers/));
  assert.throws(() => about({ oidcPageClients: 'a' }), refused(/needs oidcIssuers/));
  assert.throws(() => about({ serveZone: 'Mars/Olympus' }), refused(/not an IANA time zone/));
  const clientsOf = (oidcPageClients: string) =>
    about({ ...two, oidcPageClients }).signIn.providers.map(({ issuer, client }) => `${issuer} ${client}`);
  assert.deepEqual(clientsOf('a b'), ['https://a.example a', 'https://b.example b']);
  assert.deepEqual(clientsOf('one'), ['https://a.example one', 'https://b.example one']);
  assert.deepEqual(clientsOf(''), []);
});
