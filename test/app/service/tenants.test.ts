/** Tenants are isolated: an operator of another tenant calls every route. A new route needs a row here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { learningPlatform } from '../../../modules/learning.ts';
import { ROLES } from '../../../reports/rights.ts';
import { call, followed, keyOf, ROUTES, service, withWorker } from './harness.ts';
import { sentEvents } from './live.ts';
import { eventRow, projectionRow, storeProjections } from './tenant-rows.ts';

const owner = keyOf({ name: 'same', tenant: 'acme', roles: ROLES });
/** Has the same name and all roles, but belongs to another tenant. */
const stranger = keyOf({ name: 'same', tenant: 'umbrella', roles: ROLES });

/** What the tenant acme owns. */
interface Owned {
  readonly address: string;
  readonly request: string;
}
const SCHEDULE = 'weekly';
const schedule = { report: 'lag', cron: '0 7 * * mon' };

type Row = (owned: Owned, as: string) => Promise<void>;

const notFound =
  (route: string, path: (owned: Owned) => Record<string, string>, body?: unknown): Row =>
  async (owned, as) => {
    const asked = { path: path(owned), ...(body !== undefined && { body }) };
    assert.equal((await call(owned.address, route, { ...asked, as })).status, 404);
  };
const ofRequest = ({ request }: Owned) => ({ request });
const ofSchedule = () => ({ schedule: SCHEDULE });

/** For all reports: asking makes another request, of the other tenant. A 400 is for missing parameters, as it would be in acme. */
const requestRow =
  (route: string): Row =>
  async ({ address, request }, as) => {
    const { status, json } = await call(address, route, { as, body: {} });
    if (status === 400) return;
    assert.equal(status, 201);
    assert.notEqual(json.id, request);
    assert.equal((await call(address, 'getRequest', { path: { request: json.id }, as: owner.text })).status, 404);
  };

/** For all reports: the rows of acme cannot be read. */
const readRow =
  (route: string): Row =>
  async ({ address }, as) => {
    const report = learningPlatform.reports.find(({ name }) => route === `read_${name.replaceAll('-', '_')}`);
    const texts = Object.entries(report?.parameters ?? {}).filter(([, { type }]) => type === 'text');
    const parameters = Object.fromEntries(texts.map(([name]) => [name, 'x']));
    const { status, json } = await call(address, route, { as, body: { parameters } });
    const needed = texts.some(([, { optional }]) => optional !== true);
    if (status !== 200) assert.ok(status === 400 || status === 403, `${status}`);
    else assert.ok(!needed && !json.rows.flat().includes('x'), JSON.stringify(json));
  };

/** For all datasources: each route queries only the tenant of its caller. `rollups.test.ts` has figures of two tenants. */
const queryRow =
  (route: string): Row =>
  async ({ address }, as) => {
    const { status, json } = await call(address, route, { as, body: { filter: {}, limit: 10 } });
    assert.equal(status, 200);
    assert.ok(
      json.rows.flat().every((each: unknown) => each === null || each === 0),
      JSON.stringify(json.rows),
    );
  };

/** Jobs, findings and dead letters are of the whole installation: operators of all tenants see the same. `operate.test.ts` has others. */
const operateRow =
  (route: string, status: number, asked: object = {}): Row =>
  async ({ address }, as) => {
    for (const each of [as, owner.text])
      assert.equal((await call(address, route, { ...asked, as: each })).status, status);
  };
const letter = { topic: 'enrollment.events', partition: '0', offset: '7', job: 'track-progress' };

