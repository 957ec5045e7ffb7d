/** The tables of requests and schedules in SQLite. */

/**
 * Requests that are leased or may be leased. The indexes have the same condition, and SQLite only uses them with it.
 */
export const OPEN = `state IN ('waiting', 'running')`;
/** Requests that are `done` or `failed` and whose event is not confirmed. */
export const UNANNOUNCED = `announced = 0 AND state IN ('done', 'failed')`;
/** Requests that only `purge` still changes. */
export const OVER = `objects_listed = 0 AND state IN ('failed', 'cancelled', 'expired')`;
/** Requests whose objects must be removed. */
export const REMOVABLE = `objects_listed = 1 AND state = 'expired'`;

/**
 * All times are ms since 1970 UTC; `asked`, `error` and `result` are JSON. Requests of a tenant are leased in the order
 * of `turn`. `objects_listed` is 1 from when there is a result until its objects are confirmed as removed. `served`
 * counts leases, so the tenant with the smallest value was served longest ago. `report_purged` has the largest
 * generation of all forgotten requests: new requests get larger ones, so no id is reused.
 */
export const TABLES = `
  CREATE TABLE IF NOT EXISTS report_request (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    report TEXT NOT NULL,
    hash TEXT NOT NULL,
    generation INTEGER NOT NULL,
    asked TEXT NOT NULL,
    secret TEXT,
    max_attempts INTEGER NOT NULL,
    estimate_rows INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    schedule_id TEXT,
    due_at INTEGER,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    owner TEXT,
    lease_until INTEGER,
    progress INTEGER NOT NULL,
    error TEXT,
    result TEXT,
    finished_at INTEGER,
    expires_at INTEGER,
    objects_listed INTEGER NOT NULL,
    announced INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS report_request_hash ON report_request (hash, generation DESC);
  CREATE UNIQUE INDEX IF NOT EXISTS report_request_one ON report_request (tenant, hash) WHERE ${OPEN};
  CREATE INDEX IF NOT EXISTS report_request_newest ON report_request (tenant, created_at DESC, id DESC);
  CREATE INDEX IF NOT EXISTS report_request_state ON report_request (tenant, state, created_at DESC, id DESC);
  CREATE INDEX IF NOT EXISTS report_request_report ON report_request (tenant, report, created_at DESC, id DESC);
  CREATE INDEX IF NOT EXISTS report_request_turn ON report_request (tenant, turn, id) WHERE ${OPEN};
  CREATE INDEX IF NOT EXISTS report_request_running ON report_request (tenant, lease_until) WHERE state = 'running';
  CREATE INDEX IF NOT EXISTS report_request_leased ON report_request (lease_until) WHERE state = 'running';
  CREATE INDEX IF NOT EXISTS report_request_ends ON report_request (expires_at, id) WHERE state = 'done';
  CREATE INDEX IF NOT EXISTS report_request_removable ON report_request (expires_at, id) WHERE ${REMOVABLE};
  CREATE INDEX IF NOT EXISTS report_request_unannounced ON report_request (updated_at, id) WHERE ${UNANNOUNCED};
  CREATE INDEX IF NOT EXISTS report_request_over ON report_request (updated_at, id) WHERE ${OVER};
  CREATE TABLE IF NOT EXISTS report_asker (
    request_id TEXT NOT NULL,
    asker TEXT NOT NULL,
    at INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (request_id, asker)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS report_asker_newest ON report_asker (tenant, asker, created_at DESC, request_id DESC);
  CREATE TABLE IF NOT EXISTS report_tenant (tenant TEXT PRIMARY KEY, served INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS report_purged (generation INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS report_schedule (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    report TEXT NOT NULL,
    asked TEXT NOT NULL,
    secret TEXT,
    max_attempts INTEGER NOT NULL,
    estimate_rows INTEGER NOT NULL,
    cron TEXT NOT NULL,
    zone TEXT NOT NULL,
    catch_up TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    last_at INTEGER,
    next_at INTEGER,
    error TEXT,
    revision INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS report_schedule_due ON report_schedule (next_at, tenant, id) WHERE enabled = 1;
`;

/** Returns a line if the tables are from a time when nothing made requests. Such tables are empty and have other columns. */
export const OUTDATED = `
  SELECT 1 FROM sqlite_schema WHERE name = 'report_request'
    AND NOT EXISTS (SELECT 1 FROM pragma_table_info('report_request') WHERE name = 'hash')`;
export const DROP_OUTDATED = 'DROP TABLE report_request; DROP TABLE IF EXISTS report_schedule;';
