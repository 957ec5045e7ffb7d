import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Listener, mechanismsOf, mixUpOf } from '../../../../topics/kafka/cluster/listener.ts';
import { settingsOf } from '../../../../topics/kafka/cluster/options.ts';

const WHERE = { host: 'broker', port: 9092 };
const mixUp = (url: string, tls: boolean, mechanisms?: Listener['mechanisms']) =>
  mixUpOf(settingsOf({ url }), WHERE, { tls, mechanisms });

test('a listener that is addressed correctly is no mix-up', () => {
  assert.equal(mixUp('kafka://broker', false), undefined);
  assert.equal(mixUp('kafkas://broker', true), undefined);
  assert.equal(mixUp('kafkas://a:b@broker?sasl=PLAIN', true, ['PLAIN', 'OAUTHBEARER']), undefined);
});

test('TLS on one side only, an unwanted or missing user, and another mechanism are each named with the remedy', () => {
  assert.match(mixUp('kafkas://broker', false) ?? '', /^broker:9092 does not speak TLS.*write kafka:/);
  assert.match(mixUp('kafka://broker', true) ?? '', /speaks TLS.*write kafkas:/);
  assert.match(mixUp('kafka://a:secret@broker', false) ?? '', /does not accept a user: leave user:password@ out/);
  assert.match(mixUp('kafka://broker', false, ['PLAIN']) ?? '', /requires a user.*\?sasl= one of PLAIN/);
  const wrong = mixUp('kafka://a:secret@broker', false, ['PLAIN', 'SCRAM-SHA-256']) ?? '';
  assert.match(wrong, /does not know the mechanism SCRAM-SHA-512: write \?sasl= one of PLAIN, SCRAM-SHA-256/);
  assert.ok(!wrong.includes('secret'));
});

test('the mechanisms are read only from the answer of a broker', () => {
  const body = Buffer.concat([
    Buffer.from([0x54, 0x52, 0x49, 0x42 - 1]),
    Buffer.from([0, 33, 0, 0, 0, 1, 0, 5]),
    Buffer.from('PLAIN'),
  ]);
  body.writeInt32BE(1_414_678_849);
  const whole = Buffer.concat([Buffer.from([0, 0, 0, body.length]), body]);
  assert.deepEqual(mechanismsOf(whole), ['PLAIN']);
  assert.equal(mechanismsOf(whole.subarray(0, -1)), undefined, 'it is not all there');
  const none = Buffer.from(whole);
  none.writeInt16BE(34, 8);
  assert.equal(mechanismsOf(none), null);
  assert.equal(mechanismsOf(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')), undefined);
  assert.equal(mechanismsOf(Buffer.from([0x15, 3, 3, 0, 2, 2, 70])), undefined, 'an alert of TLS');
});
