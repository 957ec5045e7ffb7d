/**
 * The one place that chooses implementations: one for each port, by the scheme of its URL. An implementation is loaded when
 * it is opened, so that nobody waits for the clients of stores that are not used.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../embedded/database.ts';
import { messageOf, TributaryError } from '../schemas/errors.ts';
import type { ChannelName } from '../schemas/fields.ts';
import type { Cache } from '../sinks/cache/port.ts';
import type { Channel } from '../sinks/channels/port.ts';
import type { Objects } from '../sinks/objects/port.ts';
import type { Requests } from '../sinks/requests/port.ts';
import type { Search } from '../sinks/search/port.ts';
import type { Tables } from '../sinks/tables/port.ts';
import type { Registry } from '../topics/registry.ts';
import type { Transport } from '../topics/transport.ts';
import { type Config, masked, type Port, type Scheme } from './config.ts';

export interface Implementations extends Record<ChannelName, Channel | undefined> {
  transport: Transport;
  registry: Registry;
  tables: Tables;
  cache: Cache;
  search: Search;
  objects: Objects;
  requests: Requests;
}

/** What implementations of one installation have in common. */
export interface Shared {
  readonly config: Config;
  database(): Database;
}

type Opener<P extends Port> = (shared: Shared, url: string) => Promise<Implementations[P]>;
type Openers = { readonly [P in Port]: { readonly [S in Scheme<P>]: Opener<P> } };

const kafka: Opener<'transport'> = async ({ config }, url) => {
  const { kafkaTransport } = await import('../topics/kafka/transport.ts');
  return kafkaTransport({ url, ...(url.startsWith('kafkas') && { tls: pemOf(config) }) });
};
const confluent: Opener<'registry'> = async ({ config }, url) => {
  const { confluentRegistry } = await import('../topics/confluent/registry.ts');
  return confluentRegistry({ url, ca: pemOf(config).ca });
};
const redis: Opener<'cache'> = async ({ config }, url) => {
  const { redisCache } = await import('../sinks/cache/redis/cache.ts');
  return redisCache({ url, prefix: config.cachePrefix, ...(url.startsWith('rediss') && { tls: pemOf(config) }) });
};
const elasticsearch: Opener<'search'> = async ({ config }, url) => {
  const { elasticsearchSearch } = await import('../sinks/search/elasticsearch/search.ts');
  return elasticsearchSearch({ url, apiKey: config.searchApiKey, caFile: config.tlsCa, prefix: config.searchPrefix });
};
const postgres: Opener<'requests'> = async ({ config }, url) => {
  const { postgresRequests } = await import('../sinks/requests/postgres/requests.ts');
  const { ca } = pemOf(config);
  return postgresRequests({ url, ...(ca !== undefined && !url.includes('sslmode=disable') && { ca }) });
};
const smtp: Opener<'mail'> = async ({ config }, url) => {
  const { smtpChannel } = await import('../sinks/channels/smtp/channel.ts');
  const { mailFrom: from, mailDkimDomain: domain, mailDkimSelector: selector, mailDkimKey: key } = config;
  const dkim = domain && selector && key ? { domain, selector, privateKey: fileOf('mailDkimKey', key) } : undefined;
  return smtpChannel({ url, from, ca: pemOf(config).ca, dkim });
};

const channel = (name: ChannelName) => ({
  outbox: async ({ config }: Shared) => {
    const { outboxChannel } = await import('../sinks/channels/outbox/channel.ts');
    return outboxChannel({ folder: join(config.data, 'outbox'), channel: name, from: config.mailFrom });
  },
  none: async () => undefined,
});

/** To a service of one's own that passes messages on to a provider. */
const bridge =
  <P extends 'push' | 'sms'>(name: P): Opener<P> =>
  async ({ config }, url) => {
    const { bridgeChannel } = await import('../sinks/channels/webhook/channel.ts');
    const secrets = needed('bridgeSecret', config.bridgeSecret, `${name}: ${masked(name, url)}`);
    return bridgeChannel({ url, channel: name, from: config.bridgeFrom, secrets, ca: pemOf(config).ca });
  };

