/** What happens when a schedule is due: the same in every implementation. */
import { createHash } from 'node:crypto';
import { messageOf, TributaryError } from '../../core/errors.ts';
import { cronProblems, latestDue, nextDue } from './cron.ts';
import type { NewRequest, Request, RequestError, Requests } from './port.ts';
import { checkAsked, checkRequest, checkSecret, checkText } from './rules.ts';
import type { DueSchedule, Fired, NewSchedule, Schedule } from './schedule.ts';
import type { Move, ReadSchedule } from './stored.ts';

/** A due time that is older than this was missed. */
const PUNCTUAL_MS = 15 * 60_000;
const MOST_CAUGHT_UP = 100;

export interface ScheduleStore {
  /** Moves the schedule on without a request. Returns whether it did. */
  skip(move: Move): Promise<boolean>;
  /**
   * Moves the schedule on and makes the request for a due time: both or nothing. An existing request with this hash
   * stays as it is.
   */
  fire(move: Move, dueAt: number, request: NewRequest): Promise<{ moved: boolean; request: Request | undefined }>;
  /** Returns the schedule if it was disabled. */
  disable(read: ReadSchedule, error: RequestError): Promise<Schedule | undefined>;
}

/** Throws USAGE with all problems of the schedule. Returns its next due time. */
export function checkSchedule(schedule: NewSchedule, now: number): number {
  const problems = cronProblems(schedule.cron, schedule.zone, now);
  for (const check of [
    () => checkText('the id of a schedule', schedule.id),
    () => checkAsked(schedule),
    () => checkSecret(schedule.secret ?? null),
  ]) {
    try {
      check();
    } catch (error) {
      problems.push({ field: '', message: messageOf(error) });
    }
  }
  if (problems.length > 0) {
    const what = problems.map(({ message }) => message).join('; ');
    throw new TributaryError('USAGE', `the schedule ${JSON.stringify(schedule.id)} is not valid: ${what}`, {
      problems,
    });
  }
  return nextOf(schedule, now);
}

/**
 * Fires each schedule separately, because one that cannot be planned must not delay the others. An error that is not
 * about the schedule is thrown at the end.
 */
export async function fireEach(
  due: readonly ReadSchedule[],
  now: number,
  plan: Parameters<Requests['fire']>[1],
  store: ScheduleStore,
): Promise<Fired> {
  const requests: Request[] = [];
  const disabled: Schedule[] = [];
  const errors: unknown[] = [];
  for (const read of due) {
    try {
      const planned = await plannedOf(read, now, plan, store);
      if (planned.disabled !== undefined) disabled.push(planned.disabled);
      requests.push(...(await fireOne(read, planned, store)));
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  return { requests, disabled };
}

interface Planned {
  readonly times: readonly { readonly dueAt: number; readonly request: NewRequest }[];
  /** Undefined if the schedule cannot go on. */
  readonly next: number | undefined;
  readonly disabled?: Schedule | undefined;
}

async function plannedOf(
  read: ReadSchedule,
  now: number,
  plan: Parameters<Requests['fire']>[1],
  store: ScheduleStore,
): Promise<Planned> {
  const { schedule } = read;
  try {
    const next = nextOf(schedule, now);
    const times = dueTimes(schedule, now).map((dueAt) => ({ dueAt, request: requestFor(schedule, dueAt, plan) }));
    return { times, next };
  } catch (error) {
    if (!(error instanceof TributaryError) || error.kind === 'retry') throw error;
    const disabled = await store.disable(read, { code: error.code, message: error.message });
    return { times: [], next: undefined, disabled };
  }
}

async function fireOne(read: ReadSchedule, planned: Planned, store: ScheduleStore): Promise<Request[]> {
  const { times, next } = planned;
  const made: Request[] = [];
  if (next === undefined) return made;
  let from = read.schedule.nextAt;
  if (times.length === 0) await store.skip({ read, from, to: next });
  for (const [index, { dueAt, request }] of times.entries()) {
    const to = times[index + 1]?.dueAt ?? next;
    const fired = await store.fire({ read, from, to }, dueAt, request);
    if (!fired.moved) break;
    if (fired.request !== undefined) made.push(fired.request);
    from = to;
  }
  return made;
}

/** The due times for which to make requests, in order. */
function dueTimes(schedule: DueSchedule, now: number): readonly number[] {
  const { catchUp } = schedule;
  const due = dueUntil(schedule, now, catchUp === 'all' ? MOST_CAUGHT_UP : 1);
  return catchUp === 'none' ? due.filter((time) => time >= now - PUNCTUAL_MS) : due;
}

/** The latest due times up to `now`, at most `count`. Usually there is only one, and no search is needed. */
function dueUntil({ cron, zone, nextAt }: DueSchedule, now: number, count: number): readonly number[] {
  const second = nextDue(cron, zone, nextAt);
  if (second === null || second > now) return [nextAt];
  const later = latestDue(cron, zone, now, count).filter((time) => time > nextAt);
  return later.length === count ? later : [nextAt, ...later];
}

/** The hash covers the due time, too: however often a due time is fired, it makes one request. */
function requestFor(schedule: DueSchedule, dueAt: number, plan: Parameters<Requests['fire']>[1]): NewRequest {
  const request = plan(schedule, dueAt);
  const { tenant, id } = schedule;
  if (request.tenant !== tenant) {
    throw new TributaryError(
      'USAGE',
      `the schedule ${id} of ${tenant} asks for a request of ${request.tenant}; ask for one of its own tenant`,
    );
  }
  const hash = createHash('sha256')
    .update(JSON.stringify([tenant, id, dueAt]))
    .digest('hex');
  const planned = { ...request, hash };
  checkRequest(planned);
  return planned;
}

function nextOf({ cron, zone, id }: { cron: string; zone: string; id: string }, now: number): number {
  const next = nextDue(cron, zone, now);
  if (next !== null) return next;
  throw new TributaryError(
    'USAGE',
    `the schedule ${id} is never due again; change its expression ${JSON.stringify(cron)}`,
  );
}
