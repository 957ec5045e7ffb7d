/** The objects port on a real S3 server. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { running } from '../../servers/running.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import { s3Objects } from '../../sinks/objects/s3/objects.ts';
import { objectsContract } from '../contracts/objects.ts';
import { bodyOf, names, text } from '../contracts/objects-samples.ts';
import { storeOf } from './s3-store.ts';

const MEGABYTE = 1024 * 1024;
const server = await running('s3');

objectsContract('S3', async (t) => ({
  objects: (await storeOf(t, server.url)).objects,
  async follow(link) {
    const response = await fetch(link);
    const body = new Uint8Array(await response.arrayBuffer());
    return response.ok ? body : undefined;
  },
}));

function opened(t: TestContext, options: Parameters<typeof s3Objects>[0]): Objects {
  const objects = s3Objects(options);
  t.after(() => objects.close());
  return objects;
}

async function* megabytes(count: number, last?: () => void): AsyncGenerator<Uint8Array> {
  for (let part = 0; part < count; part += 1) yield Buffer.alloc(MEGABYTE, part);
  last?.();
}

test('a failing upload has no parts left when the error is thrown', async (t) => {
  const { objects, uploads } = await storeOf(t, server.url, { partBytes: 5 * MEGABYTE });
  const failure = new Error('the rows ended early');
  let open: string[] = [];
  const body = (async function* () {
    yield* megabytes(30);
    open = await uploads();
    throw failure;
  })();
  await assert.rejects(objects.put('big', body), (error) => error === failure);
  assert.deepEqual(open, ['some/prefix/big'], 'it had begun');
  assert.deepEqual(await uploads(), []);
  await objects.put('big', Buffer.from('x'));
  await assert.rejects(objects.create('big', megabytes(12)), { code: 'ALREADY_EXISTS' });
  assert.deepEqual(await uploads(), []);
});

test('a body is read no faster than it is sent', async (t) => {
  const { objects } = await storeOf(t, server.url, { partBytes: 5 * MEGABYTE, partsInFlight: 2 });
  const chunk = Buffer.alloc(MEGABYTE, 'x');
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const body = (async function* () {
    for (let part = 0; part < 150; part += 1) {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      yield chunk;
    }
  })();
  assert.equal((await objects.put('big', body)).bytes, 150 * MEGABYTE);
  // Three parts, and the buffers from which the first one grew.
  assert.ok(most < 30 * MEGABYTE, `${most} bytes of buffers`);
});

test('the server stores the checksum of every object, small or large', async (t) => {
  const { objects, client, bucket } = await storeOf(t, server.url);
  await objects.put('small', Buffer.from('data'));
  await objects.put('large', megabytes(12));
  for (const [name, checksum] of [
    ['small', crc32('data').toString(16).padStart(8, '0')],
    ['large', undefined],
  ] as const) {
    const key = { Bucket: bucket, Key: `some/prefix/${name}` };
    const head = await client.send(new HeadObjectCommand({ ...key, ChecksumMode: 'ENABLED' }));
    const sum = Buffer.from(head.ChecksumCRC32 ?? '', 'base64').toString('hex');
    assert.match(sum, /^[0-9a-f]{8}/, name);
    if (checksum !== undefined) assert.equal(sum, checksum);
  }
  const without = opened(t, {
    ...(await storeOf(t, server.url)),
    url: `${(await storeOf(t, server.url)).url}&checksums=required`,
  });
  await without.put('small', Buffer.from('data'));
  await without.put('large', megabytes(12));
  assert.equal(await text(without, 'small'), 'data');
  assert.equal((await bodyOf(without, 'large')).length, 12 * MEGABYTE);
});

test('two prefixes of one bucket do not see each other, nor the objects of others', async (t) => {
  const { objects, url, bucket, client, credentials } = await storeOf(t, server.url);
  const sibling = opened(t, { url: url.replace('/some/prefix', '/some/prefix2'), credentials });
  const whole = opened(t, { url: url.replace('/some/prefix', ''), credentials });
  await objects.put('a', Buffer.from('mine'));
  await sibling.put('a', Buffer.from('theirs'));
  for (const key of ['some/prefix/größe', 'some/prefix/with space', 'elsewhere']) {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.from('x') }));
  }
  assert.deepEqual(await names(objects, ''), ['a']);
  assert.equal(await text(objects, 'a'), 'mine');
  assert.deepEqual(await names(sibling, ''), ['a']);
  assert.deepEqual(await names(whole, ''), ['elsewhere', 'some/prefix/a', 'some/prefix2/a']);
});

test('where the server accepts no name that is also a folder, the error says so', async (t) => {
  const { objects } = await storeOf(t, server.url);
  await objects.put('a/b', Buffer.from('x'));
  const refused = { code: 'USAGE', message: /choose another name/ };
  for (const method of ['put', 'create'] as const) {
    await assert.rejects(objects[method]('a', Buffer.from('y')), refused);
    await assert.rejects(objects[method]('a/b/c', Buffer.from('y')), refused);
  }
  assert.deepEqual(await names(objects, ''), ['a/b']);
});

test('a link saves the object as a file, and ends at its time', async (t) => {
  const { objects } = await storeOf(t, server.url);
  await objects.put('reports/a.csv', Buffer.from('a,b\n'));
  const now = Date.now();
  const response = await fetch(await objects.link('reports/a.csv', now + 60_000));
  assert.equal(await response.text(), 'a,b\n');
  assert.equal(response.headers.get('content-disposition'), 'attachment; filename="a.csv"');
  for (const expired of [now - 1, now - 3_600_000, 0]) {
    assert.equal((await fetch(await objects.link('reports/a.csv', expired))).status, 403, `${expired}`);
  }
  await objects.link('reports/a.csv', now + 6 * 24 * 3_600_000);
  await assert.rejects(objects.link('reports/a.csv', now + 8 * 24 * 3_600_000), { code: 'USAGE', message: /7 days/ });
});

test('a link uses the address by which its readers reach the server', async (t) => {
  const { url, credentials } = await storeOf(t, server.url);
  const elsewhere = server.url.replace('127.0.0.1', 'localhost');
  for (const objects of [
    opened(t, { url, credentials, linkEndpoint: elsewhere }),
    opened(t, { url: `${url}&linkEndpoint=${elsewhere}`, credentials }),
  ]) {
    await objects.put('a', Buffer.from('x'));
    const link = await objects.link('a', Date.now() + 60_000);
    assert.ok(link.startsWith(`${elsewhere}/`), link);
    assert.equal(await (await fetch(link)).text(), 'x');
  }
});

test('credentials of the URL and of the environment are used', async (t) => {
  const { url, credentials, objects } = await storeOf(t, server.url);
  await objects.put('a', Buffer.from('x'));
  const { accessKeyId, secretAccessKey } = credentials;
  const inUrl = opened(t, { url: url.replace('s3://', `s3://${accessKeyId}:${encodeURIComponent(secretAccessKey)}@`) });
  assert.equal(await text(inUrl, 'a'), 'x');
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
  });
  process.env['AWS_ACCESS_KEY_ID'] = accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = secretAccessKey;
  assert.equal(await text(opened(t, { url }), 'a'), 'x');
});

test('wrong credentials, a wrong region and a missing bucket are fatal, and no secret is shown', async (t) => {
  const { url, bucket, credentials } = await storeOf(t, server.url);
  const refused = [
    {
      objects: opened(t, { url, credentials: { ...credentials, secretAccessKey: 'not-the-secret' } }),
      advice: /check the credentials/,
    },
    {
      objects: opened(t, { url, credentials: { ...credentials, accessKeyId: 'not-the-key' } }),
      advice: /check the credentials/,
    },
    { objects: opened(t, { url: `${url}&region=eu-west-1`, credentials }), advice: /set the region/ },
    { objects: opened(t, { url: url.replace(bucket, 'no-bucket-of-ours'), credentials }), advice: /create the bucket/ },
  ];
  for (const { objects, advice } of refused) {
    const calls = [
      () => objects.put('a', Buffer.from('x')),
      () => objects.put('a', Buffer.alloc(8 * MEGABYTE)),
      () => objects.create('a', megabytes(12)),
      () => objects.get('a'),
      () => objects.get('a', { start: 0, end: 0 }),
      () => objects.head('a'),
      () => names(objects, ''),
      () => objects.remove('a'),
    ];
    for (const call of calls) {
      await assert.rejects(call(), (error: Error & { kind?: unknown }) => {
        assert.equal(error.kind, 'fatal', `${call}: ${error}`);
        assert.doesNotMatch(error.message, /not-the-secret/);
        if (!`${call}`.includes('head') && !`${call}`.includes('start')) assert.match(error.message, advice, `${call}`);
        return true;
      });
    }
  }
});
