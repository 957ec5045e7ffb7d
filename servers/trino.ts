/**
 * Trino with its connector to Delta Lake: a dedicated coordinator, and workers. Tables are in a folder (the catalog `lake`), in a bucket
 * (the catalog `s3lake`), or in both.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Group, group, startAll } from './group.ts';
import { installed, java24, needed } from './installed.ts';
import { type JavaOptions, jvmOptions, properties } from './java.ts';
import { freePorts } from './ports.ts';
import { S3_ACCESS_KEY, S3_REGION, S3_SECRET_KEY } from './s3.ts';
import { type Server, startServer } from './server.ts';

export interface TrinoOptions extends JavaOptions {
  readonly folder: string;
  /** 1 by default. With 0, the coordinator does the work. */
  readonly workers?: number;
  /** A folder of tables. Trino also keeps its list of them there. */
  readonly lake?: string;
  /** A bucket of tables, and the endpoint of our S3 server. */
  readonly s3?: { readonly endpoint: string; readonly bucket: string };
}

interface Node {
  readonly name: string;
  readonly port: number;
  readonly coordinator: number;
  readonly workers: number;
}

const HOST = '127.0.0.1';
/** A query waits for workers, which announce themselves a few seconds after their start. */
const WORKERS_WAIT = '2m';
const LOG_LEVELS = 'io.trino=WARN\nio.trino.server.Server=INFO\n';
/** The options that Trino's own launcher sets. */
const JVM = [
  '-XX:ReservedCodeCacheSize=192m',
  '-XX:-OmitStackTraceInFastThrow',
  '-XX:+EnableDynamicAgentLoading',
  '-Djol.skipHotspotSAAttach=true',
  '-Djdk.attach.allowAttachSelf=true',
  '-Dfile.encoding=UTF-8',
  '--enable-native-access=ALL-UNNAMED',
  '--sun-misc-unsafe-memory-access=allow',
];

/** `http://127.0.0.1:<port>`, the coordinator, which is the first node. */
export async function startTrino(options: TrinoOptions): Promise<Group> {
  const { folder, workers = 1 } = options;
  const ports = await freePorts(1 + workers);
  const coordinator = ports[0] ?? 0;
  const nodes = ports.map((port, at): Node => {
    return { name: at === 0 ? 'coordinator' : `worker-${at}`, port, coordinator, workers };
  });
  const started = await startAll(nodes.map((node) => startNode(node, join(folder, node.name), options)));
  return group('trino', `http://${HOST}:${coordinator}`, started);
}

function startNode(node: Node, folder: string, { lake, s3, ...java }: TrinoOptions): Promise<Server> {
  const part = installed('trino');
  const catalogs = join(folder, 'etc', 'catalog');
  mkdirSync(catalogs, { recursive: true });
  const levels = join(folder, 'etc', 'log.properties');
  writeFileSync(levels, LOG_LEVELS);
  const config = join(folder, 'etc', 'config.properties');
  const own = { 'plugin.dir': join(part, 'plugin'), 'catalog.config-dir': catalogs, 'log.levels-file': levels };
  writeFileSync(config, properties({ ...nodeSettings(node), ...own }));
  if (lake !== undefined) writeFileSync(join(catalogs, 'lake.properties'), properties(folderCatalog(lake)));
  if (s3 !== undefined) writeFileSync(join(catalogs, 's3lake.properties'), properties(s3Catalog(s3)));
  const url = `http://${HOST}:${node.port}`;
  // The server without its launcher: a single process, with the pid to signal.
  return startServer({
    name: 'trino',
    url,
    folder,
    command: join(needed('Java 24 or newer', java24()), 'bin', 'java'),
    args: [
      ...jvmOptions('trino', { heap: '360m', ...java }),
      ...JVM,
      `-Dconfig=${config}`,
      '-cp',
      `${part}/lib/*`,
      'io.trino.server.TrinoServer',
    ],
    // Not in a file.
    env: { S3_KEY: S3_ACCESS_KEY, S3_SECRET: S3_SECRET_KEY },
    ready: async () => (await (await fetch(`${url}/v1/info`)).text()).includes('"starting":false'),
  });
}

const nodeSettings = ({ name, port, coordinator, workers }: Node): Record<string, string> => ({
  'node.environment': 'test',
  'node.id': name,
  'node.bind-ip': HOST,
  'node.internal-address': HOST,
  coordinator: `${port === coordinator}`,
  'http-server.http.port': `${port}`,
  'http-server.log.enabled': 'false',
  'discovery.uri': `http://${HOST}:${coordinator}`,
  'query.max-memory': '200MB',
  'query.max-memory-per-node': '130MB',
  'memory.heap-headroom-per-node': '100MB',
  'catalog.management': 'static',
  // How long to wait for a worker that died.
  'query.remote-task.max-error-duration': '5s',
  'exchange.max-error-duration': '5s',
  ...(port === coordinator && {
    'node-scheduler.include-coordinator': `${workers === 0}`,
    'query-manager.required-workers': `${Math.max(workers, 1)}`,
    'query-manager.required-workers-max-wait': WORKERS_WAIT,
  }),
});

const CATALOG = {
  'connector.name': 'delta_lake',
  'hive.metastore': 'file',
  'delta.register-table-procedure.enabled': 'true',
};
const folderCatalog = (lake: string): Record<string, string> => ({
  ...CATALOG,
  'hive.metastore.catalog.dir': 'local:///_metastore',
  'fs.native-local.enabled': 'true',
  'local.location': lake,
});
const s3Catalog = ({ endpoint, bucket }: { endpoint: string; bucket: string }): Record<string, string> => ({
  ...CATALOG,
  'hive.metastore.catalog.dir': `s3://${bucket}/_metastore`,
  'fs.native-s3.enabled': 'true',
  's3.endpoint': endpoint,
  's3.region': S3_REGION,
  's3.path-style-access': 'true',
  's3.aws-access-key': ofEnvironment('S3_KEY'),
  's3.aws-secret-key': ofEnvironment('S3_SECRET'),
});
const ofEnvironment = (name: string): string => `$\{ENV:${name}}`;
