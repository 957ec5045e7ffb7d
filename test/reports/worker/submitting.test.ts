import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { TributaryError } from '../../../core/errors.ts';
import { DEAD_LETTER } from '../../../jobs/runtime/dead-letter.ts';
import type { TelemetryEvent } from '../../../jobs/runtime/telemetry.ts';
import { plan } from '../../../reports/requesting/asking.ts';
import { endingEvents, type OwnEvent } from '../../../reports/worker/announcing.ts';
import { ownerOfSubmitting } from '../../../reports/worker/submitting.ts';
import { reportRefused, reportRequested } from '../../../schemas/report.ts';
import type { Request } from '../../../sinks/requests/port.ts';
import { given, recordsOf } from '../../../testing/produce.ts';
import { ManualClock, memoryStores, testRuntime } from '../../../testing/stores.ts';
import { deadLetterTopic } from '../../../topics/define.ts';
import { reportEvents, reportRequests } from '../../../topics/index.ts';
import { KEYS, reportWorld, T0 } from './world.ts';

const announcing = { reports: reportWorld().reports, linkTo: async () => undefined };

/** The topic of requests with one partition, and owners of that partition. */
async function submitting(t: TestContext) {
  const world = reportWorld();
  const stores = await memoryStores([], { partitions: 1, topics: [reportRequests, reportEvents] });
  t.after(() => stores.close());
  const clock = new ManualClock(T0);
  const faults: { ask?: Error | undefined; commit?: boolean } = {};
  const asked: string[] = [];
  const reported: TelemetryEvent[] = [];
  const runtime = testRuntime(stores, { clock, telemetry: { tell: (event) => reported.push(event) } });
  const parts = {
    work: { name: 'submit-reports', from: reportRequests },
    runtime,
    async ask(ask: Parameters<typeof plan>[0]) {
      const fault = faults.ask;
      faults.ask = undefined;
      if (fault !== undefined) throw fault;
      const now = clock.now();
      const { request } = await world.requests.ask(plan(ask, { reports: world.reports, keys: KEYS, now }).request, now);
      asked.push(request.id);
      return request;
    },
    eventsFor: (request: Request, user: string) => endingEvents({ request, askers: [{ user, at: 0 }] }, announcing),
    encode: async (events: readonly OwnEvent[]) =>
      events.flatMap(({ def, data, id, time, tenant }) =>
        def.type.startsWith('notification')
          ? []
          : recordsOf(stores.codec, { topic: reportEvents, def, data, id, time, tenant }, 1),
      ),
  };
  const membership = await stores.transport.join('submit-reports', reportRequests.name, {
    assigned() {},
    async revoked() {},
  });
  const newOwner = () => ownerOfSubmitting(parts, 0, membership);
  return {
    world,
    stores,
    clock,
    faults,
    asked,
    reported,
    newOwner,
    async produce(data: Partial<Parameters<typeof given<typeof reportRequested>>[2]>, id = 'ask-1') {
      const whole = { userId: 'ada', report: 'numbers', parameters: { count: '3' }, ...data } as never;
      const event = given(reportRequests, reportRequested, whole, { id, time: clock.now(), tenant: 'acme' });
      await stores.transport.produce(recordsOf(stores.codec, event, 1));
    },
    /** The type and the user of each emitted event. */
    async emitted() {
      const records = await stores.transport.read(reportEvents.name, 0, 0, 100);
      return records.map(({ headers, key }) => `${headers['ce_type']} ${Buffer.from(key ?? []).toString()}`);
    },
    async refusals() {
      const records = await stores.transport.read(reportEvents.name, 0, 0, 100);
      const wanted = new Map([[reportRefused.type, reportRefused]]);
      await stores.codec.learn(records, wanted);
      return records.flatMap((record) => {
        const decoded = stores.codec.decode(reportEvents, record, wanted);
        return decoded.kind === 'event' ? [decoded.event.data as Record<string, string>] : [];
      });
    },
    committed: async () => (await stores.transport.committed('submit-reports', reportRequests.name))[0]?.offset,
    requests: async () => (await world.requests.list('acme', {}, { limit: 100 })).requests,
  };
}

test('an event becomes a request of its user and tenant', async (t) => {
  const { produce, newOwner, requests, committed } = await submitting(t);
  await produce({ recipients: [], columns: ['n'], rowLimit: 2 });
  await newOwner().turn(0);
  const [request] = await requests();
  assert.deepEqual(
    [request?.requestedBy, request?.report, request?.format, request?.columns, request?.rowLimit],
    ['ada', 'numbers', 'xlsx', ['n'], 2],
  );
  assert.equal(await committed(), 1);
});

