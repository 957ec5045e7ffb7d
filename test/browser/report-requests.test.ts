/** The screen of a request: progress, a lost worker, failures, expiry, and files by links. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { Wired } from '../../app/stores/wiring.ts';
import { call, keyOf, service, withWorker } from '../app/service/harness.ts';
import { freePort } from '../cli/free-port.ts';
import { running, temporaryFolder } from '../cli/harness.ts';
import { assertAccessible, browserTest, choice, openPage } from '../harness/browser.ts';

const LEASE_MS = 3000;

/** Leases the request for a worker that is never heard of again, unless the test renews the lease. */
async function leased({ requests }: Wired, id: string) {
  const now = Date.now();
  const request = await requests.leaseOne(id, 'another-worker', now, now + LEASE_MS);
  assert.ok(request !== undefined);
  return { id, owner: 'another-worker', attempt: request.attempt };
}

browserTest('the screen of a request shows how far it is, and tells those who listen only now and then', async (t) => {
  const { address, wired } = await service(t, {});
  const { id } = (await call(address, 'request_lag', { body: {} })).json;
  const page = await openPage(t, `${address}/requests/${id}`);
  await page.getByText('Starts as soon as a report worker is free.').waitFor();
  const lease = await leased(wired, id);
  const write = (rows: number) =>
    wired.requests.renew(lease, Date.now(), Date.now() + 60_000, { rows, estimateRows: 4000 });
  await write(1200);
  await page.getByText('1,200 rows written of about 4,000 (30%)').waitFor();
  const bar = page.getByRole('progressbar', { name: 'Progress of the report' });
  assert.deepEqual([await bar.getAttribute('value'), await bar.getAttribute('max')], ['1200', '4000']);
  const said = page.locator('main [role=status]');
  assert.equal(await said.textContent(), '25% written.');
  await write(1900);
  await page.getByText('1,900 rows written').waitFor();
  assert.equal(await said.textContent(), '25% written.');
  await write(5000);
  await page.getByText('5,000 rows written so far').waitFor();
  assert.equal(await bar.getAttribute('value'), null);
  await assertAccessible(page);
});

browserTest('the report of a worker that is lost is made by another, and arrives on the screen', async (t) => {
  const { address, wired } = await service(t, {});
  const { id } = (await call(address, 'request_lag', { body: {} })).json;
  const page = await openPage(t, `${address}/requests/${id}`);
  await wired.requests.renew(await leased(wired, id), Date.now(), Date.now() + LEASE_MS, { rows: 7 });
  await page.getByText('7 rows written').waitFor();
  await withWorker(wired, async () => {
    await page.getByRole('button', { name: 'Download', exact: true }).waitFor();
  });
  assert.equal((await call(address, 'getRequest', { path: { request: id } })).json.attempt, 2);
});

browserTest('a report arrives on the screen although its whole process was killed and started again', async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const args = ['up', '--serve-port', String(port), '--report-lease-ms', '2000', '--log-level', 'error'];
  const first = running(t, folder, args);
  await first.printed('the service is at');
  const page = await openPage(t, `http://127.0.0.1:${port}/reports/enrollment-trend`, {
    expected: /ERR_|Failed to load/,
  });
  await page.getByRole('button', { name: 'Create file' }).click();
  await page.locator('.request-state').waitFor();
  first.child.kill('SIGKILL');
  await first.ended;
  await running(t, folder, args).printed('the service is at');
  const [download] = await Promise.all([
    page.waitForEvent('download', { timeout: 90_000 }),
    page.getByRole('button', { name: 'Download', exact: true }).click({ timeout: 90_000 }),
  ]);
  assert.equal(download.suggestedFilename(), 'enrollment-trend.xlsx');
});

