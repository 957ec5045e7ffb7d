/** Errors as RFC 9457 problems. An unexpected error reveals nothing about the internals. */
import type { z } from 'zod';
import { type ErrorCode, type FieldProblem, TributaryError } from '../../core/errors.ts';
import type { problemShape } from './shapes.ts';

export type Problem = z.input<typeof problemShape>;

const STATUSES: Partial<Record<ErrorCode, number>> = {
  USAGE: 400,
  QUERY_INVALID: 400,
  QUERY_LIMIT: 400,
  NOT_SIGNED_IN: 401,
  NOT_ALLOWED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  WRONG_STATE: 409,
  LEASE_LOST: 409,
  RECORD_TOO_LARGE: 413,
  TOO_MANY: 429,
  // The installation lacks something that the caller needs. The message names it.
  CONFIG_INVALID: 503,
};

const TITLES: Readonly<Record<number, string>> = {
  400: 'Cannot be done like this',
  401: 'Sign in first',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Not with this method',
  409: 'Not in this state',
  413: 'Too large',
  415: 'Not in this format',
  416: 'No such range',
  429: 'Too many requests',
  500: 'An error of the service',
  503: 'Not available at the moment',
};

export function problemOf(error: unknown): Problem {
  if (error instanceof TributaryError) {
    const status = STATUSES[error.code] ?? (error.kind === 'retry' ? 503 : 500);
    // Messages about stores are for operators, who find them in the log.
    if (error.kind === 'retry') return problem(503, error.code, 'something that is needed does not answer: try again');
    if (status !== 500) return problem(status, error.code, error.message, error.problems);
  }
  return problem(500, 'INTERNAL', 'this is an unexpected error: tell the operator, whose log says more');
}

export const problem = (
  status: number,
  code: string,
  detail: string,
  problems: readonly FieldProblem[] = [],
): Problem => ({
  type: 'about:blank',
  title: TITLES[status] ?? 'Error',
  status,
  code,
  detail,
  problems: [...problems],
});
