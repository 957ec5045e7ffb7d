/** Requests for objects in S3, the address of S3, and the meaning of its errors, without a server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TributaryError } from '../../core/errors.ts';
import { connectionOf } from '../../sinks/objects/s3/connection.ts';
import { mayHaveHappened, objectsError, writeError } from '../../sinks/objects/s3/errors.ts';
import { s3Objects } from '../../sinks/objects/s3/objects.ts';
import * as ask from '../../sinks/objects/s3/request.ts';

const location = { bucket: 'reports', prefix: 'some/prefix/' };
const top = { bucket: 'reports', prefix: '' };

test('a name is a key below the prefix, and back', () => {
  assert.equal(ask.keyOf(location, 'a/b'), 'some/prefix/a/b');
  assert.equal(ask.keyOf(top, 'a/b'), 'a/b');
  assert.equal(ask.nameOf(location, 'some/prefix/a/b'), 'a/b');
  const longest = 'a/'.repeat(505).concat('ab');
  assert.equal(ask.keyOf(location, longest).length, 1024);
  assert.throws(() => ask.keyOf(location, `${longest}c`), { code: 'USAGE', message: /1025 bytes/ });
});

test('a write carries its own id and its condition', () => {
  const body = Buffer.from('data');
  const input = ask.putInput(location, 'some/prefix/a', { body, write: 'w1', once: false });
  assert.deepEqual(input, {
    Bucket: 'reports',
    Key: 'some/prefix/a',
    Body: body,
    ContentLength: 4,
    ContentType: 'application/octet-stream',
    Metadata: { 'tributary-write': 'w1' },
  });
  assert.deepEqual(ask.putInput(location, 'some/prefix/a', { body, write: 'w1', once: true }), {
    ...input,
    IfNoneMatch: '*',
  });
  assert.ok(ask.madeBy('w1', input.Metadata));
  assert.ok(!ask.madeBy('w2', input.Metadata));
  assert.ok(!ask.madeBy('w1', undefined));
  assert.deepEqual(ask.beginInput(location, 'k', 'w1').Metadata, input.Metadata);
});

test('parts are sent by number, with a checksum, and put together in their order', () => {
  const part = ask.partInput(location, 'k', { upload: 'u1', number: 2, body: Buffer.from('x') });
  assert.deepEqual([part.UploadId, part.PartNumber, part.ContentLength, part.ChecksumAlgorithm], ['u1', 2, 1, 'CRC32']);
  const parts = [{ PartNumber: 2, ETag: 'b' }, { PartNumber: 10 }, { PartNumber: 1, ETag: 'a', ChecksumCRC32: 'x' }];
  const complete = ask.completeInput(location, 'k', { upload: 'u1', parts, once: true });
  assert.deepEqual(complete.MultipartUpload.Parts, [parts[2], parts[0], parts[1]]);
  assert.deepEqual(complete, {
    Bucket: 'reports',
    Key: 'k',
    UploadId: 'u1',
    MultipartUpload: complete.MultipartUpload,
    IfNoneMatch: '*',
  });
  assert.ok(!('IfNoneMatch' in ask.completeInput(location, 'k', { upload: 'u1', parts, once: false })));
});

test('a range names its last byte, and a list its page', () => {
  assert.equal(ask.objectInput(location, 'k', { start: 3, end: 7 }).Range, 'bytes=3-6');
  assert.ok(!('Range' in ask.objectInput(location, 'k')));
  assert.deepEqual(ask.listInput(location, 'a', undefined), { Bucket: 'reports', Prefix: 'some/prefix/a' });
  assert.equal(ask.listInput(location, 'a', 't1').ContinuationToken, 't1');
});

test('a link is saved under the last segment of the name, and ends at its time and not later', () => {
  assert.equal(ask.linkInput(location, 'some/prefix/a.csv').ResponseContentDisposition, 'attachment; filename="a.csv"');
  assert.equal(ask.linkInput(top, 'a.csv').ResponseContentDisposition, 'attachment; filename="a.csv"');
  const now = 1_000_000_500;
  assert.deepEqual(ask.linkTime('a', now + 60_000, now), { signedAt: 1_000_000_000, seconds: 60 });
  for (const expired of [now - 5000, now, now + 100]) {
    const { signedAt, seconds } = ask.linkTime('a', expired, now);
    assert.ok(signedAt + seconds * 1000 <= expired && seconds >= 1, `${expired}`);
  }
  const week = 7 * 24 * 3_600_000;
  assert.equal(ask.linkTime('a', 1_000_000_000 + week, now).seconds, week / 1000);
  for (const late of [now + week + 1000, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => ask.linkTime('a', late, now), { code: 'USAGE', message: /7 days/ });
  }
});

test('a URL has the location of the bucket, and options override it', () => {
  const plain = connectionOf({ url: 's3://reports?region=eu-central-1' });
  assert.deepEqual(plain.location, top);
  assert.deepEqual(
    [plain.calls.region, plain.calls.forcePathStyle, 'endpoint' in plain.calls, 'credentials' in plain.calls],
    ['eu-central-1', false, false, false],
  );
  assert.ok(!('region' in connectionOf({ url: 's3://reports' }).calls), 'the environment says it');

  const other = connectionOf({ url: 's3://key:se%2Fcret@reports/some/prefix/?endpoint=http://127.0.0.1:9000' });
  assert.deepEqual(other.location, location);
  const { region, endpoint, forcePathStyle, credentials, requestChecksumCalculation } = other.calls;
  assert.deepEqual(
    { region, endpoint, forcePathStyle, credentials, requestChecksumCalculation },
    {
      region: 'us-east-1',
      endpoint: 'http://127.0.0.1:9000',
      forcePathStyle: true,
      credentials: { accessKeyId: 'key', secretAccessKey: 'se/cret' },
      requestChecksumCalculation: 'WHEN_SUPPORTED',
    },
  );
  assert.equal(other.links.endpoint, 'http://127.0.0.1:9000');
  const url =
    's3://key:secret@reports?endpoint=http://127.0.0.1:9000&pathStyle=false&checksums=required&linkEndpoint=https://a';
  const given = connectionOf({
    url,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    linkEndpoint: 'https://files.example.org',
    ca: 'pem',
    partBytes: 6_000_000,
    partsInFlight: 1,
    timeoutMs: 3000,
  });
  assert.deepEqual(given.calls.credentials, { accessKeyId: 'a', secretAccessKey: 'b' });
  assert.equal(given.links.endpoint, 'https://files.example.org');
  assert.equal(connectionOf({ url }).links.endpoint, 'https://a');
  assert.deepEqual(
    [
      given.calls.forcePathStyle,
      given.calls.responseChecksumValidation,
      given.partBytes,
      given.partsInFlight,
      given.idleMs,
    ],
    [false, 'WHEN_REQUIRED', 6_000_000, 1, 1000],
  );
});

test('an invalid URL is refused with the reason and without its secret', () => {
  for (const [url, reason] of [
    ['not a url with s3cret', /is not a URL/],
    ['https://key:s3cret@reports', /must begin with s3/],
    ['s3://key:s3cret@Reports_', /is not a valid name/],
    ['s3://key:s3cret@reports/a//b', /prefix/],
    ['s3://key:s3cret@reports?regoin=x', /the parameter regoin/],
    ['s3://key:s3cret@reports?endpoint=127.0.0.1:9000', /an endpoint that is no/],
    ['s3://reports?endpoint=http://key:s3cret@127.0.0.1:9000', /without credentials/],
    ['s3://reports?linkEndpoint=ftp://s3cret', /an linkEndpoint|linkEndpoint that is no/],
    ['s3://key:s3cret@reports?pathStyle=yes', /pathStyle yes/],
    ['s3://key:s3cret@reports?checksums=none', /checksums none/],
    ['s3://:s3cret@reports', /without its secret/],
    ['s3://key:s3cret%zz@reports', /%25/],
  ] as const) {
    assert.throws(
      () => s3Objects({ url }),
      (error: TributaryError) => {
        assert.equal(error.code, 'CONFIG_INVALID', url);
        assert.match(error.message, reason);
        assert.doesNotMatch(`${error.message} ${error.cause}`, /s3cret/);
        return true;
      },
    );
  }
  assert.throws(() => s3Objects({ url: 's3://reports', partBytes: 1000 }), { code: 'CONFIG_INVALID' });
});

/** An error as the SDK throws it. */
function error(name: string, status?: number, attempts = 1): Error {
  const known = new Error('it went wrong');
  known.name = name;
  return Object.assign(known, { $metadata: { httpStatusCode: status, attempts } });
}

