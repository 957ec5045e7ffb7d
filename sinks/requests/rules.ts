/** Which requests are valid, and which attempt has lost its lease: the same in every implementation. */
import { TributaryError } from '../../core/errors.ts';
import type { Lease, NewRequest, Request, Result } from './port.ts';

/** In UTF-16 units. Two such texts fit into one entry of any store's index. */
const LONGEST_TEXT = 300;

/** Throws USAGE unless every store can keep the request, and it may be tried at least once. */
export function checkRequest(request: NewRequest): void {
  checkText('the id of a request', request.id);
  checkText('the tenant of a request', request.tenant);
  checkText('the report of a request', request.report);
  checkText('who asks for a request', request.requestedBy);
  if (Number.isSafeInteger(request.maxAttempts) && request.maxAttempts >= 1) return;
  throw new TributaryError(
    'USAGE',
    `the request ${request.id} has ${request.maxAttempts} attempts; give it a whole number, 1 or more`,
  );
}

/** Throws USAGE unless every store keeps the text as it is. */
export function checkText(what: string, text: string): void {
  const problem = problemOf(text);
  if (problem === undefined) return;
  throw new TributaryError('USAGE', `${what} is ${JSON.stringify(text.slice(0, 50))}, and ${problem}; choose another`);
}

function problemOf(text: string): string | undefined {
  if (text === '') return 'must not be empty';
  if (text.length > LONGEST_TEXT) return `has ${text.length} characters where ${LONGEST_TEXT} is the most`;
  if (text.includes('\0')) return 'has the character 0';
  return text.isWellFormed() ? undefined : 'has half a character';
}

/** The part of a message that every store can keep, wherever it comes from. */
export function cleanError(message: string): string {
  return message.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** Whether the attempt has already finished with the same object, and did not get the answer. */
export function finishedBefore(lease: Lease, request: Request | undefined, result: Result): boolean {
  return request?.result?.object === result.object && request.attempt === lease.attempt;
}

export function leaseLost(lease: Lease, request: Request | undefined): TributaryError {
  const now =
    request === undefined
      ? 'does not exist'
      : `is ${request.state}${request.owner === null ? '' : ` as attempt ${request.attempt} of ${request.owner}`}`;
  return new TributaryError(
    'LEASE_LOST',
    `attempt ${lease.attempt} of ${lease.owner} no longer has the request ${lease.id}, which ${now}; stop working on it`,
  );
}
