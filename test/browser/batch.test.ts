/** A course and a batch of the Open University data set. Their figures match a direct count of its rows. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { service } from '../app/service/harness.ts';
import {
  assertAccessible,
  assertFits,
  browserTest,
  choice,
  focused,
  type Opening,
  openPage,
  rowsShown,
  settled,
  tile,
} from '../harness/browser.ts';
import { countedByHand, importedFolder, PRESENTATION } from '../harness/presentation.ts';

const counted = countedByHand();
const BATCH = `/batches/${PRESENTATION}`;

async function opened(t: TestContext, path: string, opening: Opening = {}): Promise<Page> {
  const { address } = await service(t, { data: await importedFolder() });
  const page = await openPage(t, address + path, opening);
  await page.getByRole('heading', { level: 1, name: 'AAA, October 2013' }).waitFor();
  await settled(page);
  return page;
}

const card = (page: Page, title: string): Locator =>
  page.locator('section.card').filter({ has: page.getByRole('heading', { name: title, exact: true }) });

/** The rows of a table, as the texts of their cells. */
async function rowsOf(within: Locator): Promise<string[][]> {
  const columns = await within.locator('thead th').count();
  const cells = await within.locator('tbody :is(th, td)').allInnerTexts();
  return Array.from({ length: cells.length / columns }, (_, row) => cells.slice(row * columns, (row + 1) * columns));
}

const week = (day: string): string =>
  `week of ${new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(day))}`;
const quantity = (count: number, unit: string): string => `${count.toLocaleString('en-GB')} ${unit}`;

/** The rows of the table behind a plot. */
async function plotted(page: Page, title: string): Promise<string[][]> {
  const within = card(page, title);
  await within.getByText('Show as table').click();
  return rowsOf(within);
}

browserTest('the activity of a course by week is that of the data set', async (t) => {
  const page = await opened(t, `/courses/${PRESENTATION}`);
  const expected = [...counted.weeks].sort(([a], [b]) => (a > b ? -1 : 1));
  assert.equal(expected.length, 3);
  const numbers = (rows: string[][]) => rows.map(([name, value = '']) => [name, Number(value.replaceAll(/\D/g, ''))]);
  assert.deepEqual(
    numbers(await plotted(page, 'Active learners')),
    expected.map(([day, { learners }]) => [week(day), learners]),
  );
  assert.deepEqual(
    numbers(await plotted(page, 'Visits')),
    expected.map(([day, { visits }]) => [week(day), visits]),
  );
});

browserTest('who joined and who left a batch, week by week, add up to its drop-outs', async (t) => {
  const page = await opened(t, BATCH);
  const rows = await plotted(page, 'Joined and left');
  const left = rows.map(([name, , left = '']) => [name, Number(left.replaceAll(/\D/g, ''))] as const);
  const expected = [...counted.left].map(([day, count]) => [week(day), count] as const);
  assert.deepEqual(left.filter(([, count]) => count > 0).toSorted(), expected.toSorted());
  assert.equal(
    left.reduce((sum, [, count]) => sum + count, 0),
    60,
  );
});

browserTest('the summary of a batch has its learners by progress and by stages, as counted by hand', async (t) => {
  const page = await opened(t, BATCH);
  const bars = card(page, 'Learners by progress').locator('.column-value');
  assert.deepEqual((await bars.allInnerTexts()).map(Number), counted.histogram);
  const stages = card(page, 'From joining to completion').locator('.bar-value');
  const values = (await stages.allInnerTexts()).map((text) => Number.parseInt(text, 10));
  const started = counted.furthest.filter(({ student }) =>
    counted.rows.visits.some((each) => each.student === student),
  );
  assert.deepEqual(values, [counted.rows.registrations.length, counted.furthest.length, started.length, 0, 0]);
});

browserTest('learners are sorted, filtered and paged, and the address says how', async (t) => {
  const page = await opened(t, `${BATCH}?show=learners`);
  const table = page.getByRole('region', { name: 'Learners of the batch' });
  const shown = async () => (await rowsOf(table)).map(([student = '', , progress = '']) => [student, progress.trim()]);
  const expected = counted.furthest.map(({ student, progress }) => [student, `${progress}%`]);
  assert.deepEqual(await shown(), expected.slice(0, 25));
  await page.getByRole('button', { name: 'Next', exact: true }).click();
  await rowsShown(page, '26 to 50 of 323');
  assert.deepEqual(await shown(), expected.slice(25, 50));
  assert.match(page.url(), /page=2/);

  await page.goto(`${new URL(page.url()).origin}${BATCH}?show=learners&page=13`);
  await rowsShown(page, '301 to 323 of 323');
  assert.deepEqual(await shown(), expected.slice(300));
  assert.ok(await page.getByRole('button', { name: 'Next', exact: true }).isDisabled());
  await page.getByRole('button', { name: 'Previous', exact: true }).click();
  await rowsShown(page, '276 to 300 of 323');

  await page.getByRole('button', { name: 'Learner', exact: true }).click();
  await rowsShown(page, '1 to 25 of 323');
  await settled(page);
  const students = counted.furthest.map(({ student }) => student).toSorted();
  assert.deepEqual(
    (await shown()).map(([student]) => student),
    students.slice(0, 25),
  );
  assert.match(page.url(), /sort=userId/);

  await choice(page, 'Progress').selectOption('10 to 19%');
  await rowsShown(page, '1 to 25 of 75');
  await choice(page, 'State').selectOption('Completed');
  await page.getByText('No matching learners', { exact: true }).waitFor();
  await page.reload();
  await page.getByText('No matching learners', { exact: true }).waitFor();
  await page.goBack();
  await rowsShown(page, '1 to 25 of 75');
});

