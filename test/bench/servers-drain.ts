/** Workers over a backlog: their speed and memory, and the work of the servers. */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from '../../jobs/define.ts';
import { trackProgress } from '../../jobs/track-progress/track-progress.ts';
import { enrollmentEvents } from '../../topics/index.ts';
import type { Transport } from '../../topics/log/transport.ts';
import { calm, cpuSeconds, peakMb, type Servers } from './servers-set.ts';
import { dropInstallation, newInstallation, startWorker, stopWorker, type Views, type World } from './servers-world.ts';

export interface Drain {
  readonly workers: number;
  readonly views: Views;
  /** The jobs of each worker, with `track-progress` among them. Other jobs require all views. */
  readonly jobs?: readonly Job[];
  /** Configuration keys of the workers besides the addresses. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly nodeOptions?: readonly string[];
}

export interface Drained {
  /** Events a second, between the first commit seen and the last. */
  readonly rate: number;
  readonly events: number;
  readonly seconds: number;
  /** The peak of the largest worker. */
  readonly peakMb: number;
  /** CPU of the whole run by process: all workers together, then each server. */
  readonly cpuSeconds: Readonly<Record<string, number>>;
}

const LOOK_MS = 200;

/**
 * Starts new workers on the backlog of `enrollment.events` from `begin` on, in an installation of their own. Other jobs read the
 * derived events. The time lasts until they have read all of them.
 */
export async function drain(world: World, begin: readonly number[], options: Drain): Promise<Drained> {
  const { transport, servers } = world;
  const installation = await newInstallation(world, options.settings);
  const jobs = options.jobs ?? [trackProgress];
  for (const job of jobs) await toEnd(transport, job);
  for (const [partition, offset] of begin.entries()) {
    await transport.seek(trackProgress.name, enrollmentEvents.name, { partition, offset });
  }
  await calm(servers);
  const before = serverSeconds(servers);
  const workers = Array.from({ length: options.workers }, (_, n) => {
    const data = join(installation.home, `worker-${n}`);
    mkdirSync(data);
    return startWorker({ ...options, jobs: jobs.map(({ name }) => name), file: installation.file, data });
  });
  try {
    const left = () => lagOf(transport, trackProgress);
    const all = await left();
    let now = all;
    while (now === all) now = await looked(left, workers);
    const [startedAt, first] = [performance.now(), now];
    for (const job of jobs) while ((await looked(() => lagOf(transport, job), workers)) > 0);
    const seconds = (performance.now() - startedAt) / 1000;
    const peak = Math.max(...workers.map(({ pid }) => peakMb(pid as number)));
    const own = workers.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
    const after = serverSeconds(servers);
    const used = Object.fromEntries(Object.entries(after).map(([name, s]) => [name, s - (before[name] ?? 0)]));
    return { rate: first / seconds, events: all, seconds, peakMb: peak, cpuSeconds: { workers: own, ...used } };
  } finally {
    await Promise.all(workers.map(stopWorker));
    await dropInstallation(world, installation);
  }
}

/** Moves a job to the end of its topic. */
export async function toEnd(transport: Transport, { name, from }: Job): Promise<void> {
  const [topic] = await transport.describe([from.name]);
  for (const { partition, end } of topic?.partitions ?? [])
    await transport.seek(name, from.name, { partition, offset: end });
}

async function lagOf(transport: Transport, { name, from }: Job): Promise<number> {
  return (await transport.lag(name, from.name)).reduce((sum, { lag }) => sum + lag, 0);
}

async function looked(left: () => Promise<number>, workers: readonly ChildProcess[]): Promise<number> {
  await sleep(LOOK_MS);
  for (const { exitCode } of workers) if (exitCode !== null) throw new Error(`a worker ended with ${exitCode}`);
  return left();
}

function serverSeconds(servers: Servers): Record<string, number> {
  return Object.fromEntries(Object.entries(servers).map(([name, { pid }]) => [name, cpuSeconds(pid)]));
}
