/** The spans of one request on its way to a file, as an OpenTelemetry exporter sees them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpanStatusCode } from '@opentelemetry/api';
import { plan } from '../../../reports/requesting/asking.ts';
import { submit } from '../../../reports/requesting/submit.ts';
import { endingEvents } from '../../../reports/worker/announcing.ts';
import { attempt } from '../../../reports/worker/attempt.ts';
import { above, below, exporter, inTrace, named, PARENT, TRACE } from '../../harness/spans.ts';
import { asking, KEYS, PAGE_MS, reportWorld, type World } from './world.ts';

const never = new AbortController().signal;

async function ask({ reports, requests, clock }: World) {
  const now = clock.now();
  const { request } = plan(asking(), { reports, keys: KEYS, now });
  return (await submit(requests, request, now, { ce_traceparent: PARENT })).request;
}

async function attempted(world: World, owner: string): Promise<void> {
  const { requests, clock } = world;
  const request = await requests.lease(owner, clock.now(), clock.now() + 2000, 10);
  assert.ok(request);
  const outcome = attempt(request, world.parts(owner), never);
  await world.clock.advance(10 * PAGE_MS);
  await outcome;
}

test('a trace follows a request to its attempts, the file and the events that announce it', async (t) => {
  const exported = exporter(t);
  const world = reportWorld();
  const { id } = await ask(world);
  world.faults.page = new Error('a bug');
  await attempted(world, 'w1');
  const again = await ask(world);
  await attempted(world, 'w2');

  const spans = inTrace(exported);
  const [failed, done] = spans.filter(({ name }) => name === 'attempt numbers');
  assert.ok(failed !== undefined && done !== undefined);
  assert.equal(named(spans, 'request numbers').attributes['tributary.request'], id);
  assert.deepEqual(above(spans, failed), ['request numbers']);
  assert.equal(failed.attributes['tributary.outcome'], 'failed');
  assert.equal(failed.status.code, SpanStatusCode.ERROR);
  assert.deepEqual(below(spans, failed), ['open rows', 'write file']);
  assert.equal(done.attributes['tributary.request'], again.id);
  assert.deepEqual(below(spans, done), ['open rows', 'write file', 'finish']);

  const request = await world.request(again.id);
  const parts = { reports: world.reports, linkTo: async () => undefined };
  const events = await endingEvents({ request, askers: [{ user: 'ada', at: 0 }] }, parts);
  for (const { trace } of events) assert.match(String(trace?.['ce_traceparent']), new RegExp(TRACE));
});

test('without an SDK a request keeps no trace', async () => {
  const world = reportWorld();
  const request = await ask(world);
  assert.equal(request.trace, undefined);
});
