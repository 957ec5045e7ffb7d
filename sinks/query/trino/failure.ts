/** Translates failed queries of Trino. */
import { type ErrorCode, TributaryError } from '../../../core/errors.ts';

export interface TrinoFailure {
  readonly message?: string;
  /** One of a long list of names, such as TABLE_NOT_FOUND. */
  readonly errorName?: string;
  readonly errorType?: string;
}

const MEMORY = /MEMORY/;
const TOO_MUCH = /^EXCEEDED_/;
/** A part of the cluster, or its storage, does not answer; or another client ended the query. */
const PASSING =
  /SERVER_(SHUTTING_DOWN|STARTING_UP)|^(TOO_MANY_REQUESTS_FAILED|PAGE_TRANSPORT_\w+|REMOTE_\w+|NO_NODES_AVAILABLE|ABANDONED_\w+|ADMINISTRATIVELY_KILLED|ADMINISTRATIVELY_PREEMPTED|USER_CANCELED|QUERY_QUEUE_FULL|CLUSTER_\w+)$|FILESYSTEM_ERROR|METASTORE_ERROR|CANNOT_OPEN_SPLIT/;

const ADVICE: Readonly<Partial<Record<ErrorCode, string>>> = {
  MEMORY_EXCEEDED: '; ask for less, or give the cluster more memory',
  QUERY_LIMIT: '; ask for less, or have the limits of the cluster raised',
  ACCESS_REFUSED: '; give the user the right',
  QUERY_AWAY: '; try again later',
  STORE_BROKEN: '; look into the log of Trino',
};

export function failureOf(
  doing: string,
  { message = '', errorName = '', errorType = '' }: TrinoFailure,
): TributaryError {
  const code = codeOf(errorName, errorType);
  // Line numbers refer to the text that was sent, which has more lines than the original query.
  const reason = message.replaceAll(/(^|\s)line \d+:\d+: /g, '$1').trim() || errorName;
  return new TributaryError(code, `${doing}: ${reason}${ADVICE[code] ?? ''}`, { cause: { errorName, errorType } });
}

function codeOf(name: string, type: string): ErrorCode {
  if (PASSING.test(name) && !/OUT_OF_MEMORY/.test(name)) return 'QUERY_AWAY';
  if (name === 'PERMISSION_DENIED') return 'ACCESS_REFUSED';
  if (type === 'USER_ERROR') return 'QUERY_INVALID';
  if (type === 'INSUFFICIENT_RESOURCES') {
    if (MEMORY.test(name)) return 'MEMORY_EXCEEDED';
    return TOO_MUCH.test(name) ? 'QUERY_LIMIT' : 'QUERY_AWAY';
  }
  return 'STORE_BROKEN';
}

/** The name of Trino's error; undefined for any other error. */
export function nameOf(error: unknown): string | undefined {
  const cause = error instanceof TributaryError ? (error.cause as TrinoFailure | undefined) : undefined;
  return cause?.errorName;
}
