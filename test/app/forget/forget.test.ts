import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Wired } from '../../../app/stores/wiring.ts';
import { digestOf } from '../../../jobs/runtime/forgotten.ts';
import { command } from '../../cli/in-process.ts';
import { newRequest, result } from '../../contracts/requests-samples.ts';
import { ADA, ADAS, BOS, everything, forget, installation, placesOf, produce, work } from './person.ts';

test('a person is removed from rows, views, outbox, archive and rollups, and others stay as they were', async (t) => {
  const one = await installation(t);
  const before = await everything(one);
  const named = await placesOf(one, ADAS);
  for (const name of [
    'user_profile',
    'learner_progress',
    'recipient',
    'messages',
    'group_membership',
    'batch_learners',
    'enrollments',
    'learner_courses of ada',
    'user_groups',
    'group_progress',
    'notification_feed',
    'archive-enrollment-events',
    'archive-notification-events',
    'archive-user-events',
    'archive-group-events',
    'outbox',
  ]) {
    assert.ok(named.includes(name), `${name} has Ada, among ${named.join(', ')}`);
  }
  const proof = await forget(one);
  assert.deepEqual(await placesOf(one, ADAS), []);
  const after = await everything(one);
  for (const [name, text] of before) {
    if (!BOS.test(text) || ADAS.test(text) || name === 'archive-pipeline-events') continue;
    assert.equal(after.get(name), text, `${name} is as it was`);
  }
  assert.ok((await placesOf(one, BOS)).length >= named.length - 1, 'Bo is where Bo was');
  assert.equal(proof.found.rows['learner_progress'], 1);
  assert.equal(proof.found.rows['group_membership'], 1);
  assert.equal(proof.found.views['batch_learners'], 1);
  assert.ok((proof.found.segments['archive-enrollment-events'] ?? 0) >= 4);
  assert.equal(proof.found.messages, 1);
  assert.doesNotMatch(JSON.stringify(proof), ADAS);
  assert.equal(proof.person, digestOf('default', 'ada'));
});

test('late events do not bring the person back, also after a rewind and with other processes', async (t) => {
  const one = await installation(t);
  await forget(one);
  await produce(one, 'user.events', event('user.created', { userId: 'ada', name: 'Ada' }));
  await produce(one, 'enrollment.events', event('enrollment.enrolled', LATE));
  await produce(one, 'group.events', event('group.member-added', { groupId: 'late', userId: 'ada', role: 'member' }));
  await produce(
    one,
    'notification.events',
    event('notification.requested', { recipientId: 'ada', notificationId: 'n-9', category: 'news', title: 'For Ada' }),
  );
  await work(one);
  assert.deepEqual(await placesOf(one, ADAS), []);
  for (const { name, from } of one.platform.jobs) {
    for (let partition = 0; partition < 6; partition++) {
      await one.stores.transport.seek(name, from.name, { partition, offset: 0 });
    }
  }
  await work(one);
  assert.deepEqual(await placesOf(one, ADAS), []);
});

test('report files of the tenant are removed, and others are kept', async (t) => {
  const one = await installation(t);
  const made = await Promise.all(['default', 'acme'].map((tenant) => finishedReport(one, tenant)));
  const proof = await forget(one);
  assert.equal(proof.found.reportFiles, 1);
  const left = await Promise.all(made.map((name) => one.objects.head(name)));
  assert.deepEqual(
    left.map((each) => each !== undefined),
    [false, true],
  );
});

test('nothing is done without --yes, and a command without findings says so', async (t) => {
  const one = await installation(t);
  const args = { user: 'ada', tenant: 'default', yes: false, timeoutMs: 60_000, json: true };
  const { stdout } = await command(one, 'forget', args);
  const { done, found } = JSON.parse(stdout);
  assert.deepEqual([done, found.rows.learner_progress, found.messages], [false, 1, 1]);
  assert.ok((await placesOf(one, ADAS)).length > 10);
  const other = await command(one, 'forget', { ...args, user: 'ada', tenant: 'acme', json: true });
  assert.deepEqual(JSON.parse(other.stdout).found.rows, {}, 'another tenant has others of that name');
  const forgotten = await command(one, 'forget', { ...args, yes: true, json: false });
  assert.equal(forgotten.code ?? 0, 0, forgotten.stderr);
  assert.match(forgotten.stdout, /rows of learner_progress +1\n/);
  assert.match(forgotten.stdout, /What remains:\n- topics and dead letters: /);
  assert.deepEqual(await placesOf(one, ADAS), []);
});

