/**
 * Rolling updates of four workers on real servers, as a Deployment makes them: no effect is lost or doubled. It also measures how long
 * each partition has no owner. Part of `npm run test:faults`; `FAULTS_SEED=7` repeats the story of that seed.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { jobs } from '../../jobs/index.ts';
import { type Installation, install } from './installation.ts';
import { pausesIn, quantileOf } from './pauses.ts';
import { Report } from './report.ts';
import { type Servers, startServers } from './servers.ts';
import { PARTITIONS } from './settled.ts';
import type { Worker } from './workers.ts';

const seed = Number(process.env['FAULTS_SEED'] ?? Math.floor(Math.random() * 1_000_000));
const WORKERS = 4;
/** Records between two replacements, so that the update happens under load. */
const BETWEEN = 200;
const report = new Report();
let servers: Servers;
let world: Installation;

before(
  async () => {
    console.log(`seed ${seed}`);
    servers = await startServers();
    world = await install(servers.folder, seed, servers.places(), report);
    await world.open(WORKERS);
  },
  { timeout: 400_000 },
);

after(async () => {
  report.print();
  await world?.close();
  await servers?.end();
});

async function update(name: string, replace: (old: Worker) => Promise<void>): Promise<void> {
  const { fleet } = world;
  const old = fleet.running;
  assert.equal(old.length, WORKERS);
  const begun = Date.now();
  await world.survive(name, async () => {
    for (const each of old) {
      await replace(each);
      await world.advanced(BETWEEN);
    }
  });
  assert.equal(fleet.running.length, WORKERS);
  assert.ok(!old.some((each) => fleet.running.includes(each)));
  const pauses = pausesIn(fleet.ownerships).filter(({ from }) => from >= begun);
  const moved = new Set(pauses.map(({ assignment }) => assignment));
  assert.equal(moved.size, jobs.length * PARTITIONS, 'every partition had to move');
  const [median, most, longest] = [0.5, 0.95, 1].map((share) => quantileOf(pauses, share));
  console.log(`${name}: ${pauses.length} pauses; median ${median} ms, 95 % within ${most} ms, longest ${longest} ms`);
}

/** A worker that is asked to stop finishes its batches and exits with 0. */
async function stop(worker: Worker): Promise<void> {
  assert.equal(await world.fleet.stop(worker), 0, worker.tail);
}

const CASES: readonly [string, (old: Worker) => Promise<void>][] = [
  [
    'each worker is replaced, the new one first',
    async (old) => {
      await world.fleet.start(1);
      await stop(old);
    },
  ],
  [
    'each worker is replaced, the old one first',
    async (old) => {
      await stop(old);
      await world.fleet.start(1);
    },
  ],
];

for (const [name, replace] of CASES) {
  test(`a rolling update under load loses and doubles nothing: ${name}`, { timeout: 600_000 }, () =>
    update(name, replace),
  );
}
