import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { certificateProblem, mixUpAt, mixUpFinder } from '../../network/mix-up.ts';
import { type Address, HTTP, spokenAt } from '../../network/speaking.ts';
import { listening } from './listeners.ts';

const addressOf = (text: string): Address => {
  const [host, port] = text.split(':') as [string, string];
  return { host, port: Number(port) };
};
const urlForm = (address: Address, tls: boolean) => ({
  addresses: [address],
  tls,
  hello: HTTP,
  plainly: 'http://',
  encrypted: 'https://',
});

test('the protocol of a port is recognised by its answer', async (t) => {
  const [plain, tls] = [await listening(t, 'http', 'plain'), await listening(t, 'http', 'tls')];
  assert.equal(await spokenAt(addressOf(plain), HTTP), 'plain');
  assert.equal(await spokenAt(addressOf(tls), HTTP), 'tls');
  assert.equal(await spokenAt(addressOf(await listening(t, 'smtp', 'plain')), HTTP), undefined, 'something else');
});

test('a server that does not answer, or does not exist, gives no result', async (t) => {
  const silent = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as { port: number };
  assert.equal(await spokenAt({ host: '127.0.0.1', port }, HTTP), undefined);
  await new Promise((resolve) => silent.close(resolve));
  assert.equal(await mixUpAt(urlForm({ host: '127.0.0.1', port }, true)), undefined);
  t.after(() => silent.close());
});

test('there is no mix-up where both sides use the same protocol', async (t) => {
  const [plain, tls] = [await listening(t, 'http', 'plain'), await listening(t, 'http', 'tls')];
  assert.equal(await mixUpAt(urlForm(addressOf(plain), false)), undefined);
  assert.equal(await mixUpAt(urlForm(addressOf(tls), true)), undefined);
  assert.match((await mixUpAt(urlForm(addressOf(plain), true))) ?? '', /does not speak TLS, but the URL says https:/);
  assert.match((await mixUpAt(urlForm(addressOf(tls), false))) ?? '', /speaks TLS, but the URL says http:/);
});

test('after a refused connection the protocol is not probed', async (t) => {
  const find = mixUpFinder(urlForm(addressOf(await listening(t, 'http', 'plain')), true));
  assert.equal(await find(Object.assign(new Error('no'), { code: 'ECONNREFUSED' })), undefined);
  const [one, other] = await Promise.all([find(new Error('closed')), find(new Error('closed'))]);
  assert.match(one ?? '', /does not speak TLS/);
  assert.equal(one, other);
});

test('a certificate problem is reported with the option to set', () => {
  const error = (code: string, message = 'no') => Object.assign(new Error(message), { code });
  for (const code of [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ])
    assert.match(certificateProblem(error(code)) ?? '', /not trusted.*tlsCa/, code);
  assert.match(
    certificateProblem(new Error('Connection error: self-signed certificate in certificate chain')) ?? '',
    /tlsCa/,
  );
  assert.match(certificateProblem(error('ERR_SSL_X', 'tlsv13 alert certificate required')) ?? '', /tlsCert and tlsKey/);
  assert.equal(certificateProblem(error('ECONNRESET', 'socket hang up')), undefined);
});
