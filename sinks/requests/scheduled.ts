/** What happens with a schedule that is due: the same in every implementation. */
import { TributaryError } from '../../core/errors.ts';
import type { NewRequest, Request, Schedule } from './port.ts';
import { checkRequest } from './rules.ts';

/** The request for the schedule's next time. Because of its id, concurrent firings make one request. */
export function scheduledRequest(schedule: Schedule): NewRequest {
  const { id, tenant, report, parameters, requestedBy, maxAttempts, nextAt } = schedule;
  return { id: `schedule/${id}/${nextAt}`, tenant, report, parameters, requestedBy, maxAttempts };
}

/** Throws USAGE unless its requests are valid. */
export function checkSchedule(schedule: Schedule): void {
  checkRequest(scheduledRequest(schedule));
}

/** Throws USAGE unless the next time lies after the one that fires: a schedule that stands still would fire for ever. */
export function checkNext(schedule: Schedule, nextAt: number): number {
  if (Number.isSafeInteger(nextAt) && nextAt > schedule.nextAt) return nextAt;
  throw new TributaryError(
    'USAGE',
    `the schedule ${schedule.id} fires at ${schedule.nextAt} and cannot be due next at ${nextAt}; check "${schedule.cron}"`,
  );
}

/**
 * Fires each schedule separately, because one with a broken time must not hold up the others; then throws the first
 * error.
 */
export async function fireEach(
  due: readonly Schedule[],
  fire: (schedule: Schedule) => Promise<Request | undefined>,
): Promise<Request[]> {
  const made: Request[] = [];
  const errors: unknown[] = [];
  for (const schedule of due) {
    try {
      const request = await fire(schedule);
      if (request !== undefined) made.push(request);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  return made;
}
