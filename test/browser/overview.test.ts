/** The overview of a small installation whose events are from 2020. */
import assert from 'node:assert/strict';
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
  tile,
} from '../harness/browser.ts';
import { counted } from '../harness/counted.ts';

const course = (courseId: string, name: string) => ({
  type: 'content.published',
  time: '2020-01-01T08:00:00Z',
  data: { courseId, name, contents: [{ contentId: `${courseId}-a`, name: 'A' }] },
});
const batch = (courseId: string, name: string, endsAt?: number) => ({
  type: 'batch.created',
  time: '2020-01-01T09:00:00Z',
  data: { batchId: `${courseId}-1`, courseId, name, startsAt: Date.UTC(2020, 0, 1), ...(endsAt && { endsAt }) },
});
const joined = (userId: string, courseId: string, time: string) => ({
  type: 'enrollment.enrolled',
  time,
  data: { userId, courseId, batchId: `${courseId}-1` },
});
const visited = (userId: string, courseId: string, time: string, status = 'started') => ({
  type: 'enrollment.content-progressed',
  time,
  data: { userId, courseId, contentId: `${courseId}-a`, status },
});

const TOPICS: Readonly<Record<string, readonly object[]>> = {
  'content.events': [course('rivers', 'How rivers work'), course('hills', 'How hills stand')],
  'batch.events': [batch('rivers', 'Rivers, spring'), batch('hills', 'Hills, spring', Date.UTC(2020, 5, 1))],
  'enrollment.events': [
    joined('ada', 'rivers', '2020-01-10T10:00:00Z'),
    joined('bo', 'rivers', '2020-01-10T11:00:00Z'),
    joined('ada', 'hills', '2020-02-03T10:00:00Z'),
    visited('bo', 'rivers', '2020-02-04T10:00:00Z'),
    visited('ada', 'rivers', '2020-02-12T10:00:00Z', 'completed'),
    visited('ada', 'hills', '2020-02-13T10:00:00Z'),
  ],
};

/** The address of an installation that has counted `TOPICS`. */
const installation = (t: TestContext): Promise<string> => counted(t, TOPICS);

/** The figure of a tile, as soon as it is shown. */
const figure = (page: Page, label: string) => tile(page, label).locator('.stat-value').textContent();

browserTest('the overview says how many learn, and where the data end', async (t) => {
  const address = await installation(t);
  const page = await openPage(t, address);
  await settled(page);
  await page.getByText('Data and periods end on 13 Feb 2020').waitFor();
  assert.equal(await figure(page, 'Learners'), '2');
  assert.equal(await figure(page, 'Current enrollments'), '3');
  assert.equal(await figure(page, 'Completions'), '1');
  assert.equal(await figure(page, 'Active in the latest week'), '1');
  await tile(page, 'Active in the latest week').getByText('week of 10 Feb 2020; 1 in the week before').waitFor();
  await page.getByText('1 of 2 running', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Rivers, spring', exact: true }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Hills, spring', exact: true }).count(), 0, 'it has ended');
  assert.equal(await figure(page, 'Dead letters, all time'), '0');
  await assertAccessible(page);

  await t.test('every plot has a table with its figures', async () => {
    const plot = page.locator('tributary-plot').first();
    await plot.getByText('Show as table').click();
    const rows = await plot.getByRole('row').allInnerTexts();
    assert.ok(
      rows.some((row) => /10 Jan 2020\s+2\s+0/.test(row)),
      rows.join('\n'),
    );
  });

  await t.test('the arrow keys move through a plot', async () => {
    const plot = page.locator('tributary-plot').first();
    await plot.getByRole('application').focus();
    await page.keyboard.press('Home');
    await plot.locator('.legend-when').getByText('10 Jan 2020').waitFor();
    assert.equal(await plot.locator('.legend-value').first().textContent(), '2 learners');
    await page.keyboard.press('ArrowRight');
    await plot.locator('.legend-when').getByText('11 Jan 2020').waitFor();
  });

  await t.test(
    'a course is found by the beginning of a word, chosen by the keyboard, and kept in the address',
    async () => {
      await choice(page, 'Course').click();
      await page.getByRole('option', { name: 'How rivers work' }).waitFor();
      await page.keyboard.type('hil');
      // Until the search has found it, the list shows all courses, and Enter would select none.
      await page.getByRole('option', { name: 'How hills stand', selected: true }).waitFor();
      await page.keyboard.press('Enter');
      await page.waitForURL('**/?course=hills');
      await settled(page);
      const field = choice(page, 'Course');
      assert.equal(await field.inputValue(), 'How hills stand');
      assert.equal(await page.evaluate('document.activeElement.id'), 'field-course', 'the focus stays');
      assert.equal(await figure(page, 'Learners'), '1');
      assert.equal(await figure(page, 'Completions'), '0');
      await page.getByText('No completions in this period', { exact: true }).waitFor();
      await page.reload();
      await settled(page);
      assert.equal(await figure(page, 'Learners'), '1');
      await page.getByRole('button', { name: 'Clear course' }).click();
      await page.waitForURL(`${address}/`);
      await settled(page);
      assert.equal(await figure(page, 'Learners'), '2');
    },
  );

  await t.test('Enter before anything is found takes the first of what is found for the words', async () => {
    const found = Promise.withResolvers<void>();
    const pressed = Promise.withResolvers<void>();
    const searches = /\/v1\/projections\/courses\?.*words=hil/;
    await page.route(searches, async (route) => {
      found.resolve();
      await pressed.promise;
      await route.continue();
    });
    await choice(page, 'Course').click();
    await page.getByRole('option', { name: 'How rivers work' }).waitFor();
    await page.keyboard.type('hil');
    await found.promise;
    await page.keyboard.press('Enter');
    assert.equal(page.url(), `${address}/`, 'what was found for no words is not taken');
    pressed.resolve();
    await page.waitForURL('**/?course=hills');
    await page.unroute(searches);
    await page.getByRole('button', { name: 'Clear course' }).click();
    await page.waitForURL(`${address}/`);
    await settled(page);
  });

  await t.test('a period ends where the data end', async () => {
    await choice(page, 'Period').selectOption('4w');
    await page.waitForURL('**/?period=4w');
    await settled(page);
    const plot = page.locator('tributary-plot').first();
    await plot.getByText('Show as table').waitFor();
    const days = await plot.locator('tbody th').allTextContents();
    assert.deepEqual([days.at(-1)?.trim(), days[0]?.trim()], ['17 Jan 2020', '12 Feb 2020']);
  });

  await t.test('a period without data says where there are some', async () => {
    await page.goto(`${address}/?period=custom&first=2020-01-01&last=2020-01-20`);
    await page.getByText('There is activity from 4 Feb 2020 to 13 Feb 2020.').waitFor();
  });

  await t.test('nothing sticks out of a screen of 320 px', async () => {
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto(address);
    await settled(page);
    await assertFits(page);
  });

  await t.test('the last tile of a row fills it, so that no cell is empty', async () => {
    const tiles = page.locator('.stats');
    assert.ok((await tiles.count()) >= 2);
    for (const each of await tiles.all()) {
      const [all, last] = await Promise.all([each.boundingBox(), each.locator('.stat').last().boundingBox()]);
      assert.ok(all !== null && last !== null);
      assert.equal(Math.round(last.x + last.width), Math.round(all.x + all.width - 1), 'up to the border');
    }
  });

  await t.test('the link below the batches stands in no box', async () => {
    const link = page.locator('p', { has: page.getByRole('link', { name: 'All courses and batches' }) });
    const [inside, border] = await link.evaluate((element) => [element.clientHeight, element.offsetHeight]);
    assert.equal(inside, border, 'it has no border');
  });
  // The page follows the jobs, and would report an error if the service ended first.
  await page.close();
});

