/** What `tributary doctor` checks about a Postgres. Tables may be missing: the first call that needs them creates them. */
import { Client } from 'pg';
import { clockFinding, type Finding, ok, problem, versionFinding, warning } from '../../../core/finding.ts';
import { connectionOf, type PostgresOptions } from './connection.ts';
import { requestsError } from './errors.ts';

const OLDEST = '13';
const TABLES = [
  'report_request',
  'report_asker',
  'report_tenant',
  'report_purged',
  'report_schedule',
  'schema_version',
];

/** `$1` is our schema, `$2` our tables. */
const LOOK = `
  SELECT current_setting('server_version') AS version,
    (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now,
    pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool AS "isReadOnly",
    current_setting('fsync') AS fsync,
    current_setting('synchronous_commit') AS commit,
    has_database_privilege(current_database(), 'CREATE') AS "mayMake",
    to_regnamespace($1) IS NOT NULL AS "hasSchema",
    CASE WHEN to_regnamespace($1) IS NULL THEN true
      ELSE has_schema_privilege($1, 'USAGE') AND has_schema_privilege($1, 'CREATE') END AS "mayUse",
    (SELECT count(*) FROM pg_class c WHERE c.relnamespace = to_regnamespace($1) AND c.relname = ANY($2)
      AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
        AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')))::int AS refused`;

export interface Looked {
  readonly version: string;
  /** In ms since 1970 UTC. */
  readonly now: number;
  readonly isReadOnly: boolean;
  readonly fsync: string;
  readonly commit: string;
  readonly mayMake: boolean;
  readonly hasSchema: boolean;
  readonly mayUse: boolean;
  /** Our tables that we may not read and write. */
  readonly refused: number;
}

/** Throws if the server does not answer, or refuses the login. */
export async function diagnosePostgres(options: PostgresOptions): Promise<Finding[]> {
  const { schema, pool } = connectionOf(options);
  const client = new Client(pool);
  client.on('error', () => undefined);
  try {
    await client.connect();
    const asked = Date.now();
    const { rows } = await client.query<Looked>(LOOK, [schema, TABLES]);
    const [found] = rows as [Looked];
    return [...postgresFindings(schema, found), clockFinding('requests: clock', found.now, asked, Date.now())];
  } catch (error) {
    throw requestsError(error, 'connecting');
  } finally {
    await client.end().catch(() => undefined);
  }
}

export function postgresFindings(schema: string, found: Looked): Finding[] {
  const [version = '0'] = found.version.split(' ');
  return [
    versionFinding('requests', 'Postgres', version, OLDEST),
    durability(found),
    found.isReadOnly
      ? problem('requests: rights', 'it takes no writes', 'name the primary in the URL')
      : rights(schema, found),
  ];
}

function durability({ fsync, commit }: Looked): Finding {
  const message = `fsync is ${fsync}, synchronous_commit is ${commit}`;
  if (fsync !== 'on') return problem('requests: durability', message, 'set fsync = on: a crash may destroy everything');
  if (commit !== 'off') return ok('requests: durability', message);
  return warning('requests: durability', message, 'set synchronous_commit = on: a crash loses the newest requests');
}

function rights(schema: string, { mayMake, hasSchema, mayUse, refused }: Looked): Finding {
  const check = 'requests: rights';
  if (!hasSchema && !mayMake) {
    const todo = `CREATE SCHEMA ${schema} AUTHORIZATION the role of tributary, or grant it CREATE on the database`;
    return problem(check, `there is no schema ${schema}, and this role may not make it`, todo);
  }
  if (!mayUse) {
    return problem(
      check,
      `USAGE or CREATE on the schema ${schema} is missing`,
      `GRANT USAGE, CREATE ON SCHEMA ${schema}`,
    );
  }
  if (refused > 0) {
    const todo = `GRANT ALL ON ALL TABLES IN SCHEMA ${schema}`;
    return problem(check, `${refused} tables of the schema ${schema} may not be read and written`, todo);
  }
  return ok(check, hasSchema ? `to use the schema ${schema}` : `to make the schema ${schema}, which is not there yet`);
}