test('errors are classified by their remedy', () => {
  for (const [thrown, code, advice] of [
    [error('SlowDown', 503), 'OBJECTS_AWAY', /SlowDown .*waiting for it/],
    [error('Unknown', 502), 'OBJECTS_AWAY', /waiting for it/],
    [error('Unknown', 429), 'OBJECTS_AWAY', /waiting for it/],
    [error('TimeoutError'), 'OBJECTS_AWAY', /waiting for it/],
    [error('BadDigest', 400), 'OBJECTS_AWAY', /waiting for it/],
    [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'OBJECTS_AWAY', /ECONNREFUSED connect/],
    [new AggregateError([{ code: 'ECONNREFUSED' }], ''), 'OBJECTS_AWAY', /ECONNREFUSED/],
    [new Error('Connection lost or stream closed before all data was received.'), 'OBJECTS_AWAY', /waiting for it/],
    [error('AccessDenied', 403), 'ACCESS_REFUSED', /grant the role/],
    [error('Unknown', 403), 'ACCESS_REFUSED', /grant the role/],
    [error('SignatureDoesNotMatch', 403), 'ACCESS_REFUSED', /check the credentials/],
    [error('RequestTimeTooSkewed', 403), 'STORE_BROKEN', /clock/],
    [error('NoSuchBucket', 404), 'STORE_BROKEN', /create the bucket/],
    [error('CredentialsProviderError'), 'ACCESS_REFUSED', /give credentials/],
    [new Error('Region is missing'), 'STORE_BROKEN', /set the region/],
    [error('MalformedXML', 400), 'STORE_BROKEN', /doctor/],
    [new Error('Checksum mismatch: expected "a" but received "b"'), 'STORE_BROKEN', /damaged/],
    [
      Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
      'ACCESS_REFUSED',
      /authority/,
    ],
    [error('ObjectParentIsFile', 409), 'USAGE', /another name/],
    [error('EntityTooLarge', 400), 'USAGE', /or less/],
  ] as const) {
    const translated = objectsError(thrown, 'reading the object a');
    assert.ok(translated instanceof TributaryError, String(thrown));
    assert.equal(translated.code, code, String(thrown));
    assert.match(translated.message, /^reading the object a in S3: /);
    assert.match(translated.message, advice);
    assert.equal(translated.cause, thrown);
  }
  const head = Object.assign(new Error('UnknownError'), { $metadata: { httpStatusCode: 400 } });
  assert.match((objectsError(head, 'looking') as Error).message, /status 400/);
});

