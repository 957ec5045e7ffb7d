import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { linkSecret, verifyLink } from '../../sinks/objects/directory/links.ts';
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import { objectsContract } from '../contracts/objects.ts';

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'objects-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The parts of a link, as the service reads them from the URL. */
function parts(link: string) {
  const url = new URL(link);
  const name = url.pathname.replace('/objects/', '');
  const expires = Number(url.searchParams.get('expires'));
  const file = url.searchParams.get('file') ?? '';
  return { origin: url.origin, name, expires, file, signature: url.searchParams.get('signature') ?? '' };
}

objectsContract('directory', async (t) => {
  const root = await temporaryFolder(t);
  const objects = directoryObjects(root);
  t.after(() => objects.close());
  return {
    objects,
    async follow(link) {
      const { name, ...signed } = parts(link);
      if (!verifyLink(linkSecret(root), { name, ...signed }, Date.now())) return undefined;
      return Buffer.concat(await Array.fromAsync(await objects.get(name)));
    },
  };
});

test('a writer killed during a write leaves nothing visible, and the next start removes the rest', async (t) => {
  const root = await temporaryFolder(t);
  const script = `
    const { directoryObjects } = await import(${JSON.stringify(import.meta.resolve('../../sinks/objects/directory/objects.ts'))});
    async function* body() {
      yield Buffer.alloc(100_000, 'x');
      console.log('writing');
      await new Promise((resolve) => setTimeout(resolve, 3_600_000));
    }
    await directoryObjects(${JSON.stringify(root)}).put('reports/a', body());
  `;
  const writer = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => writer.kill('SIGKILL'));
  await once(writer.stdout, 'data');
  assert.equal((await readdir(join(root, '.partial'))).length, 1, 'it had begun to write');

  // The file stays as long as its writer lives.
  directoryObjects(root);
  assert.equal((await readdir(join(root, '.partial'))).length, 1);

  const ended = once(writer, 'exit');
  writer.kill('SIGKILL');
  await ended;
  const objects = directoryObjects(root);
  assert.deepEqual(await readdir(join(root, '.partial')), []);
  assert.equal(await objects.head('reports/a'), undefined);
  assert.deepEqual(await Array.fromAsync(objects.list('')), []);
});

test('another host’s unfinished file stays for an hour, since its writer may be alive', async (t) => {
  const root = await temporaryFolder(t);
  directoryObjects(root);
  const fresh = join(root, '.partial', 'elsewhere~1~fresh');
  const idle = join(root, '.partial', 'elsewhere~1~idle');
  const before = join(root, '.partial', `${hostname()}~${process.pid}~before`);
  for (const file of [fresh, idle, before]) await writeFile(file, 'x');
  const twoHoursAgo = Date.now() / 1000 - 7200;
  await utimes(idle, twoHoursAgo, twoHoursAgo);
  // It has the id of this process but is older: its writer was the predecessor in the same container.
  const beforeThisProcess = (Date.now() - process.uptime() * 1000 - 60_000) / 1000;
  await utimes(before, beforeThisProcess, beforeThisProcess);
  directoryObjects(root);
  assert.deepEqual(await readdir(join(root, '.partial')), ['elsewhere~1~fresh']);
});

test('no unfinished file stays behind, whether a write succeeded or not', async (t) => {
  const root = await temporaryFolder(t);
  const objects = directoryObjects(root);
  await objects.put('a', Buffer.from('x'));
  await objects.create('b', Buffer.from('x'));
  await assert.rejects(objects.create('b', Buffer.from('x')), { code: 'ALREADY_EXISTS' });
  await assert.rejects(objects.put('a/b', Buffer.from('x')), { code: 'USAGE' });
  const failing = Readable.from(
    (function* () {
      yield Buffer.from('x');
      throw new Error('ended early');
    })(),
  );
  await assert.rejects(objects.put('c', failing), /ended early/);
  assert.deepEqual(await readdir(join(root, '.partial')), []);
});

test('a name is either an object or the folder of others, and the error says which', async (t) => {
  const objects = directoryObjects(await temporaryFolder(t));
  await objects.put('a/b/c', Buffer.from('x'));
  for (const method of ['put', 'create'] as const) {
    await assert.rejects(objects[method]('a/b', Buffer.from('y')), {
      code: 'USAGE',
      message: /a\/b cannot be written, since it is the folder of other objects/,
    });
    await assert.rejects(objects[method]('a/b/c/d/e', Buffer.from('y')), {
      code: 'USAGE',
      message: /a\/b\/c\/d\/e cannot be written, since a\/b\/c is an object/,
    });
  }
  await objects.remove('a/b/c');
  await objects.put('a/b', Buffer.from('now an object'));
  assert.equal((await objects.head('a/b'))?.bytes, 13);
});

