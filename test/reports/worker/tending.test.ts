import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TributaryError } from '../../../core/errors.ts';
import { scheduleUse } from '../../../reports/requesting/sealing.ts';
import { endingEvents } from '../../../reports/worker/announcing.ts';
import { attempt } from '../../../reports/worker/attempt.ts';
import { tend } from '../../../reports/worker/tending.ts';
import { runWorker } from '../../../reports/worker/worker.ts';
import { objectOf } from '../../../sinks/requests/rules.ts';
import type { NewSchedule } from '../../../sinks/requests/schedule.ts';
import { KEYS, PAGE_MS, reportWorld, type World } from './world.ts';

const never = new AbortController().signal;
const HOUR = 3_600_000;

/** For tests that span days. */
const RARELY = { lookMs: 60_000, tendMs: 60_000 };

/** Runs workers until they are stopped. */
function running(world: World, ...owners: string[]) {
  const stop = new AbortController();
  const settings = owners.length > 1 ? RARELY : {};
  const all = owners.map((owner) => runWorker(world.parts(owner, settings), stop.signal));
  return {
    async stop() {
      stop.abort();
      await world.clock.advance(2000);
      await Promise.all(all);
    },
  };
}

const schedule = (changes: Partial<NewSchedule> = {}): NewSchedule => ({
  id: 'hourly',
  tenant: 'acme',
  report: 'numbers',
  parameters: '{"count":"5"}',
  format: 'csv',
  options: {},
  columns: null,
  protection: { kind: 'none', fingerprint: '' },
  requestedBy: 'ada',
  roles: ['analyst'],
  maxAttempts: 3,
  estimateRows: 5,
  rowLimit: 100,
  cron: '0 * * * *',
  zone: 'UTC',
  catchUp: 'latest',
  enabled: true,
  secret: null,
  ...changes,
});

const requestsOf = async ({ requests }: World, tenant = 'acme') =>
  (await requests.list(tenant, {}, { limit: 100 })).requests;

test('several workers make one file for each due time of a schedule', async () => {
  const world = reportWorld();
  await world.requests.putSchedule(schedule(), world.clock.now());
  const workers = running(world, 'w1', 'w2', 'w3');
  for (let hour = 0; hour < 3; hour += 1) await world.clock.advance(HOUR);
  await world.clock.advance(3 * RARELY.lookMs);
  await workers.stop();
  const made = await requestsOf(world);
  assert.equal(made.length, 3);
  assert.ok(made.every(({ state, attempt }) => state === 'done' && attempt === 1));
  assert.equal(new Set(made.map(({ schedule }) => schedule?.dueAt)).size, 3);
  assert.equal(world.announced.length, new Set(world.announced.map(({ request }) => request.id)).size);
});

test('a schedule of protected files opens its secret for each of them', async () => {
  const world = reportWorld();
  const secret = KEYS.seal(
    JSON.stringify({ kind: 'zip', password: 'correct horse battery staple' }),
    scheduleUse({ tenant: 'acme', id: 'hourly' }),
  );
  await world.requests.putSchedule(schedule({ secret }), world.clock.now());
  const workers = running(world, 'w1', 'w2');
  await world.clock.advance(HOUR + 2 * RARELY.lookMs);
  // Encryption takes real time, whatever the test's clock shows.
  const isOver = async () => (await requestsOf(world)).some(({ state }) => state === 'done' || state === 'failed');
  while (!(await isOver())) await world.clock.advance(100);
  await workers.stop();
  const [request] = await requestsOf(world);
  assert.deepEqual([request?.state, request?.result?.protection], ['done', 'zip']);
});

test('a schedule that can run no more is disabled with the reason, and holds up no other', async () => {
  const world = reportWorld();
  await world.requests.putSchedule(schedule({ id: 'gone', report: 'letters' }), world.clock.now());
  await world.requests.putSchedule(schedule(), world.clock.now());
  const workers = running(world, 'w1', 'w2');
  await world.clock.advance(HOUR + 3 * RARELY.lookMs);
  await workers.stop();
  const [gone] = (await world.requests.schedules('acme')).filter(({ id }) => id === 'gone');
  assert.equal(gone?.enabled, false);
  assert.match(gone?.error?.message ?? '', /no report letters/);
  assert.ok(world.events.some((event) => event.kind === 'disabled' && event.schedule === 'gone'));
  assert.equal((await requestsOf(world)).length, 1);
});

test('everybody who asked gets one event and one notification, and a repeat has the same ids', async () => {
  const world = reportWorld();
  const { id } = await world.ask();
  await world.ask({ requestedBy: 'bob' });
  const workers = running(world, 'w1');
  await world.clock.advance(PAGE_MS * 50);
  await workers.stop();
  const [ended] = world.announced;
  assert.ok(ended);
  const announcing = { reports: world.reports, linkTo: async () => 'https://example.org/file' };
  const events = await endingEvents(ended, announcing);
  assert.deepEqual(
    events.map(({ def, data }) => [def.type, data['userId'] ?? data['recipientId']]),
    [
      ['report.done', 'ada'],
      ['notification.requested', 'ada'],
      ['report.done', 'bob'],
      ['notification.requested', 'bob'],
    ],
  );
  assert.equal(new Set(events.map((event) => event.id)).size, 4);
  assert.deepEqual(
    (await endingEvents(ended, announcing)).map((event) => event.id),
    events.map((event) => event.id),
  );
  const notification = events[1]?.data as Record<string, string>;
  assert.equal(notification['notificationId'], `report/${id}`);
  assert.equal(notification['link'], 'https://example.org/file');
});

