/** Reports over HTTP, from the catalogue to the file. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { writeKeys } from '../../../app/service/keys-file.ts';
import { call, followed, keyOf, requestOf, routeNamed, service, urlOf, withWorker } from './harness.ts';

const operator = keyOf({ name: 'ops', roles: ['analyst', 'operator'] });
const analyst = keyOf({ name: 'ann' });
const colleague = keyOf({ name: 'bob', roles: ['analyst', 'operator'] });
const reader = keyOf({ name: 'reader', scopes: ['reports:read'] });
const neighbour = keyOf({ name: 'cem' });
const keys = [operator, analyst, colleague, reader, neighbour].map(({ key }) => key);
const as = operator.text;

test('the catalogue has every report, and says what the caller may have', async (t) => {
  const { address } = await service(t, { keys });
  const { json } = await call(address, 'listReports', { as: analyst.text });
  const allowed = Object.fromEntries(
    json.reports.map((each: { name: string; allowed: boolean }) => [each.name, each.allowed]),
  );
  assert.equal(allowed['learner-progress'], true);
  assert.equal(allowed['lag'], false);
  const one = await call(address, 'describeReport', { path: { report: 'learner-progress' }, as: analyst.text });
  assert.equal(one.json.parameters.batchId.optional, false);
  const none = await call(address, 'describeReport', { path: { report: 'lags' }, as });
  assert.equal(none.status, 404);
  assert.match(none.json.detail, /learner-progress/);
});

test('a catalogue that the caller has already is not sent again', async (t) => {
  const { address } = await service(t, { keys });
  const first = await call(address, 'listReports', { as });
  const etag = first.headers.get('etag') as string;
  const second = await call(address, 'listReports', { as, headers: { 'if-none-match': etag } });
  assert.equal(second.status, 304);
  assert.equal(second.text, '');
});

test('all that is wrong with a request is answered at once, by field', async (t) => {
  const { address } = await service(t, { keys });
  const body = {
    parameters: { colour: 'red' },
    format: 'pdf',
    columns: ['shoe'],
    rowLimit: 0,
    options: { bom: 'perhaps' },
  };
  const refused = await call(address, 'request_learner_progress', { as, body });
  assert.equal(refused.status, 400);
  const fields = refused.json.problems.map((each: { field: string }) => each.field);
  assert.deepEqual(fields.sort(), [
    'columns',
    'format',
    'options',
    'parameters.batchId',
    'parameters.colour',
    'rowLimit',
  ]);
  const shape = await call(address, 'request_lag', { as, body: { columns: 'all', maxAgeMs: -1, fromat: 'csv' } });
  assert.deepEqual(shape.json.problems.map((each: { field: string }) => each.field).sort(), [
    '',
    'columns',
    'maxAgeMs',
  ]);
  const list = await call(address, 'listRequests', { as, query: '?limit=many&state=lost' });
  assert.deepEqual(list.json.problems.map((each: { field: string }) => each.field).sort(), [
    'query.limit',
    'query.state',
  ]);
});

test('a report is asked for, followed, looked at, fetched and linked', async (t) => {
  const { address, wired, log } = await service(t, { keys });
  const asked = await call(address, 'request_lag', { as, body: { format: 'csv' } });
  assert.equal(asked.status, 201);
  const { id } = asked.json;
  assert.equal(asked.headers.get('location'), `/v1/requests/${id}`);
  assert.equal((await call(address, 'request_lag', { as, body: {} })).json.id, id);

  const early = await call(address, 'downloadRequest', { path: { request: id }, as });
  assert.deepEqual([early.status, early.json.code], [409, 'WRONG_STATE']);
  assert.match(early.json.detail, /is waiting, so it has no file/);

  const events = await withWorker(wired, () => followed(address, id, as));
  assert.match(events[0] as string, /^event: request\ndata: .*"state":"(waiting|running)"/);
  assert.match(events.at(-1) as string, /^id: end\nevent: end\ndata: .*"state":"done"/);
  const back = await call(address, 'followRequest', { path: { request: id }, as, headers: { 'last-event-id': 'end' } });
  assert.equal(back.status, 204);

  const { json: done } = await call(address, 'getRequest', { path: { request: id }, as });
  const whole = await call(address, 'downloadRequest', { path: { request: id }, as });
  assert.equal(createHash('sha256').update(whole.text).digest('hex'), done.file.checksum);
  assert.equal(whole.headers.get('content-disposition'), 'attachment; filename="lag.csv"');
  assert.equal(whole.headers.get('content-length'), String(done.file.bytes));
  const etag = whole.headers.get('etag') as string;
  const described = await call(address, 'describeFile', { path: { request: id }, as });
  const about = JSON.parse(described.text);
  assert.deepEqual([about.report, about.rows, about.asOf], ['lag', done.file.rows, done.file.asOf]);
  assert.deepEqual(
    [String(about.definitionVersion), about.columnsVersion],
    [done.file.definitionVersion, done.file.columnsVersion],
  );
  assert.equal(described.headers.get('content-disposition'), 'attachment; filename="lag.about.json"');
  const part = await call(address, 'downloadRequest', { path: { request: id }, as, headers: { range: 'bytes=10-19' } });
  assert.equal(part.status, 206);
  assert.equal(part.text, whole.text.slice(10, 20));
  assert.equal(part.headers.get('content-range'), `bytes 10-19/${done.file.bytes}`);
  const older = { range: 'bytes=10-19', 'if-range': '"another"' };
  assert.equal((await call(address, 'downloadRequest', { path: { request: id }, as, headers: older })).status, 200);
  const beyond = { range: 'bytes=9999999-' };
  assert.equal((await call(address, 'downloadRequest', { path: { request: id }, as, headers: beyond })).status, 416);
  const audits = () => log().filter(({ audit }) => audit === 'download').length;
  const before = audits();
  const route = routeNamed('downloadRequest');
  const head = await fetch(address + urlOf(route, { path: { request: id } }), {
    ...requestOf(route, { as }),
    method: 'HEAD',
  });
  assert.deepEqual(
    [head.status, head.headers.get('etag'), head.headers.get('content-length'), await head.text(), audits()],
    [200, etag, String(done.file.bytes), '', before],
  );
  const has = { 'if-none-match': etag };
  assert.equal((await call(address, 'downloadRequest', { path: { request: id }, as, headers: has })).status, 304);

  const late = await call(address, 'cancelRequest', { path: { request: id }, as });
  assert.deepEqual([late.status, late.json.code], [409, 'WRONG_STATE']);

  const preview = await call(address, 'previewRequest', { path: { request: id }, as });
  assert.equal(preview.json.columns[0].name, done.columns[0]);
  assert.ok(preview.json.rows.length > 0);
  assert.equal(preview.json.more, preview.json.rows.length === 100 && done.file.rows > 100);

  const { json: link } = await call(address, 'linkRequest', { path: { request: id }, as, body: {} });
  const { pathname, search } = new URL(link.url);
  assert.equal(link.path, pathname + search);
  const opened = await call(address, 'openLink', { path: { name: pathname.slice('/objects/'.length) }, query: search });
  assert.equal(opened.text, whole.text);
  assert.equal(opened.headers.get('content-disposition'), 'attachment; filename="lag.csv"');

  const audited = log().filter(({ audit }) => audit !== undefined);
  assert.deepEqual(
    [...new Set(audited.map(({ audit, user }) => `${user} ${audit}`))].sort(),
    ['key:ops download', 'key:ops link', 'key:ops preview', 'key:ops request', 'link open link'].sort(),
  );
});

test('a link that was changed, or has expired, leads nowhere', async (t) => {
  const { address, wired } = await service(t, { keys });
  await wired.objects.put('reports/a.csv', Buffer.from('secret'));
  await wired.objects.put('reports/b.csv', Buffer.from('other'));
  const open = async (url: string) => {
    const { pathname, search } = new URL(url);
    return call(address, 'openLink', { path: { name: pathname.slice('/objects/'.length) }, query: search });
  };
  const link = await wired.objects.link('reports/a.csv', Date.now() + 60_000, 'a.csv');
  assert.equal((await open(link)).text, 'secret');
  for (const changed of [
    link.replace('a.csv?', 'b.csv?'),
    link.replace('a.csv?', '..%2f..%2ftributary.sqlite?'),
    link.replace(/expires=\d+/, `expires=${Date.now() + 9e9}`),
    link.replace('file=a.csv', 'file=a.exe'),
    link.replace(/signature=../, 'signature=00'),
    await wired.objects.link('reports/a.csv', Date.now() - 1, 'a.csv'),
    await wired.objects.link('reports/none.csv', Date.now() + 60_000),
  ])
    assert.equal((await open(changed)).status, 404, changed);
});

test('with an idempotency key the same call gives the same request, however fresh it must be', async (t) => {
  const { address, wired } = await service(t, { keys });
  const ask = (key: string | undefined, who = as) =>
    call(address, 'request_lag', {
      as: who,
      body: { maxAgeMs: 0 },
      headers: key === undefined ? {} : { 'idempotency-key': key },
    });
  await withWorker(wired, async () => {
    const first = await ask('a-1');
    await followed(address, first.json.id, as);
    const again = await ask('a-1');
    assert.deepEqual([again.status, again.json.id], [200, first.json.id]);
    for (const other of [await ask('a-2'), await ask(undefined), await ask('a-1', colleague.text)])
      assert.notEqual(other.json.id, first.json.id);
  });
  const odd = await ask('ä b');
  assert.deepEqual(
    odd.json.problems.map((each: { field: string }) => each.field),
    ['idempotency-key'],
  );
});

test('requests are listed in pages, and others see them only as operators', async (t) => {
  const { address } = await service(t, { keys });
  const ids: string[] = [];
  for (const rowLimit of [1, 2, 3])
    ids.unshift((await call(address, 'request_lag', { as, body: { rowLimit } })).json.id);
  const first = await call(address, 'listRequests', { as, query: '?limit=2' });
  const rest = await call(address, 'listRequests', {
    as,
    query: `?limit=2&cursor=${encodeURIComponent(first.json.next)}`,
  });
  assert.deepEqual(
    [...first.json.requests, ...rest.json.requests].map(({ id }: { id: string }) => id),
    ids,
  );
  assert.equal(rest.json.next, null);
  const cursor = await call(address, 'listRequests', { as, query: '?cursor=mine' });
  assert.equal(cursor.status, 400);
  assert.deepEqual((await call(address, 'listRequests', { as: analyst.text })).json.requests, []);
  assert.equal((await call(address, 'listRequests', { as: analyst.text, query: '?mine=false' })).status, 403);
  const all = await call(address, 'listRequests', { as: colleague.text, query: '?mine=false' });
  assert.equal(all.json.requests.length, 3);
  assert.equal(
    (await call(address, 'getRequest', { path: { request: ids[0] as string }, as: analyst.text })).status,
    404,
  );
});

test('a request is cancelled by who asked for it alone, or by an operator', async (t) => {
  const { address, wired } = await service(t, { keys });
  const reports = wired.platform.reports;
  assert.ok(reports.some(({ name }) => name === 'enrollment-trend'));
  const ask = (who: string) => call(address, 'request_enrollment_trend', { as: who, body: {} });
  const { id } = (await ask(analyst.text)).json;
  assert.equal((await ask(as)).json.id, id);
  const path = { request: id };
  const refused = await call(address, 'cancelRequest', { path, as: analyst.text });
  assert.equal(refused.status, 403);
  assert.equal((await call(address, 'cancelRequest', { path, as })).json.state, 'cancelled');
  assert.equal((await call(address, 'cancelRequest', { path, as })).json.state, 'cancelled');
});

test('schedules are added, replaced, listed and removed by who has them', async (t) => {
  const { address } = await service(t, { keys });
  const path = { schedule: 'weekly trend' };
  const url = { schedule: encodeURIComponent(path.schedule) };
  const body = { report: 'enrollment-trend', cron: '0 7 * * mon', zone: 'Asia/Kolkata' };
  const added = await call(address, 'putSchedule', { path: url, as: analyst.text, body });
  assert.equal(added.status, 200);
  assert.equal(added.json.id, path.schedule);
  assert.ok(added.json.nextAt);
  const when = { cron: 'monday', zone: 'Mars/Base' };
  const wrong = await call(address, 'putSchedule', { path: url, as: analyst.text, body: { ...body, ...when } });
  assert.equal(wrong.status, 400);
  assert.deepEqual(wrong.json.problems, [
    { field: 'zone', message: 'the time zone "Mars/Base" is unknown: write one as Asia/Kolkata' },
    {
      field: 'cron',
      message:
        'the expression "monday" cannot be read: it must have five fields: minute, hour, day, month, day of the week',
    },
  ]);
  const taken = await call(address, 'putSchedule', { path: url, as: neighbour.text, body });
  assert.equal(taken.status, 409);
  const other = keyOf({ name: 'none' });
  assert.equal((await call(address, 'getSchedule', { path: url, as: other.text })).status, 401);
  assert.deepEqual((await call(address, 'listSchedules', { as: reader.text })).json.schedules, []);
  assert.equal((await call(address, 'listSchedules', { as })).json.schedules.length, 1);
  assert.equal((await call(address, 'getSchedule', { path: url, as: reader.text })).status, 404);
  assert.equal((await call(address, 'removeSchedule', { path: url, as: analyst.text })).status, 204);
  assert.equal((await call(address, 'removeSchedule', { path: url, as: analyst.text })).status, 404);
});

test('a key does what its scopes allow', async (t) => {
  const { address } = await service(t, { keys });
  const refused = await call(address, 'request_enrollment_trend', { as: reader.text, body: {} });
  assert.equal(refused.status, 403);
  assert.match(refused.json.detail, /reports:write/);
});

test('the file of a report that was done is refused once the role is gone', async (t) => {
  const { address, wired, keysFile } = await service(t, { keys });
  const { id } = (await call(address, 'request_lag', { as, body: {} })).json;
  await withWorker(wired, () => followed(address, id, as));
  const less = keyOf({ name: operator.key.name });
  writeKeys(keysFile, [less.key]);
  for (const name of ['downloadRequest', 'previewRequest', 'linkRequest']) {
    const refused = await call(address, name, {
      path: { request: id },
      as: less.text,
      ...(name === 'linkRequest' && { body: {} }),
    });
    assert.equal(refused.status, 403, name);
    assert.match(refused.json.detail, /needs the role operator/);
  }
});
