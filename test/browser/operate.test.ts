/** What operators see and do: jobs live, dead letters, schedules, findings. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { service } from '../app/service/harness.ts';
import { event, rejected } from '../cli/dead-letters.ts';
import {
  assertAccessible,
  assertFits,
  assertRecovers,
  browserTest,
  choice,
  focused,
  openPage,
  screenLink,
  settled,
  tile,
} from '../harness/browser.ts';

const ALL_ROLES = 'analyst,operator,producer,personal-data';
const DATA = { userId: 'u1', courseId: 'c1', batchId: 'b1', method: 7 };

async function installation(t: TestContext, roles = ALL_ROLES) {
  const running = await service(t, { flags: { serveRoles: roles } });
  await running.wired.prepareJobs();
  return running;
}

const letterLink = (page: Page, id: string) => page.getByRole('link', { name: id, exact: true });
const inDialog = (page: Page) => page.getByRole('dialog');

browserTest('a dead letter is seen with its record, replayed, and then no longer open', async (t) => {
  const { address, wired } = await installation(t);
  const id = await rejected(wired, event(JSON.stringify(DATA)), ['track-progress']);
  const page = await openPage(t, `${address}/operate/dead-letters`);
  await page.getByText('1 dead letter', { exact: true }).waitFor();
  await assertAccessible(page);
  await letterLink(page, id).click();
  await page.getByText('why track-progress did not').waitFor();
  assert.equal(await page.locator('pre.bytes').textContent(), JSON.stringify(DATA));
  await page.getByRole('button', { name: 'Hexadecimal' }).click();
  await page.getByText('7b 22 75 73 65 72 49 64').waitFor();
  await assertAccessible(page);

  await page.getByRole('button', { name: 'Replay', exact: true }).click();
  await inDialog(page).getByText('Replay 1 dead letter?').waitFor();
  await assertAccessible(page);
  const end = async () => (await wired.stores.transport.describe(['enrollment.events']))[0]?.partitions[2]?.end;
  assert.equal(await end(), 1, 'nothing is sent before the reader says so');
  await inDialog(page).getByLabel('Reason').fill('the schema was mended');
  await page.keyboard.press('Enter');
  await page.getByText('1 dead letter was replayed.').waitFor();
  await page.getByText(/by root.*: the schema was mended|: the schema was mended/).waitFor();
  assert.equal(await end(), 2);

  await page.getByRole('link', { name: 'All dead letters' }).click();
  await page.getByText('No open dead letters', { exact: true }).waitFor();
  await choice(page, 'State').selectOption('replayed');
  await page.waitForURL('**/operate/dead-letters?state=replayed');
  await letterLink(page, id).waitFor();
});

browserTest('a dead letter is corrected: the event is shown as it will be, and mistakes in their place', async (t) => {
  const { address, wired } = await installation(t);
  const id = await rejected(wired, event(JSON.stringify(DATA)), ['track-progress']);
  const page = await openPage(t, `${address}/operate/dead-letters/${encodeURIComponent(id)}?job=track-progress`);
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  const data = page.getByLabel('Data', { exact: true });
  assert.deepEqual(JSON.parse(await data.inputValue()), DATA);
  await page.getByRole('button', { name: 'Preview' }).click();
  await page.getByText('Nothing has changed yet.').waitFor();
  await data.fill('{');
  await page.getByRole('button', { name: 'Preview' }).click();
  await page.getByText('This is not valid JSON.').waitFor();
  await data.fill(JSON.stringify({ ...DATA, method: 8 }));
  await page.getByRole('button', { name: 'Preview' }).click();
  await inDialog(page).getByText('data.method: a string is expected, not 8').waitFor();
  await inDialog(page).getByRole('button', { name: 'Close' }).click();
  await data.fill(JSON.stringify({ ...DATA, method: 'self' }));
  await page.getByRole('button', { name: 'Preview' }).click();
  await inDialog(page).getByText('"method": "self"').waitFor();
  await assertAccessible(page);
  await inDialog(page).getByRole('button', { name: 'Send it' }).click();
  await page.getByText('1 dead letter was edited.').waitFor();
  await page.getByText('Edited', { exact: true }).first().waitFor();
});

