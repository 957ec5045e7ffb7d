/** What callers may have the right to do. It imports nothing, so that a command line knows the names at no cost. */

/** What a person may do, besides what everybody may. */
export const ROLES = ['analyst', 'personal-data', 'operator', 'producer'] as const;
export type Role = (typeof ROLES)[number];

/** What an API key may be used for. People who signed in may do all that their roles allow. */
export const SCOPES = [
  'reports:read',
  'reports:write',
  'rollups:read',
  'projections:read',
  'events:write',
  'operate:read',
  'operate:write',
] as const;
export type Scope = (typeof SCOPES)[number];
