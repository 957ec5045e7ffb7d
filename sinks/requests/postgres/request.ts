/**
 * Requests and schedules as two tables of a separate schema, and every change as one conditional statement: a caller
 * that changes no row has lost. No lock outlives a statement, so a worker that is paused or dies blocks nobody.
 */
import type { Expired, Lease, NewRequest, Request, RequestState, Result, Schedule } from '../port.ts';

type Value = string | number | boolean | null | readonly string[];

export interface Statement {
  readonly text: string;
  readonly values: readonly Value[];
}

const REQUEST = `id, tenant, report, parameters, requested_by, max_attempts, state, created_at, updated_at, attempt, owner,
  lease_until, progress, error, result`;
const SCHEDULE = 'id, tenant, report, parameters, requested_by, max_attempts, cron, enabled, next_at';

/**
 * Requests that may be leased or are leased: the same condition as in the index `report_request_open`, which is not
 * used otherwise.
 */
const OPEN = `state IN ('waiting', 'running')`;
const HELD = `id = $1 AND owner = $2 AND attempt = $3 AND state = 'running'`;

/**
 * The changes of the tables from one version to the next, in order; a release adds to the list and changes nothing in
 * it. Each only adds, so that workers of the previous release can continue. All times are ms since 1970 UTC.
 * `expires_at` says when the object of a result may be removed, and is null once the removal is confirmed. Texts are
 * ordered by their bytes, and JSON is stored as it was written: `jsonb` does not accept the character 0.
 */
export function migrations(schema: string): readonly string[] {
  return [
    `CREATE TABLE "${schema}".report_request (
       id text COLLATE "C" PRIMARY KEY,
       tenant text COLLATE "C" NOT NULL,
       report text COLLATE "C" NOT NULL,
       parameters json NOT NULL,
       requested_by text NOT NULL,
       max_attempts bigint NOT NULL,
       state text NOT NULL,
       created_at bigint NOT NULL,
       updated_at bigint NOT NULL,
       attempt bigint NOT NULL,
       owner text,
       lease_until bigint,
       progress bigint NOT NULL,
       error text,
       result json,
       expires_at bigint
     );
     ALTER TABLE "${schema}".report_request SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
     CREATE INDEX report_request_newest ON "${schema}".report_request (tenant, created_at DESC, id DESC);
     CREATE INDEX report_request_open ON "${schema}".report_request (created_at, id) WHERE ${OPEN};
     CREATE INDEX report_request_leased ON "${schema}".report_request (lease_until) WHERE state = 'running';
     CREATE INDEX report_request_ends ON "${schema}".report_request (expires_at) WHERE state = 'done';
     CREATE INDEX report_request_over ON "${schema}".report_request (expires_at, id)
       WHERE state = 'expired' AND expires_at IS NOT NULL;
     CREATE TABLE "${schema}".report_schedule (
       id text COLLATE "C" PRIMARY KEY,
       tenant text COLLATE "C" NOT NULL,
       report text COLLATE "C" NOT NULL,
       parameters json NOT NULL,
       requested_by text NOT NULL,
       max_attempts bigint NOT NULL,
       cron text NOT NULL,
       enabled boolean NOT NULL,
       next_at bigint NOT NULL
     );
     CREATE INDEX report_schedule_tenant ON "${schema}".report_schedule (tenant, id);
     CREATE INDEX report_schedule_due ON "${schema}".report_schedule (next_at, id) WHERE enabled;`,
  ];
}

