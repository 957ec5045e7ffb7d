/**
 * `npm run bench:broadcast [-- --learners 100000 --jobs project-course,track-progress]`: a course with very many learners is published
 * again on the stores of production. Measures the time until the conclusions for all learners are updated, and the memory of
 * one worker. The rows are made by the job's folds and written beforehand. At the end, all emitted events are counted.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DEFAULT_TENANT } from '../../core/event.ts';
import { trackProgress } from '../../jobs/track-progress/track-progress.ts';
import { coursePublished } from '../../schemas/content.ts';
import { contentProgressed, enrolled } from '../../schemas/enrollment.ts';
import { learnerProgress } from '../../schemas/rows/learner-progress.ts';
import { cassandraTables } from '../../sinks/tables/cassandra/tables.ts';
import { recordsOf } from '../../testing/produce.ts';
import { batchEvents, contentEvents, enrollmentEvents } from '../../topics/index.ts';
import { partitionOfText } from '../../topics/log/partition.ts';
import { viewLags } from '../../topics/log/progress.ts';
import type { NewRecord } from '../../topics/log/transport.ts';
import { courseRows } from './servers-load.ts';
import { calm, cpuSeconds, peakMb, startServers, stopServers } from './servers-set.ts';
import { newInstallation, openWorld, startWorker, stopWorker, type World } from './servers-world.ts';

const { values } = parseArgs({
  options: {
    learners: { type: 'string', default: '1000000' },
    jobs: { type: 'string', default: 'project-course,track-progress' },
    /** The worker's old space, in MB. */
    heap: { type: 'string', default: '256' },
  },
});
const learners = Number(values.learners);
const LEARNERS_OF_BATCH = 5000;
const CHUNK = 1000;
const START = Date.now() - 3_600_000;
const LOOK_MS = 1000;
const SAY_MS = 10_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const count = (n: number): string => Math.round(n).toLocaleString('en');

/** The row of a learner who enrolled and completed one content, made by the job's folds with the current course. */
function learnerRow(n: number, course: unknown): Record<string, unknown> {
  const who = { userId: `learner-${n}`, courseId: 'course-0' };
  const batchId = `batch-${Math.floor(n / LEARNERS_OF_BATCH)}`;
  const events = [
    [enrolled, { ...who, batchId, method: '' }],
    [contentProgressed, { ...who, contentId: `content-${n % 40}`, status: 'completed' }],
  ] as const;
  let row: Record<string, unknown> | undefined;
  events.forEach(([{ type }, data], i) => {
    const event = { id: `${type}-${n}`, source: '/bench', type, time: START + 1000 * i, tenant: DEFAULT_TENANT, data };
    row = trackProgress.fold[type]?.(row, event as never, { course } as never) as typeof row;
  });
  return row as Record<string, unknown>;
}

/** Writes the rows of the learners as their owners would, under the partitions of their keys. */
async function fill({ partitions }: World, url: string): Promise<void> {
  const tables = cassandraTables({ url });
  const course = courseRows()[0]?.data;
  const tokens: number[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    tokens.push(await tables.claim(trackProgress.name, enrollmentEvents.name, partition));
  }
  for (let n = 0; n < learners; n += CHUNK) {
    const writes = Array.from({ length: Math.min(CHUNK, learners - n) }, (_, i) => {
      const data = learnerRow(n + i, course);
      const userId = data['userId'] as string;
      const key = [DEFAULT_TENANT, userId, 'course-0'];
      const partition = partitionOfText(userId, partitions);
      const version = { token: tokens[partition] as number, revision: 2 };
      return { key, data, partition, version, at: '', outbox: '', timers: {}, whole: true };
    });
    for (const result of await tables.write(learnerProgress, writes)) {
      if (result !== 'written') throw new Error(`a row was not written: ${JSON.stringify(result)}`);
    }
    if (n % (50 * CHUNK) === 0) say(`  ${count(n + writes.length)} rows`);
  }
  await tables.close();
}

/** The course with so many more contents that the progress of every learner changes. */
function published({ codec, partitions }: World): NewRecord[] {
  const course = courseRows()[0]?.data as { name: string };
  const contents = Array.from({ length: 100 }, (_, i) => {
    return { contentId: `content-${i}`, unitId: `unit-${i % 5}`, name: `Content ${i}` };
  });
  const units = Array.from({ length: 5 }, (_, u) => ({ unitId: `unit-${u}`, name: `Unit ${u}` }));
  const data = { courseId: 'course-0', name: course.name, units, contents };
  const id = `published-${Date.now()}`;
  return recordsOf(codec, { topic: contentEvents, def: coursePublished, data, id, time: Date.now() }, partitions);
}

