/** Tokens of OIDC providers. The keys of a provider are found by discovery. */
import { createRemoteJWKSet, decodeJwt, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import { messageOf, TributaryError } from '../../core/errors.ts';
import { type ClaimNames, callerByClaims, type Issuer } from '../../reports/service/claims.ts';
import type { Caller } from '../../reports/service/route.ts';

interface Trusted {
  readonly issuers: readonly Issuer[];
  readonly audience: string;
  readonly claims: ClaimNames;
}

const TIMEOUT_MS = 5000;
/** Of clocks, in seconds. */
const TOLERANCE = 30;
/** Signatures that anybody can check and that only the provider can make. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

const discovered = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** Throws NOT_SIGNED_IN for an invalid token, and SIGN_IN_AWAY if its provider does not answer. */
export function tokenVerifier({ issuers, audience, claims }: Trusted): (token: string) => Promise<Caller> {
  const keySets = new Map<string, Promise<JWTVerifyGetKey>>();
  const keysOf = (issuer: Issuer): Promise<JWTVerifyGetKey> => {
    const known = keySets.get(issuer.url);
    if (known !== undefined) return known;
    const found = discover(issuer);
    keySets.set(issuer.url, found);
    // If a provider did not answer, the next token asks it again.
    found.catch(() => keySets.delete(issuer.url));
    return found;
  };
  return async (token) => {
    const issuer = issuerOf(token, issuers);
    const keys = await keysOf(issuer);
    try {
      const options = { issuer: issuer.url, audience, algorithms: ALGORITHMS, clockTolerance: TOLERANCE };
      const { payload } = await jwtVerify(token, keys, { ...options, requiredClaims: ['exp'] });
      return callerByClaims(payload, issuer, claims);
    } catch (error) {
      if (error instanceof TributaryError) throw error;
      if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) throw away(issuer, error);
      throw new TributaryError('NOT_SIGNED_IN', `the token is not valid: ${error.message}; sign in again`, {
        cause: error,
      });
    }
  };
}

function issuerOf(token: string, issuers: readonly Issuer[]): Issuer {
  let named: string | undefined;
  try {
    named = decodeJwt(token).iss;
  } catch {
    throw new TributaryError('NOT_SIGNED_IN', 'it is neither a token nor an API key: sign in again');
  }
  const issuer = issuers.find(({ url }) => url === named);
  if (issuer !== undefined) return issuer;
  throw new TributaryError(
    'NOT_SIGNED_IN',
    'the token is of a provider that is not trusted here: sign in with another',
  );
}

async function discover(issuer: Issuer): Promise<JWTVerifyGetKey> {
  const address = `${issuer.url.replace(/\/$/, '')}/.well-known/openid-configuration`;
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    const found = discovered.parse(await response.json());
    if (found.issuer !== issuer.url) throw new Error(`it says that it is ${found.issuer}`);
    return createRemoteJWKSet(new URL(found.jwks_uri), { timeoutDuration: TIMEOUT_MS });
  } catch (error) {
    throw away(issuer, error);
  }
}

const away = ({ url }: Issuer, error: unknown): TributaryError =>
  new TributaryError('SIGN_IN_AWAY', `the provider ${url} cannot be asked: ${messageOf(error)}`, { cause: error });
