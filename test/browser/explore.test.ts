/** Figures are explored: plot, table, file, link, and what cannot be shown. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { keyOf, service } from '../app/service/harness.ts';
import {
  assertAccessible,
  assertFits,
  assertRecovers,
  browserTest,
  choice,
  openPage,
  screenLink,
  settled,
} from '../harness/browser.ts';
import { counted } from '../harness/counted.ts';

const joined = (userId: string, courseId: string, time: string) => ({
  type: 'enrollment.enrolled',
  time,
  data: { userId, courseId, batchId: `${courseId}-1` },
});

const published = (courseId: string, name: string) => ({
  type: 'content.published',
  time: '2020-01-01T08:00:00Z',
  data: { courseId, name, contents: [{ contentId: `${courseId}-a`, name: 'A' }] },
});

/** Ten courses: the first two have two learners each, the others one each. Two courses share a name, and most have none. */
const TOPICS: Readonly<Record<string, readonly object[]>> = {
  'content.events': [published('second', 'More steps'), published('c3', 'Twins'), published('c4', 'Twins')],
  'enrollment.events': [
    joined('ada', '=first', '2020-01-10T10:00:00Z'),
    joined('bo', '=first', '2020-01-12T10:00:00Z'),
    joined('ada', 'second', '2020-01-10T20:00:00Z'),
    joined('bo', 'second', '2020-01-12T10:00:00Z'),
    ...[3, 4, 5, 6, 7, 8, 9, 10].map((at) => joined('ada', `c${at}`, '2020-01-11T10:00:00Z')),
  ],
};

/** The address of an installation that has counted `TOPICS`. */
const installation = (t: TestContext): Promise<string> => counted(t, TOPICS);

/** Waits until the figure of the current query is plotted. */
const plotted = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'Download CSV' }).waitFor();
  await settled(page);
};

const totals = (page: Page) =>
  page.getByRole('region', { name: 'In the whole period' }).getByRole('row').allInnerTexts();
const rows = async (page: Page) => (await totals(page)).map((row) => row.trim().split(/\s*\t\s*/));

