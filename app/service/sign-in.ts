/** Identifies the caller: the user of this machine, or the owner of a token or an API key. */
import { userInfo } from 'node:os';
import { messageOf, TributaryError } from '../../core/errors.ts';
import type { Role } from '../../reports/define-report.ts';
import { ROLES, SCOPES } from '../../reports/rights.ts';
import { type ApiKey, callerByKey, isApiKey } from '../../reports/service/api-keys.ts';
import { issuersIn } from '../../reports/service/claims.ts';
import { foreignCall, isLoopback } from '../../reports/service/local.ts';
import type { Call, Caller } from '../../reports/service/route.ts';
import type { Config } from '../config/keys.ts';
import { keysFileOf, watchedKeys } from './keys-file.ts';
import { tokenVerifier } from './oidc.ts';

/** Throws NOT_SIGNED_IN, NOT_ALLOWED or SIGN_IN_AWAY. */
export type SignIn = (headers: Call['headers'], now: number) => Promise<Caller>;

/** Throws CONFIG_INVALID if the configuration would let in anybody, and if the file of keys cannot be read. */
export function signInOf(config: Config): SignIn {
  const local = config.serveAccess === 'local' ? localCaller(config) : undefined;
  const keys = watchedKeys(keysFileOf(config));
  keys();
  const verify = verifierOf(config);
  return async (headers, now) => {
    const foreign = local === undefined ? undefined : foreignCall(headers);
    if (foreign !== undefined) throw new TributaryError('NOT_ALLOWED', `${foreign}: this service is for one machine`);
    const { authorization } = headers;
    if (authorization === undefined && local !== undefined) return local;
    const [, token] = /^Bearer ([\x21-\x7E]{1,8000})$/i.exec(authorization ?? '') ?? [];
    if (token === undefined)
      throw new TributaryError('NOT_SIGNED_IN', 'give a token or an API key: Authorization: Bearer …');
    if (isApiKey(token)) {
      const caller = callerByKey(token, readNow(keys), now);
      if (caller !== undefined) return caller;
      throw new TributaryError('NOT_SIGNED_IN', 'there is no such API key, or it has expired: make another');
    }
    if (verify === undefined) throw new TributaryError('NOT_SIGNED_IN', 'only API keys are known here: give one');
    return verify(token);
  };
}

/** A file that was damaged meanwhile is reported in the log, not to the caller. */
function readNow(keys: () => readonly ApiKey[]): readonly ApiKey[] {
  try {
    return keys();
  } catch (error) {
    throw new TributaryError('SIGN_IN_AWAY', messageOf(error), { cause: error });
  }
}

function localCaller({ serveHost, serveTenant, serveRoles }: Config): Caller {
  if (!isLoopback(serveHost))
    throw new TributaryError(
      'CONFIG_INVALID',
      `serveHost is ${serveHost}, where others could call without signing in: set serveAccess to signed-in, or serveHost to 127.0.0.1`,
    );
  const roles = serveRoles.split(',').map((each) => each.trim());
  const unknown = roles.filter((each) => !(ROLES as readonly string[]).includes(each));
  if (unknown.length > 0)
    throw new TributaryError(
      'CONFIG_INVALID',
      `serveRoles: there is no role ${unknown.join(', ')}: there are ${ROLES.join(', ')}`,
    );
  return { user: userInfo().username, tenant: serveTenant, roles: roles as Role[], scopes: SCOPES };
}

function verifierOf(config: Config): ReturnType<typeof tokenVerifier> | undefined {
  const issuers = issuersIn(config.oidcIssuers);
  const { oidcAudience: audience, oidcUserClaim: user, oidcRolesClaim: roles, oidcTenantClaim: tenant } = config;
  if (issuers.length === 0) return undefined;
  if (audience !== undefined) return tokenVerifier({ issuers, audience, claims: { user, roles, tenant } });
  throw new TributaryError(
    'CONFIG_INVALID',
    'oidcIssuers needs oidcAudience: without it, tokens that were made for other services would be accepted here',
  );
}
