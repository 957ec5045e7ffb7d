/**
 * Rollups as several processes on Kafka, with their tables on S3, while processes and servers are killed: the totals are those of a direct
 * count. Part of `npm run test:faults`. The cases stand on each other: one that fails ends the run.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { loadConfig } from '../../app/config.ts';
import { type Wired, wire } from '../../app/wiring.ts';
import { TributaryError } from '../../core/errors.ts';
import { DEAD_LETTER } from '../../jobs/runtime/dead-letter.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { startAll } from '../../servers/group.ts';
import type { KafkaServer } from '../../servers/kafka.ts';
import { startRegistry } from '../../servers/registry.ts';
import { S3_ACCESS_KEY, S3_REGION, S3_SECRET_KEY, startS3 } from '../../servers/s3.ts';
import type { Server } from '../../servers/server.ts';
import { Random } from '../../testing/random.ts';
import { deadLetterTopic } from '../../topics/define.ts';
import { batchEvents, enrollmentEvents } from '../../topics/index.ts';
import { shortId } from '../../topics/log/origin.ts';
import { parseProgress } from '../../topics/log/progress.ts';
import type { NewRecord } from '../../topics/log/transport.ts';
import { type Counted, directCount, Facts, recordsIn } from './rollup-facts.ts';
import { expectedFigures, RollupTables, SOURCES } from './rollup-tables.ts';
import { type Gate, type Point, startGate } from './s3-gate.ts';
import { startBrokers } from './servers.ts';
import { until } from './until.ts';
import { Fleet, type Worker } from './workers.ts';

const seed = Number(process.env['FAULTS_SEED'] ?? Math.floor(Math.random() * 1_000_000));
/** A part of the name of the only case to run. */
const ONLY = process.env['FAULTS_ONLY'];
const BUCKET = 'rollups';
const JOBS = Object.values(SOURCES).map(({ name }) => name);
const TOPICS = [enrollmentEvents, batchEvents];
const BOUND_MS = 90_000;
const CHUNK = 30;
const PACE_MS = 50;
/** S3 is away for so long; workers can be stopped meanwhile, and started. */
const AWAY_MS = 60_000;

const random = new Random(seed);
const gates = new Map<string, Gate>();
let folder: string;
let kafka: KafkaServer;
let registry: Server;
let s3: Server;
let wired: Wired;
let fleet: Fleet;
let facts: Facts;
let tables: RollupTables;
/** What was counted of topics that are gone. */
let counted: Counted | undefined;
let partitions = enrollmentEvents.partitions;
let failed = '';

function fault(name: string, body: () => Promise<void>): void {
  test(name, { timeout: 300_000 }, async (t) => {
    if (ONLY !== undefined && !name.includes(ONLY)) return t.skip('another one is asked for');
    if (failed !== '') return t.skip(`after "${failed}" has failed`);
    failed = name;
    const begun = performance.now();
    await whileTold(body);
    await assertCounted();
    console.log(`${((performance.now() - begun) / 1000).toFixed(1)} s: ${name}`);
    failed = '';
  });
}

const objectsAt = (endpoint: string): string =>
  `s3://${S3_ACCESS_KEY}:${S3_SECRET_KEY}@${BUCKET}?endpoint=${endpoint}&region=${S3_REGION}`;

function configOf(name: string, endpoint: string): string {
  const file = join(folder, `${name}.json`);
  const keys = {
    data: join(folder, name),
    transport: kafka.url,
    registry: registry.url,
    objects: objectsAt(endpoint),
    logLevel: 'debug',
    sessionMs: 1500,
    backOffLongestMs: 1000,
    maxRecords: 200,
    publishMs: 300,
  };
  writeFileSync(file, JSON.stringify(keys));
  return file;
}

before(
  async () => {
    console.log(`seed ${seed}`);
    folder = mkdtempSync(join(tmpdir(), 'tributary-rollups-'));
    mkdirSync(join(folder, 's3'));
    [kafka, registry, s3] = (await startAll<Server | KafkaServer>([
      startBrokers(folder, 1),
      startRegistry({ folder: join(folder, 'registry') }),
      startS3({ folder: join(folder, 's3'), buckets: [BUCKET] }),
    ])) as [KafkaServer, Server, Server];
    const { config } = loadConfig({ flags: {}, env: {}, file: configOf('test', s3.url), folder });
    wired = await wire({ config, platform: learningPlatform });
    facts = new Facts(random, wired.stores.codec);
    tables = await RollupTables.open(wired.objects, join(folder, 'reader'));
    fleet = new Fleet(folder, (name) => configOf(name, (gates.get(name) as Gate).url), ['run', ...JOBS]);
    await startWorkers(4);
  },
  { timeout: 180_000 },
);

