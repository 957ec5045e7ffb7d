/**
 * Cassandra: a cluster of one node. An acknowledged write is on disk (`commitlog_sync: batch`). With the default, a killed process would
 * lose some writes, which a cluster of three would make up for.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CASSANDRA_JVM, CASSANDRA_SETTINGS, encrypted, LOGBACK, LOGIN } from './cassandra/settings.ts';
import { installed, java17, needed } from './installed.ts';
import { type JavaOptions, jvmOptions } from './java.ts';
import { answers, freePorts, portFor } from './ports.ts';
import { type Server, startServer } from './server.ts';

export interface CassandraOptions extends JavaOptions {
  readonly folder: string;
  readonly port?: number;
  /** Clients log in; the first user is `cassandra`, with the same password. Only takes effect when the data are created. */
  readonly login?: boolean;
  /** Encrypted connections only. The authority's certificate is `<folder>/tls/ca.crt`. */
  readonly tls?: boolean;
  /** Lines of cassandra.yaml that replace ours of the same name. */
  readonly settings?: Readonly<Record<string, string>>;
}

// An OPTIONS frame of protocol 4, and the opcode of its answer. An open connection alone does not show that the server is ready.
const OPTIONS = Buffer.from([4, 0, 0, 0, 5, 0, 0, 0, 0]);
const SUPPORTED = 6;

/** `cassandra://127.0.0.1:<port>`. Its data centre is `datacenter1`. */
export async function startCassandra(options: CassandraOptions): Promise<Server> {
  const { folder, login = false, tls = false } = options;
  const port = await portFor(options.port);
  const [storagePort = 0] = await freePorts(1);
  const path = (name: string): string => join(folder, name);
  for (const name of ['conf/triggers', 'tmp']) mkdirSync(path(name), { recursive: true });
  const folders = ['commitlog', 'saved_caches', 'hints', 'cdc_raw'].map((name) => [`${name}_directory`, path(name)]);
  const seeds = `parameters: [{ seeds: "127.0.0.1:${storagePort}" }]`;
  const settings = {
    ...CASSANDRA_SETTINGS,
    ...Object.fromEntries(folders),
    data_file_directories: `["${path('data')}"]`,
    storage_port: `${storagePort}`,
    native_transport_port: `${port}`,
    seed_provider: `[{ class_name: org.apache.cassandra.locator.SimpleSeedProvider, ${seeds} }]`,
    ...(login && LOGIN),
    ...(tls && encrypted(path('tls'))),
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}: ${value}\n`);
  writeFileSync(path('conf/cassandra.yaml'), lines.join(''));
  writeFileSync(path('conf/logback.xml'), LOGBACK);
  return startServer({
    name: 'cassandra',
    url: `cassandra://127.0.0.1:${port}`,
    folder,
    command: join(needed('Java 17', java17()), 'bin', 'java'),
    args: [
      ...jvmOptions('cassandra', options),
      ...CASSANDRA_JVM,
      `-Djava.io.tmpdir=${path('tmp')}`,
      `-Dcassandra.config=file://${path('conf/cassandra.yaml')}`,
      `-Dcassandra.storagedir=${folder}`,
      `-Dcassandra.logdir=${folder}`,
      `-Dcassandra.triggers_dir=${path('conf/triggers')}`,
      `-Dlogback.configurationFile=${path('conf/logback.xml')}`,
      '-cp',
      `${installed('cassandra')}/*`,
      'org.apache.cassandra.service.CassandraDaemon',
    ],
    ready: () => answers(port, OPTIONS, (reply) => reply[4] === SUPPORTED, tls),
  });
}
