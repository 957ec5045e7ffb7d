/** When a schedule is due: cron expressions of five fields in a time zone. */
import { Cron } from 'croner';
import { type FieldProblem, messageOf, TributaryError } from '../../core/errors.ts';

/**
 * The first due time after `after`; null if there is none.
 *
 * When clocks change, no due time is lost, and no time of day fires twice. A time that does not exist on that day is due when the clock
 * jumps over it, or together with the next time of the same expression if that follows within the hour. A time that exists twice is due the
 * first time. Only expressions that fire in every hour go on through the repeated hour.
 */
export function nextDue(cron: string, zone: string, after: number): number | null {
  return parsed(cron, zone).nextRun(new Date(after))?.getTime() ?? null;
}

/** The latest due times up to and including `until`, at most `count`, in their order. */
export function latestDue(cron: string, zone: string, until: number, count: number): number[] {
  const due = parsed(cron, zone).previousRuns(count, new Date(until + 1));
  return due.map((each) => each.getTime()).reverse();
}

/** All problems of an expression and its zone; empty if there are none. `now` is where the search for a due time begins. */
export function cronProblems(cron: string, zone: string, now: number): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const wrong = (field: 'cron' | 'zone', message: string) => problems.push({ field, message });
  if (!isZone(zone)) wrong('zone', `the time zone ${JSON.stringify(zone)} is unknown: write one as Asia/Kolkata`);
  try {
    if (nextDue(cron, 'UTC', now) === null) wrong('cron', `the expression ${JSON.stringify(cron)} is never due`);
  } catch (error) {
    wrong('cron', messageOf(error));
  }
  return problems;
}

function parsed(cron: string, zone: string): Cron {
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5)
    throw unreadable(cron, 'it must have five fields: minute, hour, day, month, day of the week');
  if (!isZone(zone))
    throw new TributaryError('USAGE', `the time zone ${JSON.stringify(zone)} is unknown; choose another`);
  try {
    return new Cron(cron, { timezone: zone, mode: '5-part', paused: true });
  } catch (error) {
    throw unreadable(cron, messageOf(error).replace(/^Cron\w+: /, ''));
  }
}

function unreadable(cron: string, problem: string): TributaryError {
  return new TributaryError('USAGE', `the expression ${JSON.stringify(cron)} cannot be read: ${problem}`);
}

function isZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