test('unused folders of a dead writer do no harm', async (t) => {
  const root = await temporaryFolder(t);
  const objects = directoryObjects(root);
  await objects.put('a/b/c', Buffer.from('x'));
  await rm(join(root, 'a/b/c'));
  await objects.create('a', Buffer.from('y'));
  assert.deepEqual(
    (await Array.fromAsync(objects.list(''))).map(({ name }) => name),
    ['a'],
  );
});

test('the last object of a folder is removed with the folder', async (t) => {
  const root = await temporaryFolder(t);
  const objects = directoryObjects(root);
  await objects.put('a/b/c', Buffer.from('x'));
  await objects.put('a/d', Buffer.from('x'));
  await objects.remove('a/b/c');
  assert.deepEqual(await readdir(join(root, 'a')), ['d']);
});

test('the internal files of the folder are not objects', async (t) => {
  const root = await temporaryFolder(t);
  const objects = directoryObjects(root);
  for (const name of ['.partial', '.partial/x', '.link-secret']) {
    await assert.rejects(objects.put(name, Buffer.from('x')), { code: 'USAGE' });
    await assert.rejects(objects.get(name), { code: 'USAGE' });
  }
  await objects.put('a/.partial/x', Buffer.from('x'));
  await writeFile(join(root, 'not a name'), 'x');
  await writeFile(join(root, '.partial', 'x'), 'x');
  assert.deepEqual(
    (await Array.fromAsync(objects.list(''))).map(({ name }) => name),
    ['a/.partial/x'],
  );
  assert.deepEqual(await Array.fromAsync(objects.list('.partial/')), []);
});

test('a link expires at its time, and neither name nor time can be changed', async (t) => {
  const root = await temporaryFolder(t);
  const objects = directoryObjects(root, { linkBase: 'https://reports.example.org/' });
  const { origin, name, expires, signature } = parts(await objects.link('reports/a.csv', 5000));
  assert.deepEqual(
    { origin, name, expires },
    { origin: 'https://reports.example.org', name: 'reports/a.csv', expires: 5000 },
  );
  const secret = linkSecret(root);
  assert.equal(verifyLink(secret, { name, expires, signature }, 4999), true);
  assert.equal(verifyLink(secret, { name, expires, signature }, 5000), false);
  assert.equal(verifyLink(secret, { name, expires: 6000, signature }, 4999), false);
  assert.equal(verifyLink(secret, { name: 'reports/b.csv', expires, signature }, 4999), false);
  assert.equal(verifyLink(`${secret}0`, { name, expires, signature }, 4999), false);
  assert.equal(verifyLink(secret, { name, expires: Number.NaN, signature }, 4999), false);
  for (const forged of ['', 'x', signature.slice(2), `${signature}00`, signature.replace(/^./, 'g')]) {
    assert.equal(verifyLink(secret, { name, expires, signature: forged }, 4999), false);
  }
});

test('the secret is made once, readable by its owner only, and links outlive a restart', async (t) => {
  const root = await temporaryFolder(t);
  const link = await directoryObjects(root).link('a', 5000);
  assert.equal(await directoryObjects(root).link('a', 5000), link);
  assert.equal((await stat(join(root, '.link-secret'))).mode & 0o777, 0o600);
  assert.match(await readFile(join(root, '.link-secret'), 'utf8'), /^[0-9a-f]{64}\n$/);
  assert.notEqual(await directoryObjects(await temporaryFolder(t)).link('a', 5000), link);
  const given = directoryObjects(root, { secret: 'given' });
  assert.ok(
    verifyLink('given', { name: 'a', expires: 5000, signature: parts(await given.link('a', 5000)).signature }, 0),
  );
});

test('a damaged secret is not replaced automatically', async (t) => {
  const root = await temporaryFolder(t);
  directoryObjects(root);
  await writeFile(join(root, '.link-secret'), '');
  assert.throws(() => directoryObjects(root), { code: 'STORE_BROKEN', message: /remove it/ });
});

test('an unusable folder is refused at once', async (t) => {
  const root = await temporaryFolder(t);
  await writeFile(join(root, 'file'), 'x');
  assert.throws(() => directoryObjects(join(root, 'file', 'objects')), { code: 'FOLDER_UNUSABLE' });
});
