import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Uint8ArrayReader, Uint8ArrayWriter, ZipReader } from '@zip.js/zip.js';
import { Decrypter, generateHybridIdentity, generateIdentity, identityToRecipient } from 'age-encryption';
import { FILE_FORMATS, type FileFormat, type FileRow, type Protection } from '../../../reports/files/format.ts';
import { parseProtection } from '../../../reports/files/protection.ts';
import { ADA, COLUMNS, textOf, written } from './files.ts';

const PASSWORD = 'four random words here';
const ROWS: readonly FileRow[] = Array.from({ length: 500 }, () => ADA);
const plain = async (format: FileFormat) => (await written({ format }, ROWS)).bytes;

async function unzipped(bytes: Uint8Array, password?: string): Promise<Map<string, Uint8Array>> {
  const zip = new ZipReader(new Uint8ArrayReader(bytes), {
    ...(password !== undefined && { password }),
    useWebWorkers: false,
  });
  const found = new Map<string, Uint8Array>();
  for (const entry of await zip.getEntries()) {
    assert.ok(!entry.directory);
    found.set(entry.filename, await entry.getData(new Uint8ArrayWriter()));
  }
  await zip.close();
  return found;
}

for (const format of FILE_FORMATS) {
  test(`a ${format} file in a zip archive is the plain one, and tells what it reflects`, async () => {
    const { file, bytes } = await written({ format, protection: { kind: 'zip', password: PASSWORD } }, ROWS);
    assert.deepEqual([file.extension, file.mediaType], ['zip', 'application/zip']);
    const entries = await unzipped(bytes, PASSWORD);
    assert.deepEqual([...entries.keys()], [`activity.${format}`, 'about.json']);
    assert.deepEqual(entries.get(`activity.${format}`), await plain(format));
    assert.equal(JSON.parse(textOf(entries.get('about.json') as Uint8Array)).rows, ROWS.length);
  });

  test(`a ${format} file for recipients of age is the plain one for each of them, and for nobody else`, async () => {
    const identities = await Promise.all([generateIdentity(), generateIdentity()]);
    const recipients = await Promise.all(identities.map(identityToRecipient));
    const { file, bytes } = await written({ format, protection: { kind: 'age', recipients } }, ROWS);
    assert.deepEqual([file.extension, file.mediaType], [`${format}.age`, 'application/octet-stream']);
    for (const identity of identities) {
      const decrypter = new Decrypter();
      decrypter.addIdentity(identity);
      assert.deepEqual(await decrypter.decrypt(bytes), await plain(format));
    }
    const other = new Decrypter();
    other.addIdentity(await generateIdentity());
    await assert.rejects(other.decrypt(bytes), /no identity matched/);
  });
}

test('a file with a passphrase of age opens with it alone', async () => {
  const { bytes } = await written({ protection: { kind: 'age', passphrase: PASSWORD } }, ROWS);
  const [right, wrong] = [new Decrypter(), new Decrypter()];
  right.addPassphrase(PASSWORD);
  wrong.addPassphrase(`${PASSWORD}!`);
  assert.deepEqual(await right.decrypt(bytes), await plain('csv'));
  await assert.rejects(wrong.decrypt(bytes));
});

test('an archive opens with its password alone, and is encrypted by AES-256', async () => {
  const { bytes } = await written({ protection: { kind: 'zip', password: PASSWORD } }, ROWS);
  await assert.rejects(unzipped(bytes, `${PASSWORD}!`), /password/i);
  await assert.rejects(unzipped(bytes), /password|encrypted/i);
  const zip = new ZipReader(new Uint8ArrayReader(bytes), { useWebWorkers: false });
  for (const entry of await zip.getEntries()) {
    assert.ok(entry.encrypted && !entry.zipCrypto);
    assert.equal(entry.extraFieldAES?.strength, 3);
  }
});