browserTest('before anything was counted, the overview says what is missing', async (t) => {
  const { key, text } = keyOf({ name: 'ada' });
  const { address, wired } = await service(t, { keys: [key] });
  await wired.prepareJobs();
  const page = await openPage(t, address);
  await page.getByLabel('API key').fill(text);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('No data yet', { exact: true }).waitFor();
  await page.getByText('No batches', { exact: true }).waitFor();
  await page.getByText('No data from jobs yet', { exact: true }).waitFor();
});

browserTest('what fails is said in its place, and can be tried again', async (t) => {
  const { address } = await service(t, { flags: { serveRoles: 'analyst' } });
  const page = await openPage(t, `${address}/explore`, { expected: /503/ });
  await assertRecovers(page, {
    calls: '**/v1/datasources/enrollments/query',
    open: () => screenLink(page, 'Overview').click(),
    after: 'No data yet',
  });
});

/** The test stubs the routes of operators. */
browserTest('operators see live how far the jobs are behind', async (t) => {
  const { address } = await service(t, {});
  const page = await openPage(t, `${address}/explore`);
  const job = { name: 'notify', lag: 0, lagSeconds: null, rate: 2, failed: null };
  const jobsAt = (lag: number) => {
    const jobs = [{ ...job, name: 'track-progress', lag, lagSeconds: 90 }, job];
    return `event: jobs\nid: ${lag}\ndata: ${JSON.stringify({ at: '2026-01-01T00:00:00Z', jobs })}\n\n`;
  };
  // The first connection is lost. The next one resumes after the last event, once the test has seen the first event.
  const seen = Promise.withResolvers<void>();
  await page.route('**/v1/operate/jobs/events', async (route) => {
    const isFirst = route.request().headers()['last-event-id'] === undefined;
    if (!isFirst) await seen.promise;
    await route.fulfill({ contentType: 'text/event-stream', body: jobsAt(isFirst ? 1200 : 5) });
  });
  await page.route('**/v1/operate/dead-letters**', (route) =>
    route.fulfill({ json: { total: 3, deadLetters: [], next: null } }),
  );
  await page.route('**/v1/session', async (route) => {
    const session = await (await route.fetch()).json();
    await route.fulfill({ json: { ...session, scopes: [...session.scopes, 'operate:read'] } });
  });
  await page.goto(address);
  const lag = tile(page, 'Lag');
  await lag.getByText('1,200 records', { exact: true }).waitFor();
  await lag.getByText('up to 1.5 mins, most in track-progress', { exact: true }).waitFor();
  seen.resolve();
  await lag.getByText('5 records', { exact: true }).waitFor();
  assert.equal(await figure(page, 'Open dead letters'), '3');
  assert.equal(await tile(page, 'Open dead letters').getByRole('link').getAttribute('href'), '/operate/dead-letters');
});
