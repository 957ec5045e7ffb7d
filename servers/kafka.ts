/** Kafka: one broker or three, each also a controller (KRaft). Topics are never created automatically. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Certificates, certificates } from './certificates.ts';
import { type Group, group, startAll } from './group.ts';
import { installed, java17, needed } from './installed.ts';
import { type JavaOptions, jvmOptions } from './java.ts';
import { listsBrokers, METADATA } from './kafka/metadata.ts';
import { type Broker, brokerSettings, HOST, securedSettings } from './kafka/settings.ts';
import { answers, freePorts, until } from './ports.ts';
import { type Server, startServer } from './server.ts';

export interface KafkaOptions extends JavaOptions {
  readonly folder: string;
  readonly brokers?: 1 | 3;
  /** The port of the first broker's plain listener. All other ports are free ones. */
  readonly port?: number;
  /** Lines of server.properties that replace ours of the same name. */
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * Passwords by user. Opens the listeners `sasl`, `ssl` and `saslSsl` beside the plain one. Only takes effect when the data are created.
   */
  readonly users?: Readonly<Record<string, string>>;
}

/** Listeners of all brokers, as `host:port`. Logins by PLAIN and SCRAM-SHA-256, and by OAUTHBEARER with an unsigned token. */
export interface KafkaListeners {
  readonly plain: readonly string[];
  readonly sasl: readonly string[];
  readonly ssl: readonly string[];
  readonly saslSsl: readonly string[];
  /** The path of the authority's certificate. */
  readonly ca: string;
}

export interface KafkaServer extends Group {
  /** Undefined without users. */
  readonly listeners: KafkaListeners | undefined;
}

const PORTS_OF_A_BROKER = 5;
const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg';

/** `kafka://127.0.0.1:<port>,127.0.0.1:<port>,…`, with the plain listeners. */
export async function startKafka(options: KafkaOptions): Promise<KafkaServer> {
  const { folder, users, port, brokers: count = 1 } = options;
  const ports = await freePorts(count * PORTS_OF_A_BROKER);
  const brokers = Array.from({ length: count }, (_, index): Broker => {
    const [plain = 0, controllerPort = 0, ...securePorts] = ports
      .slice(index * PORTS_OF_A_BROKER)
      .slice(0, PORTS_OF_A_BROKER);
    const id = index + 1;
    const own = index === 0 && port !== undefined ? port : plain;
    return { id, folder: join(folder, `broker-${id}`), port: own, controllerPort, securePorts };
  });
  const files = users && certificates(join(folder, 'tls'));
  const nodes = await startAll(brokers.map((broker) => startBroker(broker, brokers, options, files)));
  const ids = brokers.map(({ id }) => id);
  const complete = async (): Promise<void> => {
    for (const broker of brokers) {
      await until('all brokers of Kafka know each other', () => answers(broker.port, METADATA, listsBrokers(ids)));
    }
  };
  await complete();
  const places = (portOf: (broker: Broker) => number | undefined) =>
    brokers.map((broker) => `${HOST}:${portOf(broker)}`);
  const plain = places((broker) => broker.port);
  const listeners = files && {
    plain,
    sasl: places(({ securePorts }) => securePorts[0]),
    ssl: places(({ securePorts }) => securePorts[1]),
    saslSsl: places(({ securePorts }) => securePorts[2]),
    ca: files.ca,
  };
  return Object.assign(group('kafka', `kafka://${plain.join(',')}`, nodes, complete), { listeners });
}

function startBroker(
  broker: Broker,
  all: readonly Broker[],
  options: KafkaOptions,
  files: Certificates | undefined,
): Promise<Server> {
  const { folder, id, port } = broker;
  mkdirSync(folder, { recursive: true });
  const java = join(needed('Java 17', java17()), 'bin', 'java');
  const log4j = new URL('kafka/log4j2.properties', import.meta.url).pathname;
  const jvm = (own: JavaOptions): string[] => [
    ...jvmOptions('kafka', own),
    `-Dlog4j2.configurationFile=${log4j}`,
    '-cp',
    `${installed('kafka')}/*`,
  ];
  const file = join(folder, 'server.properties');
  const secured = files && securedSettings(broker, files, options.users ?? {});
  const settings = { ...brokerSettings(broker, all), ...secured, ...options.settings };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
  if (!existsSync(join(folder, 'log', 'meta.properties'))) {
    const scram = Object.entries(options.users ?? {}).map(([user, password]) => `[name=${user},password=${password}]`);
    const adds = scram.flatMap((user) => [
      '--add-scram',
      `SCRAM-SHA-256=${user}`,
      '--add-scram',
      `SCRAM-SHA-512=${user}`,
    ]);
    const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', file, ...adds];
    execFileSync(java, [...jvm({ heap: '64m' }), ...format], { stdio: ['ignore', 'ignore', 'pipe'] });
  }
  return startServer({
    name: 'kafka',
    url: `kafka://${HOST}:${port}`,
    folder,
    command: java,
    args: [...jvm({ heap: '512m', ...options }), 'kafka.Kafka', file],
    ready: () => answers(port, METADATA, listsBrokers([id])),
  });
}
