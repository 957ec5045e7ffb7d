/** Who may have the file of a request. Checked whenever rows or bytes are handed out: roles may have been removed since the request. */
import { TributaryError } from '../../core/errors.ts';
import type { Request, Result } from '../../sinks/requests/port.ts';
import type { ParameterValues, Reads, Report } from '../define-report.ts';
import { resolved } from './parameters.ts';

type File = Pick<Request, 'id' | 'state' | 'result' | 'columns'>;

export const isPersonal = ({ columns }: Pick<Report, 'columns'>, { columns: chosen }: Pick<File, 'columns'>): boolean =>
  columns.some(({ name, personal }) => personal === true && chosen?.includes(name) !== false);

/** Throws NOT_ALLOWED and names the missing roles. */
export function checkRoles(report: Report, request: Pick<File, 'id' | 'columns'>, roles: readonly string[]): void {
  const needed = [report.role, ...(isPersonal(report, request) ? ['personal-data'] : [])];
  const missing = [...new Set(needed)].filter((role) => !roles.includes(role));
  if (missing.length === 0) return;
  throw new TributaryError(
    'NOT_ALLOWED',
    `reading the data of ${request.id} needs the role ${missing.join(' and ')}: ask somebody who grants roles`,
  );
}

/** The result, if there is a file at `now`. Throws WRONG_STATE if there is none. */
export function resultAt({ id, state, result }: File, now: number): Result {
  if (result === null)
    throw new TributaryError('WRONG_STATE', `the request ${id} is ${state}, so it has no file: wait until it is done`);
  if (now < result.expiresAt) return result;
  throw new TributaryError('WRONG_STATE', `the file of the request ${id} has expired: ask for the report again`);
}

/** Throws NOT_ALLOWED if people whose data are in the file have since withdrawn their consent. */
export async function checkConsent(
  report: Report,
  request: Pick<Request, 'id' | 'parameters' | 'createdAt'>,
  result: Result,
  reads: Reads,
): Promise<void> {
  const values = resolved(report, JSON.parse(request.parameters) as ParameterValues, request.createdAt);
  const problems = await report.fileProblems?.(values, reads, result);
  if (problems === undefined || problems.length === 0) return;
  throw new TributaryError('NOT_ALLOWED', `the file of ${request.id} is no longer handed out: ${problems.join('; ')}`);
}
