import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WORKER_DEFAULTS } from '../../../reports/worker/settings.ts';
import { runWorker } from '../../../reports/worker/worker.ts';
import { reportWorld, type World } from './world.ts';

const { leaseMs } = WORKER_DEFAULTS;
const LIMIT = 10;
const NEW = { freshMs: 0 };

/** A worker that leases a request and is never heard of again. */
async function diesAtOnce({ requests, clock }: World): Promise<void> {
  const leased = await requests.lease('dead', clock.now(), clock.now() + leaseMs, LIMIT);
  assert.ok(leased, 'there was nothing to take');
}

async function worked(world: World, ms: number): Promise<void> {
  const stop = new AbortController();
  const running = runWorker(world.parts('alive'), stop.signal);
  await world.clock.advance(ms);
  stop.abort();
  await world.clock.advance(leaseMs);
  await running;
}

test('a dead worker blocks nobody: who asks again gets its request, which another worker makes', async () => {
  const world = reportWorld();
  const { id } = await world.ask(NEW);
  await diesAtOnce(world);
  const again = await world.ask({ ...NEW, requestedBy: 'bo' });
  assert.deepEqual([again.id, again.state], [id, 'running']);
  await worked(world, 2 * leaseMs);
  const made = await world.request(id);
  assert.deepEqual([made.state, made.attempt], ['done', 2]);
  const [ended, ...more] = world.announced;
  assert.deepEqual([ended?.askers.map(({ user }) => user), more], [['ada', 'bo'], []]);
  const later = await world.ask(NEW);
  assert.notEqual(later.id, id);
  assert.equal(later.state, 'waiting');
});

test('what was given up after too many dead workers runs again when it is asked for', async () => {
  const world = reportWorld();
  const { id, maxAttempts } = await world.ask(NEW);
  for (let death = 0; death < maxAttempts; death += 1) {
    await diesAtOnce(world);
    await world.clock.advance(leaseMs);
  }
  await worked(world, leaseMs);
  const { state, error } = await world.request(id);
  assert.equal(state, 'failed');
  assert.match(error?.message ?? '', /attempt 8 of 8/);
  const again = await world.ask(NEW);
  assert.deepEqual([again.id === id, again.state, again.attempt], [false, 'waiting', 0]);
  await worked(world, leaseMs);
  assert.equal((await world.request(again.id)).state, 'done');
});
