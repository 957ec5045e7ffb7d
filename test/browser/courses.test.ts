/** Courses and batches: found, empty, failed, and of another tenant. */
import assert from 'node:assert/strict';
import type { Wired } from '../../app/stores/wiring.ts';
import { batchIndex, batchSummaries, batchSummary } from '../../schemas/rows/batch-summary.ts';
import { courseIndex, courseStructure } from '../../schemas/rows/course-structure.ts';
import { batchLearners, enrollmentIndex } from '../../schemas/rows/learner-progress.ts';
import { userProfile } from '../../schemas/rows/user-profile.ts';
import { keyOf, service } from '../app/service/harness.ts';
import { store } from '../app/service/projected.ts';
import { assertAccessible, browserTest, choice, openPage, rowsShown, screenLink, settled } from '../harness/browser.ts';

interface Made {
  readonly courseId: string;
  readonly name: string;
  readonly tenant?: string;
  readonly batchValues?: object;
}

/** A course and its batch, as jobs keep them. */
async function make(wired: Wired, { courseId, name, tenant = 'acme', batchValues = {} }: Made): Promise<void> {
  const course = { courseId, name, retired: false, publishedAt: 0, required: 2, units: 0, contents: 2 };
  await store(wired, courseIndex, { tenant, values: course });
  const contents = { a: { name: 'Springs', required: true, units: [], type: '' } };
  await store(wired, courseStructure, { tenant, values: { ...course, units: {}, contents, contentOrder: ['a'] } });
  const counts = { learners: 0, ever: 0, left: 0, notStarted: 0, inProgress: 0, completed: 0, meanProgress: 0 };
  const values = {
    ...{ batchId: `${courseId}-1`, courseId, name: `${name}, spring`, status: 'ongoing' },
    ...{ startsAt: Date.UTC(2026, 0, 5), endsAt: null, ...counts, histogram: Array(10).fill(0), others: {} },
    ...batchValues,
  };
  for (const target of [batchIndex, batchSummary, batchSummaries]) await store(wired, target, { tenant, values });
}

/** A learner of a batch, as jobs keep them. */
async function join(wired: Wired, batchId: string, userId: string): Promise<void> {
  const courseId = batchId.replace(/-1$/, '');
  const learner = { userId, courseId, progress: 50, state: 'in_progress', completedAt: null, lastAccessAt: 0 };
  const values = { ...learner, courseName: '', active: true, batches: [batchId], left: [] };
  await store(wired, enrollmentIndex, { tenant: 'acme', values });
  await store(wired, batchLearners, { tenant: 'acme', values: { ...learner, batchId, active: true, since: 0 } });
}

const analyst = keyOf({ name: 'ada' });
const trusted = keyOf({ name: 'grace', roles: ['analyst', 'personal-data'] });
const stranger = keyOf({ name: 'eve', tenant: 'umbrella' });
const producer = keyOf({ name: 'robot', roles: ['producer'] });

/** Opens the page at an address, signed in with a key. */
async function openAs(t: Parameters<typeof openPage>[0], address: string, key: string, expected?: RegExp) {
  const page = await openPage(t, address, expected === undefined ? {} : { expected });
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('main h1').waitFor();
  return page;
}

browserTest('words, and beginnings of words, find courses and batches', async (t) => {
  const { address, wired } = await service(t, { keys: [analyst.key] });
  await make(wired, { courseId: 'rivers', name: 'How rivers work' });
  await make(wired, { courseId: 'hills', name: 'How hills stand' });
  const page = await openAs(t, `${address}/courses`, analyst.text);
  await rowsShown(page, '1 to 2 of 2');
  await page.getByLabel('Name or id').fill('how riv');
  await rowsShown(page, '1 to 1 of 1');
  await page.getByRole('link', { name: 'Batches (1)' }).click();
  await page.getByRole('link', { name: 'How rivers work, spring', exact: true }).waitFor();
  assert.equal(
    await page.getByRole('link', { name: 'How rivers work', exact: true }).getAttribute('href'),
    '/courses/rivers',
  );
  assert.match(page.url(), /show=batches&words=how\+riv/);
  await choice(page, 'Status').selectOption('Ended');
  await page.getByText('No matching batches', { exact: true }).waitFor();
  await assertAccessible(page);
  await page.getByRole('button', { name: 'clear the filters' }).click();
  await rowsShown(page, '1 to 2 of 2');
  assert.equal(await page.getByLabel('Name or id').inputValue(), '');
});

