/**
 * The one place that chooses implementations: one for each port, by the scheme of its URL. The implementation reads the rest of the URL. It
 * is loaded when it is opened, so that unused clients are never loaded.
 */
import { join } from 'node:path';
import type { ChannelName } from '../../core/channel.ts';
import { TributaryError } from '../../core/errors.ts';
import type { Database } from '../../embedded/database.ts';
import { hasDatabase } from '../../embedded/file.ts';
import type { Cache } from '../../sinks/cache/port.ts';
import type { Channel } from '../../sinks/channels/port.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import type { QueryEngine, Relation } from '../../sinks/query/port.ts';
import type { Requests } from '../../sinks/requests/port.ts';
import type { Search } from '../../sinks/search/port.ts';
import type { Tables } from '../../sinks/tables/port.ts';
import type { Registry } from '../../topics/codec/registry.ts';
import type { TopicsAdmin } from '../../topics/log/admin.ts';
import type { Transport } from '../../topics/log/transport.ts';
import type { Config, Port, Scheme } from '../config/keys.ts';
import { DEFAULT_SERVE_PORT } from '../config/service.ts';
import { isEmbedded, masked, schemeOf } from '../config/urls.ts';
import {
  bucketOf,
  cassandraOptions,
  confluentOptions,
  elasticsearchOptions,
  kafkaOptions,
  needed,
  pemOf,
  postgresOptions,
  redisOptions,
  s3Options,
  smtpOptions,
  trinoOptions,
} from './client-options.ts';

export interface Implementations extends Record<ChannelName, Channel | undefined> {
  transport: OpenedTransport;
  registry: Registry;
  tables: Tables;
  cache: Cache;
  search: Search;
  objects: Objects;
  requests: Requests;
  query: QueryEngine;
}

interface OpenedTransport {
  readonly transport: Transport;
  readonly topics: TopicsAdmin;
  close(): Promise<void>;
}

/** What the implementations of one installation share. */
export interface Shared {
  readonly config: Config;
  database(): Database;
  /** The data that queries read, for openers of query engines. */
  readonly lake?: Lake;
}

export interface Lake {
  readonly objects: Objects;
  readonly relations: readonly Relation[];
  readonly currentTable: (relation: string) => Promise<string | undefined>;
}

const MEGABYTE = 1_000_000;

type Opener<P extends Port> = (shared: Shared, url: string) => Promise<Implementations[P]>;
type Openers = { readonly [P in Port]: { readonly [S in Scheme<P>]: Opener<P> } };

const kafka: Opener<'transport'> = async ({ config }, url) => {
  const [{ kafkaTransport }, { kafkaTopics }] = await Promise.all([
    import('../../topics/kafka/transport.ts'),
    import('../../topics/kafka/admin/topics.ts'),
  ]);
  const options = kafkaOptions(config, url);
  const [transport, topics] = [kafkaTransport(options), kafkaTopics(options)];
  return { transport, topics, close: () => topics.close().then(() => transport.close()) };
};
const confluent: Opener<'registry'> = async ({ config }, url) => {
  const { confluentRegistry } = await import('../../topics/confluent/registry.ts');
  return confluentRegistry(confluentOptions(config, url));
};
const redis: Opener<'cache'> = async ({ config }, url) => {
  const { redisCache } = await import('../../sinks/cache/redis/cache.ts');
  return redisCache(redisOptions(config, url));
};
const elasticsearch: Opener<'search'> = async ({ config }, url) => {
  const { elasticsearchSearch } = await import('../../sinks/search/elasticsearch/search.ts');
  return elasticsearchSearch(elasticsearchOptions(config, url));
};
const postgres: Opener<'requests'> = async ({ config }, url) => {
  const { postgresRequests } = await import('../../sinks/requests/postgres/requests.ts');
  return postgresRequests(postgresOptions(config, url));
};
const smtp: Opener<'mail'> = async ({ config }, url) => {
  const { smtpChannel } = await import('../../sinks/channels/smtp/channel.ts');
  return smtpChannel(smtpOptions(config, url));
};

const trino: Opener<'query'> = async ({ config, lake }, url) => {
  const { trinoQueryEngine } = await import('../../sinks/query/trino/engine.ts');
  return trinoQueryEngine({ ...lakeOf(lake), ...trinoOptions(config, url), folder: join(config.data, 'query/log') });
};

function lakeOf(lake: Lake | undefined) {
  if (lake === undefined) throw new Error('queries are opened with what they are over');
  return { ...lake, now: Date.now };
}

const channel = (name: ChannelName) => ({
  outbox: async ({ config }: Shared) => {
    const { outboxChannel } = await import('../../sinks/channels/outbox/channel.ts');
    return outboxChannel({ folder: join(config.data, 'outbox'), channel: name, from: config.mailFrom });
  },
  none: async () => undefined,
});

