/** How `doctor` checks each configured server: with the client of the implementation that its URL names, which is loaded only then. */
import type { ChannelName } from '../../core/channel.ts';
import type { Finding } from '../../core/finding.ts';
import type { WantedTopic } from '../../topics/log/admin.ts';
import type { Config, Port } from '../config/keys.ts';
import { isEmbedded, schemeOf } from '../config/urls.ts';
import {
  cassandraOptions,
  confluentOptions,
  elasticsearchOptions,
  kafkaOptions,
  pemOf,
  postgresOptions,
  redisOptions,
  s3Options,
  smtpOptions,
  trinoOptions,
} from './client-options.ts';

/** Checks one server: opens its own connection, returns within about ten seconds, and does not throw errors that may pass. */
export type Diagnose = (config: Config, url: string, wanted: readonly WantedTopic[]) => Promise<Finding[]>;

const toBridge =
  (name: ChannelName): Diagnose =>
  async (config, url) => {
    const { diagnoseBridge } = await import('../../sinks/channels/webhook/diagnose.ts');
    return diagnoseBridge(name, url, pemOf(config).ca);
  };

/** By port. There is nothing to check if the implementation is embedded, or if each message names its own destination. */
const DIAGNOSES: Readonly<Partial<Record<Port, Diagnose>>> = {
  async transport(config, url, wanted) {
    const { diagnoseKafka } = await import('../../topics/kafka/admin/diagnose.ts');
    return diagnoseKafka(kafkaOptions(config, url), wanted);
  },
  async registry(config, url) {
    const { diagnoseRegistry } = await import('../../topics/confluent/diagnose.ts');
    return diagnoseRegistry(confluentOptions(config, url));
  },
  async tables(config, url) {
    const { diagnoseCassandra } = await import('../../sinks/tables/cassandra/diagnose.ts');
    return diagnoseCassandra(cassandraOptions(config, url));
  },
  async cache(config, url) {
    const { diagnoseRedis } = await import('../../sinks/cache/redis/diagnose.ts');
    return diagnoseRedis(redisOptions(config, url));
  },
  async search(config, url) {
    const { diagnoseElasticsearch } = await import('../../sinks/search/elasticsearch/diagnose.ts');
    return diagnoseElasticsearch(elasticsearchOptions(config, url));
  },
  async requests(config, url) {
    const { diagnosePostgres } = await import('../../sinks/requests/postgres/diagnose.ts');
    return diagnosePostgres(postgresOptions(config, url));
  },
  async objects(config, url) {
    const { diagnoseS3 } = await import('../../sinks/objects/s3/diagnose.ts');
    return diagnoseS3(s3Options(config, url));
  },
  async query(config, url) {
    if (schemeOf(url) === 'duckdb') return [];
    const { diagnoseTrino } = await import('../../sinks/query/trino/diagnose.ts');
    return diagnoseTrino(trinoOptions(config, url));
  },
  async mail(config, url) {
    const { diagnoseSmtp } = await import('../../sinks/channels/smtp/diagnose.ts');
    return diagnoseSmtp(smtpOptions(config, url));
  },
  push: toBridge('push'),
  sms: toBridge('sms'),
};

/** Undefined if no server is configured. */
export function diagnoseOf(port: Port, url: string): Diagnose | undefined {
  return isEmbedded(url) || schemeOf(url) === 'none' ? undefined : DIAGNOSES[port];
}