/** A finished report of this tenant, as a worker leaves it. Returns the name of its object. */
async function finishedReport({ requests, objects }: Wired, tenant: string): Promise<string> {
  const now = Date.now();
  const { request } = await requests.ask(newRequest(`of-${tenant}`, { tenant }), now);
  await requests.leaseOne(request.id, 'worker', now, now + 60_000);
  const lease = { id: request.id, owner: 'worker', attempt: 1 };
  const made = result(lease, now + 3_600_000);
  await objects.put(made.object, Buffer.from('user\nada\n'));
  await requests.finish(lease, now, made);
  return made.object;
}

const LATE = { userId: 'ada', courseId: 'rivers', batchId: 'rivers-2026' };
const event = (type: string, data: object) => `${JSON.stringify({ type, data })}\n`;

/** The same installation, with ports that fail after this many calls that change something. */
function failing(wired: Wired, after: number): { readonly through: Wired; readonly calls: () => number } {
  let calls = 0;
  const watched = <P extends object>(port: P): P =>
    new Proxy(port, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function' || !CHANGES.has(String(name))) {
          return typeof value === 'function' ? value.bind(target) : value;
        }
        return async (...args: unknown[]) => {
          calls += 1;
          if (calls > after) throw new Error('killed');
          const result = await value.apply(target, args);
          if (calls === after && isLate(after)) throw new Error('killed after it was done');
          return result;
        };
      },
    });
  const { transport, tables } = wired.stores;
  const through = {
    ...wired,
    stores: { ...wired.stores, transport: watched(transport), tables: watched(tables) },
    objects: watched(wired.objects),
    requests: watched(wired.requests),
    segments: async () => {
      const kept = await wired.segments();
      return { ...kept, objects: watched(kept.objects) };
    },
  };
  return { through, calls: () => calls };
}

const CHANGES = new Set([
  'produce',
  'apply',
  'put',
  'create',
  'remove',
  'cancel',
  'outdate',
  'expire',
  'confirmRemoved',
]);
const isLate = (n: number): boolean => n % 2 === 1;

test('a run that is killed at any point is finished by the next, with the same proof', async (t) => {
  const one = await installation(t);
  const reached = [];
  let proof: Awaited<ReturnType<typeof forget>> | undefined;
  for (let after = 0; proof === undefined; after++) {
    const { through, calls } = failing(one, after);
    proof = await forget(one, through).catch((error: Error) => {
      assert.match(error.message, /^killed/);
      return undefined;
    });
    reached.push(calls());
  }
  assert.ok(reached.length >= 8, `it was killed ${reached.length} times`);
  assert.deepEqual(await placesOf(one, ADAS), []);
  const { rows, views, messages } = proof.found;
  assert.deepEqual([rows['learner_progress'], rows['group_membership'], views['user_groups'], messages], [1, 1, 1, 1]);
});

test('of a person nobody knows there is nothing, and the proof says so', async (t) => {
  const one = await installation(t);
  const before = await everything(one);
  const args = { user: 'nobody', tenant: ADA.tenant, yes: true, timeoutMs: 60_000, json: true };
  const { stdout, code, stderr } = await command(one, 'forget', args);
  assert.equal(code ?? 0, 0, stderr);
  assert.deepEqual(JSON.parse(stdout).found.rows, {});
  for (const [name, text] of await everything(one)) {
    if (name !== 'archive-pipeline-events' && name !== 'rollup pipeline') assert.equal(text, before.get(name), name);
  }
});
