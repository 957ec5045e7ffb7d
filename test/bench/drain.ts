/** One measurement in its own process: the jobs over a load, on the embedded stores in a folder. Prints one JSON line. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_TENANT } from '../../core/event.ts';
import { openDatabase } from '../../embedded/database.ts';
import { jobs } from '../../jobs/index.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import { Forgotten } from '../../jobs/runtime/forgotten.ts';
import { runJob } from '../../jobs/runtime/rows/run.ts';
import { DEFAULT_SETTINGS, recordBudgetOf, rowBudgetOf } from '../../jobs/runtime/stores.ts';
import { SILENT } from '../../jobs/runtime/telemetry.ts';
import { upstreamsOf } from '../../jobs/runtime/upstreams.ts';
import { learnerProgress } from '../../schemas/rows/learner-progress.ts';
import { recordsOf } from '../../testing/produce.ts';
import { memoryStores } from '../../testing/stores.ts';
import { pipelineEvents, topics } from '../../topics/index.ts';
import type { NewRecord } from '../../topics/log/transport.ts';
import { countOf } from '../harness/count.ts';
import { load, SPINE } from './load.ts';

const events = Number(process.argv[2] ?? SPINE.events);
// `grow`: the number of learners grows with the events; otherwise the same learners do more.
const learners = process.argv[4] === 'grow' ? Math.round((SPINE.learners * events) / SPINE.events) : SPINE.learners;
const size = { ...SPINE, events, learners };
const folder = mkdtempSync(join(tmpdir(), 'tributary-bench-'));
const stores = await memoryStores(jobs, {
  database: openDatabase(folder),
  partitions: 6,
  topics: [...topics, pipelineEvents],
});

const producing = performance.now();
let chunk: NewRecord[] = [];
for (const event of load(size)) {
  chunk.push(...recordsOf(stores.codec, event, 6));
  if (chunk.length >= 1000) {
    await stores.transport.produce(chunk);
    chunk = [];
  }
}
await stores.transport.produce(chunk);
const produceSeconds = (performance.now() - producing) / 1000;

const lag = async (): Promise<number> => {
  let sum = 0;
  for (const job of jobs)
    for (const partition of await stores.transport.lag(job.name, job.from.name)) sum += partition.lag;
  return sum;
};

const draining = performance.now();
const cpu = process.cpuUsage();
// Settings of the runtime, and optionally `pipelineEvents: 'off'`.
const { pipelineEvents: wanted, ...given } = JSON.parse(process.argv[3] ?? '{}');
const settings = { ...DEFAULT_SETTINGS, ...given };
const runtime = {
  stores,
  clock: systemClock,
  settings,
  telemetry: SILENT,
  recordBudget: recordBudgetOf(settings),
  catchUpBudget: recordBudgetOf(settings),
  rowBudget: rowBudgetOf(settings),
  random: Math.random,
  forgotten: new Forgotten(),
  upstreams: upstreamsOf(jobs),
  pipelineTopic: wanted === 'off' ? undefined : pipelineEvents.name,
};
const running = await Promise.all(jobs.map((job) => runJob(job, runtime)));
for (;;) {
  await Promise.race([new Promise((resolve) => setTimeout(resolve, 20)), ...running.map(({ finished }) => finished)]);
  if ((await lag()) === 0) break;
}
const seconds = (performance.now() - draining) / 1000;
const used = process.cpuUsage(cpu);
const cpuSeconds = (used.user + used.system) / 1e6;
await Promise.all(running.map((job) => job.stop()));

let records = 0;
for (const { partitions } of await stores.transport.describe()) for (const { end } of partitions) records += end;
const learnerRows = await countOf(stores.tables, learnerProgress, DEFAULT_TENANT);
await stores.close();
rmSync(folder, { recursive: true });
process.stdout.write(
  `${JSON.stringify({ events, produceSeconds, seconds, cpuSeconds, records, learnerRows, peakMb: process.resourceUsage().maxRSS / 1024 })}\n`,
);