/** To a service that the operator runs and that passes messages on to a provider. */
const bridge =
  <P extends 'push' | 'sms'>(name: P): Opener<P> =>
  async ({ config }, url) => {
    const { bridgeChannel } = await import('../../sinks/channels/webhook/channel.ts');
    const secrets = needed('bridgeSecret', config.bridgeSecret, `${name}: ${masked(name, url)}`);
    return bridgeChannel({ url, channel: name, from: config.bridgeFrom, secrets, ca: pemOf(config).ca });
  };

const OPENERS: Openers = {
  transport: {
    embedded: async ({ database }) => {
      const { embeddedTransport } = await import('../../topics/embedded/transport.ts');
      const transport = embeddedTransport(database());
      return { transport, topics: transport.topics, close: () => transport.close() };
    },
    kafka,
    kafkas: kafka,
  },
  registry: {
    embedded: async ({ database }) => (await import('../../topics/embedded/registry.ts')).embeddedRegistry(database()),
    http: confluent,
    https: confluent,
  },
  tables: {
    embedded: async ({ database }) => (await import('../../sinks/tables/sqlite/tables.ts')).sqliteTables(database()),
    cassandra: async ({ config }, url) => {
      const { cassandraTables } = await import('../../sinks/tables/cassandra/tables.ts');
      return cassandraTables(cassandraOptions(config, url));
    },
  },
  cache: {
    embedded: async ({ database }) => (await import('../../sinks/cache/embedded/cache.ts')).embeddedCache(database()),
    redis,
    rediss: redis,
    'redis+sentinel': redis,
    'rediss+sentinel': redis,
    'redis+cluster': redis,
    'rediss+cluster': redis,
  },
  search: {
    embedded: async ({ database }) => (await import('../../sinks/search/sqlite/search.ts')).sqliteSearch(database()),
    elasticsearch,
    'elasticsearch+https': elasticsearch,
    http: elasticsearch,
    https: elasticsearch,
  },
  objects: {
    embedded: async ({ config }) => {
      const { directoryObjects } = await import('../../sinks/objects/directory/objects.ts');
      const { objectsLinkSecret: secret, servePort } = config;
      const linkBase = config.objectsLinkBase || `http://127.0.0.1:${servePort || DEFAULT_SERVE_PORT}`;
      return directoryObjects(join(config.data, 'objects'), { linkBase, ...(secret === undefined ? {} : { secret }) });
    },
    s3: async ({ config }, url) => {
      const { s3Objects } = await import('../../sinks/objects/s3/objects.ts');
      return s3Objects(s3Options(config, url));
    },
  },
  requests: {
    embedded: async ({ database }) =>
      (await import('../../sinks/requests/sqlite/requests.ts')).sqliteRequests(database()),
    postgres,
    postgresql: postgres,
  },
  query: {
    duckdb: async ({ config, lake }) => {
      const { duckQueryEngine } = await import('../../sinks/query/duckdb/engine.ts');
      return duckQueryEngine({
        ...lakeOf(lake),
        folder: join(config.data, 'query'),
        location: bucketOf(config) ?? join(config.data, 'objects'),
        cacheBytes: config.queryCacheMb * MEGABYTE,
        memoryBytes: config.duckMemoryMb * MEGABYTE,
      });
    },
    trino,
    trinos: trino,
  },
  mail: { ...channel('mail'), smtp, smtps: smtp },
  webhook: {
    ...channel('webhook'),
    post: async ({ config }) => {
      const { webhookChannel } = await import('../../sinks/channels/webhook/channel.ts');
      const secrets = { '*': needed('webhookSecret', config.webhookSecret, 'webhook: post:') };
      const networks = config.webhookNetworks.split(',').filter((network) => network !== '');
      return webhookChannel({ secrets, networks, ca: pemOf(config).ca });
    },
  },
  push: { ...channel('push'), http: bridge('push'), https: bridge('push') },
  sms: { ...channel('sms'), http: bridge('sms'), https: bridge('sms') },
};

export function openerOf<P extends Port>(port: P, url: string): Opener<P> {
  const openers = OPENERS[port] as Record<string, Opener<P>>;
  const scheme = schemeOf(url);
  const opener = Object.hasOwn(openers, scheme) ? openers[scheme] : undefined;
  if (opener !== undefined) return opener;
  const allowed = Object.keys(openers).map((each) => `${each}:`);
  throw new TributaryError(
    'CONFIG_INVALID',
    `${port}: ${masked(port, url)} cannot be used; it must begin with ${allowed.join(' or ')}`,
  );
}

/**
 * Whether a link to an embedded object is genuine and not expired; undefined if the objects are on a server, which checks its own links.
 */
export async function linkCheckOf(config: Config) {
  if (!isEmbedded(config.objects)) return undefined;
  const { linkSecret, verifyLink } = await import('../../sinks/objects/directory/links.ts');
  const secret = config.objectsLinkSecret ?? linkSecret(join(config.data, 'objects'));
  return (linked: Parameters<typeof verifyLink>[1], now: number) => verifyLink(secret, linked, now);
}

/** Whether the data folder has ever had data. */
export const hasData = (folder: string): boolean => hasDatabase(folder);
