/** The error for an unknown table, which lists the existing ones. */
import { TributaryError } from '../../core/errors.ts';
import type { Relation } from './port.ts';

const UNKNOWN = /Table with name \S+ does not exist|Table '[^']*' does not exist|TABLE_NOT_FOUND/;

export function unknownTable(error: unknown, relations: readonly Relation[]): unknown {
  if (!(error instanceof TributaryError) || error.code !== 'QUERY_INVALID' || !UNKNOWN.test(error.message))
    return error;
  const [first = ''] = error.message.split(/\s*Did you mean/);
  return new TributaryError('QUERY_INVALID', `${first.replace(/[.!\s]*$/, '')}; ${thereAre(relations)}`, {
    cause: error,
  });
}

function thereAre(relations: readonly Relation[]): string {
  if (relations.length === 0) return 'there are none: the platform declares no datasource';
  return `there are ${relations.map(({ name, stored }) => `${name} and ${stored}`).join(', ')}`;
}
