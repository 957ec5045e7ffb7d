/** The configuration keys of the HTTP service. */
import { z } from 'zod';
import { count } from './numbers.ts';

const text = (preset: string, doc: string) => z.string().min(1).default(preset).describe(doc);

/** The port of `serve` if the configuration has none. */
export const DEFAULT_SERVE_PORT = 8080;

export const SERVICE_KEYS = {
  servePort: count(
    0,
    65_535,
    0,
    'The port of the HTTP service. With 0, up does not run the service, and serve uses 8080.',
  ),
  serveHost: text('127.0.0.1', 'The address of the HTTP service.'),
  serveAccess: z
    .enum(['local', 'signed-in'])
    .default('local')
    .describe(
      'Who may call the service: local means anyone on this machine; signed-in requires a token or an API key.',
    ),
  serveTenant: text('default', 'The tenant of local callers.'),
  serveRoles: text('analyst,operator,producer', 'The roles of local callers, separated by commas.'),
  serveZone: z.string().min(1).optional().describe("The time zone in which the page starts; by default, the reader's."),
  serveKeysFile: z
    .string()
    .min(1)
    .optional()
    .describe('The file of API keys; by default, service-keys.json in the data folder.'),
  serveRate: count(1, 1_000_000, 600, 'How many calls per minute one caller may make to one process.'),
  oidcIssuers: z
    .string()
    .default('')
    .describe(
      'The trusted OIDC providers, separated by spaces: https://…, or tenant@https://… for the provider of one tenant.',
    ),
  oidcAudience: z.string().min(1).optional().describe('The audience that tokens must have; required with oidcIssuers.'),
  oidcPageClients: z
    .string()
    .default('')
    .describe(
      'The client ids of the page at these providers, in the same order, separated by spaces, or one for all. If empty, nobody can sign in on the page.',
    ),
  oidcPageScope: text('openid', 'The scopes that the page requests: openid, and any that put roles into tokens.'),
  oidcUserClaim: text('sub', "The claim with the user's id."),
  oidcRolesClaim: text('roles', 'The claim with the roles, such as realm_access.roles.'),
  oidcTenantClaim: text('tenant', 'The claim with the tenant.'),
};
