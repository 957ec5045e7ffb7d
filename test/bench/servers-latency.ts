/**
 * How long it takes from appending a record until its row, its view and the resulting live update are visible, while other events
 * arrive at a steady rate. One worker runs `track-progress` and `summarize-batch`. The live update is that of the batch, so
 * that a derived event, a second job and its own commit are included.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_TENANT } from '../../core/event.ts';
import type { Job } from '../../jobs/define.ts';
import { summarizeBatch } from '../../jobs/summarize-batch/summarize-batch.ts';
import { trackProgress } from '../../jobs/track-progress/track-progress.ts';
import { enrolled } from '../../schemas/enrollment.ts';
import { batchSummaries } from '../../schemas/rows/batch-summary.ts';
import { learnerCourses, learnerProgress } from '../../schemas/rows/learner-progress.ts';
import type { Cache } from '../../sinks/cache/port.ts';
import { redisCache } from '../../sinks/cache/redis/cache.ts';
import { cassandraTables } from '../../sinks/tables/cassandra/tables.ts';
import type { Tables } from '../../sinks/tables/port.ts';
import { recordsOf } from '../../testing/produce.ts';
import { enrollmentEvents } from '../../topics/index.ts';
import type { NewRecord } from '../../topics/log/transport.ts';
import { toEnd } from './servers-drain.ts';
import { enrollmentLoad } from './servers-load.ts';
import { calm } from './servers-set.ts';
import { dropInstallation, newInstallation, startWorker, stopWorker, type World } from './servers-world.ts';

/** The live update is that of the learner's batch. The second job makes it from the events of the first. */
export const LATENCY_JOBS: readonly Job[] = [trackProgress, summarizeBatch];

/** In milliseconds. */
export interface Latency {
  readonly median: number;
  readonly p99: number;
  readonly probes: number;
}
export type Latencies = Readonly<Record<'row' | 'view' | 'live', Latency>>;

const TICK_MS = 20;
/** Longer waits poll less often, so that polling does not affect the measurement. */
const LEAST_POLL_MS = 5;
const POLL_SHARE = 0.1;
const PROBE_MS = 200;
const WARM_UP_MS = 30_000;
const PROBES = 300;
/** A probe that takes longer fails the run. */
const PATIENCE_MS = 60_000;

interface Stores {
  readonly tables: Tables;
  readonly cache: Cache;
}

/** `rate` is in events a second. */
export async function measureLatency(world: World, rate: number): Promise<Latencies> {
  const installation = await newInstallation(world);
  for (const job of LATENCY_JOBS) await toEnd(world.transport, job);
  await calm(world.servers);
  const data = join(installation.home, 'worker');
  mkdirSync(data);
  const jobs = LATENCY_JOBS.map(({ name }) => name);
  const worker = startWorker({ file: installation.file, data, jobs });
  const { tables: url, cache, cachePrefix: prefix } = installation.config;
  const stores = { tables: cassandraTables({ url }), cache: redisCache({ url: cache, prefix }) };
  const ended = new AbortController();
  const load = produceSteadily(world, rate, ended.signal);
  try {
    await probe(world, stores, 'first');
    await sleep(WARM_UP_MS);
    const probes: Promise<Record<keyof Latencies, number>>[] = [];
    for (let n = 0; n < PROBES; n++) {
      probes.push(probe(world, stores, `${n}`));
      await sleep(PROBE_MS);
    }
    const times = await Promise.all(probes);
    const of = (name: keyof Latencies): Latency => {
      const sorted = times.map((each) => each[name]).sort((a, b) => a - b);
      const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
      return { median: at(0.5), p99: at(0.99), probes: sorted.length };
    };
    return { row: of('row'), view: of('view'), live: of('live') };
  } finally {
    ended.abort();
    await load;
    await stopWorker(worker);
    await stores.tables.close();
    await stores.cache.close();
    await dropInstallation(world, installation);
  }
}

async function produceSteadily(
  { transport, codec, partitions }: World,
  rate: number,
  signal: AbortSignal,
): Promise<void> {
  const events = enrollmentLoad('scattered', Math.round(rate * 180) + 1);
  const begun = performance.now();
  let sent = 0;
  while (!signal.aborted) {
    const due = Math.floor((rate * (performance.now() - begun)) / 1000);
    const records: NewRecord[] = [];
    for (; sent < due; sent++) {
      const { value, done } = events.next();
      if (done) return;
      records.push(...recordsOf(codec, { ...value, time: Date.now() }, partitions));
    }
    // One transaction per partition, as services send: one over several would delay readers while it is open.
    await Promise.all(
      Map.groupBy(records, ({ partition }) => partition)
        .values()
        .map((each) => transport.produce(each)),
    );
    await sleep(TICK_MS);
  }
}

/** A new learner enrolls in a new batch. */
async function probe({ transport, codec, partitions }: World, { tables, cache }: Stores, name: string) {
  const [userId, batchId, courseId] = [`probe-${name}`, `probe-${name}`, 'course-1'];
  const live = Promise.withResolvers<number>();
  const leave = await cache.subscribe(batchSummaries, [DEFAULT_TENANT, batchId], () => live.resolve(performance.now()));
  const event = { topic: enrollmentEvents, def: enrolled, data: { userId, courseId, batchId } };
  const records = recordsOf(codec, { ...event, id: `${name}-${Date.now()}`, time: Date.now() }, partitions);
  const begun = performance.now();
  await transport.produce(records);
  const until = async (isThere: () => Promise<boolean>): Promise<number> => {
    while (!(await isThere())) {
      const waited = performance.now() - begun;
      if (waited > PATIENCE_MS) throw new Error(`the probe ${name} did not arrive`);
      await sleep(Math.max(LEAST_POLL_MS, waited * POLL_SHARE));
    }
    return performance.now() - begun;
  };
  const [row, view, at] = await Promise.all([
    until(async () => (await tables.read(learnerProgress, [[DEFAULT_TENANT, userId, courseId]]))[0] !== undefined),
    until(async () => (await cache.read(learnerCourses, [DEFAULT_TENANT, userId])).length > 0),
    Promise.race([live.promise, sleep(PATIENCE_MS, Number.NaN, { ref: false })]),
  ]);
  await leave();
  if (Number.isNaN(at)) throw new Error(`no live update of the probe ${name} came`);
  return { row, view, live: at - begun };
}
