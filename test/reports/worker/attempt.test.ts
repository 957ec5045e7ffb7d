import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Decrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { TributaryError } from '../../../core/errors.ts';
import { attempt, type Outcome } from '../../../reports/worker/attempt.ts';
import { tend } from '../../../reports/worker/tending.ts';
import type { LeasedRequest, Request } from '../../../sinks/requests/port.ts';
import { objectOf } from '../../../sinks/requests/rules.ts';
import { asking, PAGE_MS, reportWorld, T0, type World } from './world.ts';

const LEASE_MS = 2000;
const never = new AbortController().signal;

async function leased({ requests, clock }: World, owner: string): Promise<LeasedRequest> {
  const request = await requests.lease(owner, clock.now(), clock.now() + LEASE_MS, 10);
  assert.ok(request, 'there is a request to lease');
  return request;
}

/** Starts an attempt. `outcome` settles when it ends. */
async function begun(world: World, owner = 'w1', stop: AbortSignal = never) {
  const request = await leased(world, owner);
  const parts = world.parts(owner, { leaseMs: LEASE_MS, renewMs: 500, backOffMs: [1000, 60_000] });
  return { request, outcome: attempt(request, parts, stop) };
}

async function read({ objects }: World, name: string): Promise<string> {
  return Buffer.concat(await Array.fromAsync(await objects.get(name))).toString();
}

test('a request becomes a file, and says what the file is', async () => {
  const world = reportWorld();
  const { id } = await world.ask();
  const { outcome } = await begun(world);
  await world.clock.advance(10 * PAGE_MS);
  assert.equal((await outcome).kind, 'done');
  const { state, result, secret } = (await world.request(id)) as Request & { secret?: string };
  assert.equal(state, 'done');
  assert.equal(secret, undefined);
  const file = await read(world, objectOf(id, 1));
  assert.equal(file, `Number\r\n${Array.from({ length: 25 }, (_, n) => `${n}\r\n`).join('')}`);
  assert.equal(result?.checksum, createHash('sha256').update(file).digest('hex'));
  assert.deepEqual([result?.rows, result?.bytes, result?.truncated], [25, Buffer.byteLength(file), false]);
  assert.equal(result?.asOf, T0);
  const about = JSON.parse(await read(world, result?.companion ?? '')) as Record<string, unknown>;
  assert.deepEqual(
    [about['report'], about['rows'], about['parameters']],
    ['numbers', 25, [{ name: 'count', value: 25 }]],
  );
});

test('a file that is cut says so, in the file and on its request', async () => {
  const world = reportWorld();
  const { id } = await world.ask({ rowLimit: 7 });
  const { outcome } = await begun(world);
  await world.clock.advance(10 * PAGE_MS);
  await outcome;
  const { result } = await world.request(id);
  assert.deepEqual([result?.rows, result?.truncated], [7, true]);
  assert.match(await read(world, objectOf(id, 1)), /6\r\n.*more rows.*7/s);
});

test('an archive has no companion, and nothing of its rows can be read in it', async () => {
  const world = reportWorld();
  const protection = { kind: 'zip', password: 'correct horse battery staple' };
  const { id } = await world.ask({ protection });
  const { request, outcome } = await begun(world);
  assert.ok(!JSON.stringify(request).includes('battery'), 'the password is sealed');
  await world.clock.advance(10 * PAGE_MS);
  assert.equal((await outcome).kind, 'done');
  const { result } = await world.request(id);
  assert.deepEqual([result?.companion, result?.protection], [null, 'zip']);
  assert.doesNotMatch(await read(world, objectOf(id, 1)), /Number\r\n0\r\n1/);
  assert.deepEqual(await world.objectNames(), [objectOf(id, 1)]);
});

test('what describes a file for a recipient of age is for the same recipient alone', async () => {
  const world = reportWorld();
  const identity = await generateIdentity();
  const protection = { kind: 'age', recipients: [await identityToRecipient(identity)] };
  const { id } = await world.ask({ protection });
  const { outcome } = await begun(world);
  let isOver = false;
  void outcome.finally(() => {
    isOver = true;
  });
  // Encryption runs in threads, which do not follow the test's clock.
  while (!isOver) await world.clock.advance(PAGE_MS);
  assert.equal((await outcome).kind, 'done');
  const { result } = await world.request(id);
  const bytes = Buffer.concat(await Array.fromAsync(await world.objects.get(result?.companion ?? '')));
  assert.ok(!bytes.includes('numbers'));
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const about = JSON.parse(await decrypter.decrypt(bytes, 'text')) as Record<string, unknown>;
  assert.deepEqual([about['report'], about['rows'], about['truncated']], ['numbers', 25, false]);
});