browserTest('dead letters are filtered by the address, and discarded as a whole by the keyboard', async (t) => {
  const { address, wired } = await installation(t);
  const ids: string[] = [];
  for (const job of ['track-progress', 'track-progress', 'roll-up-activity'])
    ids.push(await rejected(wired, event(JSON.stringify(DATA)), [job]));
  const page = await openPage(t, `${address}/operate/dead-letters?job=track-progress`);
  await page.getByText('2 dead letters', { exact: true }).waitFor();
  assert.equal(await letterLink(page, ids[2] as string).count(), 0);
  await page.getByRole('button', { name: 'Discard all 2' }).focus();
  await page.keyboard.press('Enter');
  await inDialog(page).waitFor();
  await page.keyboard.press('Escape');
  await inDialog(page).waitFor({ state: 'detached' });
  assert.equal(await focused(page), 'Discard all 2', 'the focus is back where it was');
  await page.keyboard.press('Enter');
  await inDialog(page).getByRole('button', { name: 'Discard them' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('2 dead letters were discarded.').waitFor();
  await page.getByText('No matching dead letters', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Clear filter' }).click();
  await letterLink(page, ids[2] as string).waitFor();
});

browserTest('without the role personal-data a dead letter says what it leaves out', async (t) => {
  const { address, wired } = await installation(t, 'operator');
  const id = await rejected(wired, event(JSON.stringify({ ...DATA, method: 'self' })), ['track-progress']);
  const page = await openPage(t, `${address}/operate/dead-letters/${encodeURIComponent(id)}?job=track-progress`);
  await page.getByText('they need the role personal-data').waitFor();
  await page.getByText('Editing needs the role personal-data.').waitFor();
  assert.equal(await page.getByRole('heading', { name: 'Bytes of the value' }).count(), 0);
  assert.equal(await page.getByRole('button', { name: 'Edit', exact: true }).count(), 0);
});

browserTest('lag is seen to grow and to fall, without loading the page again', async (t) => {
  const { address, wired } = await installation(t);
  const page = await openPage(t, `${address}/operate?job=track-progress`);
  const lag = tile(page, 'Lag').locator('.stat-value');
  await lag.getByText('0 records', { exact: true }).waitFor();
  await wired.stores.transport.produce([1, 2, 3].map(() => event(JSON.stringify(DATA))));
  // Two consumer groups read the topic.
  await lag.getByText('6 records', { exact: true }).waitFor();
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'track-progress', exact: true }) });
  await row.getByText('Reading', { exact: true }).waitFor();
  await page.getByRole('heading', { name: 'Partitions of track-progress' }).waitFor();
  await assertAccessible(page);
  await wired.stores.transport.seek('track-progress', 'enrollment.events', { partition: 2, offset: 3 });
  await lag.getByText('3 records', { exact: true }).waitFor();
  await row.getByText('Up to date', { exact: true }).waitFor();
});

browserTest('a job is paused with a reason, and resumed', async (t) => {
  const { address } = await installation(t);
  const page = await openPage(t, `${address}/operate`);
  await page.getByRole('button', { name: 'Pause track-progress' }).click();
  await inDialog(page).getByLabel('Reason').fill('the course list is wrong');
  await inDialog(page).getByRole('button', { name: 'Pause' }).click();
  await page.getByText('track-progress is paused.').waitFor();
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'track-progress', exact: true }) });
  await row.getByText(': the course list is wrong').waitFor();
  await page.getByRole('button', { name: 'Resume track-progress' }).click();
  await inDialog(page).getByRole('button', { name: 'Resume' }).click();
  await row.getByText('Up to date', { exact: true }).waitFor();
});

browserTest('doctor says what is wrong and what to do about it', async (t) => {
  const { address, wired } = await installation(t);
  await rejected(wired, event('{}'), ['track-progress']);
  const page = await openPage(t, `${address}/operate/doctor`);
  const finding = page
    .locator('.finding')
    .filter({ has: page.getByRole('heading', { name: 'Dead letters', exact: true }) });
  await finding.getByText('DATA_INVALID 1').waitFor();
  await finding.getByText('What to do:').waitFor();
  await page.getByText(/\d+ checks passed/).click();
  await page.getByRole('cell', { name: 'SQLite finds no damage' }).waitFor();
  await assertAccessible(page);
  await finding.getByRole('link', { name: 'View dead letters' }).click();
  await page.getByText('1 dead letter', { exact: true }).waitFor();
});

browserTest('what fails is said in its place, and can be tried again', async (t) => {
  const { address } = await installation(t);
  const page = await openPage(t, `${address}/explore`, { expected: /503/ });
  const operate = page.getByRole('navigation', { name: 'Operate' });
  await assertRecovers(page, {
    calls: '**/v1/operate/dead-letters?**',
    async open() {
      await screenLink(page, 'Operate').click();
      await operate.getByRole('link', { name: 'Dead letters' }).click();
    },
    after: 'No open dead letters',
  });
  await operate.getByRole('link', { name: 'Schedules' }).click();
  await page.getByText('No schedules yet', { exact: true }).waitFor();
});

browserTest('every address of operators tells others which role they lack', async (t) => {
  const { address } = await service(t, { flags: { serveRoles: 'analyst,personal-data' } });
  const page = await openPage(t, address);
  for (const path of ['/operate', '/operate/dead-letters', '/operate/schedules', '/operate/doctor']) {
    await page.goto(address + path);
    await page.getByText('This screen needs the role operator').waitFor();
  }
  assert.equal(await screenLink(page, 'Operate').count(), 0);
});

for (const scheme of ['light', 'dark'] as const)
  browserTest(`nothing sticks out at 320 px, and axe finds nothing, in the ${scheme} scheme`, async (t) => {
    const { address, wired } = await installation(t);
    const id = await rejected(wired, event(JSON.stringify(DATA)), ['track-progress']);
    const letter = `/operate/dead-letters/${encodeURIComponent(id)}?job=track-progress`;
    const page = await openPage(t, address, { width: 320, height: 640, scheme });
    for (const path of [
      '/operate?job=notify',
      '/operate/dead-letters',
      letter,
      '/operate/schedules',
      '/operate/doctor',
    ]) {
      await page.goto(address + path);
      await settled(page);
      await assertFits(page);
      await assertAccessible(page);
    }
  });
