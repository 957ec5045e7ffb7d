/**
 * One measurement in its own process: a rollup over a backlog of visits, from the log to a table in a folder. Prints one JSON line.
 *
 *     node test/bench/rollup-drain.ts '{"events": 300000, "pages": 1000, "what": "rollup"}'
 *
 * `what`: `rollup`, `plain` (without sketches) or `decode`, which reads and decodes the same records and does nothing with them.
 * `kafka`: the URL of a broker; without it the log is the embedded one.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '../../duckdb/database.ts';
import { openDatabase } from '../../embedded/database.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import { Forgotten } from '../../jobs/runtime/forgotten.ts';
import { DEFAULT_SETTINGS, recordBudgetOf, rowBudgetOf } from '../../jobs/runtime/stores.ts';
import type { PartitionEvent } from '../../jobs/runtime/telemetry.ts';
import { defineDatasource } from '../../reports/define-datasource.ts';
import { sourceOf } from '../../reports/runtime/datasource-source.ts';
import { runRollup } from '../../reports/runtime/run.ts';
import { CurrentTable } from '../../reports/runtime/tables.ts';
import { filesOf } from '../../sinks/delta/index.ts';
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import { recordsOf } from '../../testing/produce.ts';
import { memoryStores } from '../../testing/stores.ts';
import { deadLetterTopic } from '../../topics/define.ts';
import { kafkaTransport } from '../../topics/kafka/transport.ts';
import type { NewRecord } from '../../topics/log/transport.ts';
import { visitEvents as plainEvents, START, type Visit, visited } from '../reports/visits.ts';

export interface Asked {
  readonly events: number;
  /** The number of pages, which is the number of tuples in a bucket. */
  readonly pages: number;
  readonly what: 'rollup' | 'plain' | 'decode';
  readonly kafka?: string;
  /** The end of the topic's name, on a broker. */
  readonly log?: string;
  readonly publishMs?: number;
}

export interface Drained {
  readonly events: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly startMb: number;
  readonly peakMb: number;
  readonly segments: number;
  readonly rows: number;
}

const PARTITIONS = 6;
const USERS = 50_000;
const DAY_MS = 24 * 3_600_000;

const SKETCHES = {
  visitors: { kind: 'distinct', doc: 'Visitors.', unit: 'users', of: ({ data }: Visit) => data.userId },
  duration: { kind: 'quantile', doc: 'Seconds.', unit: 's', points: [0.5], of: ({ data }: Visit) => data.seconds },
} as const;

const asked = JSON.parse(process.argv[2] ?? '{}') as Asked;
const visitEvents = { ...plainEvents, name: `visit${asked.log ?? ''}.events` };
const source = sourceOf(
  defineDatasource({
    name: 'visits',
    title: 'Visits',
    about: 'Visits of pages.',
    from: visitEvents,
    on: [visited],
    granularity: 'quarter-hour',
    dimensions: { page: { doc: 'The page.', of: ({ data }) => data.page } },
    metrics: {
      visits: { kind: 'count', doc: 'Visits.', unit: 'visits' },
      points: { kind: 'sum', type: 'long', doc: 'Points.', unit: 'points', of: ({ data }) => data.points },
      ...(asked.what === 'plain' ? {} : SKETCHES),
    },
  }),
);

const folder = mkdtempSync(join(tmpdir(), 'tributary-rollup-'));
const local = await memoryStores([], { database: openDatabase(folder), partitions: PARTITIONS, topics: [visitEvents] });
const transport = asked.kafka === undefined ? local.transport : kafkaTransport({ url: asked.kafka });
const stores = { ...local, transport };
const names = [visitEvents.name, deadLetterTopic(visitEvents.name)];
if (asked.kafka !== undefined) {
  await transport.createTopics(names.map((name) => ({ name, partitions: PARTITIONS, retentionMs: 36_500 * DAY_MS })));
}

