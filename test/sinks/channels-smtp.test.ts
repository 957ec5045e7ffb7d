/** Mail by SMTP, to servers in this process. test/servers/smtp.test.ts has the cases that need TLS. */
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import PostalMime from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { startSmtp } from '../../servers/smtp.ts';
import { type SmtpOptions, smtpChannel } from '../../sinks/channels/smtp/channel.ts';
import { channelsContract, message } from '../contracts/channels.ts';

const FROM = '"Müller, Campus" <campus@example.org>';
const TO = 'learner@learn.example.org';

function opened(t: TestContext, options: Partial<SmtpOptions> & { url: string }) {
  const channel = smtpChannel({ from: FROM, ...options });
  t.after(() => channel.close());
  return channel;
}

const plain = (url: string): string => `${url}?tls=never`;

async function relay(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-smtp-'));
  const server = await startSmtp({ folder });
  t.after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });
  return server;
}

channelsContract('mail by SMTP', async (t) => {
  const server = await relay(t);
  return {
    channel: opened(t, { url: plain(server.url) }),
    address: 'learner+exams@learn.example.org',
    impossible: [
      ...['', 'nobody', '@example.org', 'a@', 'a b@example.org', 'a@b@', 'a@-example.org', '.a@example.org'],
      ...['a@example.org, b@example.org', 'a@example.org;b@example.org', 'Ada <a@example.org>', '<a@example.org>'],
      ...['a@example.org\r\nBcc: m@example.org', 'a@example.org>\r\nRCPT TO:<m@example.org', 'a@exa\u2028mple.org'],
      ...['"a b"@example.org', 'a(comment)@example.org', 'group:a@example.org;', 'a@[127.0.0.1]', 'a@example..org'],
    ],
    received: () =>
      Promise.all(
        server.received.map(async ({ to, raw }) => {
          const mail = await PostalMime.parse(raw);
          return {
            addresses: to,
            title: mail.subject ?? '',
            text: (mail.text ?? '').replace(/^\n$/, ''),
          };
        }),
      ),
    interrupt: async () => {
      await server.stop();
      return () => server.start();
    },
  };
});

/** A server that behaves as `options` say, and keeps the texts that it received. */
async function server(t: TestContext, options: SMTPServerOptions = {}) {
  const texts: string[] = [];
  const smtp = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    onData(stream, _session, done) {
      stream.setEncoding('utf8');
      let text = '';
      stream.on('data', (chunk) => {
        text += chunk;
      });
      stream.on('end', () => {
        texts.push(text);
        done();
      });
    },
    ...options,
  });
  smtp.on('error', () => {});
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const connection of smtp.connections) connection.close();
    return new Promise<void>((resolve) => smtp.close(resolve));
  });
  const { port } = smtp.server.address() as AddressInfo;
  return { smtp, texts, url: `smtp://127.0.0.1:${port}?tls=never`, port };
}

const answering = (responseCode: number, text: string): Error => Object.assign(new Error(text), { responseCode });
const drained = (stream: NodeJS.ReadableStream, then: () => void): void => void stream.on('end', then).resume();

const ANSWERS: readonly (readonly [
  what: string,
  options: SMTPServerOptions,
  outcome: 'away' | 'refused',
  detail: RegExp,
])[] = [
  [
    '550 to the recipient',
    { onRcptTo: (_, __, done) => done(answering(550, 'no such mailbox')) },
    'refused',
    /550 no such mailbox/,
  ],
  ['451 to the recipient', { onRcptTo: (_, __, done) => done(answering(451, 'greylisted')) }, 'away', /451 greylisted/],
  [
    '550 to the sender',
    { onMailFrom: (_, __, done) => done(answering(550, 'not from here')) },
    'refused',
    /550 not from here/,
  ],
  ['450 to the sender', { onMailFrom: (_, __, done) => done(answering(450, 'not now')) }, 'away', /450 not now/],
  [
    '530 to the sender',
    { onMailFrom: (_, __, done) => done(answering(530, 'log in first')) },
    'away',
    /530 log in first/,
  ],
  [
    '554 to the text',
    { onData: (stream, _, done) => drained(stream, () => done(answering(554, 'spam'))) },
    'refused',
    /554 spam/,
  ],
  [
    '452 to the text',
    { onData: (stream, _, done) => drained(stream, () => done(answering(452, 'disk full'))) },
    'away',
    /452 disk full/,
  ],
  [
    '421 to the text',
    { onData: (stream, _, done) => drained(stream, () => done(answering(421, 'closing'))) },
    'away',
    /421 closing/,
  ],
  ['554 as its greeting', { onConnect: (_, done) => done(answering(554, 'not to you')) }, 'away', /554/],
  ['421 as its greeting', { onConnect: (_, done) => done(answering(421, 'too busy')) }, 'away', /421/],
  [
    '552 to the text',
    { onData: (stream, _, done) => drained(stream, () => done(answering(552, 'too large'))) },
    'refused',
    /552 too large/,
  ],
];

