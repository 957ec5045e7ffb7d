/**
 * Requests and schedules as two tables, and every change as one conditional UPDATE: a caller that changes no row has
 * lost. No lock or transaction is held across several statements, so the statements serve several workers at once.
 */
import type { Expired, Lease, NewRequest, Request, RequestState, Result, Schedule } from '../port.ts';

type Value = string | number | null;

export interface Statement {
  readonly sql: string;
  readonly values: readonly Value[];
}

/**
 * All times are ms since 1970 UTC; `parameters` and `result` are JSON. `expires_at` says when the object of a result
 * may be removed, and is null once the removal is confirmed.
 */
export const TABLES = `
  CREATE TABLE IF NOT EXISTS report_request (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    report TEXT NOT NULL,
    parameters TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    max_attempts INTEGER NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    owner TEXT,
    lease_until INTEGER,
    progress INTEGER NOT NULL,
    error TEXT,
    result TEXT,
    expires_at INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS report_request_newest ON report_request (tenant, created_at DESC, id DESC);
  CREATE INDEX IF NOT EXISTS report_request_open ON report_request (created_at, id)
    WHERE state IN ('waiting', 'running');
  CREATE INDEX IF NOT EXISTS report_request_ends ON report_request (expires_at) WHERE state = 'done';
  CREATE INDEX IF NOT EXISTS report_request_over ON report_request (expires_at, id)
    WHERE state = 'expired' AND expires_at IS NOT NULL;
  CREATE TABLE IF NOT EXISTS report_schedule (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    report TEXT NOT NULL,
    parameters TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    cron TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS report_schedule_tenant ON report_schedule (tenant, id);
  CREATE INDEX IF NOT EXISTS report_schedule_due ON report_schedule (next_at, id) WHERE enabled = 1;
`;

/** What tables of an earlier version lack, each with a query that checks for it. */
export const ADDED = [
  {
    has: `SELECT 1 FROM pragma_table_info('report_schedule') WHERE name = 'max_attempts'`,
    add: 'ALTER TABLE report_schedule ADD COLUMN max_attempts INTEGER NOT NULL DEFAULT 3',
  },
] as const;

const REQUEST = `id, tenant, report, parameters, requested_by, max_attempts, state, created_at, updated_at, attempt, owner,
  lease_until, progress, error, result`;
const SCHEDULE = 'id, tenant, report, parameters, requested_by, cron, enabled, next_at, max_attempts';

/** Returns the request if it was created, and nothing if the id exists. */
export function create(request: NewRequest, now: number): Statement {
  const { id, tenant, report, parameters, requestedBy, maxAttempts } = request;
  return {
    sql: `INSERT INTO report_request
            (id, tenant, report, parameters, requested_by, max_attempts, state, created_at, updated_at, attempt, progress)
          VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?, ?, 0, 0)
          ON CONFLICT (id) DO NOTHING RETURNING ${REQUEST}`,
    values: [id, tenant, report, JSON.stringify(parameters), requestedBy, maxAttempts, now, now],
  };
}

export function get(id: string): Statement {
  return { sql: `SELECT ${REQUEST} FROM report_request WHERE id = ?`, values: [id] };
}

export function list(tenant: string, filter: { state?: RequestState; report?: string; limit: number }): Statement {
  const conditions = ['tenant = ?'];
  const values: Value[] = [tenant];
  if (filter.state !== undefined) {
    conditions.push('state = ?');
    values.push(filter.state);
  }
  if (filter.report !== undefined) {
    conditions.push('report = ?');
    values.push(filter.report);
  }
  return {
    sql: `SELECT ${REQUEST} FROM report_request WHERE ${conditions.join(' AND ')}
          ORDER BY created_at DESC, id DESC LIMIT ?`,
    values: [...values, filter.limit],
  };
}

/** The same condition as in the index `report_request_open`: otherwise SQLite does not use the index. */
const OPEN = `state IN ('waiting', 'running')`;

/** Fails requests that lost the lease of their last attempt: nobody may lease them, and nothing else would end them. */
export function exhaust(now: number): Statement {
  return {
    sql: `UPDATE report_request
          SET state = 'failed', updated_at = ?, owner = NULL, lease_until = NULL,
              error = 'the worker of attempt ' || attempt || ' of ' || max_attempts || ' was not heard of any more'
          WHERE ${OPEN} AND state = 'running' AND lease_until <= ? AND attempt >= max_attempts`,
    values: [now, now],
  };
}

/** Returns the leased request, if any. */
export function lease(owner: string, now: number, until: number): Statement {
  return {
    sql: `UPDATE report_request
          SET state = 'running', attempt = attempt + 1, owner = ?, lease_until = ?, progress = 0, updated_at = ?
          WHERE id = (
            SELECT id FROM report_request
            WHERE ${OPEN} AND (state = 'waiting' OR lease_until <= ?) AND attempt < max_attempts
            ORDER BY created_at, id LIMIT 1
          ) RETURNING ${REQUEST}`,
    values: [owner, until, now, now],
  };
}

const HELD = `id = ? AND owner = ? AND attempt = ? AND state = 'running'`;

