/** What `tributary doctor` checks about a Cassandra cluster. Its tables are compared elsewhere. */
import { clockFinding, type Finding, looked, ok, problem, versionFinding, warning } from '../../../core/finding.ts';
import { quoted } from './columns.ts';
import { type CassandraOptions, Connection } from './connection.ts';
import { guarded } from './reads.ts';
import { claimRequest } from './request.ts';
import { numberOf } from './rows.ts';
import { MOST_TOKENS } from './version.ts';

/** The first release with storage-attached indexes and unified compaction. */
const OLDEST = '5.0';
const LOCAL = 'SELECT release_version, cluster_name, data_center, toUnixTimestamp(now()) AS now FROM system.local';
const PEERS = 'SELECT data_center FROM system.peers_v2';
const KEYSPACE = 'SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?';
const TABLE = 'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?';
const SETTINGS = `SELECT name, value FROM system_views.settings WHERE name IN ('commitlog_sync', 'commitlog_sync_period')`;
const CLAIMS = 'tables_claims';
const CLAIMS_OF_PAGE = 5_000;
/** If more than this share of all tokens is used, it is time to plan a new keyspace. */
const MANY_TOKENS = 0.8;

/** Throws if no node answers, or if the login is refused. */
export async function diagnoseCassandra(options: CassandraOptions): Promise<Finding[]> {
  const connection = new Connection(options);
  try {
    return await guarded('asking Cassandra', async () => {
      // The first call connects. That time must not count as a difference between the clocks.
      const peers = (await connection.execute(PEERS, [])).rows;
      const asked = Date.now();
      const { rows } = await connection.execute(LOCAL, []);
      const answered = Date.now();
      const [local] = rows as [
        (typeof rows)[number] & { release_version: string; cluster_name: string; data_center: string; now: number },
      ];
      const many = peers.length === 0 ? '1 node' : `${peers.length + 1} nodes`;
      const parts = await Promise.all([
        looked('tables: durability', () => durability(connection, local.data_center)),
        looked('tables: rights', () => rights(connection)),
        looked('tables: tokens', () => tokens(connection)),
      ]);
      const version = versionFinding('tables', 'Cassandra', local.release_version, OLDEST);
      return [
        version.state === 'ok'
          ? { ...version, message: `${version.message}, ${many}, cluster ${local.cluster_name}` }
          : version,
        clockFinding('tables: clock', Number(local.now), asked, answered),
        ...parts.flat(),
      ];
    });
  } finally {
    await connection.close();
  }
}

async function durability(connection: Connection, datacenter: string): Promise<Finding[]> {
  const { rows } = await connection.execute(KEYSPACE, [connection.keyspace]);
  if (rows[0] === undefined) {
    return [
      warning(
        'tables: durability',
        `there is no keyspace ${connection.keyspace} yet`,
        'make it: `tributary tables apply`',
      ),
    ];
  }
  const settings = await guarded('reading settings', () => connection.execute(SETTINGS, [])).catch(() => undefined);
  const sync = settings?.rows.find((row) => row['name'] === 'commitlog_sync')?.['value'];
  return [durabilityFinding(copiesOf(rows[0]['replication'], datacenter), sync)];
}

/** The number of copies in the datacenter of the workers. */
export function copiesOf(replication: ReadonlyMap<string, string>, datacenter: string): number {
  return Number(replication.get(datacenter) ?? replication.get('replication_factor') ?? 0);
}

/** `sync`: the setting commitlog_sync; undefined if it cannot be read. */
export function durabilityFinding(copies: number, sync: string | undefined): Finding {
  const check = 'tables: durability';
  const log = sync === undefined ? 'commitlog_sync cannot be read' : `commitlog_sync is ${sync}`;
  const message = `${copies === 1 ? '1 copy' : `${copies} copies`} of every row, ${log}`;
  if (copies === 0) {
    return problem(check, message, 'give the keyspace copies in the datacenter of the workers (ALTER KEYSPACE)');
  }
  if (copies === 1 && sync !== 'batch' && sync !== 'group') {
    const todo =
      'set commitlog_sync: group in cassandra.yaml, or have three replicas on three nodes: a node that is killed loses up to ten seconds of acknowledged writes, and nothing above it can restore them';
    return warning(check, message, todo);
  }
  if (copies === 2)
    return warning(
      check,
      message,
      'have three copies: with two, a quorum is both, so that the loss of one node stops everything',
    );
  return ok(check, message);
}

/**
 * Checks the rights to read and to write by a light-weight deletion of a row that does not exist, which changes
 * nothing.
 */
async function rights(connection: Connection): Promise<Finding[]> {
  const { keyspace } = connection;
  if (!(await hasClaims(connection))) return [];
  const remove = `DELETE FROM ${quoted(keyspace)}.${CLAIMS} WHERE job = ? AND topic = ? AND "partition" = ? IF EXISTS`;
  await guarded(`changing ${keyspace}.${CLAIMS}`, () =>
    connection.execute(remove, ['tributary-doctor', '', 0], { isIdempotent: false }),
  );
  return [ok('tables: rights', 'to read and to write')];
}

async function hasClaims(connection: Connection): Promise<boolean> {
  return (await connection.execute(TABLE, [connection.keyspace, CLAIMS])).rows.length > 0;
}

async function tokens(connection: Connection): Promise<Finding[]> {
  if (!(await hasClaims(connection))) return [];
  let [largest, line] = [0, ''];
  for await (const page of connection.pages(claimRequest(connection.keyspace).all, [], CLAIMS_OF_PAGE)) {
    for (const row of page) {
      const token = numberOf(row['token']);
      if (token > largest) [largest, line] = [token, `${row['job']} of ${row['topic']}`];
    }
  }
  return [tokensFinding(largest, line)];
}

/** `line`: the job and topic with the largest token. */
export function tokensFinding(largest: number, line: string): Finding {
  const check = 'tables: tokens';
  if (largest < MOST_TOKENS * MANY_TOKENS) return ok(check, `${largest} of ${MOST_TOKENS} are used`);
  return warning(
    check,
    `${line} has used ${largest} of ${MOST_TOKENS} tokens, and stops at the last one`,
    'find out why its partitions are claimed so often, and plan to rebuild the tables in a new keyspace, where tokens begin at 1',
  );
}