async function endsOf({ transport }: World, topic: string): Promise<number[]> {
  return ((await transport.describe([topic]))[0]?.partitions ?? []).map(({ end }) => end);
}

async function lagOf({ transport }: World, job: string, topic: string): Promise<number> {
  return (await transport.lag(job, topic)).reduce((sum, { lag }) => sum + lag, 0);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** The current resident memory, in MB. */
const rssMb = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

/** The number of events of the type since `begin`, and of their distinct learners. */
async function emittedSince({ transport }: World, begin: readonly number[], type: string) {
  const ends = (await transport.describe([batchEvents.name]))[0]?.partitions ?? [];
  const keys = new Set<string>();
  let events = 0;
  for (const { partition, end } of ends) {
    for (let next = begin[partition] ?? 0; next < end; ) {
      const records = await transport.read(batchEvents.name, partition, next, 2000);
      if (records.length === 0) break;
      for (const { headers, value, offset } of records) {
        next = offset + 1;
        if (headers['ce_type'] !== type) continue;
        events += 1;
        keys.add(/learner-\d+/.exec(Buffer.from(value ?? '').toString('latin1'))?.[0] ?? '');
      }
    }
  }
  return { events, learners: keys.size };
}

const folder = mkdtempSync(join(tmpdir(), 'tributary-broadcast-'));
// Some servers may have to run as another user.
chmodSync(folder, 0o755);
say(`load of the machine before: ${loadavg()[0]?.toFixed(1)}`);
const servers = await startServers(folder);
try {
  const world = await openWorld(folder, servers);
  const { transport } = world;
  const installation = await newInstallation(world);
  const home = (name: string): string => {
    const data = join(installation.home, name);
    mkdirSync(data);
    return data;
  };

  const begun = performance.now();
  await fill(world, installation.config.tables);
  say(`${count(learners)} rows filled in ${count((performance.now() - begun) / 1000)} s`);
  await calm(servers);

  const begin = await endsOf(world, batchEvents.name);
  const jobs = values.jobs.split(',');
  const nodeOptions = [`--max-old-space-size=${values.heap}`];
  const worker = startWorker({ file: installation.file, data: home('worker'), jobs, nodeOptions });
  const pid = worker.pid as number;
  await sleep(SAY_MS);
  say(`idle worker: ${count(rssMb(pid))} MB; publishing`);
  const spent = () => [pid, ...Object.values(servers).map((server) => server.pid)].map(cpuSeconds);
  const spentBefore = spent();
  const at = performance.now();
  await transport.produce(published(world));
  while ((await lagOf(world, 'project-course', contentEvents.name)) > 0) await sleep(LOOK_MS);
  let printedAt = at;
  let before = 0;
  for (;;) {
    await sleep(LOOK_MS);
    if (worker.exitCode !== null) throw new Error(`the worker ended with ${worker.exitCode}`);
    const [left, ends] = [
      await lagOf(world, trackProgress.name, enrollmentEvents.name),
      await endsOf(world, batchEvents.name),
    ];
    if (left > 0 && performance.now() - printedAt < SAY_MS) continue;
    const now = sum(ends) - sum(begin);
    const [seconds, rate] = [
      (performance.now() - at) / 1000,
      (now - before) / ((performance.now() - printedAt) / 1000),
    ];
    say(
      `  ${count(seconds)} s: ${count(now)} said (${count(rate)} a second), ${count(rssMb(pid))} MB, at most ${count(peakMb(pid))} MB`,
    );
    [printedAt, before] = [performance.now(), now];
    if (left === 0) break;
  }
  const seconds = (performance.now() - at) / 1000;
  const used = spent();
  // A search index that fell behind goes through all rows again.
  const committed = () => transport.committed(trackProgress.name, enrollmentEvents.name);
  while (viewLags(await committed()).size > 0) await sleep(LOOK_MS);
  const level = (performance.now() - at) / 1000;
  const emitted = await emittedSince(world, begin, 'batch.learner-progressed');
  say(
    `${count(learners)} learners in ${count(seconds)} s, ${count(learners / seconds)} a second; indexes level after ${count(level)} s`,
  );
  const names = ['worker', ...Object.keys(servers)];
  const micros = used.map((each, n) => `${names[n]} ${count((1e6 * (each - (spentBefore[n] ?? 0))) / learners)}`);
  say(`most memory: ${count(peakMb(pid))} MB; CPU, µs a learner: ${micros.join(', ')}`);
  say(`said: ${count(emitted.events)} events of ${count(emitted.learners)} learners`);
  await stopWorker(worker);
  await transport.close();
} finally {
  await stopServers(servers);
  rmSync(folder, { recursive: true, force: true });
}