test('who is told of a file that has not all rows is told so', async () => {
  const world = reportWorld();
  await world.ask({ rowLimit: 7 });
  const workers = running(world, 'w1');
  await world.clock.advance(PAGE_MS * 50);
  await workers.stop();
  const [ended] = world.announced;
  assert.ok(ended);
  const [done, notification] = await endingEvents(ended, { reports: world.reports, linkTo: async () => undefined });
  assert.deepEqual([done?.data['rows'], done?.data['truncated']], [7, true]);
  assert.match(String(notification?.data['body']), /has 7 rows\. It is not complete: there are more rows/);
});

test('a report that failed for good is announced, and one that is tried again is not', async () => {
  const world = reportWorld();
  await world.ask();
  world.faults.page = new Error('a bug');
  const workers = running(world, 'w1');
  await world.clock.advance(PAGE_MS * 50);
  await workers.stop();
  const [ended] = world.announced;
  assert.ok(ended);
  const [event] = await endingEvents(ended, { reports: world.reports, linkTo: async () => undefined });
  assert.deepEqual([event?.def.type, event?.data['code']], ['report.failed', 'REPORT_FAILED']);
  assert.equal(world.announced.length, 1);
});

test('file and result expire together', async () => {
  const world = reportWorld();
  const { id } = await world.ask();
  const parts = world.parts('w1', { keepMs: HOUR, lookMs: 10_000, tendMs: 10_000 });
  const stop = new AbortController();
  const worker = runWorker(parts, stop.signal);
  await world.clock.advance(PAGE_MS * 50);
  assert.equal((await world.request(id)).state, 'done');
  assert.equal((await world.objectNames()).length, 2);
  await world.clock.advance(HOUR + 20_000);
  stop.abort();
  await world.clock.advance(1000);
  await worker;
  const { state, result } = await world.request(id);
  assert.deepEqual([state, result], ['expired', null]);
  assert.deepEqual(await world.objectNames(), []);
});

test('objects of attempts that ended without a file are swept, and files stay', async () => {
  const world = reportWorld();
  const { id } = await world.ask();
  const workers = running(world, 'w1');
  await world.clock.advance(PAGE_MS * 50);
  await workers.stop();
  await world.objects.put(objectOf(id, 7), Buffer.from('left by a dead worker'));
  await world.objects.put(objectOf('0'.repeat(24), 1), Buffer.from('of a request that is forgotten'));
  await tend(world.parts('w2'), { sweep: true, signal: never });
  assert.deepEqual(await world.objectNames(), [objectOf(id, 1), `${objectOf(id, 1)}.companion`]);
});

test('a worker outlives a store that is away', async () => {
  const world = reportWorld();
  await world.ask();
  const parts = world.parts('w1', RARELY);
  let away = 20;
  const lease: typeof parts.requests.lease = async (...args) => {
    away -= 1;
    if (away > 0) throw new Error('connection refused');
    return parts.requests.lease(...args);
  };
  const stop = new AbortController();
  const worker = runWorker({ ...parts, requests: { ...parts.requests, lease } }, stop.signal);
  await world.clock.advance(HOUR);
  stop.abort();
  await world.clock.advance(1000);
  await worker;
  assert.equal((await requestsOf(world))[0]?.state, 'done');
  assert.ok(world.events.some(({ kind }) => kind === 'waiting'));
});

test('while events cannot be emitted, files expire nevertheless, and the events are emitted later', async () => {
  const world = reportWorld();
  const { id } = await world.ask();
  const parts = world.parts('w1', { keepMs: 2 * PAGE_MS });
  const lease = await world.requests.lease('w1', world.clock.now(), world.clock.now() + HOUR, 1);
  assert.ok(lease);
  const made = attempt(lease, parts, never);
  await world.clock.advance(PAGE_MS * 10);
  await made;
  let isAway = true;
  const announce: typeof parts.announce = async (ended) => {
    if (isAway) throw new TributaryError('LOG_AWAY', 'it did not answer');
    await parts.announce(ended);
  };
  const other = await world.ask({ parameters: { count: '1' } });
  await world.requests.cancel('acme', other.id, world.clock.now());
  await assert.rejects(tend({ ...parts, announce }, { sweep: false, signal: never }), { code: 'LOG_AWAY' });
  assert.equal((await world.request(id)).state, 'expired');
  assert.deepEqual(await world.objectNames(), []);
  isAway = false;
  await tend({ ...parts, announce }, { sweep: false, signal: never });
});