test('nothing of a protected file can be read', async () => {
  const secret = 'a-name-that-nobody-may-read';
  const rows = Array.from({ length: 5000 }, (_, at): FileRow => [`${secret}-${at}`, ...ADA.slice(1)]);
  const recipients = [await identityToRecipient(await generateIdentity())];
  const kinds: readonly Protection[] = [
    { kind: 'zip', password: PASSWORD },
    { kind: 'age', recipients },
    { kind: 'age', passphrase: PASSWORD },
  ];
  for (const protection of kinds) {
    const { bytes } = await written({ protection }, rows);
    const text = Buffer.from(bytes).toString('latin1');
    for (const word of [secret, 'Learner', 'course-activity', COLUMNS[5]?.title ?? '']) assert.ok(!text.includes(word));
  }
});

test('protection is parsed', async () => {
  const recipient = await identityToRecipient(await generateIdentity());
  const other = await identityToRecipient(await generateIdentity());
  assert.deepEqual(parseProtection({ kind: 'none' }), { value: { kind: 'none' } });
  assert.deepEqual(parseProtection({ kind: 'zip', password: PASSWORD }), {
    value: { kind: 'zip', password: PASSWORD },
  });
  assert.deepEqual(parseProtection({ kind: 'age', recipients: `${recipient},\n ${other}\n` }), {
    value: { kind: 'age', recipients: [recipient, other] },
  });
  assert.deepEqual(parseProtection({ kind: 'age', recipients: [recipient] }), {
    value: { kind: 'age', recipients: [recipient] },
  });
  assert.deepEqual(parseProtection({ kind: 'age', passphrase: `${PASSWORD}ä` }), {
    value: { kind: 'age', passphrase: `${PASSWORD}ä` },
  });
});

const problemsOf = (given: Parameters<typeof parseProtection>[0]): string => {
  const parsed = parseProtection(given);
  return 'problems' in parsed ? parsed.problems.join('\n') : '';
};

test('weak passwords are refused with the rule, and no problem shows one', () => {
  for (const [password, problem] of [
    [undefined, /a password is missing/],
    ['', /a password is missing/],
    ['short', /16 characters or more, 8 of them different/],
    ['aaaaaaaaaaaaaaaaaaaaaaaa', /8 of them different/],
    [` ${PASSWORD}`, /begins or ends with a space/],
    [`${PASSWORD}\n${PASSWORD}`, /control character/],
    [`${PASSWORD} für alle`, /ASCII/],
    [PASSWORD.repeat(5), /longer than 99/],
  ] as const) {
    const problems = problemsOf({ kind: 'zip', ...(password !== undefined && { password }) });
    assert.match(problems, problem);
    if (password) assert.ok(!problems.includes(password));
  }
  assert.match(problemsOf({ kind: 'age', passphrase: 'short' }), /the passphrase is weak/);
});

test('recipients are checked before a file is begun', async () => {
  const recipient = await identityToRecipient(await generateIdentity());
  const quantum = await identityToRecipient(await generateHybridIdentity());
  const identity = await generateIdentity();
  assert.equal(problemsOf({ kind: 'age', recipients: quantum }), '');
  for (const [recipients, problem] of [
    ['', /either recipients or a passphrase/],
    [recipient.slice(0, -1), /not a public key of age/],
    [`${recipient.slice(0, -1)}${recipient.endsWith('q') ? 'p' : 'q'}`, /not a public key of age/],
    ['ada@example.org', /not a public key of age/],
    ['ssh-ed25519', /SSH key/],
    [[recipient, quantum], /cannot be mixed/],
    [Array.from({ length: 21 }, () => recipient), /more than 20/],
    [identity, /secret key: keep it to yourself/],
  ] as const) {
    const problems = problemsOf({ kind: 'age', recipients });
    assert.match(problems, problem);
    assert.ok(!problems.includes(identity));
  }
  assert.match(problemsOf({ kind: 'age', recipients: recipient, passphrase: PASSWORD }), /either/);
});

test('what would have no effect is refused', () => {
  assert.match(problemsOf({ kind: 'none', password: PASSWORD }), /a password is for zip, not for none/);
  assert.match(problemsOf({ kind: 'zip', password: PASSWORD, recipients: 'age1' }), /recipients are for age/);
  assert.match(problemsOf({ kind: 'age', password: PASSWORD, passphrase: PASSWORD }), /a password is for zip/);
  assert.match(problemsOf({ kind: 'pgp' }), /protection is one of none, zip, age, not "pgp"/);
});
