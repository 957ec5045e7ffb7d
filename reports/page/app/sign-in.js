/** Signs in at an OpenID Connect provider, by authorization code with PKCE. The library is loaded only when needed. */
import * as oauth from 'oauth4webapi';

/** @typedef {{ issuer: string, client: string, scope: string }} Provider */
/** @typedef {{ access: string, refresh?: string, id?: string, expiresAt: number, provider: Provider }} Tokens */

const PENDING = 'tributary.sign-in';
const TOKENS = 'tributary.tokens';
/** Tokens are renewed this long before they expire, in ms. */
const EARLY_MS = 30_000;

const redirectUri = () => `${location.origin}/signed-in`;

/** The service allows plain HTTP only for providers on the same machine. @param {Provider} provider */
const optionsOf = ({ issuer }) => ({ [oauth.allowInsecureRequests]: issuer.startsWith('http:') });

/** @param {Provider} provider */
async function serverOf(provider) {
  const issuer = new URL(provider.issuer);
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, optionsOf(provider)));
}

/**
 * Leaves the page, and comes back to `/signed-in`.
 * @param {Provider} provider
 * @param {string} back The address to return to afterwards.
 */
export async function goToProvider(provider, back) {
  const server = await serverOf(provider);
  if (server.authorization_endpoint === undefined) throw new Error(`${provider.issuer} has no authorization endpoint`);
  const verifier = oauth.generateRandomCodeVerifier();
  const pending = { provider, back, verifier, state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce() };
  sessionStorage.setItem(PENDING, JSON.stringify(pending));
  const address = new URL(server.authorization_endpoint);
  const asked = {
    client_id: provider.client,
    redirect_uri: redirectUri(),
    response_type: 'code',
    scope: provider.scope,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
  location.assign(address);
}

/** At `/signed-in`: redeems the code, and returns the address to continue at. */
export async function comeBack() {
  const text = sessionStorage.getItem(PENDING);
  sessionStorage.removeItem(PENDING);
  if (text === null) throw new Error('this sign-in did not start here or was already used: sign in again');
  const { provider, back, verifier, state, nonce } = JSON.parse(text);
  const server = await serverOf(provider);
  const client = { client_id: provider.client };
  const given = oauth.validateAuthResponse(server, client, new URL(location.href), state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    given,
    redirectUri(),
    verifier,
    optionsOf(provider),
  );
  const checks = { expectedNonce: nonce, requireIdToken: true };
  keep(provider, await oauth.processAuthorizationCodeResponse(server, client, response, checks));
  return /** @type {string} */ (back);
}

/** Returns whether there are new tokens. @param {Tokens} tokens */
export async function renew({ provider, refresh, id }) {
  if (refresh === undefined) return false;
  try {
    const server = await serverOf(provider);
    const client = { client_id: provider.client };
    const request = oauth.refreshTokenGrantRequest(server, client, oauth.None(), refresh, optionsOf(provider));
    const answer = await oauth.processRefreshTokenResponse(server, client, await request);
    keep(provider, {
      refresh_token: refresh,
      ...answer,
      ...((answer.id_token ?? id) ? { id_token: answer.id_token ?? id } : {}),
    });
    return true;
  } catch {
    return false;
  }
}

/** Forgets the tokens, and ends the session at the provider if the provider supports it. */
export async function signOut() {
  const tokens = keptTokens();
  sessionStorage.removeItem(TOKENS);
  if (tokens === undefined) return location.assign('/');
  const server = await serverOf(tokens.provider).catch(() => undefined);
  if (server?.end_session_endpoint === undefined) return location.assign('/');
  const address = new URL(server.end_session_endpoint);
  if (tokens.id !== undefined) address.searchParams.set('id_token_hint', tokens.id);
  address.searchParams.set('client_id', tokens.provider.client);
  address.searchParams.set('post_logout_redirect_uri', `${location.origin}/`);
  return location.assign(address);
}

/**
 * @param {Provider} provider
 * @param {Pick<oauth.TokenEndpointResponse, 'access_token' | 'refresh_token' | 'id_token' | 'expires_in'>} answer
 */
function keep(provider, { access_token: access, refresh_token: refresh, id_token: id, expires_in = 300 }) {
  const tokens = { access, refresh, id, expiresAt: Date.now() + 1000 * expires_in, provider };
  sessionStorage.setItem(TOKENS, JSON.stringify(tokens));
}

/** The tokens of this tab, which live as long as the tab. @returns {Tokens | undefined} */
export function keptTokens() {
  const text = sessionStorage.getItem(TOKENS);
  return text === null ? undefined : JSON.parse(text);
}

/** @param {Tokens} tokens */
export const isOver = ({ expiresAt }) => Date.now() > expiresAt - EARLY_MS;
