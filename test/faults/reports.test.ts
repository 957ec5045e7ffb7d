/**
 * Reports as several worker processes, with requests in Postgres, files on S3 and events on Kafka, while processes and servers are killed.
 * Every request ends once, every file is whole, every asker is notified, and nothing is left over. Part of `npm run test:faults`. The
 * cases depend on each other: the first failure ends the run.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SWEEP_AFTER_MS } from '../../reports/worker/tending.ts';
import { PLANTED } from './report-platform.ts';
import { type ReportWorld, startReportWorld } from './report-world.ts';
import { until } from './until.ts';

const seed = Number(process.env['FAULTS_SEED'] ?? Math.floor(Math.random() * 1_000_000));
const KILLS = 30;

let world: ReportWorld;
let failed = '';

function fault(name: string, body: () => Promise<void>): void {
  test(name, { timeout: 300_000 }, async (t) => {
    if (failed !== '') return t.skip(`after "${failed}" has failed`);
    failed = name;
    await body();
    await world.assertWhole();
    failed = '';
  });
}

before(
  async () => {
    console.log(`seed ${seed}`);
    world = await startReportWorld(seed);
    for (let worker = 0; worker < 3; worker += 1) world.fleet.startOne();
  },
  { timeout: 180_000 },
);

after(async () => {
  if (failed !== '') console.log(`seed ${seed} failed: FAULTS_SEED=${seed} npm run test:faults`);
  await world?.close();
});

const running = async () => (await world.all()).filter(({ state }) => state === 'running');

fault(`workers that are killed ${KILLS} times leave nothing stuck, and make nothing twice`, async () => {
  const { fleet, random } = world;
  for (let kill = 0; kill < KILLS; kill += 1) {
    for (let each = 0; each < 5; each += 1) await world.ask();
    await world.askByEvents(3);
    await sleep(random.below(1000));
    await fleet.kill(random.pick(fleet.running));
    fleet.startOne();
  }
});

fault('a worker that stands still past its lease undoes nothing when it goes on', async () => {
  const { fleet } = world;
  const slow = await world.ask({ parameters: { count: 20_000, pauseMs: 10 }, format: 'csv' });
  const at = async () => world.requests.get(slow.tenant, slow.id);
  await until('it runs', async () => (await at())?.state === 'running', world.tails);
  const owner = (await at())?.owner ?? '';
  const stopped = fleet.running.find(({ pid }) => owner.split('/').includes(String(pid)));
  assert.ok(stopped, owner);
  stopped.signal('SIGSTOP');
  const isElsewhere = async () => {
    const { attempt = 1, state = '' } = (await at()) ?? {};
    return attempt > 1 || state === 'done';
  };
  await until('another worker has it', isElsewhere, world.tails);
  stopped.signal('SIGCONT');
});

fault('workers are scaled to four and back to one, and each ends as it is asked to', async () => {
  const { fleet } = world;
  while (fleet.running.length < 4) fleet.startOne();
  // A process that has only just started would be ended by the signal itself.
  for (const worker of fleet.running) await worker.owns(1);
  for (let each = 0; each < 60; each += 1) await world.ask({ parameters: { count: 1000 + each, pauseMs: 100 } });
  await until(
    'three of them have begun something',
    async () => new Set((await running()).map(({ owner }) => owner)).size >= 3,
    world.tails,
  );
  for (const worker of fleet.running.slice(1)) assert.equal(await fleet.stop(worker), 0);
  fleet.startOne();
  fleet.startOne();
});

/** Asks for reports that take a while, and waits until some of them run. */
async function busy(): Promise<void> {
  for (let each = 0; each < 20; each += 1)
    await world.ask({ parameters: { count: 3000 + world.random.below(900), pauseMs: 20 } });
  await until('some run', async () => (await running()).length > 0, world.tails);
}

fault('Postgres, S3 and Kafka that are killed and started again are waited for', async () => {
  const { postgres, s3, kafka } = world.servers;
  for (const server of [postgres, s3, kafka]) {
    await busy();
    await server.kill();
    await sleep(3000);
    await server.start();
  }
});

fault('Postgres and S3 that stand still for longer than a lease are waited for', async () => {
  const { postgres, s3 } = world.servers;
  for (const server of [postgres, s3]) {
    await busy();
    server.pause();
    await sleep(3000);
    server.resume();
  }
});

fault('a report that is cancelled while it runs ends, for all who asked', async () => {
  const slow = await world.ask({ parameters: { count: 50_000, pauseMs: 20 } });
  const at = async () => (await world.requests.get(slow.tenant, slow.id)) ?? assert.fail('it is gone');
  await until('it runs', async () => (await at()).progress > 0, world.tails);
  assert.ok(await world.requests.cancel(slow.tenant, slow.id, Date.now()));
  const { progress } = await at();
  // All workers are free, so the next request starts at once.
  const next = await world.ask({ parameters: { count: 1 } });
  await until(
    'another one is done',
    async () => (await world.requests.get(next.tenant, next.id))?.state === 'done',
    world.tails,
  );
  assert.deepEqual([(await at()).state, (await at()).progress], ['cancelled', progress]);
});

fault('no unprotected copy of a protected file is anywhere, and no password', async () => {
  const password = 'kettle-orbit-mallard-7';
  const made = [];
  for (const format of ['csv', 'xlsx', 'ndjson', 'parquet']) {
    const roles = ['analyst', 'personal-data'];
    made.push(
      await world.ask({
        report: 'people',
        parameters: { count: 5000 },
        format,
        roles,
        protection: { kind: 'zip', password },
      }),
    );
  }
  await world.allEnded();
  for (const { tenant, id } of made) assert.equal((await world.requests.get(tenant, id))?.result?.protection, 'zip');
  const first = execFileSync('grep', [
    '-rl',
    '--binary-files=text',
    'a secret that all workers share',
    world.folder,
  ]).toString();
  assert.match(first, /test\.json/, 'what is anywhere is found');
  for (const text of [PLANTED, PLANTED.split(' ')[1] as string, password]) {
    const found = execFileSync('sh', [
      '-c',
      'grep -rl --binary-files=text "$0" "$1" || true',
      text,
      world.folder,
    ]).toString();
    assert.equal(found, '', `${text} is readable`);
  }
});

fault('what dead attempts left is swept', async () => {
  const { fleet, wired } = world;
  const isOldEnough = async () => {
    const objects = await Array.fromAsync(wired.objects.list('reports/'));
    const left = objects.filter(({ name }) => world.leftovers.includes(name));
    return left.every(({ modifiedAt }) => modifiedAt < Date.now() - SWEEP_AFTER_MS - 1000);
  };
  await world.assertWhole();
  await until('what is left over is a minute old', isOldEnough, world.tails);
  // A worker deletes leftovers when it starts.
  fleet.startOne();
  const isSwept = async () => {
    await world.assertWhole();
    return world.leftovers.length === 0;
  };
  await until('nothing is left over', isSwept, world.tails);
});
