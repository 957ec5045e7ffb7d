/** The catalogue of reports, and the form that requests one. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { learningPlatform } from '../../modules/learning.ts';
import { batchIndex } from '../../schemas/rows/batch-summary.ts';
import { call, service, withWorker } from '../app/service/harness.ts';
import { store } from '../app/service/projected.ts';
import { assertAccessible, assertFits, browserTest, choice, focused, openPage, settled } from '../harness/browser.ts';

const reportNamed = (name: string) => {
  const report = learningPlatform.reports.find((each) => each.name === name);
  assert.ok(report !== undefined, name);
  return report;
};

/** Presses Tab until an element with this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 80; presses += 1) {
    await page.keyboard.press('Tab');
    if ((await focused(page)) === name) return;
  }
  assert.fail(`the keyboard does not lead to ${name}`);
}

browserTest('the catalogue finds reports by their questions, and by what their columns mean', async (t) => {
  const { address } = await service(t, {});
  const page = await openPage(t, `${address}/reports`);
  const titles = page.locator('.catalogue h2');
  await titles.first().waitFor();
  assert.equal(await titles.count(), learningPlatform.reports.length);
  await page.getByLabel('Search reports and columns').fill('median');
  await page
    .getByText(reportNamed('learners-at-risk').columns.find(({ name }) => name === 'median_progress')?.doc ?? '')
    .waitFor();
  assert.deepEqual(await titles.allTextContents(), [reportNamed('learners-at-risk').title]);
  assert.equal(new URL(page.url()).searchParams.get('words'), 'median');
  await page.getByLabel('Search reports and columns').fill('xyzzy');
  await page.getByText('No matching reports', { exact: true }).waitFor();
});

browserTest('every column of a report is explained, with its type and its unit', async (t) => {
  const { address } = await service(t, {});
  const page = await openPage(t, `${address}/reports/learner-progress`);
  const list = page.locator('.columns > div');
  await list.first().waitFor();
  const texts = await list.allInnerTexts();
  const { columns } = reportNamed('learner-progress');
  assert.equal(texts.length, columns.length);
  for (const [at, { name, title, doc, unit }] of columns.entries())
    for (const part of [name, title, doc.replaceAll('`', ''), unit ?? ''])
      assert.ok(texts[at]?.replaceAll('\n', ' ').includes(part), `${name}: ${part}`);
  assert.match(texts.join(), /whole number, in percent/);
});

browserTest(
  'all that is wrong with a form is shown at its fields at once, and a password is in no address',
  async (t) => {
    const { address } = await service(t, {});
    const page = await openPage(t, `${address}/reports/learner-progress`, { expected: /400 \(Bad Request\)/ });
    await page.locator('summary', { hasText: 'Columns, rows and formatting' }).click();
    await page.getByLabel('Row limit').fill('0');
    await page.locator('summary').getByText('Protection', { exact: true }).click();
    await page.getByRole('radio', { name: 'Zip archive with a password' }).check();
    const password = page.getByRole('textbox', { name: 'Password' });
    await password.fill('abc-secret');
    await page.getByRole('button', { name: 'Create file' }).click();
    // The focus moves in the next frame.
    await page.locator('#form-problems:focus').getByText('3 problems to fix', { exact: true }).waitFor();
    const fields = {
      Batch: page.getByRole('combobox', { name: 'Batch' }),
      'Row limit': page.getByLabel('Row limit'),
      Password: password,
    };
    for (const [label, field] of Object.entries(fields)) {
      assert.equal(await field.getAttribute('aria-invalid'), 'true', label);
      const [problem] = ((await field.getAttribute('aria-describedby')) ?? '').split(' ');
      assert.match((await page.locator(`[id="${problem}"]`).textContent()) ?? '', /missing|whole number|weak/);
    }
    await assertAccessible(page);
    const kept = await page.evaluate(
      'JSON.stringify([location.href, { ...sessionStorage }, { ...localStorage }, history.state])',
    );
    assert.ok(!(kept as string).includes('abc-secret'));
    assert.equal(await password.inputValue(), 'abc-secret');
    // The message links to the field, and disappears when the field is changed.
    await page.getByRole('button', { name: 'Row limit', exact: true }).click();
    await page.keyboard.type('10');
    await page.keyboard.press('Tab');
    await page.getByText('2 problems to fix').waitFor();
  },
);

browserTest('a report that the caller may not have says which role is missing', async (t) => {
  const { address } = await service(t, { flags: { serveRoles: 'analyst' } });
  const page = await openPage(t, `${address}/reports`);
  const { title } = reportNamed('learners-personal-data');
  const card = page.locator('.catalogue-card').filter({ has: page.getByRole('heading', { name: title, exact: true }) });
  await card.getByText('Needs the role personal-data').waitFor();
  await card.getByRole('link').click();
  await page.getByText('It needs the role personal-data, and you have analyst.').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Create file' }).count(), 0);
  await assertAccessible(page);
});

browserTest(
  'a report with personal data is made protected alone, and the password that is suggested will do',
  async (t) => {
    const { address } = await service(t, { flags: { serveRoles: 'analyst,personal-data' } });
    const page = await openPage(t, `${address}/reports/learners-personal-data`, { expected: /400 \(Bad Request\)/ });
    await page.getByRole('button', { name: 'Suggest' }).click();
    assert.match(await page.getByRole('textbox', { name: 'Password' }).inputValue(), /^([a-z0-9]{5}-){3}[a-z0-9]{5}$/);
    assert.equal(await page.getByText('Anyone with the file can read it').count(), 0);
    await page.getByRole('button', { name: 'Create file' }).click();
    await page.getByText('One problem to fix').waitFor();
    assert.match((await page.locator('#form-problems').textContent()) ?? '', /Batch: It is missing/);
  },
);

browserTest('a batch is found by its name, and a filled form is a link', async (t) => {
  const { address, wired } = await service(t, {});
  await wired.prepareJobs();
  for (const [batchId, name] of [
    ['b1', 'Spring in the hills'],
    ['b2', 'Autumn at sea'],
  ] as const)
    await store(wired, batchIndex, { tenant: 'default', values: { batchId, name } });
  const page = await openPage(t, `${address}/reports/learners-at-risk`);
  await page.getByRole('combobox', { name: 'Batch' }).fill('autumn');
  await page.getByRole('option', { name: 'Autumn at sea' }).click();
  await page.getByLabel('Inactive days').fill('30');
  await page.getByRole('radio', { name: 'CSV' }).check();
  await page.getByRole('radio', { name: 'On a schedule' }).check();
  await choice(page, 'How often').selectOption('week');
  await page.getByLabel('Friday').check();
  await page.waitForURL((url) => url.searchParams.has('schedule.weekdays'));
  const query = new URL(page.url()).searchParams;
  assert.deepEqual(Object.fromEntries(query), {
    batchId: 'b2',
    inactiveDays: '30',
    'file.format': 'csv',
    when: 'regularly',
    'schedule.every': 'week',
    'schedule.weekdays': '1,5',
  });
  await page.reload();
  await page.locator('#field-batchId').waitFor();
  while ((await page.locator('#field-batchId').inputValue()) !== 'Autumn at sea (b2)')
    await page.evaluate('new Promise(requestAnimationFrame)');
  assert.equal(await page.getByLabel('Inactive days').inputValue(), '30');
  assert.ok(await page.getByRole('radio', { name: 'CSV' }).isChecked());
  await page.getByText('every Monday and Friday at 07:00').waitFor();
});

browserTest('days and moments may follow the time at which the report is made', async (t) => {
  const { address } = await service(t, {});
  const page = await openPage(t, `${address}/reports/drop-off`, { zone: 'Asia/Kolkata' });
  await page.getByLabel('As of', { exact: true }).selectOption('A time');
  await page.getByLabel('As of: the time').fill('2026-03-01T05:30');
  await page.getByLabel('As of: the time').blur();
  await page.waitForURL((url) => url.searchParams.get('asOf') === '2026-03-01T00:00:00.000Z');
  await page.goto(`${address}/reports/enrollment-trend`);
  await page.getByRole('combobox', { name: /^First\b/ }).selectOption('Days before the report runs');
  await page.getByLabel('First: how many days before').fill('30');
  await page.getByLabel('First: how many days before').blur();
  await page.waitForURL((url) => url.searchParams.get('first') === 'today-30');
});

browserTest('the keyboard alone leads from the catalogue to the file', async (t) => {
  const { address, wired } = await service(t, {});
  await withWorker(wired, async () => {
    const page = await openPage(t, `${address}/reports`);
    await page.getByRole('link', { name: reportNamed('lag').title, exact: true }).waitFor();
    await tabTo(page, reportNamed('lag').title);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Create file' }).waitFor();
    await tabTo(page, 'Create file');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Download', exact: true }).waitFor();
    await tabTo(page, 'Download');
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    assert.equal(download.suggestedFilename(), 'lag.xlsx');
  });
});

const FILLED =
  '?when=regularly&schedule.every=week&file.format=csv&file.columns=day&file.protection=zip&first=today-7&last=2026-01-01';

for (const scheme of ['light', 'dark'] as const)
  browserTest(
    `axe finds nothing serious on the screens of reports in the ${scheme} scheme, which fit 320 px`,
    async (t) => {
      const { address, wired } = await service(t, {});
      const { id } = (await call(address, 'request_lag', { body: {} })).json;
      await call(address, 'putSchedule', {
        path: { schedule: 'daily' },
        body: { report: 'lag', cron: '0 7 * * *', zone: 'America/Argentina/ComodRivadavia' },
      });
      await withWorker(wired, async () => {
        const page = await openPage(t, `${address}/requests/${id}`, { scheme, width: 320, height: 640 });
        await page.getByRole('button', { name: 'Download', exact: true }).waitFor();
        for (const path of [
          `/requests/${id}`,
          `/reports/enrollment-trend${FILLED}`,
          '/requests',
          '/schedules',
          '/reports',
        ]) {
          await page.goto(address + path);
          await page.locator('main .card').first().waitFor();
          await settled(page);
          await assertAccessible(page);
          await assertFits(page);
        }
      });
    },
  );
