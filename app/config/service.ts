/** The keys of the configuration that the HTTP service has. */
import { z } from 'zod';
import { count } from './numbers.ts';

const text = (preset: string, doc: string) => z.string().min(1).default(preset).describe(doc);

/** What `serve` takes where the configuration has no port. */
export const DEFAULT_SERVE_PORT = 8080;

export const SERVICE_KEYS = {
  servePort: count(0, 65_535, 0, 'The port of the HTTP service; 0: up has none, and serve takes 8080.'),
  serveHost: text('127.0.0.1', 'The address of the HTTP service.'),
  serveAccess: z
    .enum(['local', 'signed-in'])
    .default('local')
    .describe('Who may call it: local is whoever uses this machine; signed-in needs a token or an API key.'),
  serveTenant: text('default', 'The tenant of local callers.'),
  serveRoles: text('analyst,operator,producer', 'The roles of local callers, with commas.'),
  serveZone: z
    .string()
    .min(1)
    .optional()
    .describe('The time zone in which the page begins, if it is not that of the reader.'),
  serveKeysFile: z
    .string()
    .min(1)
    .optional()
    .describe('The file of API keys, if it is not service-keys.json in the data folder.'),
  serveRate: count(1, 1_000_000, 600, 'The calls a minute of one caller to one process.'),
  oidcIssuers: z
    .string()
    .default('')
    .describe('The OIDC providers that are trusted, with spaces: https://…, or tenant@https://… for one of a tenant.'),
  oidcAudience: z.string().min(1).optional().describe('What tokens must be for; needed with oidcIssuers.'),
  oidcPageClients: z
    .string()
    .default('')
    .describe(
      'The ids of the page at these providers, in their order, with spaces; one is for all. Without: no page signs in.',
    ),
  oidcPageScope: text('openid', 'What the page asks providers for: openid, and what puts roles into tokens.'),
  oidcUserClaim: text('sub', 'The claim with the id of the user.'),
  oidcRolesClaim: text('roles', 'The claim with the roles, such as realm_access.roles.'),
  oidcTenantClaim: text('tenant', 'The claim with the tenant.'),
};
