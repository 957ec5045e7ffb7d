/** What operators see and do over HTTP. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { deadLetter } from '../../../jobs/runtime/dead-letter.ts';
import { ONLY_FOR } from '../../../topics/codec/codec.ts';
import { LARGEST_RECORD } from '../../../topics/log/limits.ts';
import { event, lastOf, rejected, TOPIC } from '../../cli/dead-letters.ts';
import { enrolled } from '../../cli/harness.ts';
import { command } from '../../cli/in-process.ts';
import { call, keyOf, ROUTES, service } from './harness.ts';
import { eventsUntil, sentEvents } from './live.ts';

const operator = keyOf({ name: 'ops', roles: ['operator'] });
const trusted = keyOf({ name: 'trusted', roles: ['operator', 'personal-data'] });
const analyst = keyOf({ name: 'analyst', roles: ['analyst', 'personal-data', 'producer'] });
const reader = keyOf({ name: 'reader', roles: ['operator'], scopes: ['operate:read'] });
const as = operator.text;

async function operated(t: TestContext) {
  const running = await service(t, { keys: [operator.key, trusted.key, analyst.key, reader.key] });
  await running.wired.prepareJobs();
  return running;
}

const pathOf = (id: string, job = 'track-progress') => {
  const [topic = '', partition = '', offset = ''] = id.split('/');
  return { topic, partition, offset, job };
};

test('whoever is no operator, or has no scope to change anything, is refused', async (t) => {
  const { address } = await operated(t);
  const routes = ROUTES.filter(({ scope }) => scope?.startsWith('operate:'));
  assert.ok(routes.length >= 7);
  for (const { name, scope } of routes) {
    const asked = { path: pathOf('enrollment.events/0/1'), body: undefined };
    const patch = name === 'editDeadLetters' ? { patch: {} } : {};
    const choice = name.endsWith('DeadLetters') ? { filter: {}, ...patch } : {};
    const body = scope === 'operate:write' ? { body: choice } : {};
    const refused = await call(address, name, { ...asked, ...body, as: analyst.text });
    assert.deepEqual([name, refused.status], [name, 403]);
    assert.match(refused.json.detail, /needs the role operator/);
    if (scope === 'operate:write')
      assert.equal((await call(address, name, { ...asked, ...body, as: reader.text })).status, 403);
  }
});

test('jobs are shown with their lag in records and seconds, partition by partition', async (t) => {
  const { address, wired } = await operated(t);
  const before = Date.now();
  await wired.stores.transport.produce([1, 2, 3].map(() => ({ ...event('{}'), timestamp: before - 60_000 })));
  const { status, json } = await call(address, 'listJobs', { as });
  assert.equal(status, 200);
  const kinds = new Set(json.jobs.map(({ kind }: { kind: string }) => kind));
  assert.deepEqual([...kinds].sort(), ['job', 'reports', 'rollup']);
  const { partitions, lagSeconds, ...job } = json.jobs.find(({ name }: { name: string }) => name === 'track-progress');
  assert.deepEqual(job, {
    name: 'track-progress',
    kind: 'job',
    group: 'track-progress',
    topic: TOPIC,
    lag: 3,
    rate: null,
    views: {},
    failed: null,
    paused: null,
  });
  assert.ok(lagSeconds >= 60, lagSeconds);
  assert.deepEqual(
    partitions.map(({ lag }: { lag: number }) => lag),
    [0, 0, 3, 0, 0, 0],
  );
  assert.deepEqual([partitions[2].begin, partitions[2].end, partitions[2].committed], [0, 3, null]);
});

test('jobs can be followed live', async (t) => {
  const { address, wired } = await operated(t);
  const events = sentEvents(address, 'followJobs', { as });
  const lagIn = ({ data }: { data: unknown }) =>
    (data as { jobs: { name: string; lag: number }[] }).jobs.find(({ name }) => name === 'track-progress')?.lag;
  const [first] = await eventsUntil(events, 'jobs');
  assert.equal(first && lagIn(first), 0);
  await wired.stores.transport.produce([event('{}')]);
  let now = first;
  while (now !== undefined && lagIn(now) === 0) [now] = await eventsUntil(events, 'jobs');
  assert.equal(now && lagIn(now), 1);
  await events.return(undefined);
});

test('findings are those of doctor', async (t) => {
  const { address, wired } = await operated(t);
  await rejected(wired, event('{}'), ['track-progress']);
  const { json } = await call(address, 'listFindings', { as });
  const checks = json.findings.map(({ check }: { check: string }) => check);
  for (const check of ['node', 'clock', 'platform', 'data folder', 'database', 'topics', 'tables', 'timers'])
    assert.ok(checks.includes(check), check);
  const letters = json.findings.find(({ check }: { check: string }) => check === 'dead letters');
  assert.deepEqual([letters.state, letters.message], ['warning', 'DATA_INVALID 1']);
});

test('dead letters come in pages, the newest first, each once, and can be filtered', async (t) => {
  const { address, wired } = await operated(t);
  const { transport } = wired.stores;
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    const [offset] = await transport.produce([event('{}')]);
    const assignment = { job: i % 2 === 0 ? 'track-progress' : 'notify', topic: TOPIC, partition: 2 };
    const record = { ...event('{}'), offset: offset as number };
    const parts = { assignment, partitions: () => 6, limit: () => LARGEST_RECORD, now: (i + 1) * 1000 };
    await transport.produce([deadLetter({ record, code: 'DATA_INVALID', message: 'no' }, parts)]);
    ids.push(`${TOPIC}/2/${offset}`);
  }
  const list = async (query: string) => (await call(address, 'listDeadLetters', { as, query })).json;
  const idsOf = (page: { deadLetters: { id: string }[] }) => page.deadLetters.map(({ id }) => id);
  const found: string[] = [];
  for (let cursor = ''; ; ) {
    const page = await list(`?limit=2${cursor && `&cursor=${cursor}`}`);
    assert.equal(page.total, 5);
    found.push(...idsOf(page));
    if (page.next === null) break;
    cursor = page.next;
  }
  assert.deepEqual(found, ids.toReversed());
  assert.deepEqual(idsOf(await list('?job=notify')), [ids[3], ids[1]]);
  assert.deepEqual(idsOf(await list('?code=JOB_FAILED')), []);
  assert.deepEqual(idsOf(await list('?topic=user.events')), []);
  const [since, until] = ['1970-01-01T00:00:02Z', '1970-01-01T02:00:04%2B02:00'];
  assert.deepEqual(idsOf(await list(`?since=${since}&until=${until}`)), [ids[2], ids[1]]);
  const wrong = await call(address, 'listDeadLetters', { as, query: '?cursor=x' });
  assert.deepEqual([wrong.status, wrong.json.problems[0].field], [400, 'query.cursor']);
  assert.equal((await call(address, 'listDeadLetters', { as, query: '?topic=nonsense' })).status, 400);
});

test('a dead letter shows its record, and what is personal in it only to those who may see that', async (t) => {
  const { address, wired, log } = await operated(t);
  const data = { ...enrolled('u1').data, courseId: 'c' };
  const id = await rejected(wired, event(JSON.stringify(data), { 'x-secret': 'of ada' }), ['track-progress']);
  const path = pathOf(id);
  const { json } = await call(address, 'getDeadLetter', { as, path });
  assert.deepEqual([json.id, json.code, json.key, json.type], [id, 'DATA_INVALID', 'u1', 'enrollment.enrolled']);
  assert.deepEqual([json.personal, json.headers, json.value], [false, null, null]);
  assert.equal(json.data.userId, 'u1');
  assert.deepEqual(
    log().filter(({ audit }) => audit !== undefined),
    [],
  );

  const whole = await call(address, 'getDeadLetter', { as: trusted.text, path });
  assert.equal(whole.json.headers['x-secret'], 'of ada');
  assert.equal(Buffer.from(whole.json.value.base64, 'base64').toString(), JSON.stringify(data));
  const [{ audit, user, deadLetter: read } = {}] = log().filter((each) => each['audit'] !== undefined);
  assert.deepEqual([audit, user, read], ['read', 'key:trusted', id]);

  const personal = { userId: 'u1', name: 'Ada Lovelace' };
  const ofUser = { ...event(JSON.stringify(personal), { ce_type: 'user.created' }), topic: 'user.events' };
  const [offset] = await wired.stores.transport.produce([ofUser]);
  await wired.stores.transport.produce([
    deadLetter(
      { record: { ...ofUser, offset: offset as number }, code: 'JOB_FAILED', message: 'no' },
      {
        assignment: { job: 'project-user', topic: 'user.events', partition: 2 },
        partitions: () => 6,
        limit: () => LARGEST_RECORD,
        now: 1000,
      },
    ),
  ]);
  const asked = { path: pathOf(`user.events/2/${offset}`, 'project-user') };
  const seen = (await call(address, 'getDeadLetter', { ...asked, as: trusted.text })).json.data;
  const less = (await call(address, 'getDeadLetter', { ...asked, as })).json.data;
  assert.equal(seen.name, 'Ada Lovelace');
  assert.equal('name' in less, false, JSON.stringify(less));
  assert.equal((await call(address, 'getDeadLetter', { path: pathOf(id, 'notify'), as })).status, 404);
});

test('a replay says first what it would do, then does it once, and leaves who did it and why', async (t) => {
  const { address, wired, log } = await operated(t);
  const id = await rejected(wired, event('{}'), ['track-progress', 'notify']);
  const named = { id, job: 'track-progress' };
  const replay = async (body: object) => {
    const { status, json } = await call(address, 'replayDeadLetters', { as, body });
    assert.equal(status, 200, JSON.stringify(json));
    return json;
  };
  const end = await wired.stores.transport.describe();
  assert.deepEqual(await replay({ deadLetters: [named] }), { dryRun: true, replayed: [named], left: [], more: false });
  assert.deepEqual(await wired.stores.transport.describe(), end);
  assert.deepEqual(log(), []);

  const doing = { deadLetters: [named], dryRun: false, why: 'the schema is registered now' };
  const [first, second] = await Promise.all([replay(doing), replay(doing)]);
  assert.deepEqual(
    [first.replayed, second.replayed, second.left],
    [[named], [], [{ ...named, why: 'it was replayed before' }]],
  );
  assert.equal((await lastOf(wired, TOPIC, 2))?.headers[ONLY_FOR], 'track-progress');
  assert.equal((await lastOf(wired, TOPIC, 2))?.offset, 1);
  const { json } = await call(address, 'getDeadLetter', { as, path: pathOf(id) });
  const [{ at: _, ...resolution }] = json.resolutions;
  assert.deepEqual(
    [json.state, resolution],
    ['replayed', { how: 'replayed', by: 'key:ops of acme', why: 'the schema is registered now' }],
  );
  assert.deepEqual(
    log().map(({ audit, deadLetters }) => [audit, deadLetters]),
    [
      ['replay dead letters', 1],
      ['replay dead letters', 0],
    ],
  );
  // The command line shows the same.
  const { stdout } = await command(wired, 'dead-letters show', { id, json: false });
  assert.match(stdout, /^replayed: \S+ by key:ops of acme: the schema is registered now$/m);
});

test('dead letters are discarded by a filter, and are then listed by their state alone', async (t) => {
  const { address, wired } = await operated(t);
  const id = await rejected(wired, event('{}'), ['track-progress', 'notify']);
  const body = { filter: { job: 'notify' }, dryRun: false };
  const { json } = await call(address, 'discardDeadLetters', { as, body });
  assert.deepEqual(json, { dryRun: false, discarded: [{ id, job: 'notify' }], left: [], more: false });
  const jobs = async (query: string) =>
    (await call(address, 'listDeadLetters', { as, query })).json.deadLetters.map(({ job }: { job: string }) => job);
  assert.deepEqual(
    [await jobs(''), await jobs('?state=discarded'), (await jobs('?state=any')).sort()],
    [['track-progress'], ['notify'], ['notify', 'track-progress']],
  );
});

test('letters are named or filtered, not both, and names of none are told', async (t) => {
  const { address } = await operated(t);
  const deadLetters = [{ id: 'enrollment.events/0/99', job: 'notify' }];
  for (const body of [{}, { deadLetters, filter: {} }]) {
    const { status, json } = await call(address, 'replayDeadLetters', { as, body });
    assert.deepEqual([status, json.problems[0].field], [400, 'deadLetters']);
  }
  const { json } = await call(address, 'replayDeadLetters', { as, body: { deadLetters } });
  assert.deepEqual(json.left, [{ ...deadLetters[0], why: 'there is no such dead letter' }]);
});

test('a dead letter is corrected by who may see personal data: first shown, then sent, checked both times', async (t) => {
  const { address, wired, log } = await operated(t);
  const id = await rejected(wired, event('{"userId":"u1","courseId":7}'), ['track-progress']);
  const deadLetters = [{ id, job: 'track-progress' }];
  const edit = async (body: object, key = trusted.text) =>
    call(address, 'editDeadLetters', { as: key, body: { deadLetters, ...body } });
  assert.equal((await edit({ patch: {} }, as)).status, 403);
  const wrong = (await edit({ patch: { data: { batchId: 'b' } }, dryRun: false })).json;
  assert.deepEqual([wrong.edited, wrong.left.length], [[], 1]);
  assert.match(wrong.left[0].why, /^data\.courseId: /);

  const patch = { data: { courseId: 'c', batchId: 'b' } };
  const { json } = await edit({ patch });
  assert.deepEqual([json.dryRun, json.edited[0].event.data.courseId, json.edited[0].event.id], [true, 'c', 'e-1']);
  assert.equal((await lastOf(wired, TOPIC, 2))?.offset, 0);
  const done = await edit({ patch, dryRun: false, why: 'the course had a number' });
  assert.deepEqual(done.json.edited, json.edited);
  assert.deepEqual((await edit({ patch, dryRun: false })).json.left[0].why, 'it was edited before');
  const { json: after } = await call(address, 'getDeadLetter', { as, path: pathOf(id) });
  assert.deepEqual([after.state, after.resolutions[0].why], ['edited', 'the course had a number']);
  assert.deepEqual(
    log().map(({ audit, personal }) => [audit, personal]),
    [
      ['edit dead letters', true],
      ['read dead letters', true],
      ['edit dead letters', true],
      ['edit dead letters', true],
    ],
  );
});

test('a job is paused and resumed, shown as it is, and twice is once', async (t) => {
  const { address, wired, log } = await operated(t);
  const path = { job: 'notify' };
  const turn = async (route: string, body: object = {}) => (await call(address, route, { as, path, body })).json;
  const pausedIn = async () =>
    (await call(address, 'listJobs', { as })).json.jobs.find(({ name }: { name: string }) => name === 'notify').paused;
  const dry = await turn('pauseJob', { dryRun: true });
  assert.deepEqual([dry.dryRun, dry.changed, log()], [true, true, []]);
  const { paused, ...first } = await turn('pauseJob', { why: 'the mail server moves' });
  assert.deepEqual(first, { job: 'notify', dryRun: false, changed: true });
  assert.deepEqual([paused.by, paused.why], ['key:ops of acme', 'the mail server moves']);
  const again = await turn('pauseJob', { why: 'another reason' });
  assert.deepEqual([again.changed, again.paused], [false, paused]);
  assert.deepEqual(await pausedIn(), paused);
  assert.match(
    (await command(wired, 'lag', { jobs: ['notify'], wait: false, json: false })).stdout,
    /notify is paused by key:ops of acme since/,
  );
  assert.deepEqual([(await turn('resumeJob')).changed, (await turn('resumeJob')).changed], [true, false]);
  assert.deepEqual(
    log().map(({ audit, job }) => [audit, job]),
    [
      ['pause', 'notify'],
      ['pause', 'notify'],
      ['resume', 'notify'],
      ['resume', 'notify'],
    ],
  );
  const unknown = await call(address, 'pauseJob', { as, path: { job: 'notfy' }, body: {} });
  assert.deepEqual([unknown.status, /did you mean notify/.test(unknown.json.detail)], [404, true]);
});
