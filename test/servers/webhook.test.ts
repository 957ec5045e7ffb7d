/** Webhooks over TLS. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { certificates } from '../../servers/certificates.ts';
import { bridgeChannel, webhookChannel } from '../../sinks/channels/webhook/channel.ts';
import { message } from '../contracts/channels.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-webhook-'));
const files = certificates(folder);
const ca = readFileSync(files.ca, 'utf8');
let calls = 0;
const server = createServer({ key: readFileSync(files.key), cert: readFileSync(files.cert) }, (request, response) => {
  calls += 1;
  request.on('end', () => response.writeHead(204).end()).resume();
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});
const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const secret = `whsec_${Buffer.alloc(24, 'one').toString('base64')}`;
const networks = ['127.0.0.0/8'];

test('receivers are verified by their authority, and nothing is sent with another one', async (t) => {
  for (const [known, sent] of [
    [{ ca }, 'sent'],
    [{}, 'away'],
  ] as const) {
    const before = calls;
    const webhook = webhookChannel({ secrets: { '*': secret }, networks, repeats: 'at-most-once', ...known });
    const bridge = bridgeChannel({
      url,
      channel: 'push',
      from: '',
      secrets: secret,
      repeats: 'at-most-once',
      ...known,
    });
    t.after(() => Promise.all([webhook.close(), bridge.close()]));
    for (const answer of [await webhook.send(message(url, {})), await bridge.send(message('device', {}))]) {
      assert.equal(answer.outcome, sent, answer.detail);
    }
    assert.equal(calls - before, sent === 'sent' ? 2 : 0);
  }
});
