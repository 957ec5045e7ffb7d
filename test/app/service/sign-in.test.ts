/** Who may call: this machine, holders of keys, and holders of tokens of an OIDC provider that runs in this process. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { loadConfig } from '../../../app/config/config.ts';
import { readKeys, writeKeys } from '../../../app/service/keys-file.ts';
import { signInOf } from '../../../app/service/sign-in.ts';
import { temporaryFolder, tributary } from '../../cli/harness.ts';
import { call, keyOf, service } from './harness.ts';

/** A provider with one key, and tokens signed with that key. */
async function provider(t: TestContext) {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
  const state = { isAway: false };
  const server = createServer((request, response) => {
    if (state.isAway) return response.writeHead(500).end();
    const isKeys = request.url === '/keys';
    const body = isKeys ? { keys: [jwk] } : { issuer: url, jwks_uri: `${url}/keys` };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const claims = { sub: 'ada', tenant: 'acme', roles: ['analyst', 'superuser'] };
  const token = (
    changes: Record<string, unknown> = {},
    { audience = 'tributary', expires = '1h', issuer = url } = {},
  ) =>
    new SignJWT({ ...claims, ...changes })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(expires)
      .sign(privateKey);
  return { url, token, claims, state };
}

const signedIn = { serveAccess: 'signed-in', oidcAudience: 'tributary' };

function signIn(t: TestContext, flags: Record<string, string>) {
  const folder = temporaryFolder(t);
  const sign = signInOf(loadConfig({ flags, env: {}, folder }).config);
  return (token: string) => sign({ authorization: `Bearer ${token}` }, Date.now());
}

test('a token says who calls, of which tenant, and with which roles', async (t) => {
  const { url, token } = await provider(t);
  const sign = signIn(t, { ...signedIn, oidcIssuers: url });
  const { user, tenant, roles } = await sign(await token());
  assert.deepEqual({ user, tenant, roles }, { user: 'ada', tenant: 'acme', roles: ['analyst'] });
  const nested = signIn(t, {
    ...signedIn,
    oidcIssuers: url,
    oidcRolesClaim: 'realm_access.roles',
    oidcUserClaim: 'email',
  });
  const keycloak = await nested(await token({ realm_access: { roles: ['operator'] }, email: 'ada@example.org' }));
  assert.deepEqual([keycloak.user, keycloak.roles], ['ada@example.org', ['operator']]);
});

test('a provider of one tenant speaks for that tenant alone, and makes no operators', async (t) => {
  const { url, token } = await provider(t);
  const sign = signIn(t, { ...signedIn, oidcIssuers: `https://login.example.org umbrella@${url}` });
  const { tenant, roles } = await sign(await token({ roles: ['analyst', 'operator'] }));
  assert.deepEqual({ tenant, roles }, { tenant: 'umbrella', roles: ['analyst'] });
});

test('a token that does not hold is refused', async (t) => {
  const { url, token, claims } = await provider(t);
  const sign = signIn(t, { ...signedIn, oidcIssuers: url });
  const unsigned = new UnsecuredJWT(claims).setIssuer(url).setAudience('tributary').setExpirationTime('1h').encode();
  const another = await provider(t);
  const secret = new TextEncoder().encode('a secret of thirty-two characters');
  const shared = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', kid: 'one' })
    .setIssuer(url)
    .setAudience('tributary')
    .setExpirationTime('1h')
    .sign(secret);
  const good = await token();
  const wrong = {
    'of another audience': await token({}, { audience: 'shop' }),
    'that is over': await token({}, { expires: '-1h' }),
    'of a provider that is not trusted': await another.token(),
    'that another provider signed': await another.token({}, { issuer: url }),
    'without a signature': unsigned,
    'with a shared secret': shared,
    'that was changed': `${good.slice(0, -8)}AAAAAAAA`,
    'that is none': 'hello',
  };
  for (const [which, each] of Object.entries(wrong)) await assert.rejects(sign(each), { code: 'NOT_SIGNED_IN' }, which);
  await assert.rejects(sign(await token({ tenant: undefined })), { code: 'NOT_ALLOWED', message: /oidcTenantClaim/ });
  await assert.rejects(sign(await token({ tenant: ['acme'] })), { code: 'NOT_ALLOWED' });
  await assert.rejects(sign(await token({ sub: 'key:nightly' })), { code: 'NOT_ALLOWED', message: /for API keys/ });
  await sign(good);
});

test('a provider that is away is no reason to sign in again, and is asked again', async (t) => {
  const { url, token, state } = await provider(t);
  const sign = signIn(t, { ...signedIn, oidcIssuers: url });
  state.isAway = true;
  await assert.rejects(sign(await token()), { code: 'SIGN_IN_AWAY' });
  state.isAway = false;
  assert.equal((await sign(await token())).user, 'ada');
});

test('a configuration that lets in anybody is refused', (t) => {
  const open = (flags: Record<string, string>) => () => signIn(t, flags);
  const refused = (message: RegExp) => ({ code: 'CONFIG_INVALID', message });
  assert.throws(open({ serveHost: '0.0.0.0' }), refused(/serveAccess/));
  assert.throws(open({ serveRoles: 'root' }), refused(/no role root/));
  assert.throws(open({ ...signedIn, oidcIssuers: 'http://login.example.org' }), refused(/not an issuer/));
  assert.throws(open({ serveAccess: 'signed-in', oidcIssuers: 'https://login.example.org' }), refused(/oidcAudience/));
});

test('the service of one machine says so, and is called by no page of another site', async (t) => {
  const { address, access } = await service(t, {});
  assert.match(address, /^http:\/\/127\.0\.0\.1:/);
  assert.match(access, /this machine alone, as the tenant default with the roles analyst,operator/);
  assert.equal((await call(address, 'listReports')).status, 200);
  const foreign = [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }];
  for (const headers of foreign) {
    assert.equal((await call(address, 'listReports', { headers })).status, 403, JSON.stringify(headers));
    assert.equal((await call(address, 'cancelRequest', { path: { request: 'x' }, headers })).status, 403);
  }
  // DNS rebinding: the name of another site that resolves to this machine. `fetch` sets the `Host` header itself.
  const [rebound] = await once(get(`${address}/v1/reports`, { headers: { host: 'evil.example' } }), 'response');
  assert.equal(rebound.statusCode, 403);
  rebound.resume();
  assert.equal((await call(address, 'listReports', { headers: { origin: address } })).status, 200);
});

test('keys that are added, removed or over count at once', async (t) => {
  const [first, second] = [keyOf({ name: 'first' }), keyOf({ name: 'second' })];
  const { address, keysFile } = await service(t, { keys: [first.key] });
  const status = async ({ text }: typeof first) => (await call(address, 'listReports', { as: text })).status;
  assert.deepEqual([await status(first), await status(second)], [200, 401]);
  writeKeys(keysFile, [second.key]);
  assert.deepEqual([await status(first), await status(second)], [401, 200]);
  writeKeys(keysFile, [{ ...second.key, expiresAt: '2026-01-01T00:00:00.000Z' }]);
  assert.equal(await status(second), 401);
  writeFileSync(keysFile, '{');
  const damaged = await call(address, 'listReports', { as: second.text });
  assert.equal(damaged.status, 503);
  assert.ok(!damaged.text.includes('service-keys'));
  const forged = second.text.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
  writeKeys(keysFile, [second.key]);
  assert.equal((await call(address, 'listReports', { as: forged })).status, 401);
});

test('a key is made, listed and removed by commands, and its secret is kept nowhere', async (t) => {
  const folder = temporaryFolder(t);
  const made = await tributary(folder, [
    'key',
    'add',
    'nightly',
    '--tenant',
    'acme',
    '--scope',
    'reports:read',
    '--days',
    '30',
  ]);
  assert.equal(made.code, 0, made.stderr);
  const file = join(folder, 'data/service-keys.json');
  const [key] = readKeys(file);
  assert.deepEqual(
    [key?.name, key?.tenant, key?.roles, key?.scopes],
    ['nightly', 'acme', ['analyst'], ['reports:read']],
  );
  assert.ok(!JSON.stringify(key).includes(made.stdout.trim().slice(-43)));
  const { text } = { text: made.stdout.trim() };
  const sign = signInOf(loadConfig({ flags: signedIn, env: {}, folder }).config);
  assert.equal((await sign({ authorization: `Bearer ${text}` }, Date.now())).user, 'key:nightly');
  assert.equal((await tributary(folder, ['key', 'add', 'nightly'])).code, 2);
  const listed = await tributary(folder, ['key', 'list', '--json']);
  assert.equal(JSON.parse(listed.stdout)[0].name, 'nightly');
  assert.ok(!listed.stdout.includes(key?.hash ?? ''));
  assert.equal((await tributary(folder, ['key', 'remove', 'nightly'])).code, 0);
  assert.deepEqual(readKeys(file), []);
  assert.equal((await tributary(folder, ['key', 'remove', 'nightly'])).code, 2);
});
