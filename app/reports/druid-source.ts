/** How Druid reads the topics of an installation, from its configuration. Passwords are left to variables of Druid's environment. */
import { TributaryError } from '../../core/errors.ts';
import type { DruidSource } from '../../reports/druid/spec.ts';
import { settingsOf } from '../../topics/kafka/cluster/options.ts';
import type { Config } from '../config/keys.ts';

export interface DruidAccess {
  readonly encoding: DruidSource['encoding'];
  /** The brokers' addresses for Druid, if they differ from those for this installation: host:port, separated by commas. */
  readonly brokers: string | null;
  /** The URL of the registry, likewise. */
  readonly registry: string | null;
}

/** `todo`: sentences about the variables that must be set where Druid runs. */
export interface SourceAndTodo {
  readonly source: DruidSource;
  readonly todo: readonly string[];
}

const JAAS_VARIABLE = 'TRIBUTARY_KAFKA_JAAS';
const REGISTRY_VARIABLE = 'TRIBUTARY_REGISTRY_USER_INFO';
const LOGIN_MODULES = {
  PLAIN: 'org.apache.kafka.common.security.plain.PlainLoginModule',
  'SCRAM-SHA-256': 'org.apache.kafka.common.security.scram.ScramLoginModule',
  'SCRAM-SHA-512': 'org.apache.kafka.common.security.scram.ScramLoginModule',
} as const;

const usage = (message: string): TributaryError => new TributaryError('USAGE', message);

/** Druid's processes have the value. The specification, which every user of the console sees, has only the variable's name. */
const secret = (key: string, variable: string) => ({
  'druid.dynamic.config.provider': { type: 'environment', variables: { [key]: variable } },
});

export function druidSource(config: Config, access: DruidAccess): SourceAndTodo {
  const kafka = consumerOf(config, access.brokers);
  if (access.encoding === 'json') return { source: { encoding: 'json', consumer: kafka.consumer }, todo: kafka.todo };
  const registry = decoderOf(config, access.registry);
  return {
    source: { encoding: 'avro', consumer: kafka.consumer, decoder: registry.decoder },
    todo: [...kafka.todo, ...registry.todo],
  };
}

function consumerOf({ transport }: Config, brokers: string | null) {
  const isKafka = /^kafkas?:/.test(transport);
  if (!isKafka && brokers === null) {
    throw usage('Druid reads Kafka, and `transport` is the embedded log: configure Kafka, or give --brokers host:port');
  }
  const { security, brokers: configured } = settingsOf({ url: isKafka ? transport : `kafka://${brokers}` });
  const reached = brokers === null ? configured : settingsOf({ url: `kafka://${brokers}` }).brokers;
  const addresses = reached.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`);
  const { tls, sasl } = security;
  const protocol = `${sasl === undefined ? '' : 'SASL_'}${tls === undefined ? 'PLAINTEXT' : 'SSL'}`;
  const todo: string[] = [];
  if (tls !== undefined) {
    todo.push(
      'If a private authority signed the certificates of Kafka, add ssl.truststore.location to consumerProperties.',
    );
  }
  if (sasl !== undefined) {
    const module = LOGIN_MODULES[sasl.mechanism as keyof typeof LOGIN_MODULES];
    todo.push(
      `Set ${JAAS_VARIABLE} in the environment of Druid's overlord and workers: ${module} required username="…" password="…";`,
    );
  }
  return {
    consumer: {
      'bootstrap.servers': addresses.join(','),
      ...(protocol !== 'PLAINTEXT' && { 'security.protocol': protocol }),
      ...(sasl !== undefined && { 'sasl.mechanism': sasl.mechanism, ...secret('sasl.jaas.config', JAAS_VARIABLE) }),
    },
    todo,
  };
}

function decoderOf({ registry }: Config, given: string | null) {
  const text = given ?? registry;
  const urls = text.split(',').map((each) => URL.parse(each.trim()));
  if (!urls.every((url) => url !== null && ['http:', 'https:'].includes(url.protocol))) {
    throw usage(
      given === null
        ? 'Druid reads schemas from a registry, and `registry` is the embedded one: configure one, or give --registry http://host:port'
        : '--registry is http://host:port, or several with commas between them',
    );
  }
  const parsed = urls as URL[];
  const hasLogin = parsed.some(({ username }) => username !== '');
  return {
    decoder: {
      type: 'schema_registry',
      urls: parsed.map(({ protocol, host, pathname }) => `${protocol}//${host}${pathname.replace(/\/+$/, '')}`),
      ...(hasLogin && {
        config: {
          'basic.auth.credentials.source': 'USER_INFO',
          ...secret('basic.auth.user.info', REGISTRY_VARIABLE),
        },
      }),
    },
    todo: [
      'Load the extension druid-avro-extensions in Druid.',
      ...(hasLogin
        ? [`Set ${REGISTRY_VARIABLE} in the environment of Druid's overlord and workers: user:password`]
        : []),
    ],
  };
}
