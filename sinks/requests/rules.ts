/** Which requests and results are valid, and which outcome an attempt without a lease gets: the same in every implementation. */
import { TributaryError } from '../../core/errors.ts';
import type {
  Asked,
  Lease,
  LeaseOutcome,
  NewRequest,
  NewResult,
  Progress,
  RequestError,
  RequestFilter,
  RequestState,
} from './port.ts';

/** In UTF-16 units. Two such texts fit into one entry of any store's index. */
const LONGEST_TEXT = 300;
const HASH = /^[0-9A-Za-z_-]{1,128}$/;
/** However large a request is, it waits at most this much longer behind others. */
const LONGEST_DELAY_MS = 3_600_000;
const OBJECT = /^reports\/([0-9A-Za-z_-]+)\/([1-9][0-9]*)(?:\.companion)?$/;

/** The advice for a request that failed because its last worker died. */
export const ASK_AGAIN = 'ask again; if it happens again, the log of the worker says why it ended';

/** The name of the object that an attempt writes. */
export function objectOf(id: string, attempt: number): string {
  return `reports/${id}/${attempt}`;
}

/** The name of the object that describes the attempt's object. */
export function companionOf(id: string, attempt: number): string {
  return `${objectOf(id, attempt)}.companion`;
}

/** The attempt that an object belongs to; undefined if neither `objectOf` nor `companionOf` makes this name. */
export function attemptOf(object: string): { readonly id: string; readonly attempt: number } | undefined {
  const [, id, attempt] = OBJECT.exec(object) ?? [];
  return id === undefined || attempt === undefined ? undefined : { id, attempt: Number(attempt) };
}

/** The position of a request among those of its tenant: the smallest is leased first. In ms since 1970. */
export function turnOf({ estimateRows }: Asked, now: number): number {
  return now + Math.min(estimateRows, LONGEST_DELAY_MS);
}

/** Throws USAGE unless every store can keep the request, and it allows at least one attempt. */
export function checkRequest(request: NewRequest): void {
  if (!HASH.test(request.hash)) {
    throw usage(
      `the hash of a request is ${JSON.stringify(request.hash.slice(0, 50))}; use 1 to 128 letters, digits, _ and -`,
    );
  }
  checkAsked(request);
  checkSecret(request.secret);
  checkWhole('the age of a fresh result', request.freshMs, 0);
}

/** Throws USAGE unless every store can keep it. */
export function checkAsked(asked: Asked): void {
  checkText('the tenant of a request', asked.tenant);
  checkText('the report of a request', asked.report);
  checkText('the format of a request', asked.format);
  checkText('who asks for a request', asked.requestedBy);
  checkWhole('the number of attempts', asked.maxAttempts, 1);
  checkWhole('the estimate of rows', asked.estimateRows, 0);
  checkWhole('the limit of rows', asked.rowLimit, 0);
  try {
    JSON.parse(asked.parameters);
  } catch (cause) {
    throw new TributaryError(
      'USAGE',
      `the parameters of a request for ${asked.report} are not JSON; write them as JSON`,
      {
        cause,
      },
    );
  }
}

/** The message never contains the secret. */
export function checkSecret(secret: string | null): void {
  if (secret === null || (secret.isWellFormed() && !secret.includes('\0'))) return;
  throw usage('the secret of a request has characters that no store keeps; seal it as text');
}

/** Throws USAGE unless the result can be kept and its objects are those of the attempt. */
export function checkResult({ id, attempt }: Lease, result: NewResult): void {
  const [object, companion] = [objectOf(id, attempt), companionOf(id, attempt)];
  if (result.object !== object || (result.companion !== null && result.companion !== companion)) {
    const given = [result.object, ...(result.companion === null ? [] : [result.companion])].join(', ');
    throw usage(`attempt ${attempt} of ${id} finishes with ${given}; its objects are ${object} and ${companion}`);
  }
  checkWhole('the rows of a result', result.rows, 0);
  checkWhole('the bytes of a result', result.bytes, 0);
  checkWhole('the time of a result', result.asOf, 0);
  checkWhole('the expiry of a result', result.expiresAt, 0);
}

export function checkNames(tenant: string, id: string): void {
  checkText('the tenant of a request', tenant);
  checkText('the id of a request', id);
}

export function checkFilter(tenant: string, { report, asker }: RequestFilter): void {
  checkText('the tenant of a request', tenant);
  if (report !== undefined) checkText('the report of a request', report);
  if (asker !== undefined) checkText('who asks for a request', asker);
}

export function checkLease(owner: string, tenantLimit: number): void {
  checkText('the owner of a lease', owner);
  checkWhole('the number of running requests of a tenant', tenantLimit, 1);
}

export function checkProgress({ rows, estimateRows }: Progress): void {
  checkWhole('the progress of a request', rows, 0);
  if (estimateRows !== undefined) checkWhole('the estimate of rows', estimateRows, 0);
}

/** Throws USAGE unless every store keeps the text as it is. */
export function checkText(what: string, text: string): void {
  const problem = problemOf(text);
  if (problem !== undefined)
    throw usage(`${what} is ${JSON.stringify(text.slice(0, 50))}, and ${problem}; choose another`);
}

function problemOf(text: string): string | undefined {
  if (text === '') return 'must not be empty';
  if (text.length > LONGEST_TEXT) return `has ${text.length} characters where ${LONGEST_TEXT} is the most`;
  if (text.includes('\0')) return 'has the character 0';
  return text.isWellFormed() ? undefined : 'has half a character';
}

export function checkWhole(what: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw usage(`${what} is ${value}; give a whole number, ${least} or more`);
}

/** The error as a text that every store can keep, wherever its message comes from. */
export function errorText({ code, message, whatToDo }: RequestError): string {
  return JSON.stringify({
    code,
    message: clean(message),
    ...(whatToDo === undefined ? {} : { whatToDo: clean(whatToDo) }),
  });
}

function clean(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** What a store has about a request on which the caller has no lease. */
export interface Held {
  readonly state: RequestState;
  readonly attempt: number;
  readonly owner: string | null;
  /** The object of the result, including that of an expired one. */
  readonly object: string | null;
  readonly error: RequestError | null;
}

/**
 * The outcome for an attempt that has no lease. `isSame` tells whether the attempt has made the same change before and
 * did not get the answer. Throws LEASE_LOST.
 */
export function lostOutcome(lease: Lease, held: Held | undefined, isSame: (held: Held) => boolean): LeaseOutcome {
  if (held !== undefined && held.attempt === lease.attempt && lease.attempt > 0) {
    if (held.state === 'cancelled') return 'cancelled';
    if (isSame(held)) return 'held';
  }
  const now =
    held === undefined
      ? 'does not exist'
      : `is ${held.state}${held.owner === null ? '' : ` as attempt ${held.attempt} of ${held.owner}`}`;
  throw new TributaryError(
    'LEASE_LOST',
    `attempt ${lease.attempt} of ${lease.owner} no longer has the request ${lease.id}, which ${now}; stop working on it`,
  );
}

/** Whether the attempt has finished with this object. */
export function hasFinished(object: string): (held: Held) => boolean {
  return (held) => held.object === object;
}

/** Whether the attempt has failed with this error. */
export function hasFailed(error: string): (held: Held) => boolean {
  return (held) => held.error !== null && errorText(held.error) === error;
}

/** Whether the attempt has released the request. Only a release, or a failure, of this attempt makes the request wait with its number. */
export const isWaiting = ({ state }: Held): boolean => state === 'waiting';

function usage(message: string): TributaryError {
  return new TributaryError('USAGE', message);
}
