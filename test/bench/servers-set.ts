/** The servers of a measurement, with the heaps, compilers and collectors of production, and the CPU and memory that each has used. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCassandra } from '../../servers/cassandra.ts';
import { startElasticsearch } from '../../servers/elasticsearch.ts';
import { startAll } from '../../servers/group.ts';
import { startKafka } from '../../servers/kafka.ts';
import { processTree } from '../../servers/processes.ts';
import { startRedis } from '../../servers/redis.ts';
import { startRegistry } from '../../servers/registry.ts';
import type { Server } from '../../servers/server.ts';

export type Servers = Readonly<Record<'kafka' | 'registry' | 'cassandra' | 'redis' | 'elasticsearch', Server>>;

export async function startServers(folder: string): Promise<Servers> {
  const at = (name: string) => ({ folder: join(folder, name) });
  const java = { throughput: true, heap: '1g' };
  // Started alone, since its start takes the whole machine.
  const elasticsearch = await startElasticsearch({ ...at('elasticsearch'), ...java });
  const [cassandra, kafka, registry, redis] = (await startAll<Server>([
    startCassandra({
      ...at('cassandra'),
      ...java,
      // With less, the garbage collector never rests.
      heap: '4g',
      // Cassandra's default, a quarter of the heap. The test servers write their commit log to disk with every write.
      settings: { memtable_heap_space: '1024MiB', commitlog_sync: 'periodic', commitlog_sync_period: '10000ms' },
    }),
    startKafka({ ...at('kafka'), ...java }),
    startRegistry(at('registry')),
    startRedis({
      ...at('redis'),
      settings: [
        ['appendfsync', 'everysec'],
        ['maxmemory', '1gb'],
      ],
    }),
  ])) as [Server, Server, Server, Server];
  return { kafka, registry, cassandra, redis, elasticsearch };
}

export async function stopServers(servers: Servers): Promise<void> {
  await Promise.all(Object.values(servers).map((server) => server.kill()));
}

const CALM_SHARE = 0.1;
const LOOK_MS = 2000;
const PATIENCE_MS = 60_000;

/** Waits until no server is busy with earlier work: flushing, merging or compiling. */
export async function calm(servers: Servers): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  const used = () => Object.values(servers).map(({ pid }) => cpuSeconds(pid));
  for (let before = used(); performance.now() < until; ) {
    await sleep(LOOK_MS);
    const now = used();
    if (now.every((seconds, i) => seconds - (before[i] as number) < (CALM_SHARE * LOOK_MS) / 1000)) return;
    before = now;
  }
}

/** CPU seconds that a process and its descendants have used so far. Linux counts in hundredths. */
export function cpuSeconds(pid: number | undefined): number {
  let ticks = 0;
  for (const one of processTree(pid)) {
    const line = readFileSync(`/proc/${one}/stat`, 'utf8');
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / 100;
}

/** The peak memory of a process so far, in MB. */
export function peakMb(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}
