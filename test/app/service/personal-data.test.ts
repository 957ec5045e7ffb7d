/** Personal data over HTTP, from a real process: a caller needs the role, consents are checked again, and each access is logged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '../../cli/free-port.ts';
import { ndjson, running, temporaryFolder, tributary } from '../../cli/harness.ts';
import { call, followed } from './harness.ts';

const PASSWORD = 'correct horse battery staple';
const body = { parameters: { batchId: 'b1' }, protection: { kind: 'zip', password: PASSWORD } };

async function installation(t: Parameters<typeof temporaryFolder>[0]) {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const serve = ['--serve-port', String(port), '--serve-roles', 'analyst,personal-data', '--log-level', 'error'];
  const process = running(t, folder, ['up', ...serve]);
  await process.printed('the service is at');
  const send = async (topic: string, ...events: readonly object[]) => {
    const { code, stderr } = await tributary(folder, ['produce', topic], { input: ndjson(...events) });
    assert.equal(code, 0, stderr);
    assert.equal((await tributary(folder, ['lag', '--wait'])).code, 0);
  };
  const batch = { batchId: 'b1', courseId: 'c1', name: 'Spring', startsAt: Date.parse('2026-03-01T00:00:00Z') };
  await send('batch.events', { type: 'batch.created', data: batch });
  const enrolled = (userId: string) => ({
    type: 'enrollment.enrolled',
    data: { userId, courseId: 'c1', batchId: 'b1', method: '' },
  });
  await send('enrollment.events', enrolled('ada'), enrolled('bo'), enrolled('col'));
  const consent = (what: 'given' | 'withdrawn', userId: string) => ({
    type: `user.consent-${what}`,
    data: { userId, objectId: 'c1' },
  });
  await send(
    'user.events',
    ...['ada', 'bo'].map((userId) => ({ type: 'user.created', data: { userId, name: `${userId}!` } })),
  );
  await send('user.events', consent('given', 'ada'), consent('given', 'bo'));
  const withdraw = (userId: string) => send('user.events', consent('withdrawn', userId));
  return { address: `http://127.0.0.1:${port}`, process, withdraw };
}

test('a file with data of somebody who has withdrawn the consent is handed out no more', async (t) => {
  const { address, process, withdraw } = await installation(t);
  const ask = (changes = {}) => call(address, 'request_learners_personal_data', { body: { ...body, ...changes } });
  const open = await ask({ protection: { kind: 'none' } });
  assert.deepEqual(
    open.json.problems.map(({ field }: { field: string }) => field),
    ['protection'],
  );
  assert.ok(!open.text.includes(PASSWORD));

  const { json, text } = await ask();
  assert.deepEqual(json.notes, ['2 of 3 learners have consented; the others are left out']);
  assert.ok(!text.includes(PASSWORD));
  await followed(address, json.id, undefined);
  const path = { request: json.id };
  const names = async (id: string) => {
    const preview = await call(address, 'previewRequest', { path: { request: id } });
    const at = preview.json.columns.findIndex(({ name }: { name: string }) => name === 'name');
    return preview.json.rows.map((row: string[]) => row[at]);
  };
  assert.deepEqual(await names(json.id), ['ada!', 'bo!']);
  assert.equal((await call(address, 'downloadRequest', { path })).status, 200);
  const described = await call(address, 'describeFile', { path });
  assert.equal(described.status, 404);
  assert.match(described.json.detail, /is in its archive/);

  await withdraw('bo');
  for (const [name, asked] of [
    ['downloadRequest', { path }],
    ['describeFile', { path }],
    ['linkRequest', { path, body: {} }],
  ] as const) {
    const refused = await call(address, name, asked);
    assert.equal(refused.status, 403, name);
    assert.match(refused.json.detail, /withdrawn the consent: ask for the report again/);
  }
  assert.deepEqual(await names(json.id), ['ada!']);
  const again = await ask();
  assert.notEqual(again.json.id, json.id);
  await followed(address, again.json.id, undefined);
  assert.equal((await call(address, 'downloadRequest', { path: { request: again.json.id } })).status, 200);

  process.child.kill('SIGTERM');
  const { stderr } = await process.ended;
  assert.ok(!stderr.includes(PASSWORD));
  const audited = stderr.split('\n').flatMap((line) => (line.includes('"audit"') ? [JSON.parse(line)] : []));
  const of = (action: string) => audited.filter(({ audit, personal }) => audit === action && personal).length;
  assert.deepEqual([of('request'), of('preview'), of('download'), of('link')], [2, 2, 2, 0]);
  assert.ok(audited.every(({ time, user, tenant, report, request }) => time && user && tenant && report && request));
});
