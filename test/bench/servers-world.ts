/** Topics with a load, installations that read it, and worker processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'cassandra-driver';
import { Redis } from 'ioredis';
import type { IndexDef, TableDef } from '../../core/target.ts';
import { summarizeBatch } from '../../jobs/summarize-batch/summarize-batch.ts';
import { trackProgress } from '../../jobs/track-progress/track-progress.ts';
import { targetsOf, topicSpecs } from '../../modules/derived.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { courseStructure } from '../../schemas/rows/course-structure.ts';
import { elasticsearchSearch } from '../../sinks/search/elasticsearch/search.ts';
import { cassandraTables } from '../../sinks/tables/cassandra/tables.ts';
import { recordsOf } from '../../testing/produce.ts';
import { Codec } from '../../topics/codec/codec.ts';
import { confluentRegistry } from '../../topics/confluent/registry.ts';
import { enrollmentEvents, topics } from '../../topics/index.ts';
import { kafkaTransport } from '../../topics/kafka/transport.ts';
import type { NewRecord, Transport } from '../../topics/log/transport.ts';
import { courseRows, enrollmentLoad, type Shape } from './servers-load.ts';
import type { Servers } from './servers-set.ts';

export interface World {
  readonly folder: string;
  readonly servers: Servers;
  readonly transport: Transport;
  readonly codec: Codec;
  readonly partitions: number;
}

/** The views that are written: `tables` is the job without its views in Redis and Elasticsearch. */
export type Views = 'all' | 'tables';

export interface Installation {
  /** Also the name of its keyspace and the prefix of its names elsewhere. */
  readonly name: string;
  readonly home: string;
  /** The path of the configuration file. */
  readonly file: string;
  readonly config: {
    readonly tables: string;
    readonly cache: string;
    readonly cachePrefix: string;
  };
}

const CHUNK = 2000;
/** The options that `npx tributary` adds, and those that `docs/operate.md` recommends. */
const NODE_OPTIONS = ['--max-semi-space-size=8', '--max-old-space-size=256'];
const ENVIRONMENT = { MALLOC_ARENA_MAX: '2' };

export async function openWorld(folder: string, servers: Servers): Promise<World> {
  const transport = kafkaTransport({ url: servers.kafka.url });
  await transport.createTopics(topicSpecs(learningPlatform.topics));
  const codec = new Codec(confluentRegistry({ url: servers.registry.url }));
  await codec.prepare(topics);
  return { folder, servers, transport, codec, partitions: enrollmentEvents.partitions };
}

/** Appends the load. Returns the offset of each partition at which the load begins. */
export async function produceLoad(
  { transport, codec, partitions }: World,
  shape: Shape,
  events: number,
): Promise<number[]> {
  const [topic] = await transport.describe([enrollmentEvents.name]);
  const begin = (topic?.partitions ?? []).map(({ end }) => end);
  const chunk: NewRecord[] = [];
  for (const event of enrollmentLoad(shape, events)) {
    chunk.push(...recordsOf(codec, event, partitions));
    if (chunk.length >= CHUNK) await transport.produce(chunk.splice(0));
  }
  await transport.produce(chunk);
  return begin;
}

let installations = 0;

/** An installation that has only the rows of the courses, and the configuration of its workers. */
export async function newInstallation(
  { folder, servers }: World,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Installation> {
  const name = `bench_${++installations}`;
  const home = join(folder, name);
  mkdirSync(home, { recursive: true });
  const config = {
    transport: servers.kafka.url,
    registry: servers.registry.url,
    tables: `${servers.cassandra.url}/${name}`,
    cache: servers.redis.url,
    cachePrefix: `${name}:`,
    search: servers.elasticsearch.url,
    searchPrefix: `${name}-`,
    logLevel: 'warn',
    ...settings,
  };
  const file = join(home, 'tributary.json');
  writeFileSync(file, JSON.stringify(config));
  const tables = cassandraTables({ url: config.tables });
  const targets = targetsOf([trackProgress, summarizeBatch]);
  await tables.prepare([courseStructure, ...targets.filter((target): target is TableDef => target.kind === 'table')]);
  const search = elasticsearchSearch({ url: config.search, prefix: config.searchPrefix });
  await search.prepare(targets.filter((target): target is IndexDef => target.kind === 'index'));
  await search.close();
  await tables.write(
    courseStructure,
    courseRows().map((row) => ({ ...row, partition: 0, whole: true })),
  );
  await tables.close();
  return { name, home, file, config };
}

/** Deletes what an installation wrote, so that the servers do not merge or flush it during the next measurement. */
export async function dropInstallation({ servers }: World, { name, config }: Installation): Promise<void> {
  const { hostname, port } = new URL(config.tables);
  const client = new Client({ contactPoints: [`${hostname}:${port}`], localDataCenter: 'datacenter1' });
  await client.connect();
  await client.execute(`DROP KEYSPACE IF EXISTS ${name}`, [], { readTimeout: 60_000 });
  await client.shutdown();
  await fetch(`${servers.elasticsearch.url}/${name}-*`, { method: 'DELETE' });
  const redis = new Redis(config.cache);
  await redis.flushall();
  redis.disconnect();
}

export interface WorkerOptions {
  /** The configuration file; `data` is a folder for this worker alone. */
  readonly file: string;
  readonly data: string;
  readonly views?: Views;
  readonly jobs?: readonly string[];
  readonly nodeOptions?: readonly string[];
}

export function startWorker({
  file,
  data,
  views = 'all',
  jobs = [trackProgress.name],
  nodeOptions = [],
}: WorkerOptions) {
  const flags = ['--config', file, '--data', data];
  const [script, args] = views === 'all' ? ['../../cli/main.ts', ['run', ...jobs]] : ['servers-worker.ts', []];
  const path = fileURLToPath(new URL(script, import.meta.url));
  return spawn(process.execPath, [...NODE_OPTIONS, ...nodeOptions, path, ...flags, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    cwd: data,
    env: { ...process.env, ...ENVIRONMENT },
  });
}

export async function stopWorker(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null) return;
  worker.kill('SIGTERM');
  await once(worker, 'exit');
}
