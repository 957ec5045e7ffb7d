/** Records of projections over HTTP. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Target } from '../../../core/target.ts';
import { targetsOf } from '../../../modules/derived.ts';
import { learningPlatform } from '../../../modules/learning.ts';
import { call, keyOf, ROUTES, routeNamed, service } from './harness.ts';
import { eventsUntil, sentEvents } from './live.ts';
import { SECRET, secretsOf, store } from './projected.ts';

const analyst = keyOf({ name: 'board', scopes: ['projections:read'] });
const trusted = keyOf({ name: 'home-page', roles: ['analyst', 'personal-data'] });
const outsider = keyOf({ name: 'outsider', roles: ['producer'] });
const narrow = keyOf({ name: 'narrow', scopes: ['reports:read'] });
const as = analyst.text;

const targets = targetsOf(learningPlatform.jobs);
const named = (name: string): Target => {
  const target = targets.find((each) => each.name === name);
  assert.ok(target !== undefined, name);
  return target;
};

async function projections(t: TestContext) {
  const running = await service(t, { keys: [analyst.key, trusted.key, outsider.key, narrow.key] });
  const { wired } = running;
  return {
    ...running,
    put: (name: string, values: Readonly<Record<string, unknown>>, revision = 1) =>
      store(wired, named(name), { tenant: 'acme', values, revision }),
  };
}

test('a batch has its learners in pages, in their order, each once', async (t) => {
  const { address, put } = await projections(t);
  const users = Array.from({ length: 7 }, (_, i) => `u${i}`);
  for (const userId of users) await put('batch_learners', { batchId: 'a/b ü', userId, courseId: 'c' });
  await put('batch_learners', { batchId: 'other', userId: 'u9', courseId: 'c' });
  const path = { batchId: encodeURIComponent('a/b ü') };
  const found: string[] = [];
  let cursor = '';
  do {
    const query = `?limit=3${cursor && `&cursor=${cursor}`}`;
    const { status, json } = await call(address, 'list_batch_learners', { as, path, query });
    assert.equal(status, 200);
    assert.ok(json.items.length <= 3);
    found.push(...json.items.map(({ userId }: { userId: string }) => userId));
    cursor = json.next ?? '';
  } while (cursor !== '');
  assert.deepEqual(found, users);
  const one = await call(address, 'get_batch_learners', { as, path: { ...path, userId: 'u3', courseId: 'c' } });
  assert.equal(one.json.userId, 'u3');
});

test('what is read again is not sent again, as long as it has not changed', async (t) => {
  const { address, put } = await projections(t);
  await put('batch_summaries', { batchId: 'b', learners: 3 });
  const path = { batchId: 'b' };
  const etag = (await call(address, 'get_batch_summaries', { as, path })).headers.get('etag') ?? '';
  const headers = { 'if-none-match': etag };
  assert.equal((await call(address, 'get_batch_summaries', { as, path, headers })).status, 304);
  await put('batch_summaries', { batchId: 'b', learners: 4 }, 2);
  const changed = await call(address, 'get_batch_summaries', { as, path, headers });
  assert.deepEqual([changed.status, changed.json.learners], [200, 4]);
});

test('an index is searched by words, values and ranges, in an order', async (t) => {
  const { address, put } = await projections(t);
  for (const [i, courseName] of ['Rivers and lakes', 'Rivers of Asia', 'Mountains'].entries())
    await put('enrollments', { userId: `u${i}`, courseId: `c${i}`, courseName, progress: i * 40, active: i !== 1 });
  const search = async (query: string) => {
    const { status, json } = await call(address, 'search_enrollments', { as, query });
    assert.equal(status, 200, JSON.stringify(json));
    assert.equal(json.total >= json.items.length, true);
    return json.items.map(({ userId }: { userId: string }) => userId);
  };
  assert.deepEqual(await search('?words=rivers&sort=userId'), ['u0', 'u1']);
  assert.deepEqual(await search('?filter.courseId=c2'), ['u2']);
  assert.deepEqual(await search('?filter.active=false'), ['u1']);
  assert.deepEqual(await search('?filter.progress.gte=40&sort=-progress'), ['u2', 'u1']);
  assert.deepEqual(await search('?filter.progress.gt=0&filter.progress.lt=80'), ['u1']);
  const { json } = await call(address, 'search_enrollments', { as, query: '?sort=userId&limit=2' });
  assert.deepEqual(await search(`?sort=userId&limit=2&cursor=${json.next}`), ['u2']);
});

test('a wrong question is refused with the field', async (t) => {
  const { address } = await projections(t);
  const wrong = async (name: string, query: string, path = {}) => {
    const { status, json } = await call(address, name, { as, query, path });
    assert.equal(status, 400, query);
    return json.problems.map(({ field }: { field: string }) => field);
  };
  assert.deepEqual(await wrong('search_enrollments', '?filter.progress=many'), ['query.filter.progress']);
  assert.deepEqual(await wrong('search_enrollments', '?filter.state=asleep&sort=courseName'), [
    'query.filter.state',
    'query.sort',
  ]);
  assert.deepEqual(await wrong('search_enrollments', '?cursor=x'), ['query.cursor']);
  assert.deepEqual(await wrong('list_batch_learners', '?cursor=x', { batchId: 'b' }), ['query.cursor']);
  assert.deepEqual(await wrong('list_batch_learners', '?limit=201', { batchId: 'b' }), ['query.limit']);
  assert.deepEqual(await wrong('list_batch_learners', '', { batchId: '%00' }), ['path.batchId']);
});

test('a live cache tells what there is, then each change, then what is gone', async (t) => {
  const { address, put, wired } = await projections(t);
  await put('unread_counts', { recipientId: 'ada', unread: 1 });
  const events = sentEvents(address, 'follow_unread_counts', { as, path: { recipientId: 'ada' } });
  assert.deepEqual(await eventsUntil(events, 'current'), [
    { event: 'record', data: { recipientId: 'ada', unread: 1 } },
    { event: 'current', data: {} },
  ]);
  await put('unread_counts', { recipientId: 'eve', unread: 9 });
  await put('unread_counts', { recipientId: 'ada', unread: 2 }, 2);
  assert.deepEqual(await eventsUntil(events, 'record'), [{ event: 'record', data: { recipientId: 'ada', unread: 2 } }]);
  const cache = named('unread_counts');
  assert.ok(cache.kind === 'cache');
  const version = { token: 1, revision: 3 };
  await wired.stores.cache.apply(cache, [{ key: ['acme', 'ada'], version, record: undefined }]);
  assert.deepEqual(await eventsUntil(events, 'removed'), [{ event: 'removed', data: { recipientId: 'ada' } }]);
  await events.return(undefined);
});

test('personal fields are for the person, or for those to whom the person consented; each look is in the audit log', async (t) => {
  const { address, put, log } = await projections(t);
  const consents = { rivers: { given: true, at: 1 }, lakes: { given: false, at: 2 } };
  await put('user_profile', { userId: 'ada', name: 'Ada', region: 'North', deleted: false, consents });
  const look = async (who: string, query: string) =>
    (await call(address, 'get_user_profile', { as: who, path: { userId: 'ada' }, query })).json;
  const audits = () => log().filter((each) => each['audit'] === 'read');
  for (const [who, query] of [
    [as, ''],
    [trusted.text, ''],
  ] as const) {
    const bare = await look(who, query);
    assert.equal(bare.userId, 'ada');
    for (const name of ['name', 'region', 'ageBand', 'gender']) assert.ok(!(name in bare), name);
  }
  assert.equal(audits().length, 0);
  for (const query of ['?consentTo=rivers', '?self=true'])
    assert.deepEqual((await look(trusted.text, query)).name, 'Ada', query);
  for (const query of ['?consentTo=lakes', '?consentTo=seas', '?consentTo=constructor'])
    assert.ok(!('name' in (await look(trusted.text, query))), query);
  assert.deepEqual(
    audits().map(({ user, projection, personal, basis }) => [user, projection, personal, basis]),
    ['consent', 'self', 'consent', 'consent', 'consent'].map((basis) => ['key:home-page', 'user_profile', true, basis]),
  );
  assert.equal((await look(as, '?consentTo=rivers')).code, 'NOT_ALLOWED');
  assert.deepEqual((await look(trusted.text, '?consentTo=rivers&self=true')).problems[0].field, 'query.consentTo');
  await put('user_profile', { userId: 'ada', name: 'Ada', deleted: true, consents }, 2);
  assert.ok(!('name' in (await look(trusted.text, '?consentTo=rivers'))), 'the account is gone');
});

test('of the records of a page each is shown as its own person has consented', async (t) => {
  const { address, put } = await projections(t);
  for (const [userId, given] of [
    ['ada', true],
    ['ben', false],
  ] as const) {
    await put('user_profile', { userId, deleted: false, consents: { rivers: { given, at: 1 } } });
    await put('failed_messages', { recipientId: userId, messageId: userId, lastDetail: `no mailbox of ${userId}` });
  }
  const query = '?consentTo=rivers&sort=messageId';
  const { json } = await call(address, 'search_failed_messages', { as: trusted.text, query });
  assert.deepEqual(
    json.items.map(({ messageId, lastDetail }: Record<string, string>) => [messageId, lastDetail]),
    [
      ['ada', 'no mailbox of ada'],
      ['ben', undefined],
    ],
  );
});

test('without the role no personal value of any projection is in an answer, however deep it is', async (t) => {
  const { address, wired } = await projections(t);
  for (const target of targets) {
    await store(wired, target, { tenant: 'acme', values: secretsOf(target) });
  }
  const reads = ROUTES.filter(({ name }) => /^(?:get|list|search)_/.test(name));
  const found = { bare: 0, whole: 0 };
  for (const { name, path: pattern } of reads) {
    const path = Object.fromEntries([...pattern.matchAll(/\{(\w+)\}/g)].map(([, part]) => [part, 'x']));
    const { status, text } = await call(address, name, { as, path });
    assert.equal(status, 200, name);
    if (text.includes(SECRET)) found.bare += 1;
    const asked = { as: trusted.text, path };
    assert.ok(!(await call(address, name, asked)).text.includes(SECRET), name);
    if (!('self' in (routeNamed(name).takes.query?.shape ?? {}))) continue;
    if ((await call(address, name, { ...asked, query: '?self=true' })).text.includes(SECRET)) found.whole += 1;
  }
  assert.equal(found.bare, 0);
  assert.ok(found.whole >= 3, String(found.whole));
});

test('nobody without the role finds people by what is personal', async (t) => {
  const { address, put } = await projections(t);
  await put('failed_messages', { recipientId: 'ada', messageId: 'm', lastDetail: 'no mailbox of ada' });
  const query = '?words=mailbox';
  const { status, json } = await call(address, 'search_failed_messages', { as, query });
  assert.deepEqual([status, json.code], [403, 'NOT_ALLOWED']);
  for (const more of ['', '&consentTo=rivers']) {
    const vague = await call(address, 'search_failed_messages', { as: trusted.text, query: query + more });
    assert.deepEqual([vague.status, vague.json.problems[0].field], [400, 'query.self']);
  }
  const own = `${query}&self=true`;
  assert.equal((await call(address, 'search_failed_messages', { as: trusted.text, query: own })).json.total, 1);
  assert.equal((await call(address, 'search_failed_messages', { as })).json.total, 1);
});

test('who reads needs the scope and the role', async (t) => {
  const { address } = await projections(t);
  for (const key of [outsider.text, narrow.text]) {
    for (const name of ['listProjections', 'get_unread_counts', 'follow_unread_counts', 'search_courses']) {
      const { status, json } = await call(address, name, { as: key, path: { recipientId: 'ada' } });
      assert.deepEqual([status, json.code], [403, 'NOT_ALLOWED'], name);
    }
  }
});

test('the list of projections has the address of each route', async (t) => {
  const { address } = await projections(t);
  const { json } = await call(address, 'listProjections', { as });
  const addresses = json.projections.flatMap((each: { addresses: string[] }) => each.addresses);
  const routes = ROUTES.map(({ path }) => path).filter((path) => path.startsWith('/v1/projections/'));
  assert.deepEqual(addresses, routes);
  assert.ok(addresses.includes('/v1/projections/group_progress/{groupId}'));
  assert.ok(addresses.includes('/v1/projections/unread_counts/{recipientId}/events'));
});
