/** Links to report files in notifications, where the process that makes the files also serves them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '../../cli/free-port.ts';
import { running, temporaryFolder, tributary } from '../../cli/harness.ts';
import { call } from './harness.ts';
import { eventsUntil, sentEvents } from './live.ts';

test('a notification that a report is ready has a link that leads to its file', async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const roles = 'analyst,operator,personal-data';
  const process = running(t, folder, ['up', '--serve-port', String(port), '--serve-roles', roles]);
  await process.printed('the service is at');
  const address = `http://127.0.0.1:${port}`;
  const { json: asked } = await call(address, 'request_lag', { body: { format: 'csv' } });
  const path = { recipientId: encodeURIComponent(asked.requestedBy) };
  // The feed is written before the unread count, so the test waits for the count.
  const events = sentEvents(address, 'follow_unread_counts', { path });
  await eventsUntil(events, 'record');
  await events.return(undefined);
  assert.equal((await tributary(folder, ['lag', '--wait'])).code, 0);
  const { json: feed, text } = await call(address, 'list_notification_feed', { path, query: '?self=true' });
  assert.ok(feed.items?.length === 1, text);
  const [{ title, link }] = feed.items;
  assert.match(title, /it is ready$/);
  assert.ok(link.startsWith(`${address}/objects/`), link);
  const file = await (await fetch(link)).text();
  const whole = await call(address, 'downloadRequest', { path: { request: asked.id } });
  assert.deepEqual([whole.status, whole.text], [200, file]);
});