browserTest('where nothing is yet, the page says what makes it appear', async (t) => {
  const { address, wired } = await service(t, { keys: [analyst.key] });
  const page = await openAs(t, `${address}/courses`, analyst.text, /404/);
  await page.getByText('No courses yet', { exact: true }).waitFor();
  await make(wired, { courseId: 'rivers', name: 'How rivers work' });
  await page.goto(`${address}/batches/rivers-1?show=learners`);
  await page.getByText('No learners in this batch', { exact: true }).waitFor();
  await page.goto(`${address}/batches/rivers-1?show=contents`);
  await page.getByText('0 learners stopped').waitFor();
  await page.goto(`${address}/courses/rivers`);
  await page.getByText('No visits yet', { exact: true }).first().waitFor();
  await settled(page);
  await assertAccessible(page);
});

browserTest('the batch of another tenant is none, and nothing of it is told', async (t) => {
  const { address, wired } = await service(t, { keys: [analyst.key, stranger.key] });
  await make(wired, { courseId: 'rivers', name: 'How rivers work' });
  const page = await openAs(t, `${address}/batches/rivers-1?show=learners`, stranger.text, /404/);
  await page.getByRole('heading', { level: 1, name: 'Batch not found' }).waitFor();
  await page.goto(`${address}/courses/rivers`);
  await page.getByRole('heading', { level: 1, name: 'Course not found' }).waitFor();
  await page.goto(`${address}/courses`);
  await page.getByText('No courses yet', { exact: true }).waitFor();
  assert.doesNotMatch(await page.content(), /How rivers work/);
});

browserTest('who may not read projections is told so', async (t) => {
  const { address } = await service(t, { keys: [producer.key] });
  const page = await openAs(t, `${address}/courses`, producer.text, /403/);
  await page.getByText('Not allowed', { exact: true }).waitFor();
  await page.goto(`${address}/batches/rivers-1`);
  await page.getByText('Not allowed', { exact: true }).waitFor();
});

browserTest('a batch of very many learners is not counted content by content: the reports are offered', async (t) => {
  const { address, wired } = await service(t, { keys: [analyst.key] });
  await make(wired, { courseId: 'rivers', name: 'How rivers work', batchValues: { learners: 90_000, ever: 90_000 } });
  const page = await openAs(t, `${address}/batches/rivers-1?show=contents`, analyst.text);
  await page.getByText('This batch has 90,000 learners').waitFor();
  const link = page.getByRole('link', { name: 'Where learners stop', exact: true });
  assert.equal(await link.getAttribute('href'), '/reports/drop-off?batchId=rivers-1');
});

browserTest('what fails can be tried again, without another page', async (t) => {
  const { address, wired } = await service(t, { keys: [analyst.key] });
  await make(wired, { courseId: 'rivers', name: 'How rivers work' });
  const page = await openAs(t, `${address}/reports`, analyst.text, /ERR_FAILED/);
  let isAway = true;
  await page.route('**/v1/projections/**', (route) => (isAway ? route.abort() : route.continue()));
  await screenLink(page, 'Courses').click();
  await page.getByText('No connection', { exact: true }).waitFor();
  isAway = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await rowsShown(page, '1 to 1 of 1');
});

browserTest('names are shown to whoever may see them, of learners who agreed to it, and the log has it', async (t) => {
  const { address, wired, log } = await service(t, { keys: [analyst.key, trusted.key] });
  await make(wired, { courseId: 'rivers', name: 'How rivers work' });
  for (const [userId, name, given] of [
    ['u1', 'Ada Lovelace', true],
    ['u2', 'Bob Nobody', false],
  ] as const) {
    await join(wired, 'rivers-1', userId);
    const values = { userId, name, deleted: false, consents: { rivers: { given, at: 1 } } };
    await store(wired, userProfile, { tenant: 'acme', values });
  }
  const page = await openAs(t, `${address}/batches/rivers-1?show=learners`, trusted.text);
  await rowsShown(page, '1 to 2 of 2');
  assert.equal(log().filter(({ projection }) => projection === 'user_profile').length, 0);
  await page.getByLabel('Show the names').check();
  await page.getByText('Ada Lovelace').waitFor();
  assert.doesNotMatch(await page.content(), /Bob Nobody/);
  assert.equal(log().filter(({ projection }) => projection === 'user_profile').length, 2);

  const other = await openAs(t, `${address}/batches/rivers-1?show=learners`, analyst.text);
  await rowsShown(other, '1 to 2 of 2');
  assert.equal(await other.getByLabel('Show the names').count(), 0);
});