export function renew(held: Lease, now: number, until: number, progress: number): Statement {
  return {
    sql: `UPDATE report_request SET lease_until = ?, progress = ?, updated_at = ? WHERE ${HELD}`,
    values: [until, progress, now, held.id, held.owner, held.attempt],
  };
}

export function finish(held: Lease, now: number, result: Result): Statement {
  return {
    sql: `UPDATE report_request
          SET state = 'done', updated_at = ?, owner = NULL, lease_until = NULL, progress = ?, error = NULL, result = ?,
              expires_at = ?
          WHERE ${HELD}`,
    values: [now, result.rows, JSON.stringify(result), result.expiresAt, held.id, held.owner, held.attempt],
  };
}

export function fail(held: Lease, now: number, error: string, final: boolean): Statement {
  return {
    sql: `UPDATE report_request
          SET state = CASE WHEN ? = 1 OR attempt >= max_attempts THEN 'failed' ELSE 'waiting' END,
              updated_at = ?, owner = NULL, lease_until = NULL, error = ?
          WHERE ${HELD}`,
    values: [final ? 1 : 0, now, error, held.id, held.owner, held.attempt],
  };
}

export function cancel(id: string, now: number): Statement {
  return {
    sql: `UPDATE report_request SET state = 'cancelled', updated_at = ?, owner = NULL, lease_until = NULL
          WHERE id = ? AND ${OPEN}`,
    values: [now, id],
  };
}

export function expire(now: number): Statement {
  return {
    sql: `UPDATE report_request SET state = 'expired', updated_at = ? WHERE state = 'done' AND expires_at <= ?`,
    values: [now, now],
  };
}

/** Returns OverLine. */
export const OVER: Statement = {
  sql: `SELECT id, result FROM report_request WHERE state = 'expired' AND expires_at IS NOT NULL ORDER BY expires_at, id`,
  values: [],
};

export function confirmRemoved(id: string): Statement {
  return { sql: `UPDATE report_request SET expires_at = NULL WHERE id = ? AND state = 'expired'`, values: [id] };
}

export function putSchedule(schedule: Schedule): Statement {
  const { id, tenant, report, parameters, requestedBy, cron, enabled, nextAt, maxAttempts } = schedule;
  return {
    sql: `INSERT INTO report_schedule (${SCHEDULE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (id) DO UPDATE SET tenant = excluded.tenant, report = excluded.report,
            parameters = excluded.parameters, requested_by = excluded.requested_by, cron = excluded.cron,
            enabled = excluded.enabled, next_at = excluded.next_at, max_attempts = excluded.max_attempts`,
    values: [id, tenant, report, JSON.stringify(parameters), requestedBy, cron, enabled ? 1 : 0, nextAt, maxAttempts],
  };
}

export function removeSchedule(id: string): Statement {
  return { sql: 'DELETE FROM report_schedule WHERE id = ?', values: [id] };
}

export function schedules(tenant: string): Statement {
  return { sql: `SELECT ${SCHEDULE} FROM report_schedule WHERE tenant = ? ORDER BY id`, values: [tenant] };
}

export function due(now: number): Statement {
  return {
    sql: `SELECT ${SCHEDULE} FROM report_schedule WHERE enabled = 1 AND next_at <= ? ORDER BY next_at, id`,
    values: [now],
  };
}

/** Changes a row only for the one caller that fires the schedule as it was read. */
export function move(schedule: Schedule, nextAt: number): Statement {
  return {
    sql: 'UPDATE report_schedule SET next_at = ? WHERE id = ? AND next_at = ? AND enabled = 1',
    values: [nextAt, schedule.id, schedule.nextAt],
  };
}

/** The columns of REQUEST. */
export type RequestLine = readonly [
  id: string,
  tenant: string,
  report: string,
  parameters: string,
  requestedBy: string,
  maxAttempts: number,
  state: RequestState,
  createdAt: number,
  updatedAt: number,
  attempt: number,
  owner: string | null,
  leaseUntil: number | null,
  progress: number,
  error: string | null,
  result: string | null,
];

export function requestOf(line: RequestLine): Request {
  return {
    id: line[0],
    tenant: line[1],
    report: line[2],
    parameters: JSON.parse(line[3]),
    requestedBy: line[4],
    maxAttempts: line[5],
    state: line[6],
    createdAt: line[7],
    updatedAt: line[8],
    attempt: line[9],
    owner: line[10],
    leaseUntil: line[11],
    progress: line[12],
    error: line[13],
    result: line[14] === null ? null : JSON.parse(line[14]),
  };
}

/** The id and the result of a request. */
export type OverLine = readonly [id: string, result: string];

export function expiredOf([id, result]: OverLine): Expired {
  return { id, object: (JSON.parse(result) as Result).object };
}

/** The columns of SCHEDULE. */
export type ScheduleLine = readonly [
  id: string,
  tenant: string,
  report: string,
  parameters: string,
  requestedBy: string,
  cron: string,
  enabled: number,
  nextAt: number,
  maxAttempts: number,
];

export function scheduleOf(line: ScheduleLine): Schedule {
  const [id, tenant, report, parameters, requestedBy, cron, enabled, nextAt, maxAttempts] = line;
  const flags = { enabled: enabled === 1, nextAt, maxAttempts };
  return { id, tenant, report, parameters: JSON.parse(parameters), requestedBy, cron, ...flags };
}
