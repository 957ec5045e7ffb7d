/** How a test gets the servers of its run. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { isGone } from '../../servers/processes.ts';
import { running, SERVERS_VARIABLE } from '../../servers/running.ts';

function withVariable(t: TestContext, value: string | undefined): void {
  const before = process.env[SERVERS_VARIABLE];
  const set = (to: string | undefined): void => {
    if (to === undefined) delete process.env[SERVERS_VARIABLE];
    else process.env[SERVERS_VARIABLE] = to;
  };
  set(value);
  t.after(() => set(before));
}

test('a test gets a running server, the same one every time', async () => {
  const server = await running('redis');
  assert.equal(isGone(server.pid), false);
  assert.match(server.url, /^redis:\/\/127\.0\.0\.1:\d+$/);
  assert.deepEqual(await running('redis'), server);
});

test('a test that is run without servers reports how to run it', async (t) => {
  withVariable(t, undefined);
  await assert.rejects(running('redis'), /npm run test:servers -- .*running\.test\.ts/);
});

test('a server that could not be started fails the test with the reason', async (t) => {
  const run = createServer((_request, response) =>
    response.writeHead(500).end('redis ended while it started: no disk'),
  );
  t.after(() => run.close());
  await new Promise<void>((resolve) => run.listen(0, '127.0.0.1', resolve));
  withVariable(t, `http://127.0.0.1:${(run.address() as AddressInfo).port}`);
  await assert.rejects(running('redis'), /no disk/);
});