browserTest('the learners who left are listed, and one is found by id', async (t) => {
  const page = await opened(t, BATCH);
  await tile(page, 'Left').getByRole('link').click();
  await rowsShown(page, '1 to 25 of 60');
  const [gone] = counted.rows.registrations.filter(({ unregistered }) => unregistered !== undefined);
  await page.getByRole('searchbox', { name: 'Learner', exact: true }).fill(gone?.student ?? '');
  await page.keyboard.press('Enter');
  await rowsShown(page, '1 to 1 of 1');
  assert.match(page.url(), new RegExp(`learner=${gone?.student}`));
});

browserTest('each content has its visitors, and where learners stopped adds up to those who did', async (t) => {
  const page = await opened(t, `${BATCH}?show=contents&order=-learners`);
  const rows = await rowsOf(card(page, 'All contents'));
  const expected = [...counted.visitors.values()].toSorted((a, b) => b - a).slice(0, 25);
  assert.deepEqual(
    rows.map(([, , learners = '']) => Number(learners)),
    expected,
  );
  const [name = '', place] = rows[0] ?? [];
  const at = counted.rows.sites.findIndex(({ site }) => name.endsWith(site));
  assert.equal(Number(place), at + 1, 'contents are in the order of the data set');
  const visited = new Set(counted.rows.visits.map(({ student }) => student));
  const none = counted.rows.registrations.filter(({ student }) => !visited.has(student)).length;
  await page.getByText(`${quantity(383, 'learners')} stopped, including ${none} before visiting anything`).waitFor();
  await page.getByRole('img', { name: /211 contents in course order/ }).waitFor();
});

for (const scheme of ['light', 'dark'] as const)
  browserTest(`axe finds nothing serious on a course and a batch in the ${scheme} scheme`, async (t) => {
    const page = await opened(t, BATCH, { scheme });
    await assertAccessible(page);
    for (const part of ['Learners', 'Contents']) {
      await page.getByRole('navigation', { name: 'Parts of the batch' }).getByRole('link', { name: part }).click();
      await page.getByRole('link', { name: part, exact: true }).and(page.locator('[aria-current=page]')).waitFor();
      await settled(page);
      await assertAccessible(page);
    }
    await page.locator('.trail').getByRole('link', { name: 'AAA, October 2013' }).click();
    await page.getByRole('heading', { level: 2, name: 'Activity' }).waitFor();
    await settled(page);
    await assertAccessible(page);
  });

browserTest('a course and a batch fit a screen of 320 px', async (t) => {
  const page = await opened(t, `/courses/${PRESENTATION}`, { width: 320, height: 640 });
  await assertFits(page);
  for (const part of ['', '?show=learners', '?show=contents']) {
    await page.goto(new URL(BATCH + part, page.url()).href);
    await page.getByRole('heading', { level: 1, name: 'AAA, October 2013' }).waitFor();
    await settled(page);
    await assertFits(page);
  }
});

browserTest('at 320 px a figure of three digits above a bar is one line', async (t) => {
  const page = await opened(t, BATCH, { width: 320, height: 640 });
  await page.locator('.column-value').getByText('243', { exact: true }).waitFor();
  const heights = await page.locator('.column-value').evaluateAll((all) => all.map((each) => each.clientHeight));
  assert.equal(new Set(heights).size, 1, heights.join(' '));
});

browserTest('the keyboard alone leads from the search to the learners of a tenth, and sorts them', async (t) => {
  const { address } = await service(t, { data: await importedFolder() });
  const page = await openPage(t, `${address}/courses?show=batches`);
  await page.getByLabel('Name or id').focus();
  await page.keyboard.type('aaa octo');
  await page.waitForURL(/words=aaa\+octo/);
  await rowsShown(page, '1 to 1 of 1');
  /** Presses Tab until an element with this name has the focus. */
  const tabTo = async (name: RegExp) => {
    for (let i = 0; i < 40; i += 1) {
      await page.keyboard.press('Tab');
      if (name.test(await focused(page))) return;
    }
    assert.fail(`no Tab leads to ${name}`);
  };
  await tabTo(/^AAA, October 2013/);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'AAA, October 2013' }).waitFor();
  await settled(page);
  await tabTo(/^10 to 19 percent:\s*75/);
  await page.keyboard.press('Enter');
  await rowsShown(page, '1 to 25 of 75');
  await tabTo(/^Last visit/);
  await page.keyboard.press('Enter');
  await page.locator('th[aria-sort=descending]', { hasText: 'Last visit' }).waitFor();
  await settled(page);
  assert.match(await focused(page), /^Last visit/, 'the focus stays');
});
