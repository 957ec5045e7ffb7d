/** The meaning of an error of the driver: wait and retry, refuse this row, or stop. */
import { errors, types } from 'cassandra-driver';
import { type ErrorCode, type FailedWrite, messageOf, TributaryError } from '../../../core/errors.ts';
import { certificateProblem } from '../../../network/mix-up.ts';

const { responseErrorCodes } = types;

/** Answers of a node if it, or the cluster, cannot do now what it may do later. */
const PASSING: ReadonlySet<number> = new Set([
  responseErrorCodes.serverError,
  responseErrorCodes.unavailableException,
  responseErrorCodes.overloaded,
  responseErrorCodes.isBootstrapping,
  responseErrorCodes.truncateError,
  responseErrorCodes.writeTimeout,
  responseErrorCodes.readTimeout,
  responseErrorCodes.readFailure,
  responseErrorCodes.writeFailure,
  responseErrorCodes.unprepared,
]);

/** Answers that guarantee that nothing was written. */
const NOT_WRITTEN: ReadonlySet<number> = new Set([
  responseErrorCodes.unavailableException,
  responseErrorCodes.overloaded,
  responseErrorCodes.isBootstrapping,
]);

/** Cassandra's errors for a value, a key, a collection or a whole write that it will never accept. */
const TOO_MUCH = /too (big|large|long)|longer than|exceeds|^Guardrail /i;

/** Why the only row of a write will never be accepted; undefined if the error has another meaning. */
export function refusalOf(error: unknown): string | undefined {
  const message = messageOf(error);
  if (error instanceof errors.ResponseError) {
    const { code } = error;
    const isOfWrite = code === responseErrorCodes.invalid || code === responseErrorCodes.serverError;
    return isOfWrite && TOO_MUCH.test(message) ? message : undefined;
  }
  // The driver itself detects values of a wrong type, or out of the range of their type.
  if (error instanceof RangeError && 'code' in error && error.code === 'ERR_OUT_OF_RANGE') return message;
  if (error instanceof TypeError && /^(Expected |Not a valid )/.test(message)) return message;
  return undefined;
}

/** Whether a write that failed with this error may still be applied, now or later. */
export function mayHaveHappened(error: unknown): boolean {
  if (error instanceof errors.ResponseError) return !NOT_WRITTEN.has(error.code);
  if (error instanceof errors.NoHostAvailableError) {
    return Object.values(error.innerErrors ?? {}).some((inner) => !isRefusedConnection(inner));
  }
  return true;
}

function isRefusedConnection(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  if (code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ENOTFOUND') return true;
  return /considered as DOWN|is busy|not connect|ignored/i.test(String(messageOf(error) || error));
}

/** Translates the error to one of the port. `what` describes the operation; `outcome` is the result of a write. */
export function faultOf(error: unknown, what: string, outcome: FailedWrite = 'unknown'): TributaryError {
  if (error instanceof TributaryError) return error;
  const causes = error instanceof errors.NoHostAvailableError ? Object.values(error.innerErrors ?? {}) : [];
  const all: unknown[] = [error, ...causes];
  const why = (causes.length > 0 ? causes : [error]).map((each) => messageOf(each).split('\n', 1)[0]).join('; ');
  const fault = (code: ErrorCode, message: string) =>
    new TributaryError(code, `${what}: ${message}`, { cause: error, outcome });

  const certificate = all.map(certificateProblem).find((each) => each !== undefined);
  if (certificate !== undefined)
    return fault('ACCESS_REFUSED', `no TLS connection to Cassandra could be made: ${certificate}`);
  // A node that currently cannot look up its users reports a wrong password, with the reason.
  if (all.some((each) => each instanceof errors.AuthenticationError && !/unable to/i.test(each.message))) {
    return fault('ACCESS_REFUSED', `Cassandra does not know the user or the password: ${why}; correct them`);
  }
  if (error instanceof errors.ResponseError) {
    if (PASSING.has(error.code)) return fault('TABLES_AWAY', `Cassandra cannot do it now: ${why}; it is tried again`);
    if (error.code === responseErrorCodes.unauthorized) {
      return fault('ACCESS_REFUSED', `the user of Cassandra may not do it: ${why}; grant the right`);
    }
    return fault(
      'STORE_BROKEN',
      `Cassandra rejects the statement: ${why}; if a table or column is missing, create it with \`tributary tables apply\``,
    );
  }
  if (isOfConnection(error)) {
    return fault('TABLES_AWAY', `Cassandra does not answer: ${why}; it is tried again`);
  }
  return fault('STORE_BROKEN', `${why}; this is a bug`);
}

/** The driver's errors about connections that have no class of their own. */
const OF_CONNECTIONS =
  /^(No connection available|Connection closed|Connection was unable to STARTUP)|could not be resolved$/;

/** Whether the error is about a connection or a time-out. All of the driver's errors are, except those about wrong use of the driver. */
function isOfConnection(error: unknown): boolean {
  if (error instanceof errors.ArgumentError || error instanceof errors.DriverInternalError) return false;
  if (OF_CONNECTIONS.test(messageOf(error))) return true;
  return error instanceof errors.DriverError || (error instanceof Error && 'syscall' in error);
}
