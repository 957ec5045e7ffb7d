/** The tables of requests and schedules in Postgres, in a schema of their own. */

/** Requests that are leased or may be leased. The indexes have the same condition, and are only used with it. */
export const OPEN = `state IN ('waiting', 'running')`;
/** Requests that are `done` or `failed` and whose event is not confirmed. */
export const UNANNOUNCED = `NOT announced AND state IN ('done', 'failed')`;
/** Requests that only `purge` still changes. */
export const OVER = `NOT objects_listed AND state IN ('failed', 'cancelled', 'expired')`;
/** Requests whose objects must be removed. */
export const REMOVABLE = `objects_listed AND state = 'expired'`;

/** Requests that lost the lease of their last attempt. `now` is the time and `advice` what to do, both as SQL. */
export function exhausted(request: string, now: string, advice: string): string {
  return `
    UPDATE ${request}
    SET state = 'failed', updated_at = ${now}, owner = NULL, lease_until = NULL, secret = NULL,
        error = json_build_object('code', 'LEASE_LOST', 'message',
          'the worker of attempt ' || attempt || ' of ' || max_attempts || ' was not heard of any more',
          'whatToDo', ${advice})
    WHERE id IN (
      SELECT id FROM ${request}
      WHERE state = 'running' AND lease_until <= ${now} AND attempt >= max_attempts
      FOR UPDATE SKIP LOCKED
    )`;
}

/**
 * The changes of the tables from one version to the next, in order. A release appends to the list and changes nothing
 * in it. Each migration only adds, so that workers of the previous release can go on. All times are ms since 1970 UTC.
 * Texts are ordered by their bytes. JSON (`asked`, `error`, `result`) is stored as it was written, because `jsonb` does
 * not accept the character 0.
 */
export function migrations(schema: string): readonly string[] {
  return [tables(schema) + leaseFunction(schema)];
}

/**
 * Requests of a tenant are leased in the order of `turn`. `objects_listed` is true from when there is a result until its objects are
 * confirmed as removed. `served` counts leases, so the tenant with the smallest value was served longest ago. `report_purged` has the
 * largest generation of all forgotten requests: new requests get larger ones, so no id is reused.
 */
function tables(schema: string): string {
  const request = `"${schema}".report_request`;
  return `
    CREATE TABLE ${request} (
      id text COLLATE "C" PRIMARY KEY,
      tenant text COLLATE "C" NOT NULL,
      report text COLLATE "C" NOT NULL,
      hash text COLLATE "C" NOT NULL,
      generation bigint NOT NULL,
      asked json NOT NULL,
      secret text,
      max_attempts bigint NOT NULL,
      estimate_rows bigint NOT NULL,
      turn bigint NOT NULL,
      schedule_id text,
      due_at bigint,
      state text COLLATE "C" NOT NULL,
      created_at bigint NOT NULL,
      updated_at bigint NOT NULL,
      attempt bigint NOT NULL,
      not_before bigint NOT NULL,
      owner text,
      lease_until bigint,
      progress bigint NOT NULL,
      error json,
      result json,
      finished_at bigint,
      expires_at bigint,
      objects_listed boolean NOT NULL,
      announced boolean NOT NULL
    );
    ALTER TABLE ${request} SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
    CREATE UNIQUE INDEX report_request_hash ON ${request} (hash, generation DESC);
    CREATE UNIQUE INDEX report_request_one ON ${request} (tenant, hash) WHERE ${OPEN};
    CREATE INDEX report_request_newest ON ${request} (tenant, created_at DESC, id DESC);
    CREATE INDEX report_request_state ON ${request} (tenant, state, created_at DESC, id DESC);
    CREATE INDEX report_request_report ON ${request} (tenant, report, created_at DESC, id DESC);
    CREATE INDEX report_request_turn ON ${request} (tenant, turn, id) WHERE ${OPEN};
    CREATE INDEX report_request_leased ON ${request} (lease_until) WHERE state = 'running';
    CREATE INDEX report_request_ends ON ${request} (expires_at, id) WHERE state = 'done';
    CREATE INDEX report_request_removable ON ${request} (expires_at, id) WHERE ${REMOVABLE};
    CREATE INDEX report_request_unannounced ON ${request} (updated_at, id) WHERE ${UNANNOUNCED};
    CREATE INDEX report_request_over ON ${request} (updated_at, id) WHERE ${OVER};
    CREATE TABLE "${schema}".report_asker (
      request_id text COLLATE "C" NOT NULL,
      asker text COLLATE "C" NOT NULL,
      at bigint NOT NULL,
      tenant text COLLATE "C" NOT NULL,
      created_at bigint NOT NULL,
      PRIMARY KEY (request_id, asker)
    );
    CREATE INDEX report_asker_newest ON "${schema}".report_asker (tenant, asker, created_at DESC, request_id DESC);
    CREATE TABLE "${schema}".report_tenant (tenant text COLLATE "C" PRIMARY KEY, served bigint NOT NULL);
    CREATE TABLE "${schema}".report_purged (generation bigint NOT NULL);
    INSERT INTO "${schema}".report_purged VALUES (0);
    CREATE TABLE "${schema}".report_schedule (
      tenant text COLLATE "C" NOT NULL,
      id text COLLATE "C" NOT NULL,
      report text NOT NULL,
      asked json NOT NULL,
      secret text,
      max_attempts bigint NOT NULL,
      estimate_rows bigint NOT NULL,
      cron text NOT NULL,
      zone text NOT NULL,
      catch_up text NOT NULL,
      enabled boolean NOT NULL,
      last_at bigint,
      next_at bigint,
      error json,
      revision bigint NOT NULL,
      PRIMARY KEY (tenant, id)
    );
    CREATE INDEX report_schedule_due ON "${schema}".report_schedule (next_at, tenant, id) WHERE enabled;`;
}