/** All statements of the port for one schema. */
export function statementsOf(schema: string) {
  const request = `"${schema}".report_request`;
  const schedule = `"${schema}".report_schedule`;
  const version = `"${schema}".schema_version`;

  // Requests that lost the lease of their last attempt: nobody may lease them, and nothing else would end them. Rows
  // that another transaction is changing right now are left to it. $1 is the time.
  const exhausted = `
    UPDATE ${request}
    SET state = 'failed', updated_at = $1::bigint, owner = NULL, lease_until = NULL,
        error = 'the worker of attempt ' || attempt || ' of ' || max_attempts || ' was not heard of any more'
    WHERE id IN (
      SELECT id FROM ${request}
      WHERE state = 'running' AND lease_until <= $1::bigint AND attempt >= max_attempts
      FOR UPDATE SKIP LOCKED
    )`;

  return {
    /** Held until the transaction ends: if several processes start at once, one creates the tables. */
    lock: { text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', values: [`tributary ${schema}`] },
    hasSchema: { text: 'SELECT to_regnamespace($1) IS NOT NULL', values: [`"${schema}"`] },
    makeSchema: { text: `CREATE SCHEMA IF NOT EXISTS "${schema}"`, values: [] },
    makeVersion: { text: `CREATE TABLE IF NOT EXISTS ${version} (version bigint PRIMARY KEY)`, values: [] },
    hasVersion: { text: 'SELECT to_regclass($1) IS NOT NULL', values: [version] },
    /** How many of the migrations have been applied. */
    version: { text: `SELECT coalesce(max(version), 0) FROM ${version}`, values: [] },
    setVersion: (made: number): Statement => ({ text: `INSERT INTO ${version} VALUES ($1)`, values: [made] }),

    /** Returns the request if it was created, and nothing if the id exists. */
    create({ id, tenant, report, parameters, requestedBy, maxAttempts }: NewRequest, now: number): Statement {
      return {
        text: `INSERT INTO ${request}
                 (id, tenant, report, parameters, requested_by, max_attempts, state, created_at, updated_at, attempt, progress)
               VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, $7, 0, 0)
               ON CONFLICT (id) DO NOTHING RETURNING ${REQUEST}`,
        values: [id, tenant, report, JSON.stringify(parameters), requestedBy, maxAttempts, now],
      };
    },

    get: (id: string): Statement => ({ text: `SELECT ${REQUEST} FROM ${request} WHERE id = $1`, values: [id] }),

    list(tenant: string, filter: { state?: RequestState; report?: string; limit: number }): Statement {
      const { state, report, limit } = filter;
      const values: Value[] = [tenant, limit];
      const conditions = ['tenant = $1'];
      if (state !== undefined) conditions.push(`state = $${values.push(state)}`);
      if (report !== undefined) conditions.push(`report = $${values.push(report)}`);
      return {
        text: `SELECT ${REQUEST} FROM ${request} WHERE ${conditions.join(' AND ')}
               ORDER BY created_at DESC, id DESC LIMIT $2`,
        values,
      };
    },

    /** Returns the leased request, if any: concurrent calls lock different requests. */
    lease(owner: string, now: number, until: number): Statement {
      return {
        text: `WITH exhausted AS (${exhausted})
               UPDATE ${request}
               SET state = 'running', attempt = attempt + 1, owner = $2, lease_until = $3, progress = 0,
                   updated_at = $1::bigint
               WHERE id = (
                 SELECT id FROM ${request}
                 WHERE ${OPEN} AND (state = 'waiting' OR lease_until <= $1::bigint) AND attempt < max_attempts
                 ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
               ) RETURNING ${REQUEST}`,
        values: [now, owner, until],
      };
    },

    renew(held: Lease, now: number, until: number, progress: number): Statement {
      return {
        text: `UPDATE ${request} SET lease_until = $4, progress = $5, updated_at = $6 WHERE ${HELD}`,
        values: [held.id, held.owner, held.attempt, until, progress, now],
      };
    },

    finish(held: Lease, now: number, result: Result): Statement {
      return {
        text: `UPDATE ${request}
               SET state = 'done', updated_at = $4, owner = NULL, lease_until = NULL, progress = $5, error = NULL,
                   result = $6, expires_at = $7
               WHERE ${HELD}`,
        values: [held.id, held.owner, held.attempt, now, result.rows, JSON.stringify(result), result.expiresAt],
      };
    },

    fail(held: Lease, now: number, error: string, final: boolean): Statement {
      return {
        text: `UPDATE ${request}
               SET state = CASE WHEN $4 OR attempt >= max_attempts THEN 'failed' ELSE 'waiting' END,
                   updated_at = $5, owner = NULL, lease_until = NULL, error = $6
               WHERE ${HELD}`,
        values: [held.id, held.owner, held.attempt, final, now, error],
      };
    },

    cancel(id: string, now: number): Statement {
      return {
        text: `UPDATE ${request} SET state = 'cancelled', updated_at = $2, owner = NULL, lease_until = NULL
               WHERE id = $1 AND ${OPEN}`,
        values: [id, now],
      };
    },

    expire(now: number): Statement {
      return {
        text: `WITH exhausted AS (${exhausted})
               UPDATE ${request} SET state = 'expired', updated_at = $1::bigint
               WHERE state = 'done' AND expires_at <= $1::bigint`,
        values: [now],
      };
    },

    /** Returns rows for `expiredOf`. */
    over: {
      text: `SELECT id, result FROM ${request} WHERE state = 'expired' AND expires_at IS NOT NULL ORDER BY expires_at, id`,
      values: [],
    },

    confirmRemoved(ids: readonly string[]): Statement {
      return {
        text: `UPDATE ${request} SET expires_at = NULL
               WHERE id IN (SELECT id FROM ${request} WHERE id = ANY ($1::text[]) AND state = 'expired' ORDER BY id FOR UPDATE)`,
        values: [ids],
      };
    },

    putSchedule(kept: Schedule): Statement {
      const { id, tenant, report, parameters, requestedBy, maxAttempts, cron, enabled, nextAt } = kept;
      return {
        text: `INSERT INTO ${schedule} (${SCHEDULE}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
               ON CONFLICT (id) DO UPDATE SET tenant = excluded.tenant, report = excluded.report,
                 parameters = excluded.parameters, requested_by = excluded.requested_by,
                 max_attempts = excluded.max_attempts, cron = excluded.cron, enabled = excluded.enabled,
                 next_at = excluded.next_at`,
        values: [id, tenant, report, JSON.stringify(parameters), requestedBy, maxAttempts, cron, enabled, nextAt],
      };
    },

    removeSchedule: (id: string): Statement => ({ text: `DELETE FROM ${schedule} WHERE id = $1`, values: [id] }),

    schedules(tenant: string): Statement {
      return { text: `SELECT ${SCHEDULE} FROM ${schedule} WHERE tenant = $1 ORDER BY id`, values: [tenant] };
    },

    due(now: number): Statement {
      return {
        text: `SELECT ${SCHEDULE} FROM ${schedule} WHERE enabled AND next_at <= $1 ORDER BY next_at, id`,
        values: [now],
      };
    },

    /**
     * Moves the schedule on, and creates the request with this id according to the current schedule, for the one caller
     * that fires it; returns the request if it was created.
     */
    fire(read: Schedule, nextAt: number, requestId: string, now: number): Statement {
      return {
        text: `WITH moved AS (
                 UPDATE ${schedule} SET next_at = $3 WHERE id = $1 AND next_at = $2 AND cron = $4 AND enabled
                 RETURNING tenant, report, parameters, requested_by, max_attempts
               )
               INSERT INTO ${request}
                 (id, tenant, report, parameters, requested_by, max_attempts, state, created_at, updated_at, attempt, progress)
               SELECT $5, tenant, report, parameters, requested_by, max_attempts, 'waiting', $6::bigint, $6::bigint, 0, 0
               FROM moved
               ON CONFLICT (id) DO NOTHING RETURNING ${REQUEST}`,
        values: [read.id, read.nextAt, nextAt, read.cron, requestId, now],
      };
    },
  };
}

/** The columns of REQUEST. */
export type RequestLine = readonly [
  id: string,
  tenant: string,
  report: string,
  parameters: Readonly<Record<string, unknown>>,
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
  result: Result | null,
];

export function requestOf(line: RequestLine): Request {
  return {
    id: line[0],
    tenant: line[1],
    report: line[2],
    parameters: line[3],
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
    result: line[14],
  };
}

/** The id and the result of a request. */
export type OverLine = readonly [id: string, result: Result];

export function expiredOf([id, { object }]: OverLine): Expired {
  return { id, object };
}

/** The columns of SCHEDULE. */
export type ScheduleLine = readonly [
  id: string,
  tenant: string,
  report: string,
  parameters: Readonly<Record<string, unknown>>,
  requestedBy: string,
  maxAttempts: number,
  cron: string,
  enabled: boolean,
  nextAt: number,
];

export function scheduleOf(line: ScheduleLine): Schedule {
  const [id, tenant, report, parameters, requestedBy, maxAttempts, cron, enabled, nextAt] = line;
  return { id, tenant, report, parameters, requestedBy, maxAttempts, cron, enabled, nextAt };
}
