/** Scheduled reports: a schedule is made from plain choices, changed, and removed. */
import assert from 'node:assert/strict';
import { call, service } from '../app/service/harness.ts';
import { assertAccessible, browserTest, choice, openPage } from '../harness/browser.ts';

browserTest('a schedule is made by plain choices, changed, and removed', async (t) => {
  const { address } = await service(t, {});
  const kept = async () => (await call(address, 'listSchedules')).json.schedules;
  const page = await openPage(t, `${address}/reports/enrollment-trend`, { zone: 'Europe/Berlin' });
  await page.getByRole('combobox', { name: /^First\b/ }).selectOption('Days before the report runs');
  await page.getByRole('radio', { name: 'On a schedule' }).check();
  await page.getByLabel('Schedule name').fill('trend of the week');
  await choice(page, 'How often').selectOption('Every week');
  await page.getByLabel('Monday').uncheck();
  await page.getByText('No day is chosen yet.', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Save schedule' }).click();
  await page.getByText('Choose at least one day.').first().waitFor();
  await page.getByLabel('Tuesday').check();
  await page.getByLabel('At', { exact: true }).fill('06:30');
  await page.getByText('30 6 * * 2').waitFor();
  await page.getByRole('button', { name: 'Save schedule' }).click();
  await page.getByRole('heading', { level: 1, name: 'Schedules' }).waitFor();
  await page.getByText('Every Tuesday at 06:30, Europe/Berlin', { exact: true }).waitFor();
  await assertAccessible(page);
  const [schedule] = await kept();
  assert.deepEqual(
    [schedule.id, schedule.cron, schedule.zone, schedule.parameters.first, schedule.format],
    ['trend of the week', '30 6 * * 2', 'Europe/Berlin', 'today-7', 'xlsx'],
  );

  await page.getByRole('link', { name: 'Edit trend of the week' }).click();
  assert.equal(await page.getByLabel('Schedule name').inputValue(), 'trend of the week');
  await choice(page, 'How often').selectOption('Every month');
  await page.getByLabel('Day of the month').fill('15');
  await page.getByRole('button', { name: 'Save schedule' }).click();
  await page.getByRole('button', { name: 'Replace schedule' }).click();
  await page.getByRole('heading', { level: 1, name: 'Schedules' }).waitFor();
  await page.getByText('On day 15 of every month at 06:30, Europe/Berlin', { exact: true }).waitFor();
  assert.equal((await kept()).length, 1);

  await page.getByRole('button', { name: 'Delete trend of the week' }).click();
  await page.getByRole('button', { name: 'Delete schedule' }).click();
  await page.getByText('No schedules yet', { exact: true }).waitFor();
  assert.deepEqual(await kept(), []);
});

browserTest('a cron expression that cannot be read is refused with the reason', async (t) => {
  const { address } = await service(t, {});
  const page = await openPage(t, `${address}/reports/lag?when=regularly&schedule.every=cron`, {
    expected: /400 \(Bad Request\)/,
  });
  await page.getByLabel('Cron expression').fill('every monday');
  await page.getByRole('button', { name: 'Save schedule' }).click();
  await page.getByText('One problem to fix').waitFor();
  await page
    .locator('.schedule .problem')
    .getByText(/cannot be read: it must have five fields/)
    .waitFor();
});
