/** What the roles of a caller allow besides reports. */
import { TributaryError } from '../../core/errors.ts';
import type { Role } from '../define-report.ts';
import type { Caller } from './route.ts';

/** `what` completes "may not …". Throws NOT_ALLOWED. */
export function needRole({ user, roles }: Caller, role: Role, what: string): void {
  if (roles.includes(role)) return;
  throw new TributaryError(
    'NOT_ALLOWED',
    `${user} may not ${what}, which needs the role ${role}: ask somebody who grants roles`,
  );
}

/** The name of an operator in records of what they did. It includes the tenant, since users of two tenants may have the same name. */
export const resolverName = ({ user, tenant }: Pick<Caller, 'user' | 'tenant'>): string => `${user} of ${tenant}`;
