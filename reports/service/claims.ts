/** Maps the claims of a verified token to a caller. */
import { TributaryError } from '../../core/errors.ts';
import type { Role } from '../define-report.ts';
import { ROLES, SCOPES } from '../rights.ts';
import { KEY_USER } from './api-keys.ts';
import type { Caller } from './route.ts';

/** A trusted OIDC provider. */
export interface Issuer {
  readonly url: string;
  /** The one tenant of its users, whatever their tokens claim. Undefined: taken from the token. */
  readonly tenant: string | undefined;
}

/** Where to find the claims in a token. A path such as `realm_access.roles` leads into nested claims. */
export interface ClaimNames {
  readonly user: string;
  readonly roles: string;
  readonly tenant: string;
}

/** `https://login.example.org`, or `acme@https://login.acme.example` if all its users belong to the tenant `acme`. */
export function issuersIn(text: string): readonly Issuer[] {
  return text
    .split(/\s+/)
    .filter((each) => each !== '')
    .map((each) => {
      const [, tenant, url] = /^(?:([^@/]+)@)?(https?:\/\/\S+)$/.exec(each) ?? [];
      if (url !== undefined && isSafe(url)) return { url, tenant };
      throw new TributaryError(
        'CONFIG_INVALID',
        `oidcIssuers: ${each} is not an issuer: give https://…, or tenant@https://…, several with spaces between them`,
      );
    });
}

/** Keys fetched over plain HTTP could come from anybody. */
function isSafe(url: string): boolean {
  const parsed = URL.parse(url);
  const isHere = ['127.0.0.1', 'localhost', '[::1]'].includes(parsed?.hostname ?? '');
  return parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && isHere);
}

/** Throws NOT_ALLOWED if the token lacks a required claim. */
export function callerByClaims(claims: Readonly<Record<string, unknown>>, issuer: Issuer, names: ClaimNames): Caller {
  const user = textAt(claims, names.user);
  const tenant = issuer.tenant ?? textAt(claims, names.tenant);
  if (user === undefined) throw lacking(names.user, 'oidcUserClaim', issuer);
  if (tenant === undefined) throw lacking(names.tenant, 'oidcTenantClaim', issuer);
  if (user.startsWith(KEY_USER))
    throw new TributaryError('NOT_ALLOWED', `a user may not be called ${user}: ${KEY_USER} is for API keys`);
  const given = listAt(claims, names.roles);
  // Reports of operators show the whole installation. So the administrator of one tenant must not be able to make operators.
  const roles = ROLES.filter(
    (role: Role) => given.includes(role) && (role !== 'operator' || issuer.tenant === undefined),
  );
  return { user, tenant, roles, scopes: SCOPES };
}

function lacking(claim: string, key: string, { url }: Issuer): TributaryError {
  return new TributaryError(
    'NOT_ALLOWED',
    `the token of ${url} has no claim ${claim}, of 1 to 300 characters: have the provider add it, or name another by ${key}`,
  );
}

function valueAt(claims: Readonly<Record<string, unknown>>, path: string): unknown {
  // The name of a claim may be a URL, which has dots.
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[part];
  }
  return value;
}

function textAt(claims: Readonly<Record<string, unknown>>, path: string): string | undefined {
  const value = valueAt(claims, path);
  const isText = typeof value === 'string' && value !== '' && value.length <= 300 && value.isWellFormed();
  return isText && !value.includes('\0') ? value : undefined;
}

function listAt(claims: Readonly<Record<string, unknown>>, path: string): readonly unknown[] {
  const value = valueAt(claims, path);
  if (typeof value === 'string') return value.split(/[\s,]+/);
  return Array.isArray(value) ? value : [];
}