let chunk: NewRecord[] = [];
for (let i = 0; i < asked.events; i++) {
  const data = {
    userId: `learner-${(i * 7919) % USERS}`,
    page: `course/page-${(i * 104_729) % asked.pages}`,
    points: i % 100,
    seconds: 1 + (i % 600),
  };
  // Half a day of events, in the order of time.
  const time = START + Math.floor((i / asked.events) * DAY_MS * 0.5);
  chunk.push(...recordsOf(stores.codec, { topic: visitEvents, def: visited, data, id: `v-${i}`, time }, PARTITIONS));
  if (chunk.length < 1000) continue;
  await transport.produce(chunk);
  chunk = [];
}
await transport.produce(chunk);
chunk = [];
globalThis.gc?.();

const duck = await openDuckDb({ folder: join(folder, 'duck') });
const objects = directoryObjects(join(folder, 'objects'));
const table = new CurrentTable({ objects, duck, now: Date.now, engine: 'bench' }, source);
const startMb = process.memoryUsage().rss / 2 ** 20;
let peakMb = startMb;
const watch = setInterval(() => {
  peakMb = Math.max(peakMb, process.memoryUsage().rss / 2 ** 20);
}, 20);

async function decodeAll(): Promise<void> {
  const nobody = { assigned: () => {}, revoked: async () => {} };
  const membership = await transport.join('decode', visitEvents.name, nobody);
  for (let partition = 0, left = asked.events; partition < PARTITIONS && left > 0; partition++) {
    const claim = await membership.claim(partition);
    for (let next = 0, end = 1; next < end; ) {
      const fetched = await claim.fetch({ maxRecords: DEFAULT_SETTINGS.maxRecords, waitMs: 1000 });
      end = fetched.end;
      await stores.codec.learn(fetched.records, source.wanted);
      for (const record of fetched.records) stores.codec.decode(visitEvents, record, source.wanted);
      next = (fetched.records.at(-1)?.offset ?? end - 1) + 1;
    }
    await claim.close();
  }
  await membership.leave();
}

async function rollUp(): Promise<void> {
  const settings = { ...DEFAULT_SETTINGS, waitMs: 50 };
  let counted = 0;
  const allCounted = Promise.withResolvers<void>();
  const runtime = {
    stores,
    clock: systemClock,
    settings,
    telemetry: {
      tell(event: PartitionEvent) {
        if (event.kind !== 'batch') return;
        counted += event.records;
        if (counted >= asked.events) allCounted.resolve();
      },
    },
    recordBudget: recordBudgetOf(settings),
    catchUpBudget: recordBudgetOf(settings),
    rowBudget: rowBudgetOf(settings),
    random: Math.random,
    forgotten: new Forgotten(),
    upstreams: () => new Set<string>(),
  };
  const running = await runRollup({ source, table, runtime, settings: { publishMs: asked.publishMs ?? 15_000 } });
  await Promise.race([allCounted.promise, running.finished]);
  // Stopping publishes what is not in the table yet.
  await running.stop();
}

const [began, cpu] = [performance.now(), process.cpuUsage()];
await (asked.what === 'decode' ? decodeAll() : rollUp());
const seconds = (performance.now() - began) / 1000;
const { user, system } = process.cpuUsage(cpu);
clearInterval(watch);
const files = asked.what === 'decode' ? [] : filesOf(await table.refresh());
const rows = files.reduce(
  (sum, { stats }) => sum + (JSON.parse(stats ?? '{}') as { numRecords: number }).numRecords,
  0,
);
await duck.close();
if (transport !== local.transport) await transport.close();
await local.close();
rmSync(folder, { recursive: true });
const drained: Drained = {
  events: asked.events,
  seconds,
  cpuSeconds: (user + system) / 1e6,
  startMb,
  peakMb,
  segments: files.length,
  rows,
};
process.stdout.write(`${JSON.stringify(drained)}\n`);
