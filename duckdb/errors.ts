/** Translates errors of DuckDB. They have no codes: the beginning of the message is the kind. */
import { TributaryError } from '../core/errors.ts';

/** The prefix that the client puts before some of these messages. */
const PREFIX = /^Failed to [^:]+: /;
const MEMORY = /^Out of Memory Error/;
const FULL = /No space left on device|maximum swap space|max_temp_directory_size/;
/** Errors in the text of a query, or in what it requests. */
const QUERY =
  /^(Parser|Binder|Catalog|Permission|Conversion|Out of Range|Not implemented|Invalid Input|Mismatch Type) Error/;
const INTERRUPTED = /^INTERRUPT Error/;

export const isInterrupt = (error: unknown): boolean => error instanceof Error && INTERRUPTED.test(error.message);

/** The error with our code. An error of an unknown kind is returned unchanged. */
export function duckError(error: unknown, what: string): unknown {
  if (error instanceof TributaryError || !(error instanceof Error)) return error;
  const text = error.message.replace(PREFIX, '');
  const message = `${what}: ${firstOf(text)}`;
  const options = { cause: error };
  // DuckDB also reports a spill on a full disk as a lack of memory.
  if (FULL.test(error.message)) {
    return new TributaryError('FOLDER_UNUSABLE', `${message}; make space on its disk`, options);
  }
  if (MEMORY.test(text)) {
    return new TributaryError('MEMORY_EXCEEDED', `${message}; ask for less, or raise the memory limit`, options);
  }
  if (QUERY.test(text)) return new TributaryError('QUERY_INVALID', message, options);
  if (/^IO Error/.test(text)) return new TributaryError('STORE_BROKEN', message, options);
  return error;
}

/** The message without the excerpt of the query and the advice for users of DuckDB. */
function firstOf(message: string): string {
  return (message.split(/\n\n|\nLINE /)[0] ?? '').replaceAll('\n', ' ').trim();
}
