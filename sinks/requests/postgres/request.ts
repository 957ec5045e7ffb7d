/**
 * The statements about requests. Each is a transaction of its own. Every change is conditional, and a caller that
 * changes no row has lost. No lock outlives a statement, so a paused or dead worker blocks nobody.
 */
import type { Lease, NewRequest, NewResult, Progress, RequestFilter } from '../port.ts';
import { ASK_AGAIN, turnOf } from '../rules.ts';
import { type After, askedText, branchesOf, REQUEST, resultText } from '../stored.ts';
import { exhausted, OPEN, OVER, REMOVABLE, UNANNOUNCED } from './tables.ts';

type Value = string | number | boolean | null | readonly string[];

export interface Statement {
  readonly text: string;
  readonly values: readonly Value[];
}

const HELD = `id = $1 AND owner = $2 AND attempt = $3 AND state = 'running'`;
const REUSABLE = `hash = $1::text AND tenant = $2::text
  AND (${OPEN} OR state = 'done' AND expires_at > $3::bigint AND finished_at >= $4::bigint)`;

/** The parts of a statement that inserts a request and its asker. Pushes their values to `values`. */
export function insertion(
  schema: string,
  request: NewRequest,
  made: { now: number; due: Due | null; values: Value[] },
) {
  const { now, due, values } = made;
  const table = `"${schema}".report_request`;
  const text = (value: string | null): string => `$${values.push(value)}::text`;
  const whole = (value: number | null): string => `$${values.push(value)}::bigint`;
  const [hash, tenant, at] = [text(request.hash), text(request.tenant), whole(now)];
  const generation = `1 + greatest((SELECT max(generation) FROM ${table} WHERE hash = ${hash}),
                        (SELECT max(generation) FROM "${schema}".report_purged))`;
  const asked = `$${values.push(askedText(request))}::json`;
  return {
    /** `from`: the end of a SELECT, with its condition. If it yields a row, a request is made. */
    request: (from: string) => `
      INSERT INTO ${table}
        (id, tenant, report, hash, generation, asked, secret, max_attempts, estimate_rows, turn, schedule_id, due_at,
         state, created_at, updated_at, attempt, not_before, progress, objects_listed, announced)
      SELECT ${hash} || '-' || generation, ${tenant}, ${text(request.report)}, ${hash}, generation, ${asked},
             ${text(request.secret)}, ${whole(request.maxAttempts)}, ${whole(request.estimateRows)},
             ${whole(turnOf(request, now))}, ${text(due?.id ?? null)}, ${whole(due?.dueAt ?? null)},
             'waiting', ${at}, ${at}, 0, ${at}, 0, false, false
      FROM (SELECT ${generation} AS generation) newest ${from}
      ON CONFLICT DO NOTHING RETURNING ${REQUEST}`,
    tenant: `INSERT INTO "${schema}".report_tenant SELECT tenant, 0 FROM made ON CONFLICT DO NOTHING`,
    asker: () => `
      INSERT INTO "${schema}".report_asker (request_id, asker, at, tenant, created_at)
      SELECT id, ${text(request.requestedBy)}, created_at, tenant, created_at FROM made`,
  };
}

/** A single state as an equation: only then does the index provide the order. */
function stateIn(states: readonly string[], value: (given: Value) => string): string {
  const [only] = states;
  if (only !== undefined && states.length === 1) return `r.state = ${value(only)}`;
  return `r.state = ANY (${value(states)}::text[])`;
}

export interface Due {
  readonly id: string;
  readonly dueAt: number;
}

