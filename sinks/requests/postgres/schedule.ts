/** The statements about schedules. A change names the revision and the due time that its caller has read. */
import type { NewRequest } from '../port.ts';
import type { NewSchedule } from '../schedule.ts';
import { askedText, type Move, REQUEST, type ReadSchedule, SCHEDULE } from '../stored.ts';
import { insertion, type Statement } from './request.ts';

const READ = 'tenant = $1 AND id = $2 AND revision = $3 AND next_at = $4 AND enabled';

/** The statements about schedules for one schema. */
export function scheduleStatementsOf(schema: string) {
  const table = `"${schema}".report_schedule`;
  return {
    /** `nextAt`: the next due time, unless the schedule was enabled with this expression before. Returns the schedule. */
    put(schedule: NewSchedule, nextAt: number): Statement {
      const { tenant, id, report, secret, maxAttempts, estimateRows, cron, zone, catchUp, enabled } = schedule;
      return {
        text: `INSERT INTO ${table} AS kept
                 (tenant, id, report, asked, secret, max_attempts, estimate_rows, cron, zone, catch_up, enabled, next_at,
                  revision)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::boolean, CASE WHEN $11 THEN $12::bigint END, 0)
               ON CONFLICT (tenant, id) DO UPDATE SET report = excluded.report, asked = excluded.asked,
                 secret = CASE WHEN $13::boolean THEN kept.secret ELSE excluded.secret END,
                 max_attempts = excluded.max_attempts, estimate_rows = excluded.estimate_rows,
                 cron = excluded.cron, zone = excluded.zone, catch_up = excluded.catch_up, enabled = excluded.enabled,
                 next_at = CASE WHEN kept.enabled AND excluded.enabled AND kept.cron = excluded.cron
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
          enabled,
          nextAt,
          secret === undefined,
        ],
      };
    },

    remove: (tenant: string, id: string): Statement => ({
      text: `DELETE FROM ${table} WHERE tenant = $1 AND id = $2`,
      values: [tenant, id],
    }),

    list: (tenant: string): Statement => ({
      text: `SELECT ${SCHEDULE} FROM ${table} WHERE tenant = $1 ORDER BY id`,
      values: [tenant],
    }),

    due: (now: number): Statement => ({
      text: `SELECT ${SCHEDULE} FROM ${table} WHERE enabled AND next_at <= $1 ORDER BY next_at, tenant, id`,
      values: [now],
    }),

    skip({ read, from, to }: Move): Statement {
      const { tenant, id } = read.schedule;
      return {
        text: `UPDATE ${table} SET next_at = $5 WHERE ${READ}`,
        values: [tenant, id, read.revision, from, to],
      };
    },

    /**
     * Moves the schedule on and makes the request. Returns a line if the schedule was moved: the columns of the
     * request, or nulls if a request with this hash existed.
     */
    fire({ read, from, to }: Move, request: NewRequest, made: { now: number; dueAt: number }): Statement {
      const { tenant, id } = read.schedule;
      const { now, dueAt } = made;
      const values = [tenant, id, read.revision, from, to, dueAt, request.hash];
      const insert = insertion(schema, request, { now, due: { id, dueAt }, values });
      const isNew = `CROSS JOIN moved WHERE NOT EXISTS (SELECT FROM "${schema}".report_request WHERE hash = $7::text)`;
      return {
        text: `WITH moved AS (
                 UPDATE ${table} SET next_at = $5, last_at = $6 WHERE ${READ} RETURNING id AS schedule
               ), made AS (${insert.request(isNew)}), tenants AS (${insert.tenant}), asked AS (${insert.asker()})
               SELECT ${REQUEST} FROM moved LEFT JOIN made ON true`,
        values,
      };
    },

    /** `error` is JSON. Returns the schedule if it was disabled. */
    disable: ({ schedule, revision }: ReadSchedule, error: string): Statement => ({
      text: `UPDATE ${table} SET enabled = false, next_at = NULL, error = $5 WHERE ${READ} RETURNING ${SCHEDULE}`,
      values: [schedule.tenant, schedule.id, revision, schedule.nextAt, error],
    }),
  };
}
