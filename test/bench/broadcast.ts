/**
 * `npm run bench:broadcast [-- --learners 100000 --jobs project-course,track-progress]`: a course is published anew that very many
 * learners are in, on the stores of production: how long until every one of them is concluded again, and in what memory of
 * one worker. The rows are made by the job itself before, in another process. Afterwards everything that was said is counted.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { trackProgress } from '../../jobs/track-progress.ts';
import { coursePublished } from '../../schemas/content.ts';
import { contentProgressed, enrolled } from '../../schemas/enrollment.ts';
import { recordsOf } from '../../testing/produce.ts';
import { batchEvents, contentEvents, enrollmentEvents } from '../../topics/index.ts';
import type { NewRecord } from '../../topics/log/transport.ts';
import { courseRows } from './servers-load.ts';
import { calm, cpuSeconds, peakMb, startServers, stopServers } from './servers-set.ts';
import { newInstallation, openWorld, startWorker, stopWorker, type World } from './servers-world.ts';

const { values } = parseArgs({
  options: {
    learners: { type: 'string', default: '1000000' },
    jobs: { type: 'string', default: 'project-course,track-progress' },
    /** MB of the worker's old space. */
    heap: { type: 'string', default: '256' },
  },
});
const learners = Number(values.learners);
const LEARNERS_OF_BATCH = 5000;
const CHUNK = 5000;
const SPAN_MS = 3_600_000;
const LOOK_MS = 1000;
const SAY_MS = 10_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const count = (n: number): string => Math.round(n).toLocaleString('en');

async function produceAll(world: World, records: Iterable<NewRecord>): Promise<void> {
  const chunk: NewRecord[] = [];
  for (const record of records) {
    chunk.push(record);
    if (chunk.length >= CHUNK) await world.transport.produce(chunk.splice(0));
  }
  await world.transport.produce(chunk);
}

/** Everybody enrolls and completes one content. */
function* enrollments({ codec, partitions }: World): Generator<NewRecord> {
  const start = Date.now() - SPAN_MS;
  for (let n = 0; n < learners; n++) {
    const who = { userId: `learner-${n}`, courseId: 'course-0' };
    const time = start + Math.floor((n * SPAN_MS) / learners);
    const batchId = `batch-${Math.floor(n / LEARNERS_OF_BATCH)}`;
    const content = { contentId: `content-${n % 40}`, status: 'completed' };
    const base = { topic: enrollmentEvents, time };
    yield* recordsOf(codec, { ...base, id: `e-${n}`, def: enrolled, data: { ...who, batchId } }, partitions);
    yield* recordsOf(
      codec,
      { ...base, id: `c-${n}`, def: contentProgressed, data: { ...who, ...content } },
      partitions,
    );
  }
}

/** The course with so many contents more that every learner stands elsewhere. */
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

/** Resident memory now, in MB. */
const rssMb = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

/** How many events of the type the topic has since, and of how many different learners. */
async function saidSince({ transport }: World, begin: readonly number[], type: string) {
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
// For servers that may have to run as somebody else.
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
  await produceAll(world, enrollments(world));
  say(`${count(2 * learners)} events produced in ${count((performance.now() - begun) / 1000)} s`);
  const filler = startWorker({ file: installation.file, data: home('filler'), views: 'tables' });
  const filledFrom = performance.now();
  for (;;) {
    await sleep(SAY_MS);
    if (filler.exitCode !== null) throw new Error(`the worker that fills the tables ended with ${filler.exitCode}`);
    const left = await lagOf(world, trackProgress.name, enrollmentEvents.name);
    say(`  filling: ${count(left)} events left, ${count(rssMb(filler.pid as number))} MB`);
    if (left === 0) break;
  }
  await stopWorker(filler);
  say(`filled in ${count((performance.now() - filledFrom) / 1000)} s`);
  await calm(servers);

  const begin = await endsOf(world, batchEvents.name);
  const jobs = values.jobs.split(',');
  const nodeOptions = [`--max-old-space-size=${values.heap}`];
  const worker = startWorker({ file: installation.file, data: home('worker'), jobs, nodeOptions });
  const pid = worker.pid as number;
  await sleep(SAY_MS);
  say(`idle worker: ${count(rssMb(pid))} MB; publishing`);
  const at = performance.now();
  await transport.produce(published(world));
  while ((await lagOf(world, 'project-course', contentEvents.name)) > 0) await sleep(LOOK_MS);
  let saidAt = at;
  let before = 0;
  for (;;) {
    await sleep(LOOK_MS);
    if (worker.exitCode !== null) throw new Error(`the worker ended with ${worker.exitCode}`);
    const [left, ends] = [
      await lagOf(world, trackProgress.name, enrollmentEvents.name),
      await endsOf(world, batchEvents.name),
    ];
    if (left > 0 && performance.now() - saidAt < SAY_MS) continue;
    const now = sum(ends) - sum(begin);
    const [seconds, rate] = [(performance.now() - at) / 1000, (now - before) / ((performance.now() - saidAt) / 1000)];
    say(
      `  ${count(seconds)} s: ${count(now)} said (${count(rate)} a second), ${count(rssMb(pid))} MB, at most ${count(peakMb(pid))} MB`,
    );
    [saidAt, before] = [performance.now(), now];
    if (left === 0) break;
  }
  const seconds = (performance.now() - at) / 1000;
  const said = await saidSince(world, begin, 'batch.learner-progressed');
  say(`${count(learners)} learners in ${count(seconds)} s, ${count(learners / seconds)} a second`);
  say(
    `most memory: ${count(peakMb(pid))} MB; CPU of the worker ${count(cpuSeconds(pid))} s, of Cassandra since its start ${count(cpuSeconds(servers.cassandra.pid))} s`,
  );
  say(`said: ${count(said.events)} events of ${count(said.learners)} learners`);
  await stopWorker(worker);
  await transport.close();
} finally {
  await stopServers(servers);
  rmSync(folder, { recursive: true, force: true });
}