test('an error that is not from S3 is unchanged', () => {
  for (const thrown of [new TypeError('a bug'), new TributaryError('NOT_FOUND', 'nothing'), 'text', undefined]) {
    assert.equal(objectsError(thrown, 'reading'), thrown);
  }
});

test('a name is taken only for a create, and only a repeated write can have succeeded earlier', () => {
  for (const taken of [
    error('PreconditionFailed', 412),
    error('Unknown', 412),
    error('ConditionalRequestConflict', 409),
  ]) {
    assert.equal((writeError(taken, 'a', true) as TributaryError).code, 'ALREADY_EXISTS');
    assert.notEqual((writeError(taken, 'a', false) as TributaryError).code, 'ALREADY_EXISTS');
  }
  assert.ok(!mayHaveHappened(error('PreconditionFailed', 412, 1)));
  assert.ok(mayHaveHappened(error('PreconditionFailed', 412, 2)));
  assert.ok(mayHaveHappened(error('NoSuchUpload', 404, 2)));
  assert.ok(!mayHaveHappened(error('AccessDenied', 403, 2)));
  assert.ok(!mayHaveHappened(new Error('no attempts')));
});

test('without a region or credentials the first call reports what is missing', async (t) => {
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
  });
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
  process.env['AWS_CONFIG_FILE'] = '/no/such/file';
  process.env['AWS_SHARED_CREDENTIALS_FILE'] = '/no/such/file';
  for (const [url, code, advice] of [
    ['s3://reports', 'STORE_BROKEN', /set the region/],
    ['s3://reports?endpoint=http://127.0.0.1:9', 'ACCESS_REFUSED', /give credentials/],
  ] as const) {
    const objects = s3Objects({ url });
    t.after(() => objects.close());
    await assert.rejects(objects.head('a'), { code, message: advice });
    await assert.rejects(objects.link('a', Date.now() + 1000), { code, message: advice });
  }
});
