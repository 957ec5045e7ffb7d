/**
 * Workers die at any call, lose calls or answers, or are paused past their lease and wake up again, while users of three tenants ask, ask
 * for the same, and cancel. In the end, every request has ended once, every file is whole, nothing is left over, and every asker was
 * notified.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { type ErrorCode, TributaryError } from '../../../core/errors.ts';
import { endingEvents } from '../../../reports/worker/announcing.ts';
import { tend } from '../../../reports/worker/tending.ts';
import { runWorker, type WorkerParts } from '../../../reports/worker/worker.ts';
import type { Request } from '../../../sinks/requests/port.ts';
import { Random } from '../../../testing/random.ts';
import { reportWorld, type World } from './world.ts';

const TENANTS = ['acme', 'umbrella', 'initech'];
const SEEDS = Number(process.env['SEEDS'] ?? 12);
const KILLS = 30;
const SETTINGS = { leaseMs: 2000, renewMs: 500, lookMs: 200, tendMs: 500, backOffMs: [100, 1000], atOnce: 2 } as const;
const never = new AbortController().signal;

/** A process. Death and pauses affect all its calls. */
class Process {
  isDead = false;
  /** Calls left before it dies. Negative: it never dies. */
  callsLeft: number;
  #paused: { readonly over: Promise<void>; resume(): void } | undefined;

  constructor(callsLeft: number) {
    this.callsLeft = callsLeft;
  }

  pause(): void {
    if (this.#paused !== undefined) return;
    const { promise: over, resolve: resume } = Promise.withResolvers<void>();
    this.#paused = { over, resume };
  }

  resume(): void {
    this.#paused?.resume();
    this.#paused = undefined;
  }

  /** A call of a dead process is never answered. It may have happened before the process died. */
  async call<T>(work: () => Promise<T>, isLost: boolean): Promise<T> {
    await this.#paused?.over;
    if (this.isDead) return new Promise(() => {});
    if (this.callsLeft === 0) {
      this.isDead = true;
      if (!isLost) await work().catch(() => {});
      return new Promise(() => {});
    }
    this.callsLeft -= 1;
    const answer = await work();
    await this.#paused?.over;
    return this.isDead ? new Promise(() => {}) : answer;
  }
}

/** The same port, called by the process. Sometimes a call is lost, and sometimes only its answer. */
function through<P extends object>(port: P, { process, random }: Caller, away: ErrorCode): P {
  return new Proxy(port, {
    get(target, name) {
      const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      if (typeof method !== 'function' || name === 'list') return method;
      return (...args: unknown[]) =>
        process.call(async () => {
          const luck = random();
          const lost = new TributaryError(away, 'it did not answer');
          if (luck < 0.01) throw lost;
          const answer = await method.apply(target, args);
          if (luck < 0.03) throw lost;
          return answer;
        }, random() < 0.5);
    },
  });
}

interface Caller {
  readonly process: Process;
  readonly random: () => number;
}

function start(world: World, owner: string, caller: Caller): void {
  const { process, random } = caller;
  const parts = world.parts(owner, SETTINGS);
  const own: WorkerParts = {
    ...parts,
    requests: through(parts.requests, caller, 'REQUESTS_AWAY'),
    objects: through(parts.objects, caller, 'OBJECTS_AWAY'),
    announce: (ended) => process.call(() => parts.announce(ended), random() < 0.5),
    // A dead process has no timers, and a paused one does not see time pass.
    clock: { ...parts.clock, sleep: (ms, signal) => process.call(() => parts.clock.sleep(ms, signal), false) },
  };
  void runWorker(own, never);
}

async function disturbed(seed: number): Promise<World> {
  const luck = new Random(seed);
  const random = (): number => luck.next();
  const world = reportWorld();
  const upTo = (count: number): number => Math.floor(random() * count);
  let alive: Process[] = [];
  let started = 0;
  const startOne = (callsLeft: number): void => {
    const process = new Process(callsLeft);
    alive.push(process);
    started += 1;
    start(world, `w${started}`, { process, random });
  };
  for (let kills = 0; kills < KILLS; ) {
    alive = alive.filter(({ isDead }) => !isDead);
    if (alive.length < 2) {
      startOne(upTo(60));
      kills += 1;
    }
    const tenant = TENANTS[upTo(3)] as string;
    const what = random();
    if (what < 0.4)
      await world.ask({ tenant, parameters: { count: String(upTo(12) * 17) }, requestedBy: `u${upTo(3)}` });
    else if (what < 0.45) await cancelOne(world, tenant, random);
    else if (what < 0.55) alive[upTo(alive.length)]?.pause();
    else if (what < 0.75) alive[upTo(alive.length)]?.resume();
    await world.clock.advance(upTo(700));
  }
  for (const process of alive) process.resume();
  startOne(-1);
  await world.clock.advance(120_000);
  // Objects that a worker wrote just before it died are swept a minute later.
  await tend(world.parts('last', SETTINGS), { sweep: true, signal: never });
  return world;
}

async function cancelOne({ requests, clock }: World, tenant: string, random: () => number): Promise<void> {
  const { requests: open } = await requests.list(tenant, { states: ['waiting', 'running'] }, { limit: 100 });
  const one = open[Math.floor(random() * open.length)];
  if (one !== undefined) await requests.cancel(tenant, one.id, clock.now());
}

async function allRequests({ requests }: World): Promise<Request[]> {
  const lists = await Promise.all(TENANTS.map((tenant) => requests.list(tenant, {}, { limit: 1000 })));
  return lists.flatMap((page) => page.requests);
}

for (let seed = 1; seed <= SEEDS; seed += 1) {
  test(`whatever happens to workers, every request ends once and every file is whole (seed ${seed})`, async () => {
    const world = await disturbed(seed);
    const requests = await allRequests(world);
    assert.ok(requests.length > 5, `${requests.length} requests`);
    for (const { id, state, error } of requests) {
      assert.ok(['done', 'cancelled', 'failed'].includes(state), `${id} is ${state}`);
      // A request fails after eight workers died at it: its report seems to be what kills them.
      if (state === 'failed') assert.match(error?.message ?? '', /attempt 8 of 8/);
    }
    const done = requests.filter(({ state }) => state === 'done');
    assert.ok(done.length > requests.length / 2);
    for (const { result, parameters } of done) {
      assert.ok(result);
      const bytes = Buffer.concat(await Array.fromAsync(await world.objects.get(result.object)));
      assert.equal(createHash('sha256').update(bytes).digest('hex'), result.checksum);
      const { count } = JSON.parse(parameters) as { count: number };
      assert.deepEqual([result.rows, bytes.toString().trim().split('\r\n').length], [count, count + 1]);
    }
    const listed = done.flatMap(({ result }) => [result?.object, result?.companion]).sort();
    assert.deepEqual((await world.objectNames()).sort(), listed, 'nothing is left over, and nothing is missing');
    const events = new Map<string, string>();
    for (const ended of world.announced) {
      for (const { id, data } of await endingEvents(ended, { reports: world.reports, linkTo: async () => undefined })) {
        const text = JSON.stringify(data);
        assert.equal(events.get(id) ?? text, text, 'an event that is emitted again is the same');
        events.set(id, text);
      }
    }
    const announced = new Set(world.announced.map(({ request }) => request.id));
    const ended = requests.filter(({ state }) => state !== 'cancelled').map(({ id }) => id);
    assert.deepEqual([...announced].sort(), ended.sort(), 'whoever asked is told');
  });
}
