/** Events that callers produce over HTTP, read back from the log. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../../app/config/config.ts';
import { enrolled } from '../../../schemas/enrollment.ts';
import { enrollmentEvents } from '../../../topics/index.ts';
import { type Asked, call, keyOf, requestOf, routeNamed, service, urlOf } from './harness.ts';

const STRUCTURED = { 'content-type': 'application/cloudevents+json' };
const BATCH = { 'content-type': 'application/cloudevents-batch+json' };
const ROUTE = 'produce_enrollment_events';

const producer = keyOf({ name: 'lms', roles: ['producer'], scopes: ['events:write'] });
const analyst = keyOf({ name: 'analyst', roles: ['analyst'] });
const reader = keyOf({ name: 'reader', roles: ['producer'], scopes: ['reports:read'] });

const event = (id: string, more: Readonly<Record<string, unknown>> = {}) => ({
  specversion: '1.0',
  id,
  source: '/lms',
  type: enrolled.type,
  time: '2026-02-01T10:00:00Z',
  data: enrolled.example,
  ...more,
});

async function ingest(t: TestContext) {
  const { address, wired, log } = await service(t, { keys: [producer.key, analyst.key, reader.key] });
  const { transport, codec } = wired.stores;
  const wanted = new Map([[enrolled.type, enrolled]]);
  return {
    post: (asked: Asked) => call(address, ROUTE, { as: producer.text, ...asked }),
    address,
    log,
    /** The events of the topic, as a job reads them. */
    async events() {
      const [info] = await transport.describe([enrollmentEvents.name]);
      const found = [];
      for (const { partition } of info?.partitions ?? []) {
        for (const record of await transport.read(enrollmentEvents.name, partition, 0, 5000)) {
          const decoded = codec.decode(enrollmentEvents, record, wanted);
          assert.equal(decoded.kind, 'event');
          if (decoded.kind === 'event') found.push({ ...decoded.event, partition, offset: record.offset });
        }
      }
      return found;
    },
  };
}

test('an event in the structured form is in the log, of the tenant of its caller, where the answer says', async (t) => {
  const { post, events, log } = await ingest(t);
  const { status, json } = await post({
    headers: STRUCTURED,
    body: event('1', { data: { ...enrolled.example, colour: 1 } }),
  });
  assert.equal(status, 200);
  const [found] = await events();
  assert.deepEqual([found?.id, found?.source, found?.tenant, found?.type], ['1', '/lms', 'acme', enrolled.type]);
  assert.equal(found?.time, Date.UTC(2026, 1, 1, 10));
  const [accepted] = json.events;
  assert.deepEqual(accepted.records, [{ partition: found?.partition, offset: found?.offset }]);
  assert.match(accepted.leftOut[0], /^data\.colour was left out/);
  const line = log().find((each) => each['audit'] === 'produce');
  assert.deepEqual([line?.['user'], line?.['topic'], line?.['events']], ['key:lms', enrollmentEvents.name, 1]);
});

test('an event in binary mode has its attributes in headers, with percent signs for what these do not have', async (t) => {
  const { post, events } = await ingest(t);
  const headers = {
    'ce-specversion': '1.0',
    'ce-id': 'a%20%C3%BC',
    'ce-source': '/lms',
    'ce-type': enrolled.type,
    'ce-time': '2026-02-01T10:00:00Z',
  };
  assert.equal((await post({ headers, body: enrolled.example })).status, 200);
  const [found] = await events();
  assert.deepEqual([found?.id, found?.time], ['a ü', Date.UTC(2026, 1, 1, 10)]);
  const broken = await post({ headers: { ...headers, 'ce-id': '100%' }, body: enrolled.example });
  assert.deepEqual([broken.status, broken.json.problems[0].field], [400, 'ce-id']);
  const bare = await post({ body: enrolled.example });
  assert.deepEqual([bare.status, bare.json.problems[0].field], [400, 'specversion']);
});

