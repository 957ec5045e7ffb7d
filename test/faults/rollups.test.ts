/**
 * Rollups as several processes on Kafka, with their tables on S3, while processes and servers are killed: the totals equal
 * a direct count. Part of `npm run test:faults`. The cases depend on each other: the first failure ends the run.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { type RollupWorld, startRollupWorld, TOPICS } from './rollup-world.ts';
import type { Point } from './s3-gate.ts';
import { until } from './until.ts';
import type { Worker } from './workers.ts';

const seed = Number(process.env['FAULTS_SEED'] ?? Math.floor(Math.random() * 1_000_000));
/** How long S3 is away: enough for workers to be stopped and started meanwhile. */
const AWAY_MS = 60_000;

let world: RollupWorld;
let failed = '';

function fault(name: string, body: () => Promise<void>): void {
  test(name, { timeout: 300_000 }, async (t) => {
    if (failed !== '') return t.skip(`after "${failed}" has failed`);
    failed = name;
    await world.whileProducing(body);
    await world.assertCounted();
    failed = '';
  });
}

before(
  async () => {
    console.log(`seed ${seed}`);
    world = await startRollupWorld(seed);
    await world.startWorkers(4);
  },
  { timeout: 180_000 },
);

after(async () => {
  if (failed !== '') console.log(`seed ${seed} failed: FAULTS_SEED=${seed} npm run test:faults`);
  await world?.close();
});

const BEFORE_COMMIT: Point = { path: '_delta_log/', when: 'before' };
const AFTER_COMMIT: Point = { path: '_delta_log/', when: 'after' };
const AFTER_SEGMENT: Point = { path: '.parquet', when: 'after' };

async function killAt(point: Point): Promise<void> {
  const { fleet, random } = world;
  const worker = random.pick(fleet.running);
  await worker.owns(1);
  let killed: Promise<void> | undefined;
  const reached = world.gateOf(worker).at(point, () => {
    killed = fleet.kill(worker);
  });
  await until(`${worker.name} is ${point.when} ${point.path}`, () => killed !== undefined, world.tails);
  await reached;
  await killed;
  await world.startOne();
}

async function killAtRandom(): Promise<void> {
  const { fleet, random } = world;
  await sleep(random.below(1500));
  await fleet.kill(random.pick(fleet.running));
  await world.startOne();
}

fault('processes that are killed 30 times, at random and at chosen points, count everything once', async () => {
  const kills = [
    ...Array(10).fill(killAtRandom),
    ...Array(6).fill(() => killAt(BEFORE_COMMIT)),
    ...Array(7).fill(() => killAt(AFTER_COMMIT)),
    ...Array(3).fill(() => killAt(AFTER_SEGMENT)),
    ...Array(4).fill(() => world.killOncePublished()),
  ] as (() => Promise<void>)[];
  while (kills.length > 0) {
    const [kill] = kills.splice(world.random.below(kills.length), 1);
    await kill?.();
  }
  await Promise.all(world.fleet.running.map((worker) => worker.owns(1)));
});

fault('processes that are stopped one after the other, and started again, hand on their partitions', async () => {
  for (const worker of world.fleet.running) {
    assert.equal(await world.fleet.stop(worker), 0);
    await world.startWorkers(1);
  }
});

const ownedBy = (workers: readonly Worker[]): number => workers.reduce((sum, { owned }) => sum + owned.size, 0);

fault('a process that stands still until others have its partitions undoes nothing when it goes on', async () => {
  const [stopped, ...others] = world.fleet.running;
  assert.ok(stopped !== undefined);
  await stopped.owns(1);
  const letGo = () => stopped.fenced + stopped.released;
  const before = letGo();
  stopped.signal('SIGSTOP');
  const all = TOPICS.length * world.partitions;
  await until('the others have all partitions', () => ownedBy(others) >= all, world.tails);
  stopped.signal('SIGCONT');
  await until('the one that stood still learns that it was replaced', () => letGo() > before, world.tails);
});

/** Waits until the workers have reported the code this many more times. */
async function missed(code: string, before: number, times = 1): Promise<void> {
  await until(`workers miss it: ${code}`, () => world.waits(code) >= before + times, world.tails);
}

fault('an S3 server that is away for a minute is waited for, by processes that can be stopped meanwhile', async () => {
  const { fleet, servers } = world;
  const before = world.waits('OBJECTS_AWAY');
  await servers.s3.kill();
  const back = sleep(AWAY_MS).then(() => servers.s3.start());
  await missed('OBJECTS_AWAY', before, 20);
  const [stopped] = fleet.running as [Worker];
  assert.equal(await Promise.race([fleet.stop(stopped), back.then(() => 'only when it is back')]), 0);
  await world.startOne();
  await back;
});

fault('a broker that is killed and started again is waited for', async () => {
  const before = world.waits('LOG_AWAY');
  await world.servers.kafka.kill();
  await missed('LOG_AWAY', before);
  await world.servers.kafka.start();
});

fault('a registry that is away is waited for by a process that starts', async () => {
  const before = world.waits('REGISTRY_AWAY');
  await world.servers.registry.kill();
  await world.startOne();
  await missed('REGISTRY_AWAY', before);
  await world.servers.registry.start();
});

async function administered(work: (admin: Admin) => Promise<unknown>): Promise<void> {
  const brokers = world.servers.kafka.url.slice('kafka://'.length).split(',');
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 30 } }).admin();
  await admin.connect();
  await work(admin);
  await admin.disconnect();
}

fault('a topic that gets more partitions while it is counted is counted in all of them', async () => {
  const count = world.partitions + 2;
  await administered((admin) =>
    admin.createPartitions({ topicPartitions: TOPICS.map(({ name: topic }) => ({ topic, count })) }),
  );
  world.partitions = count;
  const areOwned = () => ownedBy(world.fleet.running) >= TOPICS.length * count;
  await until('the new partitions are owned', areOwned, world.tails);
});

fault('topics that are deleted and made again are counted from their beginning, beside what there was', () =>
  world.whileForgotten(async () => {
    const topics: string[] = TOPICS.map(({ name }) => name);
    await administered(async (admin) => {
      await admin.deleteTopics({ topics });
      const areGone = async () => (await admin.listTopics()).every((name) => !topics.includes(name));
      await until('they are gone', areGone);
    });
    const { partitions, wired } = world;
    await wired.stores.transport.createTopics(
      TOPICS.map(({ name, retentionMs }) => ({ name, partitions, retentionMs })),
    );
  }),
);