const ROWS: Readonly<Record<string, Row>> = {
  async getSignIn({ address }) {
    const { json } = await call(address, 'getSignIn');
    assert.deepEqual(json, { access: 'signed-in', providers: [] });
  },
  async getSession({ address }, as) {
    const { json } = await call(address, 'getSession', { as });
    assert.deepEqual([json.user, json.tenant], ['key:same', 'umbrella']);
  },
  async listReports({ address }, as) {
    assert.equal((await call(address, 'listReports', { as })).status, 200);
  },
  async describeReport({ address }, as) {
    assert.equal((await call(address, 'describeReport', { path: { report: 'lag' }, as })).status, 200);
  },
  async listProjections({ address }, as) {
    assert.equal((await call(address, 'listProjections', { as })).status, 200);
  },
  async listDatasources({ address }, as) {
    assert.equal((await call(address, 'listDatasources', { as })).status, 200);
  },
  async listRequests({ address, request }, as) {
    for (const query of ['', '?mine=false', '?report=lag', '?state=done']) {
      const { json } = await call(address, 'listRequests', { as, query });
      assert.ok(
        json.requests.every(({ id }: { id: string }) => id !== request),
        query,
      );
    }
  },
  getRequest: notFound('getRequest', ofRequest),
  followRequest: notFound('followRequest', ofRequest),
  cancelRequest: notFound('cancelRequest', ofRequest),
  previewRequest: notFound('previewRequest', ofRequest),
  downloadRequest: notFound('downloadRequest', ofRequest),
  describeFile: notFound('describeFile', ofRequest),
  linkRequest: notFound('linkRequest', ofRequest, {}),
  // Anybody with a link may open it, but nobody can forge one.
  async openLink({ address }, as) {
    const query = `?expires=${Date.now() + 60_000}&signature=${'0'.repeat(64)}`;
    assert.equal((await call(address, 'openLink', { path: { name: 'reports/x' }, query, as })).status, 404);
  },
  async listSchedules({ address }, as) {
    assert.deepEqual((await call(address, 'listSchedules', { as })).json, { schedules: [] });
  },
  getSchedule: notFound('getSchedule', ofSchedule),
  removeSchedule: notFound('removeSchedule', ofSchedule),
  async putSchedule({ address }, as) {
    const path = ofSchedule();
    assert.equal(
      (await call(address, 'putSchedule', { path, as, body: { ...schedule, zone: 'Asia/Kolkata' } })).status,
      200,
    );
    assert.equal((await call(address, 'getSchedule', { path, as: owner.text })).json.zone, 'UTC');
    assert.equal((await call(address, 'removeSchedule', { path, as })).status, 204);
    assert.equal((await call(address, 'getSchedule', { path, as: owner.text })).status, 200);
  },
  listJobs: operateRow('listJobs', 200),
  async followJobs({ address }, as) {
    for (const each of [as, owner.text]) {
      const events = sentEvents(address, 'followJobs', { as: each });
      assert.equal((await events.next()).value?.event, 'jobs');
      await events.return(undefined);
    }
  },
  pauseJob: operateRow('pauseJob', 200, { path: { job: 'notify' }, body: { dryRun: true } }),
  resumeJob: operateRow('resumeJob', 200, { path: { job: 'notify' }, body: {} }),
  listFindings: operateRow('listFindings', 200),
  listDeadLetters: operateRow('listDeadLetters', 200),
  getDeadLetter: operateRow('getDeadLetter', 404, { path: letter }),
  replayDeadLetters: operateRow('replayDeadLetters', 200, { body: { filter: {} } }),
  editDeadLetters: operateRow('editDeadLetters', 200, { body: { filter: {}, patch: {} } }),
  discardDeadLetters: operateRow('discardDeadLetters', 200, { body: { filter: {} } }),
};

const rowOf = (name: string): Row | undefined => {
  if (name.startsWith('request_')) return requestRow(name);
  if (name.startsWith('read_')) return readRow(name);
  if (name.startsWith('query_')) return queryRow(name);
  if (name.startsWith('produce_')) return ({ address }, as) => eventRow(address, name, as);
  const isOfProjection = /^(?:get|list|search|follow)_/.test(name);
  return isOfProjection ? ({ address }, as) => projectionRow(address, name, { as, owner: owner.text }) : ROWS[name];
};

test('another tenant sees and changes nothing, whatever it calls', async (t) => {
  const { address, wired } = await service(t, { keys: [owner.key, stranger.key] });
  const owned: Owned = await withWorker(wired, async () => {
    const { json } = await call(address, 'request_lag', { as: owner.text, body: {} });
    await followed(address, json.id, owner.text);
    return { address, request: json.id };
  });
  await call(address, 'putSchedule', { path: ofSchedule(), as: owner.text, body: schedule });
  await storeProjections(wired, 'acme');
  for (const { name, scope } of ROUTES) {
    await t.test(name, async () => {
      const row = rowOf(name);
      assert.ok(row !== undefined, `${name} has no row here: say what another tenant is answered`);
      await row(owned, stranger.text);
      assert.equal(scope === null, ['openLink', 'getSignIn'].includes(name), `${name} can be called by anybody`);
    });
  }
  const { json } = await call(address, 'getRequest', { path: { request: owned.request }, as: owner.text });
  assert.equal(json.state, 'done');
});

test('nobody calls anything without signing in', async (t) => {
  const { address } = await service(t, { keys: [owner.key] });
  const gone = keyOf({ name: 'gone', expiresAt: '2026-01-01T00:00:00.000Z' });
  for (const { name, scope, takes, path: pattern } of ROUTES.filter((each) => each.scope !== null)) {
    const path = Object.fromEntries([...pattern.matchAll(/\{(\w+)\}/g)].map(([, part]) => [part, 'x']));
    for (const as of [undefined, gone.text, 'x.y.z'])
      assert.equal(
        (await call(address, name, { path, as, ...(takes.body && { body: {} }) })).status,
        401,
        `${name} ${scope}`,
      );
  }
});
