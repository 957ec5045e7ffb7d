import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionOf } from '../../sinks/channels/smtp/request.ts';

const URLS: readonly (readonly [url: string, expected: object])[] = [
  ['smtp://mail.example.org', { host: 'mail.example.org', secure: false, requireTLS: true, ignoreTLS: false }],
  ['smtp://mail.example.org:2525?tls=required', { port: 2525, secure: false, requireTLS: true, ignoreTLS: false }],
  ['smtp://mail.example.org?tls=offered', { secure: false, requireTLS: false, ignoreTLS: false }],
  [
    'smtp://a:b@mail.example.org?tls=never&name=worker.example.org',
    { requireTLS: false, ignoreTLS: true, name: 'worker.example.org', auth: { user: 'a', pass: 'b' } },
  ],
  ['smtps://mail.example.org:465', { port: 465, secure: true, requireTLS: false, ignoreTLS: false }],
  ['smtps://a%40b:p%2F%25@[::1]', { host: '::1', auth: { user: 'a@b', pass: 'p/%' } }],
];

for (const [url, expected] of URLS) {
  test(`${url} is connected to as it says`, () => {
    const connection: object = connectionOf({ url });
    assert.deepEqual({ ...connection, ...expected }, connection);
  });
}

test('without user, port and name in the URL none is set', () => {
  const connection = connectionOf({ url: 'smtp://mail.example.org' });
  assert.deepEqual(
    ['auth', 'port', 'name'].filter((name) => name in connection),
    [],
  );
});

test('certificates are checked against the given authority', () => {
  assert.deepEqual(connectionOf({ url: 'smtp://a' }).tls, { minVersion: 'TLSv1.2' });
  assert.deepEqual(connectionOf({ url: 'smtp://a', ca: 'PEM' }).tls, { minVersion: 'TLSv1.2', ca: 'PEM' });
});

test('the number of connections is configurable, and five by default', () => {
  assert.equal(connectionOf({ url: 'smtp://a' }).maxConnections, 5);
  assert.equal(connectionOf({ url: 'smtp://a', connections: 2 }).maxConnections, 2);
});

const WRONG: readonly (readonly [url: string, problem: RegExp])[] = [
  ['', /smtp:\/\/host:port/],
  ['mail.example.org', /smtp:\/\/host:port/],
  ['http://mail.example.org', /smtp:\/\/host:port/],
  ['smtp://', /smtp:\/\/host:port/],
  ['smtp://a?tsl=never', /no parameter tsl; there are tls and name/],
  ['smtp://a?tls=maybe', /tls may be required, offered, never/],
  ['smtps://a?tls=never', /always required/],
  ['smtp://user:secret@a?tls=offered', /write tls=required/],
  ['smtp://user:secret%@a', /write % as %25/],
];

for (const [url, problem] of WRONG) {
  test(`the URL ${JSON.stringify(url)} is a wrong configuration, whose password is not shown`, () => {
    assert.throws(
      () => connectionOf({ url }),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'CONFIG_INVALID');
        assert.match(error.message, problem);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  });
}
