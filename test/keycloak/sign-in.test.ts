/**
 * The service with tokens of a real Keycloak: `npm run test:keycloak`; once before, run `npm run servers:install -- keycloak`. The roles
 * are in the claim `realm_access.roles`. Tokens have the service as their audience only if the client has a mapper for it.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startKeycloak } from '../../servers/keycloak.ts';
import { call, service } from '../app/service/harness.ts';

const AUDIENCE = 'tributary';

const mapper = (name: string, protocolMapper: string, config: Readonly<Record<string, string>>) => ({
  name,
  protocol: 'openid-connect',
  protocolMapper,
  config: { ...config, 'access.token.claim': 'true' },
});
const tenantMapper = mapper('tenant', 'oidc-hardcoded-claim-mapper', {
  'claim.name': 'tenant',
  'claim.value': 'acme',
  'jsonType.label': 'String',
});
const audienceMapper = mapper('audience', 'oidc-audience-mapper', { 'included.custom.audience': AUDIENCE });

const client = (clientId: string, protocolMappers: readonly object[]) => ({
  clientId,
  secret: `${clientId}-secret`,
  serviceAccountsEnabled: true,
  standardFlowEnabled: false,
  protocolMappers,
});
const account = (clientId: string, realmRoles: readonly string[]) => ({
  username: `service-account-${clientId}`,
  enabled: true,
  serviceAccountClientId: clientId,
  realmRoles,
});

const realm = {
  realm: 'learning',
  enabled: true,
  sslRequired: 'none',
  accessTokenLifespan: 300,
  roles: { realm: [{ name: 'analyst' }, { name: 'operator' }, { name: 'gardener' }] },
  clients: [
    client('dashboard', [audienceMapper, tenantMapper]),
    client('kiosk', [audienceMapper, tenantMapper]),
    client('elsewhere', [tenantMapper]),
  ],
  users: [
    account('dashboard', ['analyst', 'gardener']),
    account('kiosk', ['gardener']),
    account('elsewhere', ['analyst']),
  ],
};

const folder = mkdtempSync(join(tmpdir(), 'tributary-keycloak-'));
const keycloak = await startKeycloak({ folder, realm });
after(async () => {
  await keycloak.kill();
  rmSync(folder, { recursive: true, force: true });
});

async function tokenOf(clientId: string): Promise<string> {
  const response = await fetch(`${keycloak.url}/protocol/openid-connect/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientId}-secret`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  assert.equal(response.status, 200, await response.clone().text());
  return ((await response.json()) as { access_token: string }).access_token;
}

const flags = {
  serveAccess: 'signed-in',
  oidcIssuers: keycloak.url,
  oidcAudience: AUDIENCE,
  oidcRolesClaim: 'realm_access.roles',
  oidcTenantClaim: 'tenant',
};

test('a token of Keycloak says the roles of its caller, and roles of others do not count', async (t) => {
  const { address } = await service(t, { flags });
  const as = await tokenOf('dashboard');
  const { json } = await call(address, 'listReports', { as });
  const allowed = Object.fromEntries(
    json.reports.map((each: { name: string; allowed: boolean }) => [each.name, each.allowed]),
  );
  assert.deepEqual([allowed['learner-progress'], allowed['lag']], [true, false]);
  assert.equal((await call(address, 'listProjections', { as })).status, 200);
  const none = await call(address, 'listProjections', { as: await tokenOf('kiosk') });
  assert.deepEqual([none.status, none.json.code], [403, 'NOT_ALLOWED']);
});

test('a token that is for another audience, or was changed, is refused', async (t) => {
  const { address } = await service(t, { flags });
  const elsewhere = await call(address, 'listReports', { as: await tokenOf('elsewhere') });
  assert.deepEqual([elsewhere.status, elsewhere.json.code], [401, 'NOT_SIGNED_IN']);
  assert.match(elsewhere.json.detail, /"aud"/);
  const [head, body, signature = ''] = (await tokenOf('dashboard')).split('.');
  const forged = `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
  assert.equal((await call(address, 'listReports', { as: forged })).status, 401);
  assert.match((await call(address, 'listReports', {})).headers.get('www-authenticate') ?? '', /^Bearer/);
});
