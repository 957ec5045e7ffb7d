/** A whole worker of `track-progress` or a rollup on very many partitions. Kafka is real, Cassandra may be, other stores are embedded. */
import { join } from 'node:path';
import { loadConfig } from '../../app/config/config.ts';
import { type Wired, wire } from '../../app/stores/wiring.ts';
import { kindOf } from '../../core/errors.ts';
import { runJob } from '../../jobs/runtime/rows/run.ts';
import type { RunningJob } from '../../jobs/runtime/run-group.ts';
import type { Runtime } from '../../jobs/runtime/stores.ts';
import type { TelemetryEvent } from '../../jobs/runtime/telemetry.ts';
import { trackProgress } from '../../jobs/track-progress/track-progress.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { enrolled } from '../../schemas/enrollment.ts';
import { recordsOf } from '../../testing/produce.ts';
import { partitionOfText } from '../../topics/log/partition.ts';
import type { Transport } from '../../topics/log/transport.ts';

const { from } = trackProgress;

/** Creates everything that the job needs, with a topic of this many partitions. */
export async function wiredTo(
  { kafka, cassandra, folder }: { readonly kafka: string; readonly cassandra?: string; readonly folder: string },
  partitions: number,
): Promise<Wired> {
  const tables = cassandra === undefined ? {} : { tables: `${cassandra}/many_partitions` };
  const urls = { transport: kafka, ...tables, data: join(folder, 'data') };
  const { config } = loadConfig({ flags: urls, env: {}, folder });
  const wired = await wire({ config, platform: learningPlatform }, 'nothing');
  const topic = { name: from.name, partitions, retentionMs: from.retentionMs };
  await untilThere(() => wired.stores.transport.createTopics([topic]));
  await untilThere(() => wired.prepare('all'));
  return wired;
}

/** Retries, because a broker takes a while to find leaders for so many partitions. */
async function untilThere(make: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await make();
    } catch (error) {
      if (kindOf(error) !== 'retry') throw error;
    }
  }
}

/** Enrolls one learner for each partition; `round` decides the course. */
export async function enrolEverywhere({ stores }: Wired, partitions: number, round: number): Promise<void> {
  const learners = new Map<number, string>();
  for (let n = 0; learners.size < partitions; n++)
    learners.set(partitionOfText(`learner-${n}`, partitions), `learner-${n}`);
  const records = [...learners.values()].flatMap((userId) => {
    const data = { userId, courseId: `course-${round}`, batchId: 'batch' };
    const given = { topic: from, def: enrolled, data, id: `${userId}/${round}`, time: Date.now() };
    return recordsOf(stores.codec, given, partitions);
  });
  await stores.transport.produce(records);
}

/** The life of a worker; times in ms since it began. */
export interface Life {
  readonly joinedMs: number;
  /** When it had claimed the last partition. */
  readonly ownedMs: number;
  /** When it had applied and committed a record of each partition. */
  readonly appliedMs: number;
  /** How long it took to stop. */
  readonly stopMs: number;
  /** The number of reports of each kind, and of each code it waited for. */
  readonly reports: ReadonlyMap<string, number>;
}

/** Runs the job until each partition has applied its records, then stops it. */
export async function live(
  wired: Wired,
  partitions: number,
  transport: Transport = wired.stores.transport,
  start = (runtime: Runtime): Promise<RunningJob> => runJob(trackProgress, runtime),
): Promise<Life> {
  const reports = new Map<string, number>();
  const [owned, applied] = [Promise.withResolvers<number>(), Promise.withResolvers<number>()];
  const [claims, batches] = [new Set<number>(), new Set<number>()];
  const begun = performance.now();
  const since = () => performance.now() - begun;
  const count = (event: TelemetryEvent) => {
    const what = event.kind === 'waiting' ? `waiting for ${event.code}` : event.kind;
    reports.set(what, (reports.get(what) ?? 0) + 1);
    if (event.kind === 'claimed' && claims.add(event.partition).size === partitions) owned.resolve(since());
    if (event.kind === 'batch' && event.applied > 0 && batches.add(event.partition).size === partitions) {
      applied.resolve(since());
    }
  };
  const runtime = wired.runtime({ tell: count });
  const running = await start({ ...runtime, stores: { ...runtime.stores, transport } });
  const joinedMs = since();
  const failed = running.finished.then(() => Promise.reject(new Error('it was stopped')));
  const [ownedMs, appliedMs] = await Promise.race([Promise.all([owned.promise, applied.promise]), failed]);
  failed.catch(() => {});
  const stopping = performance.now();
  await running.stop();
  return { joinedMs, ownedMs, appliedMs, stopMs: performance.now() - stopping, reports };
}
