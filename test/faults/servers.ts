/** The servers of a run, in a folder of their own. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCassandra } from '../../servers/cassandra.ts';
import { startElasticsearch } from '../../servers/elasticsearch.ts';
import { startAll } from '../../servers/group.ts';
import { type KafkaServer, startKafka } from '../../servers/kafka.ts';
import { startPostgres } from '../../servers/postgres.ts';
import { startRedis } from '../../servers/redis.ts';
import { startRegistry } from '../../servers/registry.ts';
import { S3_ACCESS_KEY, S3_REGION, S3_SECRET_KEY, startS3 } from '../../servers/s3.ts';
import type { Server } from '../../servers/server.ts';
import type { Places } from './installation.ts';

const BUCKET = 'faults';
/** Lets a silent worker lose its partitions after 500 ms. By default brokers accept no session timeout below 6 s. */
const SETTINGS = { 'group.min.session.timeout.ms': '500' };

export interface Servers {
  readonly folder: string;
  readonly kafka: KafkaServer;
  readonly registry: Server;
  readonly cassandra: Server;
  readonly redis: Server;
  readonly elasticsearch: Server;
  readonly postgres: Server;
  readonly s3: Server;
  places(): Places;
  end(): Promise<void>;
}

export async function startServers(): Promise<Servers> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-faults-'));
  // Some servers may have to run as another user.
  chmodSync(folder, 0o755);
  const at = (name: string): string => join(folder, name);
  const [elasticsearch, cassandra, kafka, registry, redis, postgres, s3] = (await startAll<Server>([
    startElasticsearch({ folder: at('elasticsearch'), heap: '512m' }),
    startCassandra({ folder: at('cassandra'), heap: '512m' }),
    startBrokers(folder, 1),
    startRegistry({ folder: at('registry') }),
    startRedis({ folder: at('redis') }),
    startPostgres({ folder: at('postgres') }),
    startS3({ folder: at('s3'), buckets: [BUCKET] }),
  ])) as [Server, Server, KafkaServer, Server, Server, Server, Server];
  const all = [elasticsearch, cassandra, kafka, registry, redis, postgres, s3];
  return {
    folder,
    kafka,
    registry,
    cassandra,
    redis,
    elasticsearch,
    postgres,
    s3,
    places: () => ({
      transport: kafka.url,
      registry: registry.url,
      tables: `${cassandra.url}/tributary`,
      cache: redis.url,
      search: elasticsearch.url,
      requests: postgres.url,
      objects: `s3://${S3_ACCESS_KEY}:${S3_SECRET_KEY}@${BUCKET}?endpoint=${s3.url}&region=${S3_REGION}`,
    }),
    async end() {
      await Promise.all(all.map((server) => server.kill()));
      if (process.env['FAULTS_KEEP'] === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function startBrokers(folder: string, brokers: 1 | 3): Promise<KafkaServer> {
  return startKafka({ folder: join(folder, `kafka-${brokers}`), brokers, settings: SETTINGS });
}
