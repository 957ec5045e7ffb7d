/** What becomes of a schedule that is due: the same in every implementation. */
import { TributaryError } from '../../schemas/errors.ts';
import type { NewRequest, Schedule } from './port.ts';

/** Attempts of a request that nobody watches. */
const SCHEDULED_ATTEMPTS = 3;

/** The request of the schedule's next time. Its id makes of several that fire at once one request. */
export function scheduledRequest(schedule: Schedule): NewRequest {
  const { id, tenant, report, parameters, requestedBy, nextAt } = schedule;
  return { id: `schedule/${id}/${nextAt}`, tenant, report, parameters, requestedBy, maxAttempts: SCHEDULED_ATTEMPTS };
}

/** Throws USAGE unless the next time lies after the one that fires: a schedule that stands still would fire for ever. */
export function checkNext(schedule: Schedule, nextAt: number): number {
  if (Number.isSafeInteger(nextAt) && nextAt > schedule.nextAt) return nextAt;
  throw new TributaryError(
    'USAGE',
    `the schedule ${schedule.id} fires at ${schedule.nextAt} and cannot be due next at ${nextAt}; check "${schedule.cron}"`,
  );
}

/** Throws USAGE unless the request may be tried at least once. */
export function checkRequest(request: NewRequest): void {
  if (Number.isSafeInteger(request.maxAttempts) && request.maxAttempts >= 1) return;
  throw new TributaryError(
    'USAGE',
    `the request ${request.id} has ${request.maxAttempts} attempts; give it a whole number, 1 or more`,
  );
}
