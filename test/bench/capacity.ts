/**
 * `npm run bench:capacity [-- --events 60000]`: the input of the calculations in docs/capacity.md. How fast one worker reads six partitions
 * and one, and how many bytes a learner and an event take in each store. Everything, including the servers, shares one machine, so only
 * ratios and sizes hold elsewhere.
 */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { type LoadEvent, loadEvents } from '../../demo/load/events.ts';
import { jobs } from '../../jobs/index.ts';
import { userCreated } from '../../schemas/user.ts';
import { recordsOf } from '../../testing/produce.ts';
import { recordsOf as recordsOfGiven } from '../../topics/codec/given-event.ts';
import { enrollmentEvents } from '../../topics/index.ts';
import { partitionOfText } from '../../topics/log/partition.ts';
import type { NewRecord } from '../../topics/log/transport.ts';
import { drain } from './servers-drain.ts';
import { eventOf } from './servers-load.ts';
import { startServers, stopServers } from './servers-set.ts';
import { newInstallation, openWorld, startWorker, stopWorker, type World } from './servers-world.ts';

const { values } = parseArgs({
  options: { events: { type: 'string', default: '60000' }, rounds: { type: 'string', default: '2' } },
});
const [events, rounds] = [Number(values.events), Number(values.rounds)];
const LEARNERS = 3000;
const CHUNK = 2000;
const say = (what: string, value: string): void => void process.stdout.write(`${what.padEnd(44)}  ${value}\n`);
const whole = (n: number): string => Math.round(n).toLocaleString('en');

/** Produces enrollments and visits of learners with keys in the first `wanted` partitions. Returns the offsets where they begin. */
async function produceInto({ transport, codec, partitions }: World, wanted: number): Promise<number[]> {
  const begin = await endsOf(transport);
  const learners: number[] = [];
  for (let n = 0; learners.length < LEARNERS; n++) {
    if (partitionOfText(`learner-${n}`, partitions) < wanted) learners.push(n);
  }
  const start = Date.now() - 3_600_000;
  let chunk: NewRecord[] = [];
  for (let n = 0; n < events; n++) {
    const learner = learners[(n * 7919) % LEARNERS] as number;
    const event = eventOf(learner, Math.floor(n / LEARNERS), { id: `${wanted}-${n}`, time: start + n });
    chunk.push(...recordsOf(codec, event, partitions));
    if (chunk.length < CHUNK && n < events - 1) continue;
    await transport.produce(chunk);
    chunk = [];
  }
  return begin;
}

async function endsOf(transport: World['transport']): Promise<number[]> {
  const [topic] = await transport.describe([enrollmentEvents.name]);
  return (topic?.partitions ?? []).map(({ end }) => end);
}

function sizeOf(folder: string, isCounted: (name: string) => boolean = () => true): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && isCounted(path)) bytes += statSync(path).size;
  }
  return bytes;
}

async function rates(world: World): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const partitions of [6, 1]) {
      const begin = await produceInto(world, partitions);
      const { rate, cpuSeconds, peakMb } = await drain(world, begin, { workers: 1, views: 'all' });
      const cpu = (1e6 * (cpuSeconds['workers'] ?? 0)) / events;
      say(
        `one worker, events in ${partitions} partitions`,
        `${whole(rate)} a second, ${whole(cpu)} µs of CPU each, ${whole(peakMb)} MB`,
      );
    }
  }
}

/** Produces a load of all topics. Returns the number of new learners. */
async function produceLoad({ transport, codec, partitions }: World): Promise<number> {
  const schedule = { shape: 'steady', rate: 1000, dayMs: 1 } as const;
  const start = Date.now() - 3_600_000;
  const source = loadEvents({ seed: 1, learners: LEARNERS, tenant: 'default', start, schedule });
  let learners = 0;
  let chunk: NewRecord[] = [];
  for (let n = 0; n < events; n++) {
    const { topic, event } = source.next().value as LoadEvent;
    if (event.type === userCreated.type) learners += 1;
    const made = recordsOfGiven(event, { topic, partitions, codec, now: Date.now });
    if (made.kind === 'records') chunk.push(...made.records);
    if (chunk.length < CHUNK && n < events - 1) continue;
    await transport.produce(chunk);
    chunk = [];
  }
  return learners;
}

/** Measures what a load of all topics leaves in the stores after all jobs are done with it. */
async function sizes(world: World, folder: string): Promise<void> {
  const { servers, transport } = world;
  const installation = await newInstallation(world);
  const redis = new Redis(servers.redis.url);
  const memory = async (): Promise<number> => Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
  const logs = join(folder, 'kafka');
  const isSegment = (path: string): boolean => path.endsWith('.log') && /\.events-\d/.test(path);
  const before = { log: sizeOf(logs, isSegment), redis: await memory() };
  const learners = await produceLoad(world);
  const produced = sizeOf(logs, isSegment);
  const data = join(installation.home, 'worker');
  mkdirSync(data);
  const worker = startWorker({ file: installation.file, data, jobs: jobs.map(({ name }) => name) });
  const left = async (): Promise<number> => {
    const lags = await Promise.all(jobs.map((job) => transport.lag(job.name, job.from.name)));
    return lags.flat().reduce((sum, { lag }) => sum + lag, 0);
  };
  while ((await left()) > 0) await sleep(1000);
  await stopWorker(worker);
  say('learners', whole(learners));
  say('Kafka, an event of the platform', `${whole((produced - before.log) / events)} bytes`);
  say('Kafka, with what jobs say of it', `${whole((sizeOf(logs, isSegment) - before.log) / events)} bytes`);
  say('Redis, a learner', `${whole(((await memory()) - before.redis) / learners)} bytes`);
  redis.disconnect();
  await fetch(`${servers.elasticsearch.url}/_flush`, { method: 'POST' });
  const stats = (await (await fetch(`${servers.elasticsearch.url}/_stats/store`)).json()) as {
    _all: { total: { store: { size_in_bytes: number } } };
  };
  say('Elasticsearch, a learner', `${whole(stats._all.total.store.size_in_bytes / learners)} bytes`);
  // Cassandra writes its memory to disk when it stops.
  await servers.cassandra.stop();
  const tables = sizeOf(join(folder, 'cassandra/data', installation.name), (path) => path.endsWith('.db'));
  say('Cassandra, a learner, one copy', `${whole(tables / learners)} bytes`);
  for (const name of readdirSync(join(folder, 'cassandra/data', installation.name)).sort()) {
    const bytes = sizeOf(join(folder, 'cassandra/data', installation.name, name), (path) => path.endsWith('.db'));
    say(`  ${name.replace(/-[0-9a-f]{32}$/, '')}`, `${whole(bytes / learners)} bytes`);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'tributary-capacity-'));
// Some servers may have to run as another user.
chmodSync(folder, 0o755);
const servers = await startServers(folder);
try {
  const world = await openWorld(folder, servers);
  await rates(world);
  await sizes(world, folder);
  await world.transport.close();
} finally {
  await stopServers(servers);
  rmSync(folder, { recursive: true, force: true });
}