test('what is refused is answered by an event, and the next record goes on', async (t) => {
  const { produce, newOwner, requests, refusals } = await submitting(t);
  await produce({ parameters: { count: 'many' } }, 'wrong');
  await produce({ roles: [] }, 'not-allowed');
  await produce({}, 'right');
  await newOwner().turn(0);
  assert.equal((await requests()).length, 1);
  assert.deepEqual(
    (await refusals()).map(({ userId, eventId, code }) => [userId, eventId, code]),
    [
      ['ada', 'wrong', 'USAGE'],
      ['ada', 'not-allowed', 'NOT_ALLOWED'],
    ],
  );
  assert.match((await refusals())[0]?.['message'] ?? '', /count must be a whole number/);
});

test('a record that is no event becomes a dead letter', async (t) => {
  const { produce, stores, newOwner, requests } = await submitting(t);
  const nonsense = { topic: reportRequests.name, partition: 0, key: null, value: Buffer.from('x'), headers: {} };
  await stores.transport.produce([{ ...nonsense, timestamp: T0 }]);
  await produce({});
  await newOwner().turn(0);
  const [letter] = await stores.transport.read(deadLetterTopic(reportRequests.name), 0, 0, 10);
  assert.equal(letter?.headers[DEAD_LETTER.job], 'submit-reports');
  assert.equal((await requests()).length, 1);
});

test('events ahead of their record, and those with unknown fields, are asked for and counted', async (t) => {
  const { stores, newOwner, requests, reported } = await submitting(t);
  const produce = async (id: string, more: object, time: number) => {
    const data = { userId: 'ada', report: 'numbers', parameters: { count: '3' }, ...more };
    const event = { topic: reportRequests, def: reportRequested, data, id, time, tenant: 'acme', json: true } as const;
    const records = recordsOf(stores.codec, event, 1);
    await stores.transport.produce(records.map((record) => ({ ...record, timestamp: T0 })));
  };
  await produce('ahead', {}, Date.UTC(2099, 0));
  await produce('unknown', { colr: 'red' }, T0);
  await newOwner().turn(0);
  assert.equal((await requests()).length, 1, 'both ask for the same file');
  const batch = reported.find((event) => event.kind === 'batch');
  assert.deepEqual(batch?.odd, { 'time-ahead': 1, 'unknown-fields': 1, 'unfit-fields': 0 });
});

test('requests that are away are waited for', async (t) => {
  const { produce, newOwner, faults, requests, committed } = await submitting(t);
  await produce({});
  faults.ask = new TributaryError('REQUESTS_AWAY', 'they did not answer');
  const owner = newOwner();
  await assert.rejects(owner.turn(0), { code: 'REQUESTS_AWAY' });
  assert.equal(await committed(), undefined);
  await owner.turn(0);
  assert.equal((await requests()).length, 1);
});

test('a record that is read again after its file is done makes no second one', async (t) => {
  const { produce, newOwner, world, clock, requests, stores, emitted } = await submitting(t);
  await produce({ freshMs: 0 });
  await newOwner().turn(0);
  const leased = await world.requests.lease('w1', T0, T0 + 1000, 10);
  assert.ok(leased);
  const { id, attempt } = leased;
  clock.advance(500);
  const result = {
    object: `reports/${id}/${attempt}`,
    companion: null,
    rows: 3,
    bytes: 1,
    checksum: '',
    truncated: false,
    definitionVersion: '1',
    columnsVersion: '1',
    protection: 'none' as const,
    positions: {},
    asOf: T0,
    expiresAt: T0 + 1_000_000,
  };
  await world.requests.finish({ id, owner: 'w1', attempt }, T0 + 500, result);
  // As if the owner had died before its commit.
  await stores.transport.seek('submit-reports', reportRequests.name, { partition: 0, offset: 0 });
  clock.advance(60_000);
  await newOwner().turn(0);
  assert.equal((await requests()).length, 1, 'the record asks for what was made after it');
  assert.deepEqual(await emitted(), ['report.done ada'], 'who joins what is done is told at once');
  // The same report is asked for again.
  await produce({ freshMs: 0 }, 'ask-2');
  await newOwner().turn(0);
  assert.equal((await requests()).length, 2);
});
