import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingsOf } from '../../../../topics/kafka/cluster/options.ts';

test('a URL names brokers, and 9092 is their default port', () => {
  const { brokers, security } = settingsOf({ url: 'kafka://a:9094,b,[::1]:9095' });
  assert.deepEqual(brokers, [
    { host: 'a', port: 9094 },
    { host: 'b', port: 9092 },
    { host: '::1', port: 9095 },
  ]);
  assert.deepEqual(security, { tls: undefined, sasl: undefined });
});

test('kafkas is TLS, with a custom authority if one is given', () => {
  assert.deepEqual(settingsOf({ url: 'kafkas://a' }).security.tls, {});
  assert.deepEqual(settingsOf({ url: 'kafkas://a', tls: { ca: 'PEM', cert: undefined } }).security.tls, { ca: 'PEM' });
  assert.equal(settingsOf({ url: 'kafka://a', tls: { ca: 'PEM' } }).security.tls, undefined, 'the URL decides');
});

test('a user and password in the URL are for SASL', () => {
  const { sasl } = settingsOf({ url: 'kafka://bob:p%40ss%3A@a:9092?sasl=PLAIN' }).security;
  assert.deepEqual(sasl, { mechanism: 'PLAIN', username: 'bob', password: 'p@ss:' });
  assert.equal(settingsOf({ url: 'kafka://bob:x@a' }).security.sasl?.mechanism, 'SCRAM-SHA-512');
  const given = { mechanism: 'SCRAM-SHA-256', username: 'ann', password: 'y' } as const;
  assert.equal(settingsOf({ url: 'kafka://bob:x@a', sasl: given }).security.sasl, given);
});

test('compression and replication are parameters', () => {
  const { compression, replication } = settingsOf({ url: 'kafka://a?compression=zstd&replication=3' });
  assert.deepEqual([compression, replication], ['zstd', 3]);
  assert.deepEqual(
    [settingsOf({ url: 'kafka://a' }).compression, settingsOf({ url: 'kafka://a' }).replication],
    ['none', -1],
  );
});

test('an invalid URL is refused without showing its password', () => {
  for (const url of [
    'http://a',
    'kafka://',
    'kafka://a:0',
    'kafka://a:99999',
    'kafka://a,,b',
    'kafka://bob:secret@a?sasl=GSSAPI',
    'kafka://a?sasl=PLAIN',
    'kafka://a?compression=zip',
    'kafka://a?replication=many',
    'kafka://a?group=b',
  ]) {
    assert.throws(
      () => settingsOf({ url }),
      (error: { code: string; message: string }) =>
        error.code === 'CONFIG_INVALID' && !error.message.includes('secret'),
      url,
    );
  }
});
