/** What the routes of topics and projections answer to another tenant. */
import assert from 'node:assert/strict';
import type { Wired } from '../../../app/stores/wiring.ts';
import { targetsOf } from '../../../modules/derived.ts';
import { learningPlatform } from '../../../modules/learning.ts';
import { call, routeNamed } from './harness.ts';
import { eventsUntil, sentEvents } from './live.ts';
import { store } from './projected.ts';

/** Stores a record in each projection. Every field of its key is `x`. */
export async function storeProjections(wired: Wired, tenant: string): Promise<void> {
  for (const target of targetsOf(learningPlatform.jobs)) await store(wired, target, { tenant });
}

/** The owner can read the record. The same path with a key of another tenant cannot. */
export async function projectionRow(
  address: string,
  name: string,
  { as, owner }: { readonly as: string; readonly owner: string },
): Promise<void> {
  const parts = [...routeNamed(name).path.matchAll(/\{(\w+)\}/g)].map(([, part]) => [part, 'x']);
  const path = Object.fromEntries(parts);
  const found = async (key: string): Promise<number> => {
    if (name.startsWith('follow_')) {
      const events = sentEvents(address, name, { path, as: key });
      const before = await eventsUntil(events, 'current');
      await events.return(undefined);
      return before.length - 1;
    }
    const { status, json } = await call(address, name, { path, as: key });
    if (status === 404) return 0;
    assert.equal(status, 200, JSON.stringify(json));
    return json.items === undefined ? 1 : json.items.length;
  };
  assert.equal(await found(owner), 1, `${name}: its owner finds it`);
  assert.equal(await found(as), 0, `${name}: another tenant does not`);
}

/** An event for another tenant is refused. */
export async function eventRow(address: string, name: string, as: string): Promise<void> {
  const topic = learningPlatform.topics.find((each) => routeNamed(name).path === `/v1/events/${each.name}`);
  const [def] = topic?.events ?? [];
  assert.ok(def !== undefined);
  const { type, example: data } = def;
  const event = { specversion: '1.0', id: '1', source: '/test', type, tenant: 'acme', data };
  const headers = { 'content-type': 'application/cloudevents+json' };
  const { status, json } = await call(address, name, { as, headers, body: event });
  assert.equal(status, 400);
  assert.deepEqual(
    json.problems.map(({ field }: { field: string }) => field),
    ['tenant'],
  );
  const own = { ...event, tenant: 'umbrella' };
  assert.equal((await call(address, name, { as, headers, body: own })).status, 200);
}
