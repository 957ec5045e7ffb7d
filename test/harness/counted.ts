/** An installation that has counted some events, with its service. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { freePort } from '../cli/free-port.ts';
import { ndjson, running, temporaryFolder, tributary } from '../cli/harness.ts';

/** Returns the service's address. The events of each topic are sent in order. */
export async function counted(t: TestContext, topics: Readonly<Record<string, readonly object[]>>): Promise<string> {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const one = running(t, folder, ['up', '--serve-port', String(port)]);
  await one.printed('the service is at');
  for (const [topic, events] of Object.entries(topics)) {
    const { code, stderr } = await tributary(folder, ['produce', topic], { input: ndjson(...events) });
    assert.equal(code, 0, stderr);
  }
  assert.equal((await tributary(folder, ['lag', '--wait'])).code, 0);
  return `http://127.0.0.1:${port}`;
}
