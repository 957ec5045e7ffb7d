/** A batch is watched while its learners learn: events arrive, and rows on the page change. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { freePort } from '../cli/free-port.ts';
import { running, temporaryFolder } from '../cli/harness.ts';
import { browserTest, focused, openPage, settled, tile } from '../harness/browser.ts';

let events = 0;

async function installation(t: TestContext) {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const one = running(t, temporaryFolder(t), ['up', '--serve-port', String(port)]);
  await one.printed('the service is at');
  const produce = async (topic: string, type: string, data: object) => {
    events += 1;
    const body = JSON.stringify({ specversion: '1.0', id: `e-${events}`, source: '/test', type, data });
    const headers = { 'content-type': 'application/cloudevents+json' };
    const response = await fetch(`${address}/v1/events/${topic}`, { method: 'POST', headers, body });
    assert.equal(response.status, 200, await response.text());
  };
  return { address, produce };
}

browserTest('rows of learners change in their places as events come, and the focus stays', async (t) => {
  const { address, produce } = await installation(t);
  const contents = ['a', 'b'].map((contentId) => ({ contentId, name: contentId }));
  await produce('content.events', 'content.published', { courseId: 'rivers', name: 'How rivers work', contents });
  const batch = { batchId: 'spring', courseId: 'rivers', name: 'Spring', startsAt: Date.UTC(2026, 0, 1), endsAt: null };
  await produce('batch.events', 'batch.created', batch);
  const page = await openPage(t, address, { expected: /404|ERR_INCOMPLETE_CHUNKED_ENCODING/ });
  const joins = (userId: string) =>
    produce('enrollment.events', 'enrollment.enrolled', { userId, courseId: 'rivers', batchId: 'spring' });
  const completes = (userId: string, contentId: string) =>
    produce('enrollment.events', 'enrollment.content-progressed', {
      userId,
      courseId: 'rivers',
      contentId,
      status: 'completed',
    });
  await joins('ada');
  await joins('bo');
  await completes('ada', 'a');
  const reloaded = async (text: string) => {
    for (;;) {
      await page.goto(`${address}/batches/spring?show=learners`);
      await settled(page);
      if ((await page.getByText(text, { exact: true }).count()) > 0) return;
    }
  };
  await reloaded('1 to 2 of 2');
  const rows = page.locator('tbody tr');
  await rows.nth(0).filter({ hasText: 'ada' }).filter({ hasText: '50%' }).waitFor();
  await rows.nth(1).filter({ hasText: 'bo' }).filter({ hasText: 'Not started' }).waitFor();

  await page.getByRole('button', { name: 'Last visit', exact: true }).focus();
  const top = await rows.nth(0).evaluate((row) => (row as unknown as { offsetTop: number }).offsetTop);
  await completes('bo', 'a');
  await completes('bo', 'b');
  await rows.nth(1).filter({ hasText: 'bo' }).filter({ hasText: '100%' }).waitFor();
  await rows.nth(0).filter({ hasText: 'ada' }).waitFor();
  assert.match(await focused(page), /^Last visit/);
  assert.equal(await rows.nth(0).evaluate((row) => (row as unknown as { offsetTop: number }).offsetTop), top);
  await tile(page, 'Completed').getByText('1', { exact: true }).waitFor();

  await page.getByRole('button', { name: 'Refresh' }).click();
  await rows.nth(0).filter({ hasText: 'bo' }).waitFor();
  await page.getByRole('button', { name: 'Refresh' }).waitFor({ state: 'detached' });

  await joins('eve');
  await page
    .getByRole('navigation', { name: 'Pages' })
    .getByText(/ of 3$/)
    .waitFor();
  await tile(page, 'Current learners').getByText('3', { exact: true }).waitFor();
});