test('the progress of a running report is on its request', async () => {
  const world = reportWorld();
  const { id } = await world.ask({ parameters: { count: '1000' } });
  const { outcome } = await begun(world);
  await world.clock.advance(PAGE_MS * 20);
  const { progress, state } = await world.request(id);
  assert.equal(state, 'running');
  assert.ok(progress >= 100 && progress <= 200, `${progress} rows so far`);
  await world.clock.advance(PAGE_MS * 100);
  assert.equal((await outcome).kind, 'done');
});

test('a cancelled report ends within a second, and leaves no object', async () => {
  const world = reportWorld();
  const { id } = await world.ask({ parameters: { count: '1000' } });
  const { outcome } = await begun(world);
  await world.clock.advance(PAGE_MS * 3);
  assert.equal(await world.requests.cancel('acme', id, world.clock.now()), true);
  let ended: Outcome | undefined;
  void outcome.then((value) => {
    ended = value;
  });
  await world.clock.advance(1000);
  assert.equal(ended?.kind, 'cancelled');
  assert.equal((await world.request(id)).state, 'cancelled');
  assert.deepEqual(await world.objectNames(), []);
});

test('a worker that is paused past its lease does not disturb the one that has the request by then', async () => {
  const world = reportWorld();
  const { id } = await world.ask();
  const paused = await leased(world, 'slow');
  await world.clock.advance(LEASE_MS + 1);
  const { outcome } = await begun(world, 'quick');
  // The slow worker wakes up with its old lease.
  const late = attempt(paused, world.parts('slow', { leaseMs: LEASE_MS, renewMs: 500 }), never);
  await world.clock.advance(20 * PAGE_MS);
  assert.equal((await late).kind, 'lost');
  assert.equal((await outcome).kind, 'done');
  const { result, attempt: number } = await world.request(id);
  assert.deepEqual([number, result?.object], [2, objectOf(id, 2)]);
  assert.deepEqual(await world.objectNames(), [objectOf(id, 2), `${objectOf(id, 2)}.companion`]);
});

test('after an error that passes, another attempt begins a little later', async () => {
  const world = reportWorld();
  const { id } = await world.ask();
  world.faults.page = new TributaryError('TABLES_AWAY', 'the tables did not answer');
  const { outcome } = await begun(world);
  await world.clock.advance(PAGE_MS * 2);
  assert.equal((await outcome).kind, 'failed');
  const { state, error, notBefore } = await world.request(id);
  assert.deepEqual([state, error?.code], ['waiting', 'TABLES_AWAY']);
  assert.ok(notBefore > world.clock.now(), 'it waits');
  assert.deepEqual(await world.objectNames(), []);
  await world.clock.advance(2000);
  const second = await begun(world);
  await world.clock.advance(10 * PAGE_MS);
  assert.equal((await second.outcome).kind, 'done');
  assert.equal((await world.request(id)).error, null);
});

for (const { what, thrown, code, message } of [
  {
    what: 'an error that stays',
    thrown: new TributaryError('QUERY_INVALID', 'there is no column x'),
    code: 'QUERY_INVALID',
    message: /no column x/,
  },
  {
    what: 'a bug',
    thrown: new TypeError('x is undefined\n  secret rows'),
    code: 'REPORT_FAILED',
    message: /x is undefined$/,
  },
]) {
  test(`${what} fails the request at once, with its code and what to do`, async () => {
    const world = reportWorld();
    const { id } = await world.ask();
    world.faults.page = thrown;
    const { outcome } = await begun(world);
    await world.clock.advance(PAGE_MS * 2);
    await outcome;
    const { state, error } = await world.request(id);
    assert.deepEqual([state, error?.code], ['failed', code]);
    assert.match(error?.message ?? '', message);
    assert.deepEqual(await world.objectNames(), []);
    // Asking again runs the report again.
    assert.notEqual((await world.ask()).id, id);
  });
}

test('a worker that is stopped leaves its report to another one at once', async () => {
  const world = reportWorld();
  const { id } = await world.ask({ parameters: { count: '1000' } });
  const stop = new AbortController();
  const { outcome } = await begun(world, 'w1', stop.signal);
  await world.clock.advance(PAGE_MS * 3);
  stop.abort();
  await world.clock.advance(PAGE_MS * 2);
  assert.equal((await outcome).kind, 'stopped');
  assert.equal((await world.request(id)).state, 'waiting');
  assert.equal((await leased(world, 'w2')).id, id);
});

