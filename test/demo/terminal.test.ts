import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { run } from '../../cli/commands/demo.ts';
import { Interrupted } from '../../cli/context.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { temporaryFolder } from '../cli/harness.ts';

const ARGS = { json: false, once: false, presentations: ['AAA-2013J'] };

/** The demo on its own output, and everything that it prints there. */
function demo(t: TestContext, folder: string, args: Partial<typeof ARGS & { isTerminal: boolean }>) {
  const stop = new AbortController();
  const stdout = Object.assign(new PassThrough(), { isTTY: args.isTerminal ?? true });
  let text = '';
  const wanted = new Set<{ readonly what: string; readonly found: () => void }>();
  stdout.on('data', (chunk) => {
    text += chunk;
    for (const each of wanted) if (text.includes(each.what)) each.found();
  });
  const streams = { stdin: Readable.from([]), stdout, stderr: new PassThrough().resume(), signal: stop.signal };
  const platform = async () => ({ platform: learningPlatform, file: undefined });
  const sources = { flags: { data: folder }, env: {}, folder };
  const { isTerminal, ...others } = args;
  const ended = run({ sources, platform, debug: false }, streams, { ...ARGS, ...others });
  t.after(async () => {
    stop.abort(new Interrupted());
    await ended;
  });
  const printed = (what: string): Promise<void> =>
    Promise.race([
      new Promise<void>((found) => {
        wanted.add({ what, found });
      }),
      ended.then(() => assert.ok(text.includes(what), `it ended without ${what}: ${text}`)),
    ]);
  return { ended, printed, text: () => text, stop: () => stop.abort(new Interrupted()) };
}

const addressIn = (text: string): string => /^open (\S+) in a browser/m.exec(text)?.[1] ?? 'no address';

test('on a terminal the demo serves its page until it is stopped, and a second start has nothing to import', async (t) => {
  const folder = temporaryFolder(t);
  for (const isFirst of [true, false]) {
    const shown = demo(t, folder, {});
    await shown.printed('in a browser');
    assert.match(shown.text(), /in another terminal:/);
    assert.equal(shown.text().includes('There was nothing to do'), !isFirst);
    const page = await fetch(addressIn(shown.text()));
    assert.match(await page.text(), /<title>Tributary/);
    shown.stop();
    await shown.ended;
    await assert.rejects(fetch(addressIn(shown.text())));
  }
});

test('without a terminal, or asked to run once, the demo ends after its summary', async (t) => {
  const folder = temporaryFolder(t);
  for (const args of [{ isTerminal: false }, { once: true }]) {
    const shown = demo(t, folder, args);
    await shown.ended;
    assert.match(shown.text(), /What to type next:/);
    assert.doesNotMatch(shown.text(), /in a browser/);
  }
});

test('the demo writes one segment for each day that it has counts of', async (t) => {
  const folder = temporaryFolder(t);
  await demo(t, folder, { once: true }).ended;
  const table = join(folder, 'objects/rollups/enrollments/g1');
  const days = readdirSync(table).filter((name) => name.startsWith('date='));
  assert.ok(days.length > 100, `${days.length} days`);
  for (const day of days) assert.equal(readdirSync(join(table, day)).length, 1, day);
});

test('where the usual port is taken, the demo finds another, and links to files name it', async (t) => {
  const other = createServer().listen(8080, '127.0.0.1');
  t.after(() => other.close());
  // If the port is already taken, that serves as well.
  await once(other, 'listening').catch(() => {});
  const shown = demo(t, temporaryFolder(t), {});
  await shown.printed('in a browser');
  const address = addressIn(shown.text());
  assert.notEqual(new URL(address).port, '8080');
  const asked = await fetch(`${address}/v1/reports/enrollment-trend/requests`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  const { id } = (await asked.json()) as { id: string };
  const events = await fetch(`${address}/v1/requests/${id}/events`);
  await events.text();
  const link = await fetch(`${address}/v1/requests/${id}/links`, { method: 'POST' });
  const { url } = (await link.json()) as { url: string };
  assert.ok(url.startsWith(address), url);
  assert.equal((await fetch(url)).status, 200);
});