browserTest('a figure is explored by breakdown and filter, and its file and its link have exactly that', async (t) => {
  const address = await installation(t);
  // Abandoned queries may still be running. The service then answers 429, and the page waits and tries again.
  const page = await openPage(t, `${address}/explore`, { expected: /429/ });
  await plotted(page);
  await page.locator('.explore-total').getByText('12 learners', { exact: true }).waitFor();
  await choice(page, 'Breakdown').selectOption('course_id');
  await page.waitForURL('**/explore?by=course_id');
  await plotted(page);
  await page.getByRole('region', { name: 'In the whole period' }).waitFor();
  const all = await rows(page);
  assert.deepEqual(all.slice(1, 3).sort(), [
    ['=first', '2 learners', '16.7%'],
    ['More steps', '2 learners', '16.7%'],
  ]);
  assert.deepEqual(all.slice(-2), [
    ['3 others', '3 learners', '25%'],
    ['All', '12 learners', '100%'],
  ]);
  await assertAccessible(page);

  await t.test('the file has a row for each day, and nothing that a spreadsheet would run', async () => {
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download CSV' }).click();
    const file = await downloading;
    assert.equal(file.suggestedFilename(), 'enrollments-joined-by-course_id-2020-01-10-2020-01-12.csv');
    const [head = '', ...lines] = readFileSync(await file.path(), 'utf8')
      .trimEnd()
      .split('\r\n');
    const titles = head.split(',');
    assert.equal(titles.length, 9);
    const at = titles.indexOf("'=first");
    assert.ok(at > 0, head);
    assert.deepEqual(
      lines.map((line) => [line.split(',')[0], line.split(',')[at]]),
      [
        ['2020-01-10', '1'],
        ['2020-01-11', '0'],
        ['2020-01-12', '1'],
      ],
    );
    assert.deepEqual(
      lines.map((line) => line.split(',').at(-1)),
      ['0', '3', '0'],
    );
  });

  await t.test('figures that cannot be added up have no line of others', async () => {
    await choice(page, 'Metric').selectOption('learners');
    await page.getByText('2 more values are not shown').waitFor();
    const each = await rows(page);
    assert.deepEqual(each.at(-1), ['All', '2 learners'], 'and all together are those that there are');
    assert.equal(each.length, 10);
  });

  await t.test('a filter is chosen by the keyboard, and the link shows the same in another zone', async () => {
    await choice(page, 'Metric').selectOption('joined');
    await choice(page, 'Filter').selectOption('course_id');
    await choice(page, 'Course').focus();
    await page.keyboard.type('mor');
    await page.getByRole('option', { name: /^More steps/, selected: true }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Remove More steps', exact: true }).waitFor();
    await choice(page, 'Days in').selectOption('Asia/Tokyo');
    await page.getByText('11 Jan 2020 to 12 Jan 2020, days in Asia/Tokyo').waitFor();
    await page.getByRole('button', { name: 'Copy link' }).click();
    await page.getByText(/Link copied\.|Copying failed: take the link from the address bar\./).waitFor();
    const link = page.url();
    assert.match(link, /first=2020-01-11&last=2020-01-12/);
    await page.goto(`${address}/explore`);
    await plotted(page);
    await page.goto(link);
    await page.getByText('11 Jan 2020 to 12 Jan 2020, days in Asia/Tokyo').waitFor();
    assert.deepEqual((await rows(page)).slice(1), [
      ['More steps', '2 learners', '100%'],
      ['All', '2 learners', '100%'],
    ]);
    await assertAccessible(page);
  });

  await t.test('courses of one name have their ids beside it', async () => {
    await page.goto(`${address}/explore?by=course_id&is.course_id=["c3","c4","c5"]`);
    await plotted(page);
    await page.getByRole('button', { name: 'Remove Twins (c4)', exact: true }).waitFor();
    const names = (await rows(page)).map(([name]) => name);
    assert.deepEqual(names.slice(1).sort(), ['All', 'Twins (c3)', 'Twins (c4)', 'c5']);
  });

  await t.test('large counts of different values are shown as the estimates they are, also in the plot', async () => {
    await page.route('**/v1/datasources/enrollments/query', async (route) => {
      const { columns, ...answer } = await (await route.fetch()).json();
      const at = columns.findIndex(({ name }: { name: string }) => name === 'learners');
      const large = answer.rows.map((row: unknown[]) => row.with(at, 10_000 * Number(row[at])));
      await route.fulfill({ json: { ...answer, columns, rows: large } });
    });
    await page.goto(`${address}/explore?metric=learners`);
    await plotted(page);
    await page.locator('.explore-total').getByText('≈ 20,000 learners', { exact: true }).waitFor();
    const plot = page.locator('tributary-plot');
    await plot.getByText('Show as table', { exact: true }).click();
    assert.deepEqual(await plot.locator('tbody td').allInnerTexts(), ['≈ 10,000', '≈ 10,000', '≈ 10,000']);
    await page.unroute('**/v1/datasources/enrollments/query');
  });

  await t.test('what is not there says so', async () => {
    await page.goto(`${address}/explore?period=custom&first=2019-01-01&last=2019-02-01`);
    await page.getByText('No data for this period and filter', { exact: true }).waitFor();
  });

  await t.test('too many values say how to ask for less', async () => {
    await page.route('**/v1/datasources/enrollments/query', async (route) => {
      const answer = await (await route.fetch()).json();
      const isByValue = route.request().postDataJSON().by?.length === 1;
      await route.fulfill({ json: { ...answer, more: isByValue } });
    });
    await page.goto(`${address}/explore?by=batch_id`);
    await page.getByText('There are more than 10,000 values.').waitFor();
    await page.unroute('**/v1/datasources/enrollments/query');
  });

  for (const scheme of ['light', 'dark'] as const)
    await t.test(`nothing sticks out at 320 px, and axe finds nothing, in the ${scheme} scheme`, async () => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width: 320, height: 640 });
      await page.goto(`${address}/explore?by=course_id&is.batch_id=["c3-1","c4-1"]&period=custom`);
      await plotted(page);
      await assertFits(page);
      await assertAccessible(page);
    });
});

browserTest('what is personal is offered to those alone who may see it', async (t) => {
  const { key, text } = keyOf({ name: 'ada' });
  const { address, wired } = await service(t, { keys: [key] });
  await wired.prepareJobs();
  const page = await openPage(t, `${address}/explore`);
  await page.getByLabel('API key').fill(text);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('No data yet', { exact: true }).waitFor();
  await page.getByText('Personal dimensions need the role personal-data.').waitFor();
  assert.deepEqual(await choice(page, 'Breakdown').locator('option').allTextContents(), ['None', 'Course', 'Batch']);
});

browserTest('a question that fails says why, and can be asked again', async (t) => {
  const { address, wired } = await service(t, { flags: { serveRoles: 'analyst' } });
  await wired.prepareJobs();
  const page = await openPage(t, `${address}/courses`, { expected: /503/ });
  await assertRecovers(page, {
    calls: '**/v1/datasources/enrollments/query',
    open: () => screenLink(page, 'Explore').click(),
    after: 'No data yet',
  });
});
