/** What `tributary doctor` checks about an Elasticsearch cluster. Its indexes are compared elsewhere. */
import { clockFinding, type Finding, looked, ok, problem, versionFinding, warning } from '../../../core/finding.ts';
import { Elasticsearch, type Sending } from './client.ts';
import { DEFAULT_SETTINGS, type ElasticsearchOptions } from './search.ts';

const PATIENCE_MS = 8000;
/** The client supports this release and the next. */
const OLDEST = '8.0';
const FORBIDDEN = 403;
const PRIVILEGES = ['read', 'write', 'maintenance', 'view_index_metadata', 'manage'];

interface Health {
  readonly status: 'green' | 'yellow' | 'red';
  readonly number_of_nodes: number;
  readonly unassigned_shards: number;
}

/** Throws if no node answers, or if the login is refused. */
export async function diagnoseElasticsearch(options: ElasticsearchOptions): Promise<Finding[]> {
  const elasticsearch = new Elasticsearch(options);
  const sending = (doing: string): Sending => ({ doing, deadline: performance.now() + PATIENCE_MS });
  const get = (path: string, doing: string, filter?: string) => {
    const query = filter === undefined ? {} : { filter_path: filter };
    return elasticsearch.send({ method: 'GET', path, query }, sending(doing), [FORBIDDEN]);
  };
  try {
    const { body } = await get('/_nodes', 'asking for the version', 'nodes.*.version');
    const versions = nodesOf<{ version: string }>(body).map((node) => node.version);
    const parts = await Promise.all([
      looked('search: health', async () => {
        const { status, body } = await get('/_cluster/health', 'asking for the health');
        return status === FORBIDDEN ? [] : healthFindings(body as Health);
      }),
      looked('search: clock', async () => {
        const asked = Date.now();
        const { body } = await get('/_nodes/_local/stats/process', 'asking for the time', 'nodes.*.timestamp');
        const [node] = nodesOf<{ timestamp: number }>(body);
        if (node === undefined) return [];
        return [clockFinding('search: clock', node.timestamp, asked, Date.now())];
      }),
      looked('search: rights', () => rights(elasticsearch, options.prefix ?? DEFAULT_SETTINGS.prefix, sending)),
    ]);
    return [versionFound(versions), ...parts.flat()];
  } finally {
    await elasticsearch.close();
  }
}

/** Empty if the request is forbidden. */
function nodesOf<T>(body: unknown): T[] {
  return Object.values((body as { nodes?: Readonly<Record<string, T>> }).nodes ?? {});
}

export function versionFound(versions: readonly string[]): Finding {
  const findings = versions.map((version) => versionFinding('search', 'Elasticsearch', version, OLDEST));
  const worst = findings.find(({ state }) => state !== 'ok') ?? findings[0];
  return worst ?? warning('search', 'Elasticsearch does not tell its version', 'grant the cluster privilege monitor');
}

export function healthFindings({ status, number_of_nodes: nodes, unassigned_shards: unassigned }: Health): Finding[] {
  const many = nodes === 1 ? '1 node' : `${nodes} nodes`;
  const message = `${status}, ${many}, ${unassigned} unassigned shards`;
  if (status === 'green') return [ok('search: health', `${status}, ${many}`)];
  const todo = 'see `GET _cluster/allocation/explain`';
  // A single node cannot store replicas, and other indexes may require them.
  if (status === 'yellow')
    return [nodes === 1 ? ok('search: health', message) : warning('search: health', message, todo)];
  return [problem('search: health', message, todo)];
}

async function rights(
  elasticsearch: Elasticsearch,
  prefix: string,
  sending: (doing: string) => Sending,
): Promise<Finding[]> {
  const { status, body } = await elasticsearch.send(
    {
      method: 'POST',
      path: '/_security/user/_has_privileges',
      body: { index: [{ names: [`${prefix}*`], privileges: PRIVILEGES }] },
    },
    sending('asking for our rights'),
    // The answer if security is disabled.
    [400, 404, 405],
  );
  if (status !== 200) return [ok('search: rights', 'security is off: everybody may do everything')];
  const { index } = body as { index: Readonly<Record<string, Readonly<Record<string, boolean>>>> };
  return [rightsFinding(prefix, index[`${prefix}*`] ?? {})];
}

export function rightsFinding(prefix: string, has: Readonly<Record<string, boolean>>): Finding {
  const missing = PRIVILEGES.filter((name) => has[name] !== true);
  if (missing.length === 0) return ok('search: rights', `everything that is needed on ${prefix}*`);
  // Another user may run `tributary indexes apply`.
  const say = missing.join() === 'manage' ? warning : problem;
  return say('search: rights', `missing on ${prefix}*: ${missing.join(', ')}`, 'grant them to the user or API key');
}
