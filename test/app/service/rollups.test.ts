/** Figures of two tenants over HTTP, from a real process. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { learningPlatform } from '../../../modules/learning.ts';
import { rollupQuery } from '../../../reports/service/rollups.ts';
import { freePort } from '../../cli/free-port.ts';
import { ndjson, running, temporaryFolder, tributary } from '../../cli/harness.ts';
import { call } from './harness.ts';

async function figures(t: TestContext) {
  const folder = temporaryFolder(t);
  const keyOf = async (name: string, ...args: readonly string[]) =>
    (await tributary(folder, ['key', 'add', name, ...args])).stdout.trim();
  const [own, other] = [await keyOf('own'), await keyOf('other', '--tenant', 'acme')];
  const personal = await keyOf('personal', '--role', 'analyst', '--role', 'personal-data');
  const operator = await keyOf('operator', '--role', 'operator');
  const port = await freePort();
  const one = running(t, folder, ['up', '--serve-port', String(port), '--serve-access', 'signed-in']);
  await one.printed('the service is at');
  const joined = (userId: string, courseId: string, time: string, tenant = 'default') => ({
    type: 'enrollment.enrolled',
    time,
    tenant,
    data: { userId, courseId, batchId: `${courseId}-1`, method: '' },
  });
  const events = [
    joined('ada', "O'Neil", '2026-03-01T20:00:00Z'),
    joined('bo', "O'Neil", '2026-03-02T10:00:00Z'),
    joined('col', 'c2', '2026-03-02T10:00:00Z'),
    joined('dan', 'c2', '2026-03-02T10:00:00Z', 'acme'),
  ];
  const { code, stderr } = await tributary(folder, ['produce', 'enrollment.events'], { input: ndjson(...events) });
  assert.equal(code, 0, stderr);
  assert.equal((await tributary(folder, ['lag', '--wait'])).code, 0);
  return { address: `http://127.0.0.1:${port}`, own, other, personal, operator };
}

test('a datasource is asked by period, dimension, filter and days, and each tenant gets its own', async (t) => {
  const { address, own, other, personal, operator } = await figures(t);
  const ask = (as: string, body: object) => call(address, 'query_enrollments', { as, body });
  const rows = async (as: string, body: object) => (await ask(as, { metrics: ['joined'], ...body })).json.rows;
  assert.deepEqual(await rows(own, {}), [[3]]);
  assert.deepEqual(await rows(other, {}), [[1]]);
  assert.deepEqual(await rows(own, { by: ['course_id'] }), [
    ["O'Neil", 2],
    ['c2', 1],
  ]);
  assert.deepEqual(await rows(own, { every: 'day' }), [
    ['2026-03-01', 1],
    ['2026-03-02', 2],
  ]);
  assert.deepEqual(await rows(own, { every: 'day', zone: 'Asia/Kolkata' }), [['2026-03-02', 3]]);
  assert.deepEqual(await rows(own, { filter: { course_id: ["O'Neil"] } }), [[2]]);
  assert.deepEqual(await rows(own, { filter: { course_id: ["' or tenant = 'acme"] }, by: ['course_id'] }), []);
  const day = { every: 'day', first: '2026-03-02', last: '2026-03-02' };
  assert.deepEqual(await rows(own, day), [['2026-03-02', 2]]);
  const without = { first: day.first, last: day.last };
  assert.deepEqual(await rows(own, without), [[2]]);
  assert.deepEqual(await rows(own, { ...without, zone: 'Asia/Kolkata' }), [[3]], 'days are those of the zone');
  const cut = await ask(own, { by: ['course_id'], metrics: ['joined'], limit: 1 });
  assert.deepEqual([cut.json.rows, cut.json.more], [[["O'Neil", 2]], true]);
  assert.deepEqual(
    cut.json.columns.map(({ name }: { name: string }) => name),
    ['course_id', 'joined'],
  );

  const refused = await ask(own, { by: ['region'], filter: { age_band: ['35-55'] } });
  assert.equal(refused.status, 403);
  assert.deepEqual(
    refused.json.problems.map(({ field }: { field: string }) => field),
    ['by', 'filter.age_band'],
  );
  assert.deepEqual(await rows(personal, { by: ['region'] }), [[null, 3]]);
  assert.equal((await ask(operator, {})).status, 403);
  const listed = await call(address, 'listDatasources', { as: own });
  const kindsOf = (datasource: string) => {
    const { metrics } = listed.json.datasources.find(({ name }: { name: string }) => name === datasource);
    return Object.fromEntries(metrics.map(({ name, kind }: { name: string; kind: string }) => [name, kind]));
  };
  const enrollments = kindsOf('enrollments');
  assert.deepEqual([enrollments['joined'], enrollments['learners']], ['count', 'distinct']);
  assert.deepEqual([kindsOf('progress')['gained'], kindsOf('progress')['reached_p50']], ['sum', 'quantile']);
});

test('all that is wrong with a question is told at once', () => {
  const enrollments = learningPlatform.datasources.find(({ name }) => name === 'enrollments');
  assert.ok(enrollments);
  const asked = {
    every: 'day',
    zone: 'Kolkata',
    by: ['course', 'batch_id', 'batch_id'],
    metrics: ['shoes'],
    first: '2026-03-02',
    last: null,
    filter: { course_id: [], batch_id: [7], 'x" or 1=1': ['a'] },
    limit: 1,
  } as const;
  assert.throws(
    () => rollupQuery(enrollments, asked, { tenant: 'default', roles: ['analyst'] }),
    ({ problems }: { problems: readonly { field: string }[] }) => {
      const fields = problems.map(({ field }) => field);
      assert.deepEqual(fields, [
        'by',
        'by',
        'metrics',
        'filter',
        'filter.course_id',
        'filter.batch_id',
        'first',
        'zone',
      ]);
      return true;
    },
  );
});
