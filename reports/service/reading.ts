/** Checks the input of a call against its route. One error lists all problems. */
import type { z } from 'zod';
import { type FieldProblem, TributaryError } from '../../core/errors.ts';
import type { Call, Route } from './route.ts';

interface Given {
  readonly path: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

export function readCall({ takes }: Pick<Route, 'takes'>, given: Given): Pick<Call, 'path' | 'query' | 'body'> {
  const problems: FieldProblem[] = [];
  const read = (shape: z.ZodType | undefined, value: unknown, where: string): unknown => {
    if (shape === undefined) return undefined;
    const parsed = shape.safeParse(value);
    if (parsed.success) return parsed.data;
    problems.push(...parsed.error.issues.map((issue) => problemIn(issue, where)));
    return undefined;
  };
  const path = read(takes.path, given.path, 'path');
  const query = read(takes.query?.strict(), given.query, 'query');
  const body = read(takes.body, given.body ?? {}, '');
  if (problems.length === 0) return { path, query, body };
  const what = problems.map(({ field, message }) => `${field || 'the body'}: ${message}`).join('\n');
  throw new TributaryError('USAGE', what, { problems });
}

function problemIn({ path, message }: z.core.$ZodIssue, where: string): FieldProblem {
  const field = [...(where === '' ? [] : [where]), ...path.map(String)].join('.');
  return { field, message: `${message}; see /v1/openapi.json` };
}
