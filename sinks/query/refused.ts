/** Refusals that are the same for every engine. */
import { TributaryError } from '../../core/errors.ts';

const EXAMPLES = 'cast it, to varchar for example';

export const refusedType = (column: string, type: string): TributaryError =>
  new TributaryError('QUERY_INVALID', `answering a query: the column ${column} is of the type ${type}; ${EXAMPLES}`);

export const refusedValue = (column: string, what: string): TributaryError =>
  new TributaryError('QUERY_INVALID', `answering a query: the column ${column} has ${what}; ${EXAMPLES}`);
