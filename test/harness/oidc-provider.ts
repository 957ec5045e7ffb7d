/** An OpenID Connect provider in this process. Its only user is Ada, who signs in with one button. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

export const AUDIENCE = 'tributary';

const PAGE = '<!doctype html><title>Provider</title><main>';

interface Provided {
  /** The address of the page. */
  readonly page: string;
  readonly roles: readonly string[];
  /** The lifetime of access tokens, in seconds. */
  readonly seconds?: number;
}

/** Returns the provider's address. After signing in, the browser returns to `/signed-in` below the page's address. */
export async function oidcProvider(t: TestContext, { page, roles, seconds = 300 }: Provided): Promise<string> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'one' };
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'page',
        token_endpoint_auth_method: 'none',
        redirect_uris: [`${page}/signed-in`],
        post_logout_redirect_uris: [`${page}/`],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
    ],
    jwks: { keys: [jwk] },
    cookies: { keys: ['of this test'] },
    scopes: ['openid', 'offline_access'],
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims: () => ({ roles, tenant: 'acme' }),
    clientBasedCORS: () => true,
    issueRefreshToken: () => true,
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    async loadExistingGrant({ oidc: { client, session } }) {
      const ids = { clientId: client?.clientId ?? '', accountId: session?.accountId ?? '' };
      const grant = new provider.Grant(ids);
      grant.addOIDCScope('openid offline_access');
      grant.addResourceScope(`urn:${AUDIENCE}`, '');
      await grant.save();
      return grant;
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource(context, form) {
          context.body = `${PAGE}${form}<button form="op.logoutForm" name="logout" value="yes">Leave</button></main>`;
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => `urn:${AUDIENCE}`,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: '',
          audience: AUDIENCE,
          accessTokenFormat: 'jwt',
          accessTokenTTL: seconds,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
  const answer = provider.callback();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/favicon.ico') return response.writeHead(204).end();
    const isLogin = request.url?.startsWith('/interaction/') === true;
    if (!isLogin) return answer(request, response);
    if (request.method === 'POST')
      return provider.interactionFinished(request, response, { login: { accountId: 'ada' } });
    return response
      .writeHead(200, { 'content-type': 'text/html' })
      .end(`${PAGE}<form method="post"><button>I am Ada</button></form></main>`);
  });
  return issuer;
}