for (const [what, options, outcome, detail] of ANSWERS) {
  test(`a server that answers ${what} has ${outcome === 'away' ? 'been away' : 'refused the mail'}`, async (t) => {
    const { url } = await server(t, options);
    for (const repeats of ['at-least-once', 'at-most-once'] as const) {
      const answer = await opened(t, { url, repeats }).send(message(TO, {}));
      assert.equal(answer.outcome, outcome, answer.detail);
      assert.match(answer.detail, detail);
    }
  });
}

test('a login that fails is away, and the password is not shown', async (t) => {
  const { url, texts } = await server(t, {
    authOptional: false,
    onAuth: (_, __, done) => done(new Error('wrong user or password')),
  });
  const answer = await opened(t, { url: url.replace('//', '//campus:s3cr%25t@') }).send(message(TO, {}));
  assert.equal(answer.outcome, 'away');
  assert.match(answer.detail, /535/);
  assert.doesNotMatch(answer.detail, /s3cr/);
  assert.deepEqual(texts, []);
});

test('a mail is sent as the user of the URL', async (t) => {
  const users: unknown[] = [];
  const { url } = await server(t, {
    authOptional: false,
    onAuth({ username, password }, _, done) {
      users.push([username, password]);
      done(null, { user: username });
    },
  });
  const channel = opened(t, { url: url.replace('//', '//c%40mpus:p%3As%2Fs@') });
  assert.equal((await channel.send(message(TO, {}))).outcome, 'sent');
  assert.deepEqual(users, [['c@mpus', 'p:s/s']]);
});

/** The step in which the connection ends or stands still, and whether the mail may have been accepted by then. */
const STEPS: readonly (readonly [
  step: string,
  mayBeAccepted: boolean,
  optionsWith: (then: () => void) => SMTPServerOptions,
])[] = [
  ['greeting', false, (then) => ({ onConnect: () => then() })],
  ['recipient', false, (then) => ({ onRcptTo: () => then() })],
  ['text, before its end', false, (then) => ({ onData: (stream) => void stream.once('data', () => then()) })],
  ['text, after its end', true, (then) => ({ onData: (stream) => drained(stream, () => then()) })],
];
/** Longer than the buffers between client and server. */
const long = message(TO, { body: 'word '.repeat(1_600_000) });
const short = message(TO, {});

for (const [step, mayBeAccepted, stepOf] of STEPS) {
  for (const [happens, timeoutMs] of [
    ['ends', 30_000],
    ['stands still', mayBeAccepted ? 1000 : 50],
  ] as const) {
    // The greeting has its own limit, and a text that is larger than the buffers is slow to make.
    if (happens === 'stands still' && (step === 'greeting' || step === 'text, before its end')) continue;
    test(`a connection that ${happens} at the ${step} leaves the mail ${mayBeAccepted ? 'in doubt' : 'unsent'}`, async (t) => {
      const sockets = new Set<Socket>();
      const { smtp, url } = await server(
        t,
        stepOf(() => {
          if (happens === 'ends') for (const socket of sockets) socket.destroy();
        }),
      );
      smtp.server.on('connection', (socket: Socket) => sockets.add(socket));
      for (const repeats of ['at-least-once', 'at-most-once'] as const) {
        const answer = await opened(t, { url, repeats, timeoutMs }).send(
          step === 'text, before its end' ? long : short,
        );
        assert.equal(answer.outcome, mayBeAccepted && repeats === 'at-most-once' ? 'unknown' : 'away', answer.detail);
        assert.equal(answer.detail.includes('did not say whether'), mayBeAccepted, answer.detail);
      }
    });
  }
}

