/** What holds for every call, on any route. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { serverOf } from '../../../app/service/server.ts';
import { TributaryError } from '../../../core/errors.ts';
import { systemClock } from '../../../jobs/runtime/clock.ts';
import { SCOPES } from '../../../reports/rights.ts';
import type { Route, Service } from '../../../reports/service/route.ts';
import { problemShape } from '../../../reports/service/shapes.ts';
import { freePort } from '../../cli/free-port.ts';
import { running, temporaryFolder } from '../../cli/harness.ts';
import { call, keyOf, ROUTES, requestOf, routeNamed, service, urlOf } from './harness.ts';

const operator = keyOf({ name: 'ops', roles: ['operator'] });
const other = keyOf({ name: 'other', roles: ['operator'] });
const keys = [operator.key, other.key];
const as = operator.text;

test('the OpenAPI document is valid, has every route, and is the one that is committed', async (t) => {
  const { address } = await service(t, { keys });
  const response = await fetch(`${address}/v1/openapi.json`);
  const served = (await response.json()) as {
    paths: Record<string, Record<string, { operationId: string; tags: string[] }>>;
  };
  const committed = JSON.parse(readFileSync(join(import.meta.dirname, '../../../docs/openapi.json'), 'utf8'));
  assert.deepEqual(served, committed);
  const { valid, errors } = await new Validator().validate(structuredClone(committed));
  assert.deepEqual(errors, undefined);
  assert.ok(valid);
  const operations = Object.values(served.paths).flatMap((path) => Object.values(path));
  const ids = operations.map(({ operationId }) => operationId);
  assert.equal(new Set(ids).size, ROUTES.length);
  // Generators make files, classes and functions from these names and groups.
  for (const { operationId, tags } of operations) {
    assert.match(operationId, /^[a-z][A-Za-z0-9]*$/);
    assert.equal(tags.length, 1, operationId);
  }
});

test('every answer has the headers of a service that no page is made of', async (t) => {
  const { address } = await service(t, { keys });
  for (const path of ['/v1/reports', '/elsewhere', '/v1/openapi.json']) {
    const { headers } = await fetch(address + path);
    assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'/);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
  }
});

test('what is no call is answered by a problem', async (t) => {
  const { address } = await service(t, { keys });
  const url = `${address}/v1/reports/lag/requests`;
  const authorization = `Bearer ${as}`;
  const json = { authorization, 'content-type': 'application/json' };
  const cases: [status: number, url: string, init: RequestInit][] = [
    [404, `${address}/elsewhere`, {}],
    [404, `${address}/`, { method: 'POST' }],
    [404, `${address}/page/x/../index.html`, {}],
    [404, `${address}/page/x/..%2findex.html`, {}],
    [404, `${address}/objects/..%2f..%2fetc/passwd?expires=9&signature=x`, {}],
    [400, url, { method: 'POST', headers: json, body: '{' }],
    [400, url, { method: 'POST', headers: json, body: '[]' }],
    [400, url, { method: 'POST', headers: json, body: '{"__proto__":{"a":1}}' }],
    [415, url, { method: 'POST', headers: { authorization, 'content-type': 'text/plain' }, body: '{}' }],
    [413, url, { method: 'POST', headers: json, body: JSON.stringify({ format: 'x'.repeat(300_000) }) }],
    [400, `${address}/v1/requests?limit=1&limit=2`, { headers: { authorization } }],
    [400, `${address}/v1/requests?colour=red`, { headers: { authorization } }],
    [400, `${address}/v1/requests/%00`, { headers: { authorization } }],
    [400, `${address}/v1/requests/${'%F0%97%AE%AB'.repeat(500)}`, { headers: { authorization } }],
  ];
  for (const [status, at, init] of cases) {
    const response = await fetch(at, init);
    const text = await response.text();
    assert.equal(response.status, status, `${at} ${text}`);
    assert.equal(problemShape.parse(JSON.parse(text)).status, status);
  }
});

test('a caller who calls too often is told when to come again, and others are not', async (t) => {
  const { address } = await service(t, { keys, flags: { serveRate: '3' } });
  const statuses: number[] = [];
  for (let i = 0; i < 4; i += 1) statuses.push((await call(address, 'listSchedules', { as })).status);
  assert.deepEqual(statuses, [200, 200, 200, 429]);
  const refused = await call(address, 'listSchedules', { as });
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.equal((await call(address, 'listSchedules', { as: other.text })).status, 200);
  // Calls with an unknown key are counted, too.
  const guesses: number[] = [];
  for (let i = 0; i < 4; i += 1)
    guesses.push((await call(address, 'listSchedules', { as: keyOf({ name: 'x' }).text })).status);
  assert.deepEqual(guesses, [401, 401, 401, 429]);
});

test('a caller follows at most twenty requests at once', async (t) => {
  const { address } = await service(t, { keys });
  const { json } = await call(address, 'request_lag', { as, body: {} });
  const route = routeNamed('followRequest');
  const asked = { path: { request: json.id }, as };
  const stop = new AbortController();
  const open = () => fetch(address + urlOf(route, asked), { ...requestOf(route, asked), signal: stop.signal });
  for (let i = 0; i < 20; i += 1) assert.equal((await open()).status, 200);
  assert.equal((await call(address, 'followRequest', asked)).status, 429);
  stop.abort();
});

test('calls are counted by route and status', async (t) => {
  const { address, registry } = await service(t, { keys });
  await call(address, 'listReports', { as });
  await call(address, 'listReports', {});
  await fetch(`${address}/elsewhere`);
  const text = await registry.metrics();
  assert.match(text, /tributary_service_calls_total\{route="listReports",status="200"\} 1/);
  assert.match(text, /tributary_service_calls_total\{route="listReports",status="401"\} 1/);
  assert.match(text, /tributary_service_calls_total\{route="none",status="404"\} 1/);
});

test('HEAD is answered as GET is, without the body; and no stream is begun for it', async (t) => {
  const { address } = await service(t, { keys });
  const headers = { authorization: `Bearer ${as}` };
  for (const path of ['/v1/reports', '/v1/openapi.json', '/v1/requests/none']) {
    const got = await fetch(address + path, { headers });
    const head = await fetch(address + path, { headers, method: 'HEAD' });
    const described = ({ status, headers }: Response) => [status, headers.get('content-type'), headers.get('etag')];
    assert.deepEqual(described(head), described(got), path);
    assert.equal(Number(head.headers.get('content-length')), (await got.arrayBuffer()).byteLength);
    assert.equal(await head.text(), '');
  }
  const follow = await fetch(`${address}/v1/requests/none/events`, { headers, method: 'HEAD' });
  assert.deepEqual([follow.status, follow.headers.get('allow')], [405, 'GET']);
});

test('a method that an address does not have is answered with those that it has', async (t) => {
  const { address } = await service(t, { keys });
  const cases: [method: string, path: string, allow: string][] = [
    ['DELETE', '/v1/reports', 'GET, HEAD'],
    ['GET', '/v1/reports/lag/requests', 'POST'],
    ['PATCH', '/v1/schedules/a%2Fb?x=1', 'GET, HEAD, PUT, DELETE'],
    ['POST', '/objects/reports/a/1', 'GET, HEAD'],
    ['PUT', '/v1/openapi.json', 'GET, HEAD'],
    ['OPTIONS', '/v1/events/user.events', 'POST'],
  ];
  for (const [method, path, allow] of cases) {
    const headers = { 'content-type': 'text/plain' };
    const response = await fetch(address + path, { method, headers, ...(method !== 'GET' && { body: 'x' }) });
    assert.deepEqual([response.status, response.headers.get('allow')], [405, allow], path);
    assert.equal(problemShape.parse(await response.json()).status, 405);
  }
});

/** A service with one route, which runs this function. */
async function serving(run: Route['run']) {
  const logged: unknown[] = [];
  const log = (fields: object) => logged.push(fields);
  const route = { ...routeNamed('listSchedules'), run };
  const caller = { user: 'ada', tenant: 'acme', roles: [], scopes: SCOPES };
  const app = await serverOf({
    routes: [route],
    service: { clock: systemClock } as Partial<Service> as Service,
    signIn: async () => caller,
    document: () => ({}),
    rate: 100,
    signInOrigins: [],
    logger: { error: log, warn: log },
    metrics: undefined,
    stopping: new AbortController().signal,
    answerMs: 20,
  });
  const { statusCode, body } = await app.inject('/v1/schedules');
  await app.close();
  return { status: statusCode, json: JSON.parse(body), logged };
}