/** The statements about requests for one schema. */
export function statementsOf(schema: string) {
  const request = `"${schema}".report_request`;
  const askers = `"${schema}".report_asker`;
  const one = (text: string, ...values: Value[]): Statement => ({ text, values });
  const holder = ({ id, owner, attempt }: Lease): Value[] => [id, owner, attempt];

  /** $1 is the tenant, $2 the limit. Pushes the other values to `values`. */
  function listOne(filter: RequestFilter, values: Value[], after: After | undefined): string {
    const { states, report, asker, createdFrom, createdTo } = filter;
    const value = (given: Value): string => `$${values.push(given)}`;
    // The table whose index provides the order.
    const by = asker === undefined ? { at: 'r.created_at', id: 'r.id' } : { at: 'a.created_at', id: 'a.request_id' };
    const conditions = [`${asker === undefined ? 'r' : 'a'}.tenant = $1`];
    if (asker !== undefined) conditions.push(`a.asker = ${value(asker)}`);
    if (states !== undefined) conditions.push(stateIn(states, value));
    if (report !== undefined) conditions.push(`r.report = ${value(report)}`);
    if (createdFrom !== undefined) conditions.push(`${by.at} >= ${value(createdFrom)}`);
    if (createdTo !== undefined) conditions.push(`${by.at} < ${value(createdTo)}`);
    if (after !== undefined) conditions.push(`(${by.at}, ${by.id}) < (${value(after[0])}, ${value(after[1])})`);
    const from = asker === undefined ? `${request} r` : `${askers} a JOIN ${request} r ON r.id = a.request_id`;
    return `SELECT ${REQUEST.replaceAll(/\w+/g, 'r.$&')} FROM ${from} WHERE ${conditions.join(' AND ')}
            ORDER BY ${by.at} DESC, ${by.id} DESC LIMIT $2`;
  }

  return {
    /** Adds the asker to the existing request, and returns that request. */
    join({ tenant, hash, freshMs, requestedBy }: NewRequest, now: number): Statement {
      return one(
        `WITH found AS (
           SELECT ${REQUEST} FROM ${request} WHERE ${REUSABLE}
           ORDER BY (${OPEN}) DESC, generation DESC LIMIT 1 FOR NO KEY UPDATE
         ), asked AS (
           INSERT INTO ${askers} (request_id, asker, at, tenant, created_at)
           SELECT id, $5::text, $3::bigint, tenant, created_at FROM found ON CONFLICT DO NOTHING
         )
         SELECT ${REQUEST} FROM found`,
        hash,
        tenant,
        now,
        now - freshMs,
        requestedBy,
      );
    },

    /** Returns the new request; nothing if there is one to join by now. */
    create(asked: NewRequest, now: number): Statement {
      const values: Value[] = [asked.hash, asked.tenant, now, now - asked.freshMs];
      const insert = insertion(schema, asked, { now, due: null, values });
      return {
        text: `WITH made AS (${insert.request(`WHERE NOT EXISTS (SELECT FROM ${request} WHERE ${REUSABLE})`)}),
                 tenants AS (${insert.tenant}), asked AS (${insert.asker()})
               SELECT ${REQUEST} FROM made`,
        values,
      };
    },

    get: (tenant: string, id: string) =>
      one(`SELECT ${REQUEST} FROM ${request} WHERE id = $1 AND tenant = $2`, id, tenant),

    /** For a worker: a request of any tenant. */
    byId: (id: string) => one(`SELECT ${REQUEST} FROM ${request} WHERE id = $1`, id),

    list(tenant: string, filter: RequestFilter, limit: number, after: After | undefined): Statement {
      const values: Value[] = [tenant, limit];
      const branches = branchesOf(filter).map((branch) => listOne(branch, values, after));
      if (branches.length === 1) return { text: branches.join(), values };
      const text = `SELECT * FROM (${branches.map((each) => `(${each})`).join(' UNION ALL ')}) branches
                    ORDER BY created_at DESC, id DESC LIMIT $2`;
      return { text, values };
    },

    /** Returns askers and times. */
    askers: (tenant: string, id: string) =>
      one(`SELECT asker, at FROM ${askers} WHERE request_id = $1 AND tenant = $2 ORDER BY at, asker`, id, tenant),

    /** Returns the leased request, if any, and its secret in the last column. */
    lease: (owner: string, now: number, until: number, tenantLimit: number) =>
      one(
        `SELECT ${REQUEST}, secret FROM "${schema}".lease_request($1, $2, $3, $4, $5)`,
        owner,
        now,
        until,
        tenantLimit,
        ASK_AGAIN,
      ),

    /** Leases this request, if it waits or its lease has run out. */
    leaseOne: (id: string, owner: string, now: number, until: number) =>
      one(
        `UPDATE ${request}
         SET state = 'running', attempt = attempt + 1, owner = $2, lease_until = $4, progress = 0, updated_at = $3
         WHERE id = $1 AND ${OPEN} AND attempt < max_attempts
           AND CASE state WHEN 'running' THEN lease_until ELSE not_before END <= $3
         RETURNING ${REQUEST}, secret`,
        id,
        owner,
        now,
        until,
      ),

    renew: (held: Lease, now: number, until: number, { rows, estimateRows }: Progress) =>
      one(
        `UPDATE ${request} SET lease_until = $4, progress = $5, estimate_rows = coalesce($6::bigint, estimate_rows),
           updated_at = $7
         WHERE ${HELD}`,
        ...holder(held),
        until,
        rows,
        estimateRows ?? null,
        now,
      ),

    finish: (held: Lease, now: number, result: NewResult) =>
      one(
        `UPDATE ${request}
         SET state = 'done', updated_at = $4, owner = NULL, lease_until = NULL, secret = NULL, progress = $5, error = NULL,
             result = $6, finished_at = $4, expires_at = $7, objects_listed = true
         WHERE ${HELD}`,
        ...holder(held),
        now,
        result.rows,
        resultText(result, now),
        result.expiresAt,
      ),

    /** `error` is JSON. */
    fail(held: Lease, now: number, error: string, retryAt: number | null): Statement {
      const isRetried = '$4::bigint IS NOT NULL AND attempt < max_attempts';
      return one(
        `UPDATE ${request}
         SET state = CASE WHEN ${isRetried} THEN 'waiting' ELSE 'failed' END,
             secret = CASE WHEN ${isRetried} THEN secret END,
             not_before = coalesce($4::bigint, not_before), updated_at = $5, owner = NULL, lease_until = NULL, error = $6
         WHERE ${HELD}`,
        ...holder(held),
        retryAt,
        now,
        error,
      );
    },

    /** An attempt's number is never reused, so the limit grows instead. */
    release: (held: Lease, now: number) =>
      one(
        `UPDATE ${request}
         SET state = 'waiting', max_attempts = max_attempts + 1, not_before = $4, updated_at = $4, owner = NULL, lease_until = NULL
         WHERE ${HELD}`,
        ...holder(held),
        now,
      ),

    cancel: (tenant: string, id: string, now: number) =>
      one(
        `UPDATE ${request} SET state = 'cancelled', updated_at = $3, owner = NULL, lease_until = NULL, secret = NULL
         WHERE id = $1 AND tenant = $2 AND ${OPEN}`,
        id,
        tenant,
        now,
      ),

    outdate: (tenant: string, now: number) =>
      one(
        `UPDATE ${request} SET expires_at = $2 WHERE tenant = $1 AND state = 'done' AND expires_at > $2`,
        tenant,
        now,
      ),

    expire: (now: number, limit: number) =>
      one(
        `WITH exhausted AS (${exhausted(request, '$1::bigint', '$2::text')})
         UPDATE ${request} SET state = 'expired', updated_at = $1::bigint
         WHERE id IN (SELECT id FROM ${request} WHERE state = 'done' AND expires_at <= $1::bigint
                      ORDER BY expires_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)`,
        now,
        ASK_AGAIN,
        limit,
      ),

    /** Returns tenants, ids and results. */
    removable: (limit: number) =>
      one(`SELECT tenant, id, result FROM ${request} WHERE ${REMOVABLE} ORDER BY expires_at, id LIMIT $1`, limit),

    confirmRemoved: (ids: readonly string[]) =>
      one(
        `UPDATE ${request} SET objects_listed = false
         WHERE id IN (SELECT id FROM ${request} WHERE id = ANY ($1::text[]) AND state = 'expired' ORDER BY id FOR UPDATE)`,
        ids,
      ),

    /** Returns how many requests it removed. */
    purge: (before: number, limit: number) =>
      one(
        `WITH gone AS (
           DELETE FROM ${request} WHERE id IN (
             SELECT id FROM ${request} WHERE ${OVER} AND updated_at < $1 AND (state <> 'failed' OR announced)
             ORDER BY updated_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
           ) RETURNING id, generation
         ), asked AS (
           DELETE FROM ${askers} WHERE request_id IN (SELECT id FROM gone)
         ), largest AS (
           UPDATE "${schema}".report_purged SET generation = greatest(generation, (SELECT max(generation) FROM gone))
           WHERE EXISTS (SELECT FROM gone)
         )
         SELECT count(*) FROM gone`,
        before,
        limit,
      ),

    unannounced: (limit: number) =>
      one(`SELECT ${REQUEST} FROM ${request} WHERE ${UNANNOUNCED} ORDER BY updated_at, id LIMIT $1`, limit),

    confirmAnnounced: (ids: readonly string[]) =>
      one(
        `UPDATE ${request} SET announced = true
         WHERE id IN (SELECT id FROM ${request} WHERE id = ANY ($1::text[]) AND state IN ('done', 'failed') ORDER BY id FOR UPDATE)`,
        ids,
      ),
  };
}
