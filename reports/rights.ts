/** The rights that callers may have. It imports nothing, so the command line can list the names at no cost. */

/** What a person may do beyond what everybody may. */
export const ROLES = ['analyst', 'personal-data', 'operator', 'producer'] as const;
export type Role = (typeof ROLES)[number];

/** What an API key may be used for. Signed-in people may do whatever their roles allow. */
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