after(async () => {
  console.log(
    `that was seed ${seed}${failed === '' ? '' : `, and it failed: FAULTS_SEED=${seed} npm run test:faults`}`,
  );
  await fleet?.killAll();
  for (const gate of gates.values()) gate.stop();
  await tables?.close();
  await wired?.close();
  await Promise.all([kafka, registry, s3].map((server) => server?.kill()));
  if (process.env['FAULTS_KEEP'] === undefined) rmSync(folder, { recursive: true, force: true });
});

let started = 0;
async function startOne(): Promise<Worker> {
  started += 1;
  gates.set(`worker-${started}`, await startGate(s3.url));
  return fleet.startOne();
}

async function startWorkers(count: number): Promise<Worker[]> {
  const workers = await Promise.all(Array.from({ length: count }, startOne));
  await Promise.all(workers.map((worker) => worker.owns(1)));
  return workers;
}

async function produce(records: readonly NewRecord[]): Promise<void> {
  for (;;) {
    try {
      await wired.stores.transport.produce(records);
      return;
    } catch (error) {
      if (!(error instanceof TributaryError && error.kind === 'retry')) throw error;
    }
  }
}

/** Settles when nobody produces. */
let producing: Promise<void> = Promise.resolve();
let pause: Promise<void> | undefined;

/** Facts are told as long as the body takes, and some more. */
async function whileTold(body: () => Promise<void>): Promise<void> {
  let isOver = false;
  const telling = (async () => {
    for (let rest = 10; rest > 0; rest = isOver ? rest - 1 : 10) {
      await pause;
      producing = produce(facts.next(CHUNK, partitions));
      await producing;
      await sleep(PACE_MS);
    }
  })();
  telling.catch(() => {});
  try {
    await body();
  } finally {
    isOver = true;
    await telling;
  }
}

/** Nothing is told while the body takes. */
async function paused(body: () => Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  pause = promise;
  try {
    await producing;
    await body();
  } finally {
    pause = undefined;
    resolve();
  }
}

const tails = (): string => fleet.running.map(({ name, tail }) => `\n--- ${name}:\n${tail}`).join('');

/** Whether its group has come to the end of its topic: that which there is now, not one that was deleted. */
async function isLevel({ name, from }: (typeof SOURCES)[keyof typeof SOURCES]): Promise<boolean> {
  const { transport } = wired.stores;
  const [info] = await transport.describe([from.name]);
  const committed = await transport.committed(name, from.name);
  if (info === undefined || committed.length < info.partitions.length) return false;
  const isOfIt = committed.every(({ offset, metadata }) => {
    return offset !== undefined && parseProgress(metadata, offset).topicId === shortId(info.id);
  });
  return isOfIt && (await transport.lag(name, from.name)).every(({ lag }) => lag === 0);
}

async function assertCounted(): Promise<void> {
  await until(
    'the groups are level with the topics',
    async () => {
      assert.deepEqual(fleet.deserters(), [], 'no worker ends by itself');
      return (await Promise.all(Object.values(SOURCES).map(isLevel))).every((each) => each);
    },
    BOUND_MS,
    tails,
  );
  const expected = await directCount(wired.stores, structuredClone(counted));
  for (const name of ['enrollments', 'activity'] as const) {
    assert.deepEqual(await tables.figures(name), expectedFigures(expected, name), name);
  }
  const letters: string[] = [];
  for (const { name } of TOPICS) {
    for await (const { headers } of recordsIn(wired.stores, deadLetterTopic(name))) {
      letters.push(`${name}/${headers[DEAD_LETTER.partition]}/${headers[DEAD_LETTER.offset]}`);
    }
  }
  assert.deepEqual(letters.sort(), [...expected.unreadable].sort(), 'one dead letter for each unreadable record');
}

const BEFORE_COMMIT: Point = { path: '_delta_log/', when: 'before' };
const AFTER_COMMIT: Point = { path: '_delta_log/', when: 'after' };
const AFTER_SEGMENT: Point = { path: '.parquet', when: 'after' };

async function killAt(point: Point): Promise<void> {
  const worker = random.pick(fleet.running);
  await worker.owns(1);
  const gate = gates.get(worker.name) as Gate;
  let killed: Promise<void> | undefined;
  const reached = gate.at(point, () => {
    killed = fleet.kill(worker);
  });
  await until(`${worker.name} reaches ${point.when} ${point.path}`, () => killed !== undefined, BOUND_MS, tails);
  await reached;
  await killed;
  await startOne();
}

async function killAtRandom(): Promise<void> {
  await sleep(random.below(1500));
  await fleet.kill(random.pick(fleet.running));
  await startOne();
}

