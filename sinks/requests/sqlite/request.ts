/**
 * The statements about requests. Every change is conditional, and a caller that changes no row has lost. Statements
 * that belong together run in one transaction.
 */
import type { Lease, NewRequest, NewResult, Progress, RequestFilter } from '../port.ts';
import { ASK_AGAIN, turnOf } from '../rules.ts';
import { type After, askedText, branchesOf, REQUEST, resultText } from '../stored.ts';
import { OPEN, OVER, REMOVABLE, UNANNOUNCED } from './tables.ts';

export type Value = string | number | null;

export interface Statement {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** Returns the request to join, if there is one. */
export function reusable({ tenant, hash, freshMs }: NewRequest, now: number): Statement {
  return {
    sql: `SELECT ${REQUEST} FROM report_request
          WHERE hash = ? AND tenant = ? AND (${OPEN} OR state = 'done' AND expires_at > ? AND finished_at >= ?)
          ORDER BY ${OPEN} DESC, generation DESC LIMIT 1`,
    values: [hash, tenant, now, now - freshMs],
  };
}

/** Returns the new request. */
export function create(request: NewRequest, now: number, due: { id: string; dueAt: number } | null): Statement {
  const { hash, tenant, report, secret, maxAttempts, estimateRows } = request;
  return {
    sql: `INSERT INTO report_request
            (id, tenant, report, hash, generation, asked, secret, max_attempts, estimate_rows, turn, schedule_id, due_at,
             state, created_at, updated_at, attempt, not_before, progress, objects_listed, announced)
          SELECT ?1 || '-' || generation, ?2, ?3, ?1, generation, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
                 'waiting', ?11, ?11, 0, ?11, 0, 0, 0
          FROM (
            SELECT 1 + max(coalesce((SELECT max(generation) FROM report_request WHERE hash = ?1), 0),
                           coalesce((SELECT max(generation) FROM report_purged), 0)) AS generation
          ) WHERE true RETURNING ${REQUEST}`,
    values: [
      hash,
      tenant,
      report,
      askedText(request),
      secret,
      maxAttempts,
      estimateRows,
      turnOf(request, now),
      due?.id ?? null,
      due?.dueAt ?? null,
      now,
    ],
  };
}

export function hasHash({ tenant, hash }: NewRequest): Statement {
  return { sql: 'SELECT 1 FROM report_request WHERE hash = ? AND tenant = ?', values: [hash, tenant] };
}

export function addTenant(tenant: string): Statement {
  return { sql: 'INSERT INTO report_tenant VALUES (?, 0) ON CONFLICT DO NOTHING', values: [tenant] };
}

export function addAsker(id: string, user: string, now: number): Statement {
  return {
    sql: `INSERT INTO report_asker (request_id, asker, at, tenant, created_at)
          SELECT id, ?, ?, tenant, created_at FROM report_request WHERE id = ? ON CONFLICT DO NOTHING`,
    values: [user, now, id],
  };
}

export function get(tenant: string, id: string): Statement {
  return { sql: `SELECT ${REQUEST} FROM report_request WHERE id = ? AND tenant = ?`, values: [id, tenant] };
}

/** For a worker: a request of any tenant. */
export function byId(id: string): Statement {
  return { sql: `SELECT ${REQUEST} FROM report_request WHERE id = ?`, values: [id] };
}

export function list(tenant: string, filter: RequestFilter, limit: number, after: After | undefined): Statement {
  const branches = branchesOf(filter).map((branch) => listOne(tenant, branch, limit, after));
  const [only] = branches;
  if (only !== undefined && branches.length === 1) return only;
  return {
    sql: `SELECT * FROM (${branches.map(({ sql }) => `SELECT * FROM (${sql})`).join(' UNION ALL ')})
          ORDER BY created_at DESC, id DESC LIMIT ?`,
    values: [...branches.flatMap(({ values }) => values), limit],
  };
}

function listOne(tenant: string, filter: RequestFilter, limit: number, after: After | undefined): Statement {
  const { states, report, asker, createdFrom, createdTo } = filter;
  // The table whose index provides the order.
  const by = asker === undefined ? { at: 'r.created_at', id: 'r.id' } : { at: 'a.created_at', id: 'a.request_id' };
  const conditions = [`${asker === undefined ? 'r' : 'a'}.tenant = ?`];
  const values: Value[] = [tenant];
  const also = (condition: string, ...given: Value[]): void => {
    conditions.push(condition);
    values.push(...given);
  };
  if (asker !== undefined) also('a.asker = ?', asker);
  if (states !== undefined) also(`r.state IN (${states.map(() => '?').join(', ')})`, ...states);
  if (report !== undefined) also('r.report = ?', report);
  if (createdFrom !== undefined) also(`${by.at} >= ?`, createdFrom);
  if (createdTo !== undefined) also(`${by.at} < ?`, createdTo);
  if (after !== undefined) also(`(${by.at}, ${by.id}) < (?, ?)`, ...after);
  const from =
    asker === undefined ? 'report_request r' : 'report_asker a CROSS JOIN report_request r ON r.id = a.request_id';
  return {
    sql: `SELECT ${REQUEST.replaceAll(/\w+/g, 'r.$&')} FROM ${from} WHERE ${conditions.join(' AND ')}
          ORDER BY ${by.at} DESC, ${by.id} DESC LIMIT ?`,
    values: [...values, limit],
  };
}

/** Returns users and times. */
export function askers(tenant: string, id: string): Statement {
  return {
    sql: 'SELECT asker, at FROM report_asker WHERE request_id = ? AND tenant = ? ORDER BY at, asker',
    values: [id, tenant],
  };
}

/** Fails requests that lost the lease of their last attempt. Nobody may lease them, and nothing else would end them. */
export function exhaust(now: number): Statement {
  return {
    sql: `UPDATE report_request
          SET state = 'failed', updated_at = ?1, owner = NULL, lease_until = NULL, secret = NULL,
              error = json_object('code', 'LEASE_LOST', 'message',
                'the worker of attempt ' || attempt || ' of ' || max_attempts || ' was not heard of any more',
                'whatToDo', ?2)
          WHERE state = 'running' AND lease_until <= ?1 AND attempt >= max_attempts`,
    values: [now, ASK_AGAIN],
  };
}

/** Returns the id and the tenant of the request to lease, if there is one. */
export function next(now: number, tenantLimit: number): Statement {
  return {
    sql: `WITH tenants AS MATERIALIZED (
            SELECT tenant, served,
              (SELECT count(*) FROM report_request r
               WHERE r.tenant = t.tenant AND state = 'running' AND lease_until > ?1) AS running,
              (SELECT id FROM report_request r
               WHERE r.tenant = t.tenant AND ${OPEN} AND attempt < max_attempts
                 AND CASE state WHEN 'running' THEN lease_until ELSE not_before END <= ?1
               ORDER BY turn, id LIMIT 1) AS id
            FROM report_tenant t
          )
          SELECT id, tenant FROM tenants WHERE id IS NOT NULL AND running < ?2
          ORDER BY running, served, tenant LIMIT 1`,
    values: [now, tenantLimit],
  };
}

export function served(tenant: string): Statement {
  return {
    sql: 'UPDATE report_tenant SET served = 1 + (SELECT max(served) FROM report_tenant) WHERE tenant = ?',
    values: [tenant],
  };
}

/** Returns the leased request, and its secret in the last column. */
export function lease(id: string, owner: string, now: number, until: number): Statement {
  return {
    sql: `UPDATE report_request
          SET state = 'running', attempt = attempt + 1, owner = ?, lease_until = ?, progress = 0, updated_at = ?
          WHERE id = ? RETURNING ${REQUEST}, secret`,
    values: [owner, until, now, id],
  };
}

/** Leases this request, if it waits or its lease has run out. */
export function leaseOne(id: string, owner: string, now: number, until: number): Statement {
  return {
    sql: `UPDATE report_request
          SET state = 'running', attempt = attempt + 1, owner = ?1, lease_until = ?2, progress = 0, updated_at = ?3
          WHERE id = ?4 AND ${OPEN} AND attempt < max_attempts
            AND CASE state WHEN 'running' THEN lease_until ELSE not_before END <= ?3
          RETURNING ${REQUEST}, secret`,
    values: [owner, until, now, id],
  };
}

const HELD = `id = ?1 AND owner = ?2 AND attempt = ?3 AND state = 'running'`;
const holder = ({ id, owner, attempt }: Lease): Value[] => [id, owner, attempt];

export function renew(held: Lease, now: number, until: number, { rows, estimateRows }: Progress): Statement {
  return {
    sql: `UPDATE report_request
          SET lease_until = ?4, progress = ?5, estimate_rows = coalesce(?6, estimate_rows), updated_at = ?7 WHERE ${HELD}`,
    values: [...holder(held), until, rows, estimateRows ?? null, now],
  };
}

export function finish(held: Lease, now: number, result: NewResult): Statement {
  return {
    sql: `UPDATE report_request
          SET state = 'done', updated_at = ?4, owner = NULL, lease_until = NULL, secret = NULL, progress = ?5, error = NULL,
              result = ?6, finished_at = ?4, expires_at = ?7, objects_listed = 1
          WHERE ${HELD}`,
    values: [...holder(held), now, result.rows, resultText(result, now), result.expiresAt],
  };
}

/** `error` is JSON. */
export function fail(held: Lease, now: number, error: string, retryAt: number | null): Statement {
  const isRetried = '?4 IS NOT NULL AND attempt < max_attempts';
  return {
    sql: `UPDATE report_request
          SET state = CASE WHEN ${isRetried} THEN 'waiting' ELSE 'failed' END,
              secret = CASE WHEN ${isRetried} THEN secret ELSE NULL END,
              not_before = coalesce(?4, not_before), updated_at = ?5, owner = NULL, lease_until = NULL, error = ?6
          WHERE ${HELD}`,
    values: [...holder(held), retryAt, now, error],
  };
}

/** An attempt's number is never reused, so the limit grows instead. */
export function release(held: Lease, now: number): Statement {
  return {
    sql: `UPDATE report_request
          SET state = 'waiting', max_attempts = max_attempts + 1, not_before = ?4, updated_at = ?4, owner = NULL, lease_until = NULL
          WHERE ${HELD}`,
    values: [...holder(held), now],
  };
}

export function cancel(tenant: string, id: string, now: number): Statement {
  return {
    sql: `UPDATE report_request SET state = 'cancelled', updated_at = ?, owner = NULL, lease_until = NULL, secret = NULL
          WHERE id = ? AND tenant = ? AND ${OPEN}`,
    values: [now, id, tenant],
  };
}

export function outdate(tenant: string, now: number): Statement {
  return {
    sql: `UPDATE report_request SET expires_at = ?1 WHERE tenant = ?2 AND state = 'done' AND expires_at > ?1`,
    values: [now, tenant],
  };
}

export function expire(now: number, limit: number): Statement {
  return {
    sql: `UPDATE report_request SET state = 'expired', updated_at = ?1
          WHERE id IN (SELECT id FROM report_request WHERE state = 'done' AND expires_at <= ?1
                       ORDER BY expires_at, id LIMIT ?2)`,
    values: [now, limit],
  };
}

/** Returns tenants, ids and results. */
export function removable(limit: number): Statement {
  return {
    sql: `SELECT tenant, id, result FROM report_request WHERE ${REMOVABLE} ORDER BY expires_at, id LIMIT ?`,
    values: [limit],
  };
}

export function confirmRemoved(id: string): Statement {
  return { sql: `UPDATE report_request SET objects_listed = 0 WHERE id = ? AND state = 'expired'`, values: [id] };
}

const PURGED = `(SELECT id FROM report_request WHERE ${OVER} AND updated_at < ? AND (state <> 'failed' OR announced = 1)
  ORDER BY updated_at, id LIMIT ?)`;

/** To be run in this order, in one transaction: the last statement removes the requests. */
export function purge(before: number, limit: number): readonly Statement[] {
  const values = [before, limit];
  return [
    {
      sql: `INSERT INTO report_purged
            SELECT generation FROM (SELECT max(generation) AS generation FROM report_request WHERE id IN ${PURGED})
            WHERE generation IS NOT NULL`,
      values,
    },
    {
      sql: 'DELETE FROM report_purged WHERE rowid <> (SELECT rowid FROM report_purged ORDER BY generation DESC LIMIT 1)',
      values: [],
    },
    { sql: `DELETE FROM report_asker WHERE request_id IN ${PURGED}`, values },
    { sql: `DELETE FROM report_request WHERE id IN ${PURGED}`, values },
  ];
}

export function unannounced(limit: number): Statement {
  return {
    sql: `SELECT ${REQUEST} FROM report_request WHERE ${UNANNOUNCED} ORDER BY updated_at, id LIMIT ?`,
    values: [limit],
  };
}

export function confirmAnnounced(id: string): Statement {
  return { sql: `UPDATE report_request SET announced = 1 WHERE id = ? AND state IN ('done', 'failed')`, values: [id] };
}