test('a batch is answered event by event, in its order', async (t) => {
  const { post, events } = await ingest(t);
  const ids = Array.from({ length: 40 }, (_, i) => `e${i}`);
  const body = ids.map((id, i) => event(id, { data: { ...enrolled.example, userId: `u${i}` } }));
  const { status, json } = await post({ headers: BATCH, body });
  assert.equal(status, 200);
  const places = new Map((await events()).map(({ id, partition, offset }) => [id, [{ partition, offset }]]));
  assert.deepEqual(
    json.events.map(({ id, records }: { id: string; records: unknown }) => [id, records]),
    ids.map((id) => [id, places.get(id)]),
  );
  assert.deepEqual((await post({ headers: BATCH, body: [] })).json.events, []);
});

test('nothing of a batch is accepted if anything is wrong, and each mistake has its place', async (t) => {
  const { post, events } = await ingest(t);
  const { userId: _, ...headless } = enrolled.example;
  const body = [
    event('right'),
    event('type', { type: 'enrollment.enroled' }),
    event('data', { data: headless }),
    event('tenant', { tenant: 'umbrella' }),
    event('origin', { origin: 'x' }),
    event('timer', { type: 'timer.fired' }),
    'text',
    event('', {}),
    event('time', { time: 'yesterday' }),
    { ...event('version'), specversion: undefined },
    event('mine', { tenant: 'acme' }),
  ];
  const { status, json } = await post({ headers: BATCH, body });
  assert.equal(status, 400);
  assert.match(json.detail, /^9 of 11 events are wrong, and nothing was/);
  const places = json.problems.map(({ field }: { field: string }) => field);
  assert.deepEqual(places, [
    '1.type',
    '2.data.userId',
    '3.tenant',
    '4.origin',
    '5.type',
    '6',
    '7',
    '8',
    '9.specversion',
  ]);
  assert.match(json.problems[0].message, /did you mean enrollment\.enrolled/);
  assert.deepEqual(await events(), []);
});

test('who produces needs the scope and the role', async (t) => {
  const { post, events } = await ingest(t);
  for (const as of [analyst.text, reader.text]) {
    const { status, json } = await post({ as, headers: STRUCTURED, body: event('1') });
    assert.deepEqual([status, json.code], [403, 'NOT_ALLOWED']);
  }
  assert.deepEqual(await events(), []);
});

test('bodies, batches and types have bounds', async (t) => {
  const { post, address, events } = await ingest(t);
  const many = Array.from({ length: 1001 }, (_, i) => event(`e${i}`, { data: {} }));
  const counted = await post({ headers: BATCH, body: many });
  assert.equal(counted.status, 400);
  assert.match(counted.json.problems[0].message, /1000 at most/);
  const large = event('large', { data: { ...enrolled.example, pad: 'x'.repeat(1_100_000) } });
  assert.equal((await post({ headers: STRUCTURED, body: large })).status, 413);
  const almost = event('almost', { data: { ...enrolled.example, pad: 'x'.repeat(900_000) } });
  assert.equal((await post({ headers: STRUCTURED, body: almost })).status, 200);
  assert.equal((await post({ headers: BATCH, body: event('1') })).status, 400);
  assert.equal((await post({ headers: { 'content-type': 'application/avro' }, body: {} })).status, 415);
  const other = routeNamed('request_lag');
  const elsewhere = requestOf(other, { as: analyst.text, body: {}, headers: STRUCTURED });
  assert.equal((await fetch(address + urlOf(other, {}), elsewhere)).status, 415, 'other routes take JSON alone');
  assert.equal((await events()).length, 1);
});

test('whoever uses the machine may produce by default', () => {
  const { config } = loadConfig({ flags: {}, env: {}, folder: '/nowhere' });
  assert.ok(config.serveRoles.split(',').includes('producer'));
});

test('the call that the page of events shows is accepted', async (t) => {
  const { address, wired } = await service(t, {});
  const page = readFileSync(join(import.meta.dirname, '../../../docs/events.md'), 'utf8');
  const [, path = '', type = '', body = ''] =
    /curl -X POST http:\/\/127\.0\.0\.1:8080(\S+) \\\n {2}-H 'content-type: (.+)' \\\n {2}-d '(.+)'\n/.exec(page) ?? [];
  const response = await fetch(address + path, { method: 'POST', headers: { 'content-type': type }, body });
  assert.equal(response.status, 200, await response.text());
  const [info] = await wired.stores.transport.describe([enrollmentEvents.name]);
  assert.equal(info?.partitions.filter(({ begin, end }) => end - begin === 1).length, 1);
});