test('one connection is used for many mails, and when the server has closed it the next mail opens another', async (t) => {
  const { smtp, texts, url } = await server(t);
  let connections = 0;
  smtp.server.on('connection', () => {
    connections += 1;
  });
  const channel = opened(t, { url, connections: 1 });
  for (const key of ['a', 'b', 'c']) assert.equal((await channel.send(message(TO, { key }))).outcome, 'sent');
  assert.equal(connections, 1);
  for (const connection of smtp.connections) connection.close();
  assert.equal((await channel.send(message(TO, { key: 'd' }))).outcome, 'sent');
  assert.deepEqual([connections, texts.length], [2, 4]);
});

test('when no connection can be made, mails that wait for one stop waiting', async (t) => {
  let connections = 0;
  const refusing = createServer((socket) => {
    connections += 1;
    socket.end('554 no service\r\n');
  }).listen(0, '127.0.0.1');
  await once(refusing, 'listening');
  t.after(() => refusing.close());
  const { port } = refusing.address() as AddressInfo;
  const channel = opened(t, { url: `smtp://127.0.0.1:${port}?tls=never`, connections: 2 });
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => channel.send(message(TO, { key: `${n}` }))));
  for (const { outcome, detail } of answers) {
    assert.equal(outcome, 'away');
    assert.match(detail, /554/);
  }
  assert.ok(connections <= 2, `${connections} connections`);
});

test('closing waits for the mail that is being sent, and mails that wait for a connection are away', async (t) => {
  const begun = Promise.withResolvers<() => void>();
  const { url } = await server(t, { onData: (stream, _, done) => drained(stream, () => begun.resolve(done)) });
  const channel = opened(t, { url, connections: 1 });
  const first = channel.send(message(TO, { key: 'first' }));
  const accept = await begun.promise;
  const second = channel.send(message(TO, { key: 'second' }));
  const closed = channel.close();
  assert.deepEqual(await second, { outcome: 'away', detail: 'the channel was closed' });
  accept();
  assert.equal((await first).outcome, 'sent');
  await closed;
  assert.equal((await channel.send(message(TO, { key: 'third' }))).outcome, 'away');
});

/** The headers of a mail, unfolded, in order. */
function headersOf(raw: string): [name: string, value: string][] {
  const [head = ''] = raw.split('\r\n\r\n');
  return head
    .replace(/\r\n(?=[ \t])/g, '')
    .split('\r\n')
    .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
}
const header = (raw: string, name: string) => headersOf(raw).find(([each]) => each === name)?.[1];

async function sent(t: TestContext, change: object, options: Partial<SmtpOptions> = {}): Promise<string> {
  const { url, texts } = await server(t);
  assert.equal((await opened(t, { url, ...options }).send(message(TO, change))).outcome, 'sent');
  const [text] = texts;
  assert.ok(text !== undefined && texts.length === 1);
  return text;
}

test('every attempt at a message has the same Message-ID and date, and other messages have others', async (t) => {
  const { url, texts } = await server(t);
  for (const key of ['a', 'a', 'b']) await opened(t, { url }).send(message(TO, { key }));
  const ids = texts.map((text) => header(text, 'message-id'));
  assert.match(ids[0] ?? '', /^<[0-9a-f]{32}@example\.org>$/);
  assert.equal(ids[0], ids[1]);
  assert.notEqual(ids[0], ids[2]);
  assert.equal(texts[0], texts[1]);
});

const UNSUBSCRIBE: readonly (readonly [link: string, header: string | undefined])[] = [
  ['https://learn.example.org/out?u=1&c=exam', '<https://learn.example.org/out?u=1&c=exam>'],
  ['https://learn.example.org/ü x', '<https://learn.example.org/%C3%BC%20x>'],
  ['https://learn.example.org/a>,<mailto:m@example.org', '<https://learn.example.org/a%3E,%3Cmailto:m@example.org>'],
  ['https://learn.example.org/\r\nBcc: m@example.org', '<https://learn.example.org/Bcc:%20m@example.org>'],
  [`https://learn.example.org/${'a'.repeat(860)}`, `<https://learn.example.org/${'a'.repeat(860)}>`],
  [`https://learn.example.org/${'a'.repeat(900)}`, undefined],
  ['http://learn.example.org/out', undefined],
  ['mailto:out@example.org', undefined],
  ['no link', undefined],
];