test('a store that hangs holds up no caller', async () => {
  const hangs = await serving(() => new Promise(() => {}));
  assert.deepEqual([hangs.status, hangs.json.code, hangs.logged], [400, 'QUERY_LIMIT', []]);
  const aborted = await serving(({ signal }) =>
    systemClock.sleep(60_000, signal).then(() => signal.throwIfAborted() as never),
  );
  assert.equal(aborted.json.code, 'QUERY_LIMIT');
});

test('what was not foreseen is in the log, and not in the answer', async () => {
  const { status, json, logged } = await serving(() => Promise.reject(new Error('the secret of the house')));
  assert.deepEqual([status, json.code], [500, 'INTERNAL']);
  assert.ok(!JSON.stringify(json).includes('secret'));
  assert.match(JSON.stringify(logged), /the secret of the house/);
});

test('a store that is away is answered with when to come again', async () => {
  const away = new TributaryError('REQUESTS_AWAY', 'postgres at 10.0.0.7 does not answer');
  const { status, json, logged } = await serving(() => Promise.reject(away));
  assert.deepEqual([status, json.code, logged.length], [503, 'REQUESTS_AWAY', 1]);
  assert.ok(!JSON.stringify(json).includes('10.0.0.7'));
});

test('who follows a request is let go when the service stops', async (t) => {
  const { address, close } = await service(t, { keys });
  const { json } = await call(address, 'request_lag', { as, body: {} });
  const route = routeNamed('followRequest');
  const asked = { path: { request: json.id }, as };
  const response = await fetch(address + urlOf(route, asked), requestOf(route, asked));
  const reading = response.text();
  await close();
  assert.match(await reading, /^event: request\n/);
});

for (const command of ['serve', 'up']) {
  test(`${command} has the service until it is stopped, and ends well`, async (t) => {
    const folder = temporaryFolder(t);
    const port = await freePort();
    const one = running(t, folder, [command, '--serve-port', String(port)]);
    await one.printed(`the service is at http://127.0.0.1:${port}, for this machine alone`);
    const response = await fetch(`http://127.0.0.1:${port}/v1/reports`);
    assert.equal(response.status, 200);
    await response.text();
    one.child.kill('SIGTERM');
    assert.equal((await one.ended).code, 0);
  });
}