const OPENERS: Openers = {
  transport: {
    embedded: async ({ database }) => (await import('../topics/embedded/transport.ts')).embeddedTransport(database()),
    kafka,
    kafkas: kafka,
  },
  registry: {
    embedded: async ({ database }) => (await import('../topics/embedded/registry.ts')).embeddedRegistry(database()),
    http: confluent,
    https: confluent,
  },
  tables: {
    embedded: async ({ database }) => (await import('../sinks/tables/sqlite/tables.ts')).sqliteTables(database()),
    cassandra: async ({ config }, url) => {
      const { cassandraTables } = await import('../sinks/tables/cassandra/tables.ts');
      const { tlsCa: ca, tlsCert: cert, tlsKey: key } = config;
      const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
      return cassandraTables({ url, ...(url.includes('tls=true') && { tls }) });
    },
  },
  cache: {
    embedded: async ({ database }) => (await import('../sinks/cache/embedded/cache.ts')).embeddedCache(database()),
    redis,
    rediss: redis,
    'redis+sentinel': redis,
    'rediss+sentinel': redis,
    'redis+cluster': redis,
    'rediss+cluster': redis,
  },
  search: {
    embedded: async ({ database }) => (await import('../sinks/search/sqlite/search.ts')).sqliteSearch(database()),
    elasticsearch,
    'elasticsearch+https': elasticsearch,
    http: elasticsearch,
    https: elasticsearch,
  },
  objects: {
    embedded: async ({ config }) => {
      const { directoryObjects } = await import('../sinks/objects/directory/objects.ts');
      const { objectsLinkBase: linkBase, objectsLinkSecret: secret } = config;
      return directoryObjects(join(config.data, 'objects'), { linkBase, ...(secret === undefined ? {} : { secret }) });
    },
    s3: async ({ config }, url) => {
      const { s3Objects } = await import('../sinks/objects/s3/objects.ts');
      const { ca } = pemOf(config);
      return s3Objects({ url, ...(ca !== undefined && { ca }) });
    },
  },
  requests: {
    embedded: async ({ database }) => (await import('../sinks/requests/sqlite/requests.ts')).sqliteRequests(database()),
    postgres,
    postgresql: postgres,
  },
  mail: { ...channel('mail'), smtp, smtps: smtp },
  webhook: {
    ...channel('webhook'),
    post: async ({ config }) => {
      const { webhookChannel } = await import('../sinks/channels/webhook/channel.ts');
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
  const scheme = url.slice(0, url.indexOf(':')).toLowerCase();
  const opener = Object.hasOwn(openers, scheme) ? openers[scheme] : undefined;
  if (opener !== undefined) return opener;
  const allowed = Object.keys(openers).map((each) => `${each}:`);
  throw new TributaryError(
    'CONFIG_INVALID',
    `${port}: ${masked(port, url)} cannot be used; it must begin with ${allowed.join(' or ')}`,
  );
}

function pemOf({ tlsCa, tlsCert, tlsKey }: Config): { ca?: string; cert?: string; key?: string } {
  return {
    ...(tlsCa && { ca: fileOf('tlsCa', tlsCa) }),
    ...(tlsCert && { cert: fileOf('tlsCert', tlsCert) }),
    ...(tlsKey && { key: fileOf('tlsKey', tlsKey) }),
  };
}

function fileOf(key: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new TributaryError('CONFIG_INVALID', `${key}: ${path} cannot be read: ${messageOf(error)}`);
  }
}

function needed(key: string, value: string | undefined, why: string): string {
  if (value !== undefined) return value;
  throw new TributaryError('CONFIG_INVALID', `${why} needs ${key}: give what calls are signed with`);
}
