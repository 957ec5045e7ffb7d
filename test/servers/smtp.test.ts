/** Mail by SMTP over TLS. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { SMTPServer } from 'smtp-server';
import { certificates } from '../../servers/certificates.ts';
import { freePorts } from '../../servers/server.ts';
import { type SmtpServer, startSmtp } from '../../servers/smtp.ts';
import { smtpChannel } from '../../sinks/channels/smtp/channel.ts';
import { message } from '../contracts/channels.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-smtp-'));
const login = { user: 'campus', password: 'p@ss' };
const secured = await startSmtp({ folder: join(folder, 'secured'), tls: true, login });
const open = await startSmtp({ folder: join(folder, 'open') });
after(async () => {
  await Promise.all([secured.stop(), open.stop()]);
  rmSync(folder, { recursive: true });
});
const ca = readFileSync(join(folder, 'secured', 'tls', 'ca.crt'), 'utf8');
const asUser = (url: string): string => url.replace('//', '//campus:p%40ss@');

async function answerOf(t: TestContext, options: { url: string; ca?: string }) {
  const channel = smtpChannel({ from: 'campus@example.org', ...options });
  t.after(() => channel.close());
  return channel.send(message('learner@example.org', {}));
}
const isUntouched = (server: SmtpServer, count: number) => assert.equal(server.received.length, count);

test('a mail is sent by STARTTLS, as the user of the URL', async (t) => {
  const answer = await answerOf(t, { url: asUser(secured.url), ca });
  assert.equal(answer.outcome, 'sent', answer.detail);
  assert.equal(secured.received.at(-1)?.user, 'campus');
});

test('nothing is sent to a server without STARTTLS, unless the URL allows it', async (t) => {
  const { length } = open.received;
  const answer = await answerOf(t, { url: open.url, ca });
  assert.equal(answer.outcome, 'away');
  assert.match(answer.detail, /STARTTLS/);
  isUntouched(open, length);
  for (const tls of ['offered', 'never']) {
    assert.equal((await answerOf(t, { url: `${open.url}?tls=${tls}` })).outcome, 'sent');
  }
});

test('neither mail nor password is sent to a server with a certificate of an unknown authority', async (t) => {
  const { length } = secured.received;
  const answer = await answerOf(t, { url: asUser(secured.url) });
  assert.equal(answer.outcome, 'away');
  assert.match(answer.detail, /certificate/);
  isUntouched(secured, length);
});

test('with smtps the connection is secure from its beginning', async (t) => {
  const files = certificates(join(folder, 'secured', 'tls'));
  const [port] = await freePorts(1);
  let mails = 0;
  const server = new SMTPServer({
    secure: true,
    key: readFileSync(files.key),
    cert: readFileSync(files.cert),
    authOptional: true,
    onData(stream, session, done) {
      assert.ok(session.secure);
      mails += 1;
      stream.on('end', done).resume();
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.after(() => {
    for (const connection of server.connections) connection.close();
    return new Promise<void>((resolve) => server.close(resolve));
  });
  assert.equal((await answerOf(t, { url: `smtps://127.0.0.1:${port}`, ca })).outcome, 'sent');
  assert.equal((await answerOf(t, { url: `smtps://127.0.0.1:${port}` })).outcome, 'away');
  assert.equal(mails, 1);
});
