import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import PostalMime from 'postal-mime';
import { isMailAddress, problemOf } from '../../sinks/channels/message.ts';
import { outboxChannel } from '../../sinks/channels/outbox/channel.ts';
import { channelsContract, message, type Received } from '../contracts/channels.ts';

const FROM = '"Müller, Campus" <campus@example.org>';

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outbox-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The files that have arrived. There are none as long as the folder does not exist. */
async function filesIn(folder: string): Promise<Buffer[]> {
  const names = await readdir(folder).catch((error) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return Promise.all(names.map((name) => readFile(join(folder, name))));
}

async function readMail(file: Buffer): Promise<Received> {
  const mail = await PostalMime.parse(file);
  const recipients = [mail.to, mail.cc, mail.bcc].flatMap((addresses) => addresses ?? []);
  return {
    addresses: recipients.map(({ address }) => address ?? 'a group'),
    title: mail.subject ?? '',
    text: (mail.text ?? '').replace(/^\n$/, ''),
  };
}

/** Puts a file where the folder should be. */
async function blocked(folder: string): Promise<() => Promise<void>> {
  await writeFile(folder, '');
  return () => rm(folder);
}

channelsContract('mail outbox', async (t) => {
  const folder = join(await temporaryFolder(t), 'outbox');
  return {
    channel: outboxChannel({ folder, channel: 'mail', from: FROM }),
    address: 'learner+exams@learn.example.org',
    impossible: [
      ...['', 'nobody', '@example.org', 'a@', 'a b@example.org', 'a@b@', 'a@-example.org', '.a@example.org'],
      ...['a@example.org, b@example.org', 'a@example.org;b@example.org', 'Ada <a@example.org>', '<a@example.org>'],
      ...['a@example.org\r\nBcc: m@example.org', 'a@example.org\n', '\na@example.org', 'a@exa\u2028mple.org'],
      ...['"a b"@example.org', 'a(comment)@example.org', 'group:a@example.org;', 'a@[127.0.0.1]', 'a@example..org'],
      ...[`${'a'.repeat(65)}@example.org`, `a@${'b.'.repeat(130)}org`],
    ],
    received: async () => Promise.all((await filesIn(join(folder, 'mail'))).map(readMail)),
    interrupt: () => blocked(folder),
  };
});

for (const [channel, address, impossible] of [
  [
    'webhook',
    'https://hooks.example.org/a?b=c',
    ['', 'hooks.example.org', 'ftp://example.org', 'https://', 'https://a b/', 'http://a/\r\nX: y'],
  ],
  ['push', 'fcm:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx', ['', 'two words', 'a\nb', 'ü']],
  ['sms', '+44 20 7946 0958', ['', 'abc', '12', '+44\n123456', '1'.repeat(50)]],
] as const) {
  channelsContract(`${channel} outbox`, async (t) => {
    const folder = join(await temporaryFolder(t), 'outbox');
    return {
      channel: outboxChannel({ folder, channel, from: 'campus' }),
      address,
      impossible,
      async received() {
        const files = (await filesIn(join(folder, channel))).map((file) => JSON.parse(file.toString()));
        return files.map(({ address, title, text }) => ({ addresses: [address], title, text }));
      },
      interrupt: () => blocked(folder),
    };
  });
}

test('a mail is a file that mail programs open, with the headers that machines read', async (t) => {
  const folder = await temporaryFolder(t);
  const channel = outboxChannel({ folder, channel: 'mail', from: FROM });
  await channel.send(message('learner@example.org', { title: 'Prüfung' }));
  const [name, ...others] = await readdir(join(folder, 'mail'));
  assert.deepEqual(others, [], 'nothing else lies there');
  assert.match(name ?? '', /^[0-9a-f]{32}\.eml$/);
  const raw = await readFile(join(folder, 'mail', name ?? ''), 'latin1');
  assert.doesNotMatch(raw, /(?<!\r)\n|\r(?!\n)/, 'lines end with CR LF');
  assert.doesNotMatch(raw, /[^\r\n]{999}/, 'no line is longer than RFC 5322 allows');
  assert.doesNotMatch(raw, /[^\r\n\x20-\x7e]/, 'all of it is ASCII');
  const mail = await PostalMime.parse(raw);
  assert.deepEqual(mail.from, { name: 'Müller, Campus', address: 'campus@example.org' });
  assert.equal(mail.date, '2026-04-01T08:00:00.000Z');
  assert.equal(mail.messageId, `<${name?.replace('.eml', '')}@example.org>`);
  assert.deepEqual(mail.headers.map(({ key }) => key).sort(), [
    'auto-submitted',
    'content-transfer-encoding',
    'content-type',
    'date',
    'from',
    'message-id',
    'mime-version',
    'subject',
    'to',
  ]);
  assert.equal(mail.headers.find(({ key }) => key === 'auto-submitted')?.value, 'auto-generated');
});

test('a file that was written is not written again, even with other content or after a restart', async (t) => {
  const folder = await temporaryFolder(t);
  const options = { folder, channel: 'mail', from: FROM } as const;
  await outboxChannel(options).send(message('learner@example.org', {}));
  const before = await filesIn(join(folder, 'mail'));
  const answer = await outboxChannel(options).send(message('learner@example.org', { title: 'Other words' }));
  assert.equal(answer.outcome, 'sent');
  assert.match(answer.detail, /written before/);
  assert.deepEqual(await filesIn(join(folder, 'mail')), before);
});

test('an unfinished file of a dead writer is deleted after an hour, and is not a message', async (t) => {
  const folder = await temporaryFolder(t);
  const mails = join(folder, 'mail');
  await mkdir(mails);
  for (const name of ['old', 'new']) await writeFile(join(mails, `${name}.partial`), 'From: ');
  const twoHoursAgo = Date.now() / 1000 - 7200;
  await utimes(join(mails, 'old.partial'), twoHoursAgo, twoHoursAgo);
  await outboxChannel({ folder, channel: 'mail', from: FROM }).send(message('learner@example.org', {}));
  const left = await readdir(mails);
  assert.equal(left.length, 2);
  assert.ok(left.includes('new.partial'));
});

test('an outbox whose folder disappears and returns keeps its messages', async (t) => {
  const parent = await temporaryFolder(t);
  const folder = join(parent, 'outbox');
  const channel = outboxChannel({ folder, channel: 'sms', from: 'campus' });
  assert.equal((await channel.send(message('+4420794609', { key: 'a' }))).outcome, 'sent');
  await rename(folder, join(parent, 'elsewhere'));
  const restore = await blocked(folder);
  assert.equal((await channel.send(message('+4420794609', { key: 'b' }))).outcome, 'away');
  await restore();
  await rename(join(parent, 'elsewhere'), folder);
  for (const key of ['a', 'b']) assert.equal((await channel.send(message('+4420794609', { key }))).outcome, 'sent');
  assert.equal((await readdir(join(folder, 'sms'))).length, 2);
});

test('an invalid sender address is a wrong configuration', () => {
  for (const from of ['', 'campus', 'a@example.org, b@example.org', 'Campus <campus>']) {
    assert.throws(() => outboxChannel({ folder: 'unused', channel: 'mail', from }), { code: 'CONFIG_INVALID' }, from);
  }
  outboxChannel({ folder: 'unused', channel: 'sms', from: 'Campus' });
});

test('mail addresses in all scripts are valid', () => {
  for (const address of [
    'a@b',
    "o'hara+x/y=z@example.co.uk",
    'jörg@müller.example',
    '用户@例子.世界',
    'a.b.c@1.example',
  ]) {
    assert.ok(isMailAddress(address), address);
    assert.equal(problemOf('mail', address), undefined);
  }
});