/** As soon as it has said that it published: what the group knows of it may be older. */
async function killOncePublished(): Promise<void> {
  const worker = random.pick(fleet.running);
  await worker.owns(1);
  const { published } = worker;
  await until(`${worker.name} publishes`, () => worker.published > published, BOUND_MS, tails);
  await fleet.kill(worker);
  await startOne();
}

fault('processes that are killed 30 times, at random and at chosen points, count everything once', async () => {
  const kills = [
    ...Array(10).fill(killAtRandom),
    ...Array(6).fill(() => killAt(BEFORE_COMMIT)),
    ...Array(7).fill(() => killAt(AFTER_COMMIT)),
    ...Array(3).fill(() => killAt(AFTER_SEGMENT)),
    ...Array(4).fill(killOncePublished),
  ] as (() => Promise<void>)[];
  while (kills.length > 0) {
    const [kill] = kills.splice(random.below(kills.length), 1);
    await kill?.();
  }
  await Promise.all(fleet.running.map((worker) => worker.owns(1)));
});

fault('processes that are stopped one after the other, and started again, hand on their partitions', async () => {
  for (const worker of fleet.running) {
    assert.equal(await fleet.stop(worker), 0);
    await startWorkers(1);
  }
});

fault('a process that stands still until others have its partitions undoes nothing when it goes on', async () => {
  const [stopped, ...others] = fleet.running;
  assert.ok(stopped !== undefined);
  await stopped.owns(1);
  const fenced = () => stopped.fenced + stopped.released;
  const before = fenced();
  stopped.signal('SIGSTOP');
  const all = 2 * partitions;
  const owned = () => others.reduce((sum, { owned }) => sum + owned.size, 0);
  await until('the others have all partitions', () => owned() >= all, BOUND_MS, tails);
  stopped.signal('SIGCONT');
  await until('the one that stood still learns that it was replaced', () => fenced() > before, BOUND_MS, tails);
});

fault('an S3 server that is away for a minute is waited for, by processes that can be stopped meanwhile', async () => {
  const before = fleet.waits().get('OBJECTS_AWAY') ?? 0;
  await s3.kill();
  const began = performance.now();
  await until('a worker misses it', () => (fleet.waits().get('OBJECTS_AWAY') ?? 0) > before + 20, BOUND_MS, tails);
  const [stopped] = fleet.running;
  assert.equal(await fleet.stop(stopped as Worker), 0);
  assert.ok(performance.now() - began < AWAY_MS, 'it stops while the server is away');
  await startOne();
  await sleep(Math.max(0, AWAY_MS - (performance.now() - began)));
  await s3.start();
});

fault('a broker that is killed and started again is waited for', async () => {
  const before = fleet.waits().get('LOG_AWAY') ?? 0;
  await kafka.kill();
  await until('a worker misses it', () => (fleet.waits().get('LOG_AWAY') ?? 0) > before, BOUND_MS, tails);
  await kafka.start();
});

fault('a registry that is away is waited for by a process that starts', async () => {
  const before = fleet.waits().get('REGISTRY_AWAY') ?? 0;
  await registry.kill();
  await startOne();
  await until('a worker misses it', () => (fleet.waits().get('REGISTRY_AWAY') ?? 0) > before, BOUND_MS, tails);
  await registry.start();
});

fault('a topic that gets more partitions while it is counted is counted in all of them', async () => {
  const admin = await administrator();
  const more = partitions + 2;
  await admin.createPartitions({ topicPartitions: TOPICS.map(({ name }) => ({ topic: name, count: more })) });
  await admin.disconnect();
  partitions = more;
  const owned = () => fleet.running.reduce((sum, { owned }) => sum + owned.size, 0);
  await until('the new partitions are owned', () => owned() >= 2 * more, BOUND_MS, tails);
});

fault('topics that are deleted and made again are counted from their beginning, beside what there was', async () => {
  const admin = await administrator();
  const topics: readonly string[] = TOPICS.map(({ name }) => name);
  await paused(async () => {
    await assertCounted();
    counted = await directCount(wired.stores);
    facts.forget();
    await admin.deleteTopics({ topics: [...topics] });
    await until(
      'they are gone',
      async () => (await admin.listTopics()).every((name) => !topics.includes(name)),
      BOUND_MS,
    );
    await wired.stores.transport.createTopics(
      TOPICS.map(({ name, retentionMs }) => ({ name, partitions, retentionMs })),
    );
  });
  await admin.disconnect();
});

async function administrator() {
  const brokers = kafka.url.slice('kafka://'.length).split(',');
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 30 } }).admin();
  await admin.connect();
  return admin;
}
