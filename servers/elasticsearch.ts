/**
 * Elasticsearch: one node, without a login. It is the distribution that Elasticsearch uses for its own integration tests. It has indexing,
 * search and aggregations, but no scripts, no update or delete by query, no language analyzers and no `GET /`.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installed, java21, needed } from './installed.ts';
import { type JavaOptions, jvmOptions } from './java.ts';
import { answersHttp, freePorts, portFor } from './ports.ts';
import { type Server, startServer } from './server.ts';
import { unprivileged } from './unprivileged.ts';

export interface ElasticsearchOptions extends JavaOptions {
  readonly folder: string;
  readonly port?: number;
  /** Lines of elasticsearch.yml that replace ours of the same name. */
  readonly settings?: Readonly<Record<string, string>>;
}

const LOG4J = `status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
`;

/** `http://127.0.0.1:<port>` */
export async function startElasticsearch(options: ElasticsearchOptions): Promise<Server> {
  const { folder } = options;
  const port = await portFor(options.port);
  const url = `http://127.0.0.1:${port}`;
  const path = (name: string): string => join(folder, name);
  for (const name of ['config', 'data', 'logs', 'tmp']) mkdirSync(path(name), { recursive: true });
  const settings = {
    'cluster.name': 'tributary',
    'node.name': 'node-1',
    'path.data': path('data'),
    'path.logs': path('logs'),
    'network.host': '127.0.0.1',
    'http.port': `${port}`,
    'transport.port': `${(await freePorts(1))[0]}`,
    'discovery.type': 'single-node',
    'xpack.security.enabled': 'false',
    // Otherwise a nearly full disk would make its indices read-only.
    'cluster.routing.allocation.disk.threshold_enabled': 'false',
    'action.destructive_requires_name': 'false',
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}: ${value}\n`);
  writeFileSync(path('config/elasticsearch.yml'), lines.join(''));
  writeFileSync(path('config/log4j2.properties'), LOG4J);
  const jvm = [...jvmOptions('elasticsearch', options), `-Djava.io.tmpdir=${path('tmp')}`];
  writeFileSync(path('config/jvm.options'), `${jvm.join('\n')}\n`);
  const home = installed('elasticsearch');
  const version = needed(
    'the folder of Elasticsearch',
    readdirSync(home).find((name) => name.startsWith('elasticsearch-')),
  );
  return startServer({
    name: 'elasticsearch',
    url,
    folder,
    by: unprivileged(folder),
    command: join(home, version, 'bin', 'elasticsearch'),
    args: [],
    env: {
      ES_JAVA_HOME: needed('Java 21 or newer', java21()),
      ES_PATH_CONF: path('config'),
      ES_TMPDIR: path('tmp'),
    },
    ready: () => answersHttp(`${url}/_cluster/health?wait_for_status=yellow&timeout=1s`, 200),
  });
}
