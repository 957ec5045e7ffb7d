/**
 * Druid on one machine: ZooKeeper, a coordinator that is also the overlord, a broker, a historical and an indexer. Its database and
 * segments are in its folder. All jars are on one class path, which also loads the extensions among them.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Group, group, startAll } from './group.ts';
import { installed, java17, needed } from './installed.ts';
import { type JavaOptions, jvmOptions, properties } from './java.ts';
import { answers, answersHttp, freePorts, until } from './ports.ts';
import { type Server, startServer } from './server.ts';

export interface DruidOptions extends JavaOptions {
  readonly folder: string;
  /** A folder with the jars of another extension, such as `extensions/druid-avro-extensions` of Druid's own archive. */
  readonly extension?: string | undefined;
}

export interface Druid extends Group {
  /** The address for SQL, `http://127.0.0.1:<port>`. The `url` of the server is that of the coordinator, which accepts specifications. */
  readonly broker: string;
}

const HOST = '127.0.0.1';
/** Each supervisor has one task, and a second one during a handover. */
const CAPACITY = 16;
/** Modules that Druid accesses by reflection and Java 17 does not open by default. */
const MODULES = [
  ...['java.lang', 'java.io', 'java.nio', 'jdk.internal.ref', 'sun.nio.ch'].map(
    (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
  ),
  ...['jdk.internal.misc', 'jdk.internal.ref'].map((name) => `--add-exports=java.base/${name}=ALL-UNNAMED`),
];

interface Ports {
  readonly zookeeper: number;
  readonly database: number;
  readonly coordinator: number;
  readonly broker: number;
  readonly historical: number;
  readonly indexer: number;
}

export async function startDruid(options: DruidOptions): Promise<Druid> {
  const { folder } = options;
  const [zookeeper = 0, database = 0, coordinator = 0, broker = 0, historical = 0, indexer = 0] = await freePorts(6);
  const ports = { zookeeper, database, coordinator, broker, historical, indexer };
  const conf = join(folder, 'conf');
  mkdirSync(conf, { recursive: true });
  for (const name of ['tmp', 'extensions']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(conf, 'common.runtime.properties'), properties(common(folder, ports)));
  writeFileSync(join(conf, 'zoo.cfg'), properties(zooKeeper(folder, zookeeper)));
  const nodes = await startAll([
    startZooKeeper(options, zookeeper),
    startNode(options, 'coordinator', coordinator, COORDINATOR),
    startNode(options, 'broker', broker, BROKER),
    startNode(options, 'historical', historical, historicalSettings(folder)),
    startNode(options, 'indexer', indexer, indexerSettings(folder)),
  ]);
  const url = `http://${HOST}:${coordinator}`;
  // Nodes are healthy before they have discovered each other. The overlord accepts tasks once it has a worker.
  const ready = () => until('the overlord of Druid has a worker', () => hasWorker(url));
  await ready();
  return Object.assign(group('druid', url, nodes, ready), { broker: `http://${HOST}:${broker}` });
}

async function hasWorker(url: string): Promise<boolean> {
  return (await (await fetch(`${url}/druid/indexer/v1/workers`)).text()).includes('"host"');
}

function jvm({ folder, extension, ...java }: DruidOptions, heap: string): string[] {
  const tmp = join(folder, 'tmp');
  const log4j = new URL('kafka/log4j2.properties', import.meta.url).pathname;
  const classPath = [
    join(folder, 'conf'),
    `${installed('druid')}/*`,
    ...(extension === undefined ? [] : [`${extension}/*`]),
  ];
  return [
    ...jvmOptions('druid', { heap, ...java }),
    ...MODULES,
    '-XX:MaxDirectMemorySize=256m',
    '-Duser.timezone=UTC',
    '-Dfile.encoding=UTF-8',
    `-Dlog4j2.configurationFile=${log4j}`,
    `-Djava.io.tmpdir=${tmp}`,
    `-Dderby.stream.error.file=${join(folder, 'derby.log')}`,
    '-cp',
    classPath.join(':'),
  ];
}

const javaOf = (): string => join(needed('Java 17', java17()), 'bin', 'java');

function startZooKeeper(options: DruidOptions, port: number): Promise<Server> {
  const { folder } = options;
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
  return startServer({
    name: 'zookeeper',
    url: `${HOST}:${port}`,
    folder,
    command: javaOf(),
    args: [...jvm(options, '64m'), main, join(folder, 'conf', 'zoo.cfg')],
    ready: () => answers(port, 'srvr', (reply) => reply.toString().startsWith('Zookeeper')),
  });
}

type Settings = Readonly<Record<string, string>>;

function startNode(options: DruidOptions, name: string, port: number, own: Settings): Promise<Server> {
  const url = `http://${HOST}:${port}`;
  const settings = { 'druid.service': `druid/${name}`, 'druid.plaintextPort': `${port}`, ...own };
  return startServer({
    name,
    url,
    folder: options.folder,
    command: javaOf(),
    args: [
      ...jvm(options, name === 'indexer' ? '1g' : '256m'),
      ...Object.entries(settings).map(([key, value]) => `-D${key}=${value}`),
      'org.apache.druid.cli.Main',
      'server',
      name,
    ],
    ready: () => answersHttp(`${url}/status/health`, 200),
  });
}

const common = (folder: string, { zookeeper, database }: Ports): Settings => ({
  'druid.extensions.directory': join(folder, 'extensions'),
  'druid.extensions.loadList': '[]',
  'druid.host': HOST,
  'druid.bindOnHost': 'true',
  'druid.zk.service.host': `${HOST}:${zookeeper}`,
  'druid.metadata.storage.type': 'derby',
  'druid.metadata.storage.connector.connectURI': `jdbc:derby://${HOST}:${database}/${join(folder, 'metadata')};create=true`,
  'druid.metadata.storage.connector.host': HOST,
  'druid.metadata.storage.connector.port': `${database}`,
  'druid.storage.type': 'local',
  'druid.storage.storageDirectory': join(folder, 'segments'),
  'druid.indexer.logs.type': 'file',
  'druid.indexer.logs.directory': join(folder, 'task-logs'),
  'druid.selectors.indexing.serviceName': 'druid/overlord',
  'druid.selectors.coordinator.serviceName': 'druid/coordinator',
  'druid.emitter': 'noop',
  'druid.monitoring.monitors': '[]',
  'druid.startup.logging.logProperties': 'false',
  'druid.processing.buffer.sizeBytes': '20MiB',
  'druid.query.groupBy.maxOnDiskStorage': '500MiB',
  'druid.processing.numThreads': '1',
  'druid.processing.numMergeBuffers': '2',
  'druid.processing.tmpDir': join(folder, 'tmp'),
  'druid.server.http.numThreads': '20',
  'druid.lookup.enableLookupSyncOnStartup': 'false',
});

const zooKeeper = (folder: string, port: number): Settings => ({
  dataDir: join(folder, 'zookeeper'),
  clientPort: `${port}`,
  clientPortAddress: HOST,
  tickTime: '2000',
  'admin.enableServer': 'false',
});

const COORDINATOR: Settings = {
  'druid.coordinator.asOverlord.enabled': 'true',
  'druid.coordinator.asOverlord.overlordService': 'druid/overlord',
  'druid.indexer.runner.type': 'httpRemote',
  'druid.indexer.storage.type': 'metadata',
  'druid.indexer.queue.startDelay': 'PT1S',
  'druid.coordinator.startDelay': 'PT5S',
  'druid.coordinator.period': 'PT5S',
  'druid.manager.segments.pollDuration': 'PT5S',
};
const BROKER: Settings = {
  'druid.broker.http.numConnections': '5',
  'druid.sql.planner.metadataRefreshPeriod': 'PT5S',
};
const historicalSettings = (folder: string): Settings => ({
  'druid.segmentCache.locations': JSON.stringify([{ path: join(folder, 'segment-cache'), maxSize: '1g' }]),
});
const indexerSettings = (folder: string): Settings => ({
  'druid.worker.capacity': `${CAPACITY}`,
  'druid.indexer.task.baseDir': join(folder, 'tasks'),
});