browserTest('a report that failed says why, and is asked for again with the same parameters', async (t) => {
  const { address, wired } = await service(t, {});
  const body = { parameters: { zone: 'Asia/Kolkata', first: '2026-01-01' }, format: 'csv', columns: ['day', 'joined'] };
  const { id } = (await call(address, 'request_enrollment_trend', { body })).json;
  const error = { code: 'SOURCE_AWAY', message: 'the datasource enrollments has no segments', whatToDo: 'Rebuild it.' };
  await wired.requests.fail(await leased(wired, id), Date.now(), error, null);
  const page = await openPage(t, `${address}/requests/${id}`);
  await page.getByText(error.message).waitFor();
  await page.getByText(error.whatToDo).waitFor();
  await assertAccessible(page);
  await page.getByRole('link', { name: 'Request again', exact: true }).click();
  await page.getByRole('button', { name: 'Create file' }).waitFor();
  assert.equal(await page.getByLabel('Zone', { exact: true }).inputValue(), 'Asia/Kolkata');
  assert.equal(await page.getByLabel('First: the day').inputValue(), '2026-01-01');
  assert.ok(await page.getByRole('radio', { name: 'CSV' }).isChecked());
  assert.deepEqual(
    await page
      .locator('input[name="file.columns"]:checked')
      .evaluateAll((all) => all.map((each) => each.getAttribute('value'))),
    ['day', 'joined'],
  );
  await page.getByRole('button', { name: 'Create file' }).click();
  await page.waitForURL(/\/requests\//);
  const { requests } = (await call(address, 'listRequests')).json;
  assert.equal(requests.length, 2);
  assert.deepEqual(requests[0].parameters, requests[1].parameters);
});

browserTest('a file that has expired is offered no more', async (t) => {
  const { address, wired } = await service(t, {});
  const { id } = (await call(address, 'request_lag', { body: {} })).json;
  const page = await openPage(t, `${address}/requests/${id}`);
  await withWorker(wired, () => page.getByRole('button', { name: 'Download', exact: true }).waitFor());
  await wired.requests.expire(Date.now() + 10 * 365 * 86_400_000, 10);
  await page.reload();
  await page.getByText('was removed').waitFor();
  await page.getByText('Expired', { exact: true }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Download', exact: true }).count(), 0);
  await page.getByRole('link', { name: 'Request again', exact: true }).waitFor();
});

browserTest('a request that waits is cancelled once that is confirmed', async (t) => {
  const { address } = await service(t, {});
  const { id } = (await call(address, 'request_lag', { body: {} })).json;
  const page = await openPage(t, `${address}/requests/${id}`);
  await page.getByRole('button', { name: 'Cancel report' }).click();
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  assert.equal((await call(address, 'getRequest', { path: { request: id } })).json.state, 'waiting');
  await page.getByRole('button', { name: 'Cancel report' }).click();
  await page.getByRole('button', { name: 'Stop report' }).click();
  await page.getByText('The report was cancelled, so there is no file.').waitFor();
});

browserTest('the list shows states as they change, by report and state, in pages', async (t) => {
  const { address, wired } = await service(t, {});
  for (let rowLimit = 1; rowLimit <= 27; rowLimit += 1) await call(address, 'request_lag', { body: { rowLimit } });
  const { id } = (await call(address, 'request_dead_letters', { body: {} })).json;
  const page = await openPage(t, `${address}/requests`);
  const rows = page.locator('tbody tr');
  const rowCount = (count: number) => page.locator(`tbody tr:nth-child(${count}):last-child`).waitFor();
  await rowCount(25);
  await page.getByRole('button', { name: 'Next', exact: true }).click();
  await rowCount(3);
  await page.getByRole('button', { name: 'Previous', exact: true }).click();
  await rowCount(25);
  await choice(page, 'Report').selectOption('dead-letters');
  await rowCount(1);
  const error = { code: 'INTERNAL', message: 'it broke' };
  await wired.requests.fail(await leased(wired, id), Date.now(), error, null);
  await rows.getByText('Failed', { exact: true }).waitFor();
  await choice(page, 'State').selectOption('Cancelled');
  await page.getByText('No matching requests', { exact: true }).waitFor();
});

browserTest('who is signed in downloads a file, and passes on a link to it', async (t) => {
  const { key, text } = keyOf({ name: 'ops', roles: ['operator'] });
  const { address, wired } = await service(t, { keys: [key] });
  const page = await openPage(t, `${address}/reports/lag?file.format=csv`);
  await page.getByLabel('API key').fill(text);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Create file' }).click();
  await withWorker(wired, async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download', exact: true }).click(),
    ]);
    const file = await readFile(await download.path(), 'utf8');
    assert.match(file, /^Job,Topic,/);
    await page.getByRole('button', { name: 'Get link' }).click();
    const link = await page.getByLabel('The link').inputValue();
    assert.equal(new URL(link).origin, address);
    assert.equal(await (await fetch(link)).text(), file);
    await assertAccessible(page);
  });
});

browserTest('the request of somebody else is not there', async (t) => {
  const { address } = await service(t, {});
  const page = await openPage(t, `${address}/requests/0000000000000000000000-1`, { expected: /404 \(Not Found\)/ });
  await page.getByText('Not found', { exact: true }).waitFor();
});
