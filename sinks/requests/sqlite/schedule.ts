/** The statements about schedules. A change names the revision and the due time that its caller has read. */
import type { NewSchedule } from '../schedule.ts';
import { askedText, type Move, type ReadSchedule, SCHEDULE } from '../stored.ts';
import type { Statement } from './request.ts';

/** `nextAt`: the next due time, unless the schedule was enabled with this expression before. Returns the schedule. */
export function put(schedule: NewSchedule, nextAt: number): Statement {
  const { tenant, id, report, secret, maxAttempts, estimateRows, cron, zone, catchUp, enabled } = schedule;
  return {
    sql: `INSERT INTO report_schedule AS kept
            (tenant, id, report, asked, secret, max_attempts, estimate_rows, cron, zone, catch_up, enabled, next_at, revision)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, CASE WHEN ?11 = 1 THEN ?12 END, 0)
          ON CONFLICT (tenant, id) DO UPDATE SET report = excluded.report, asked = excluded.asked,
            secret = CASE WHEN ?13 = 1 THEN kept.secret ELSE excluded.secret END,
            max_attempts = excluded.max_attempts, estimate_rows = excluded.estimate_rows,
            cron = excluded.cron, zone = excluded.zone, catch_up = excluded.catch_up, enabled = excluded.enabled,
            next_at = CASE WHEN kept.enabled = 1 AND excluded.enabled = 1 AND kept.cron = excluded.cron
                AND kept.zone = excluded.zone THEN kept.next_at ELSE excluded.next_at END,
            error = NULL, revision = kept.revision + 1
          RETURNING ${SCHEDULE}`,
    values: [
      tenant,
      id,
      report,
      askedText(schedule),
      secret ?? null,
      maxAttempts,
      estimateRows,
      cron,
      zone,
      catchUp,
      enabled ? 1 : 0,
      nextAt,
      secret === undefined ? 1 : 0,
    ],
  };
}

export function remove(tenant: string, id: string): Statement {
  return { sql: 'DELETE FROM report_schedule WHERE tenant = ? AND id = ?', values: [tenant, id] };
}

export function list(tenant: string): Statement {
  return { sql: `SELECT ${SCHEDULE} FROM report_schedule WHERE tenant = ? ORDER BY id`, values: [tenant] };
}

export function due(now: number): Statement {
  return {
    sql: `SELECT ${SCHEDULE} FROM report_schedule WHERE enabled = 1 AND next_at <= ? ORDER BY next_at, tenant, id`,
    values: [now],
  };
}

const READ = 'tenant = ?1 AND id = ?2 AND revision = ?3 AND next_at = ?4 AND enabled = 1';

/** `firedAt`: the due time that makes a request; null if none does. */
export function move({ read, from, to }: Move, firedAt: number | null): Statement {
  const { tenant, id } = read.schedule;
  return {
    sql: `UPDATE report_schedule SET next_at = ?5, last_at = coalesce(?6, last_at) WHERE ${READ}`,
    values: [tenant, id, read.revision, from, to, firedAt],
  };
}

/** `error` is JSON. Returns the schedule if it was disabled. */
export function disable({ schedule, revision }: ReadSchedule, error: string): Statement {
  return {
    sql: `UPDATE report_schedule SET enabled = 0, next_at = NULL, error = ?5 WHERE ${READ} RETURNING ${SCHEDULE}`,
    values: [schedule.tenant, schedule.id, revision, schedule.nextAt, error],
  };
}