for (const [unsubscribe, expected] of UNSUBSCRIBE) {
  test(`a mail to unsubscribe from at ${JSON.stringify(unsubscribe).slice(0, 60)} ${expected ? 'says so' : 'does not say so'}`, async (t) => {
    const raw = await sent(t, { unsubscribe });
    assert.equal(header(raw, 'list-unsubscribe'), expected);
    assert.equal(header(raw, 'list-unsubscribe-post'), expected && 'List-Unsubscribe=One-Click');
    assert.equal(header(raw, 'bcc'), undefined);
    assert.doesNotMatch(raw, /[^\r\n]{999}/);
  });
}

test('a mail without a way to unsubscribe has no header for it', async (t) => {
  for (const change of [{}, { unsubscribe: null }]) assert.doesNotMatch(await sent(t, change), /List-Unsubscribe/i);
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

test('a mail is signed by DKIM, including the headers that RFC 8058 requires', async (t) => {
  const dkim = { domain: 'example.org', selector: 's1', privateKey: pemOf(rsa.privateKey) };
  const raw = await sent(
    t,
    { unsubscribe: 'https://learn.example.org/out', body: 'Räume  \r\n\n.\rend\n\n' },
    { dkim },
  );
  const tags = new Map(
    (header(raw, 'dkim-signature') ?? '').split(';').map((tag) => {
      const [, name = '', value = ''] = /^\s*([a-z]+)\s*=\s*(.*)$/s.exec(tag) ?? [];
      return [name, value.replace(/\s/g, '')] as const;
    }),
  );
  assert.deepEqual(
    [tags.get('d'), tags.get('s'), tags.get('a'), tags.get('c')],
    ['example.org', 's1', 'rsa-sha256', 'relaxed/relaxed'],
  );
  const signed = (tags.get('h') ?? '').split(':');
  for (const name of ['from', 'to', 'subject', 'date', 'message-id', 'list-unsubscribe', 'list-unsubscribe-post']) {
    assert.ok(signed.includes(name), `${name} is signed`);
  }
  // Canonicalization by RFC 6376, sections 3.4.2, 3.4.4 and 3.7.
  const body = raw
    .slice(raw.indexOf('\r\n\r\n') + 4)
    .replace(/[ \t]+(?=\r\n)/g, '')
    .replace(/[ \t]+/g, ' ')
    .replace(/(\r\n)*$/, '\r\n');
  assert.equal(createHash('sha256').update(body).digest('base64'), tags.get('bh'));
  const relaxed = (name: string, value: string) => `${name}:${value.replace(/[ \t]+/g, ' ').trim()}`;
  const lines = signed.map((name) => relaxed(name, header(raw, name) ?? ''));
  const own = relaxed('dkim-signature', (header(raw, 'dkim-signature') ?? '').replace(/(\bb=)[^;]*$/, '$1'));
  const signature = Buffer.from(tags.get('b') ?? '', 'base64');
  assert.ok(verify('RSA-SHA256', Buffer.from([...lines, own].join('\r\n')), rsa.publicKey, signature));
});

const DKIM_FAULTS: readonly (readonly [what: string, change: object])[] = [
  ['a key that is none', { privateKey: 'secret' }],
  ['a key of another kind', { privateKey: pemOf(generateKeyPairSync('ed25519').privateKey) }],
  ['a domain that is none', { domain: 'a;b' }],
  ['an empty selector', { selector: '' }],
];

for (const [what, change] of DKIM_FAULTS) {
  test(`${what} for DKIM is a wrong configuration, and the message shows no key`, () => {
    const dkim = { domain: 'example.org', selector: 's1', privateKey: pemOf(rsa.privateKey), ...change };
    assert.throws(
      () => smtpChannel({ url: 'smtp://localhost', from: FROM, dkim }),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'CONFIG_INVALID');
        assert.doesNotMatch(error.message, /secret|PRIVATE/);
        return true;
      },
    );
  });
}

for (const from of ['', 'campus', 'a@example.org, b@example.org', 'Campus <campus>', '"a\r\nb" <a@example.org>']) {
  test(`the sender ${JSON.stringify(from)} is a wrong configuration`, () => {
    assert.throws(() => smtpChannel({ url: 'smtp://localhost', from }), { code: 'CONFIG_INVALID' });
  });
}