/**
 * Returns the leased request, if any. $1 is the owner, $2 the time, $3 the end of the lease, $4 how many requests of a
 * tenant may run, $5 the advice for requests without attempts left.
 *
 * This must be a function, because running requests have to be counted after the lock is held: each statement of a
 * function sees what others committed before it. The lock ends with the call, so a paused or dead worker blocks nobody.
 */
function leaseFunction(schema: string): string {
  const request = `"${schema}".report_request`;
  const tenants = `"${schema}".report_tenant`;
  return `
    CREATE FUNCTION "${schema}".lease_request(text, bigint, bigint, bigint, text) RETURNS SETOF ${request}
    LANGUAGE plpgsql AS $lease$
    DECLARE
      next_tenant text;
      next_id text;
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended('tributary lease ${schema}', 0));
      ${exhausted(request, '$2', '$5')};
      FOR next_tenant IN
        SELECT t.tenant FROM ${tenants} t LEFT JOIN (
          SELECT r.tenant, count(*) AS running FROM ${request} r
          WHERE r.state = 'running' AND r.lease_until > $2 GROUP BY r.tenant
        ) c ON c.tenant = t.tenant
        WHERE coalesce(c.running, 0) < $4
          AND EXISTS (SELECT FROM ${request} r WHERE r.tenant = t.tenant AND r.${OPEN})
        ORDER BY coalesce(c.running, 0), t.served, t.tenant
      LOOP
        SELECT r.id INTO next_id FROM ${request} r
        WHERE r.tenant = next_tenant AND r.${OPEN} AND r.attempt < r.max_attempts
          AND CASE r.state WHEN 'running' THEN r.lease_until ELSE r.not_before END <= $2
        ORDER BY r.turn, r.id LIMIT 1 FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN next_id IS NULL;
        UPDATE ${tenants} SET served = 1 + (SELECT max(served) FROM ${tenants}) WHERE tenant = next_tenant;
        RETURN QUERY UPDATE ${request}
          SET state = 'running', attempt = attempt + 1, owner = $1, lease_until = $3, progress = 0, updated_at = $2
          WHERE id = next_id RETURNING *;
        RETURN;
      END LOOP;
    END $lease$;`;
}