test('workers that are stopped use up none of the attempts of a report', async () => {
  const world = reportWorld();
  const { id } = await world.ask({ parameters: { count: '1000' } });
  const { maxAttempts } = await world.request(id);
  for (let round = 0; round < maxAttempts + 1; round += 1) {
    const stop = new AbortController();
    const { outcome } = await begun(world, `w${round}`, stop.signal);
    await world.clock.advance(PAGE_MS);
    stop.abort();
    await world.clock.advance(PAGE_MS * 2);
    await outcome;
  }
  const { state, error } = await world.request(id);
  assert.deepEqual([state, error], ['waiting', null]);
});

test('while the requests are away, an attempt goes on as long as its lease may hold', async () => {
  const world = reportWorld();
  const { id } = await world.ask({ parameters: { count: '300' } });
  const request = await leased(world, 'w1');
  let isAway = true;
  const parts = world.parts('w1', { leaseMs: LEASE_MS, renewMs: 500 });
  const away = async (): Promise<never> => {
    throw new TributaryError('REQUESTS_AWAY', 'they did not answer');
  };
  const requests = {
    ...parts.requests,
    renew: (...args: Parameters<typeof parts.requests.renew>) => (isAway ? away() : parts.requests.renew(...args)),
  };
  const outcome = attempt(request, { ...parts, requests }, never);
  await world.clock.advance(1200);
  isAway = false;
  await world.clock.advance(4000);
  assert.equal((await outcome).kind, 'done');
  assert.equal((await world.request(id)).state, 'done');
});

test('an attempt that cannot renew its lease gives up when it has run out', async () => {
  const world = reportWorld();
  await world.ask({ parameters: { count: '1000' } });
  const request = await leased(world, 'w1');
  const parts = world.parts('w1', { leaseMs: LEASE_MS, renewMs: 500 });
  const requests = {
    ...parts.requests,
    renew: async () => {
      throw new TributaryError('REQUESTS_AWAY', 'they did not answer');
    },
  };
  const outcome = attempt(request, { ...parts, requests }, never);
  await world.clock.advance(LEASE_MS + 1000);
  assert.equal((await outcome).kind, 'lost');
  assert.deepEqual(await world.objectNames(), []);
});

for (const { what, happens, state } of [
  { what: 'happened', happens: true, state: 'done' },
  { what: 'did not happen', happens: false, state: 'running' },
] as const) {
  test(`a file stays while it is not known whether it became that of its request, which ${what}`, async () => {
    const world = reportWorld();
    const { id } = await world.ask();
    const request = await leased(world, 'w1');
    const parts = world.parts('w1', { leaseMs: LEASE_MS, renewMs: 500 });
    const finish: typeof parts.requests.finish = async (...args) => {
      if (happens) await parts.requests.finish(...args);
      throw new TributaryError('REQUESTS_AWAY', 'they did not answer');
    };
    const outcome = attempt(request, { ...parts, requests: { ...parts.requests, finish } }, never);
    outcome.catch(() => {});
    await world.clock.advance(LEASE_MS + 2000);
    await assert.rejects(outcome, { code: 'REQUESTS_AWAY' });
    assert.equal((await world.request(id)).state, state);
    assert.equal((await world.objectNames()).length, 2);
    if (!happens) {
      const second = await begun(world, 'w2');
      await world.clock.advance(10 * PAGE_MS);
      assert.equal((await second.outcome).kind, 'done');
    }
    await tend(world.parts('w3'), { sweep: true, signal: never });
    const { result } = await world.request(id);
    assert.deepEqual(await world.objectNames(), [result?.object, result?.companion]);
  });
}

test('what is asked for has one id for all who ask, whatever order they name it in', async () => {
  const world = reportWorld();
  const first = await world.ask({ options: { zone: 'Asia/Kolkata', bom: 'true' } });
  const second = await world.ask({ options: { bom: 'true', zone: 'Asia/Kolkata' }, requestedBy: 'bob' });
  assert.equal(second.id, first.id);
  assert.deepEqual(
    (await world.requests.askers('acme', first.id)).map(({ user }) => user),
    ['ada', 'bob'],
  );
  assert.notEqual((await world.ask({ tenant: 'umbrella' })).id, first.id);
  assert.equal(asking().tenant, 'acme');
});
