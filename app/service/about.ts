/** What the service reports about itself to a page. */
import { TributaryError } from '../../core/errors.ts';
import { isZone } from '../../reports/granularity.ts';
import { issuersIn } from '../../reports/service/claims.ts';
import type { About } from '../../reports/service/route.ts';
import type { Config } from '../config/keys.ts';
import { VERSION } from '../version.ts';

/** Throws CONFIG_INVALID if there is no such time zone, or if it is not configured which client belongs to which provider. */
export function aboutOf({ serveAccess, serveZone, oidcIssuers, oidcPageClients, oidcPageScope }: Config): About {
  if (serveZone !== undefined && !isZone(serveZone))
    throw new TributaryError(
      'CONFIG_INVALID',
      `serveZone: ${serveZone} is not an IANA time zone, such as Asia/Kolkata`,
    );
  const issuers = issuersIn(oidcIssuers);
  const clients = oidcPageClients.split(/\s+/).filter((each) => each !== '');
  if (clients.length > 1 && clients.length !== issuers.length)
    throw new TributaryError(
      'CONFIG_INVALID',
      `oidcPageClients has ${clients.length} clients for ${issuers.length} providers: give one for each in their order, or one for all`,
    );
  if (clients.length > 0 && issuers.length === 0)
    throw new TributaryError('CONFIG_INVALID', 'oidcPageClients needs oidcIssuers: say where people sign in');
  const providers = issuers.flatMap(({ url }, at) => {
    const client = clients[at] ?? clients[0];
    return client === undefined ? [] : [{ issuer: url, client, scope: oidcPageScope }];
  });
  const signIn = { access: serveAccess, providers: serveAccess === 'local' ? [] : providers };
  return { version: VERSION, zone: serveZone ?? null, signIn };
}
