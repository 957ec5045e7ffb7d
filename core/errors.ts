/**
 * The closed list of errors. The kind of an error decides what the runtime does about it.
 *
 * - `reject`: the record is wrong. It becomes a dead letter and its partition goes on.
 * - `retry`:  a store, the log or a server does not answer. The partition waits for it; nothing is lost.
 * - `fenced`: the partition has a newer owner. This owner stops quietly.
 * - `fatal`:  the configuration is wrong, or there is a bug. The job stops with the message. When no job is left, the process stops and
 *             its supervisor restarts it.
 * - `usage`:  a command or a function was called wrongly. The message explains how to call it.
 *
 * A message states what happened, to what, and what to do. A code is never reused for another meaning.
 */
export const ERROR_CODES = {
  // records
  ENVELOPE_INVALID: 'reject',
  VALUE_UNREADABLE: 'reject',
  SCHEMA_UNKNOWN: 'reject',
  SCHEMA_MISMATCH: 'reject',
  DATA_INVALID: 'reject',
  KEY_INVALID: 'reject',
  TYPE_UNDECLARED: 'reject',
  RECORD_TOO_LARGE: 'reject',
  FACT_IMPOSSIBLE: 'reject',
  ROW_REFUSED: 'reject',
  VIEW_REFUSED: 'reject',
  JOB_FAILED: 'reject',
  // stores and servers
  LOG_AWAY: 'retry',
  REGISTRY_AWAY: 'retry',
  TABLES_AWAY: 'retry',
  CACHE_AWAY: 'retry',
  SEARCH_AWAY: 'retry',
  OBJECTS_AWAY: 'retry',
  REQUESTS_AWAY: 'retry',
  CHANNEL_AWAY: 'retry',
  SIGN_IN_AWAY: 'retry',
  QUERY_AWAY: 'retry',
  FORMAT_NEWER: 'retry',
  GENERATION_HELD: 'retry',
  COMMIT_REFUSED: 'retry',
  // owners
  FENCED: 'fenced',
  // the installation
  POSITION_BEYOND_LOG: 'fatal',
  TOPIC_MISSING: 'fatal',
  TABLE_DRIFTED: 'fatal',
  TABLE_PROTOCOL: 'fatal',
  GENERATION_MOVED: 'fatal',
  DECLARATION_INVALID: 'fatal',
  FOLDER_IN_USE: 'fatal',
  FOLDER_UNUSABLE: 'fatal',
  STORE_BROKEN: 'fatal',
  MEMORY_EXCEEDED: 'fatal',
  ACCESS_REFUSED: 'fatal',
  // callers
  CONFIG_INVALID: 'usage',
  USAGE: 'usage',
  NOT_FOUND: 'usage',
  ALREADY_EXISTS: 'usage',
  WRONG_STATE: 'usage',
  LEASE_LOST: 'usage',
  NOT_ALLOWED: 'usage',
  NOT_SIGNED_IN: 'usage',
  TOO_MANY: 'usage',
  QUERY_INVALID: 'usage',
  QUERY_LIMIT: 'usage',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;
export type ErrorKind = (typeof ERROR_CODES)[ErrorCode];
/** The codes a record can be dead-lettered with. */
export type RejectCode = { [C in ErrorCode]: (typeof ERROR_CODES)[C] extends 'reject' ? C : never }[ErrorCode];

/** The outcome of a failed write: `none` if nothing was written, `unknown` if part or all of it may have been. */
export type FailedWrite = 'none' | 'unknown';

/** One of several problems of a request, with what to do about it. */
export interface FieldProblem {
  /** A path such as `parameters.batchId`; empty if the problem concerns no single field. */
  readonly field: string;
  readonly message: string;
}

interface ErrorOptions {
  readonly cause?: unknown;
  readonly outcome?: FailedWrite;
  readonly problems?: readonly FieldProblem[];
}

export class TributaryError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly outcome: FailedWrite;
  /** The problems of the message by field, for programs. Empty if the error concerns no fields. */
  readonly problems: readonly FieldProblem[];

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.name = 'TributaryError';
    this.code = code;
    this.kind = ERROR_CODES[code];
    this.outcome = options.outcome ?? 'unknown';
    this.problems = options.problems ?? [];
  }
}

/** The kind of a thrown value. Errors of other classes are bugs, and bugs are fatal. */
export function kindOf(error: unknown): ErrorKind {
  return error instanceof TributaryError ? error.kind : 'fatal';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
