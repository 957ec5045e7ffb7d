/** The set of servers that tests and development share: one of each kind. */
import { startCassandra } from './cassandra.ts';
import { startElasticsearch } from './elasticsearch.ts';
import { startKafka } from './kafka.ts';
import { startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';
import { startRegistry } from './registry.ts';
import { startS3 } from './s3.ts';
import type { Server } from './server.ts';

export interface Place {
  readonly folder: string;
  readonly port?: number;
}

/** The slowest first. SMTP is not included: it runs in the process that uses it. */
export const SERVERS = {
  elasticsearch: startElasticsearch,
  cassandra: startCassandra,
  kafka: startKafka,
  registry: startRegistry,
  redis: startRedis,
  postgres: startPostgres,
  s3: startS3,
} satisfies Record<string, (place: Place) => Promise<Server>>;

export type ServerName = keyof typeof SERVERS;
export const SERVER_NAMES = Object.keys(SERVERS) as ServerName[];
export const isServerName = (name: string): name is ServerName => Object.hasOwn(SERVERS, name);
