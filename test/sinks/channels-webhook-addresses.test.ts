import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Addresses } from '../../sinks/channels/webhook/addresses.ts';
import { retryAfterMs } from '../../sinks/channels/webhook/answer.ts';
import { Pauses } from '../../sinks/channels/webhook/pauses.ts';

const PUBLIC = [
  '93.184.215.14',
  '8.8.8.8',
  '172.15.0.1',
  '172.32.0.1',
  '100.63.255.255',
  '2606:2800:21f:cb07::1',
  '2a00::1',
];
const NOT_PUBLIC = [
  ...[
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.255',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
  ],
  ...[
    '192.0.0.1',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '255.255.255.255',
  ],
  ...[
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:93.184.215.14',
    '64:ff9b::7f00:1',
    'fc00::1',
    'fe80::1',
    'fec0::1',
    'ff02::1',
  ],
  ...['2001::1', '2001:db8::1', '2002:7f00:1::', '3fff::1', '4000::1'],
  ...['', 'localhost', '127.1', '93.184.215.14 '],
];

test('only addresses of the public internet are allowed', () => {
  const addresses = new Addresses([]);
  for (const address of PUBLIC) assert.equal(addresses.mayReach(address), true, address);
  for (const address of NOT_PUBLIC) assert.equal(addresses.mayReach(address), false, address);
});

test('configured networks are allowed too', () => {
  const addresses = new Addresses(['10.1.0.0/16', 'fc00::/7']);
  for (const address of [...PUBLIC, '10.1.2.3', 'fd12::1']) assert.equal(addresses.mayReach(address), true, address);
  for (const address of ['10.2.0.1', '127.0.0.1', '::1']) assert.equal(addresses.mayReach(address), false, address);
});

/** The answer of `Addresses.lookup` for a host name. */
const lookup = (allowed: string[], host: string, all: boolean): Promise<unknown> =>
  new Promise((resolve) =>
    new Addresses(allowed).lookup(host, { all }, (error, found) => resolve(error === null ? found : error.message)),
  );

test('a name is resolved to an allowed address', async () => {
  assert.equal(await lookup(['127.0.0.0/8'], 'localhost', false), '127.0.0.1');
  assert.deepEqual(await lookup(['127.0.0.0/8'], 'localhost', true), [{ address: '127.0.0.1', family: 4 }]);
  for (const all of [true, false]) {
    assert.equal(await lookup([], 'localhost', all), 'localhost has no address that may be reached');
  }
});

const NOW = Date.UTC(2026, 0, 2);
const WISHES: readonly (readonly [header: string | undefined, ms: number])[] = [
  [undefined, 0],
  ['', 0],
  ['soon', 0],
  ['-1', 0],
  ['1.5', 0],
  ['1e9', 0],
  ['2026', 2_026_000],
  [' 7 ', 7000],
  ['Fri, 02 Jan 2026 00:00:09 GMT', 9000],
  ['Thu, 01 Jan 2026 00:00:00 GMT', 0],
  ['Nev, er', 0],
];

for (const [header, ms] of WISHES) {
  test(`Retry-After: ${header} asks for ${ms} ms`, () => assert.equal(retryAfterMs(header, NOW), ms));
}

test('pauses grow from 5 s to a minute, and no longer', () => {
  const pauses = new Pauses();
  const lengths = Array.from({ length: 10 }, () => {
    pauses.failed('a', NOW);
    return ((pauses.until('a', NOW) ?? NOW) - NOW) / 1000;
  });
  assert.deepEqual(lengths, [0, 0, 5, 10, 20, 40, 60, 60, 60, 60]);
});

test('a pause that the receiver asked for is not shortened by a later failure', () => {
  const pauses = new Pauses();
  pauses.failed('a', NOW, 120_000);
  pauses.failed('a', NOW + 1);
  assert.equal(pauses.until('a', NOW + 2), NOW + 120_000);
});

test('of many names the ones that failed longest ago are dropped', () => {
  const pauses = new Pauses();
  pauses.failed('again', NOW, 1000);
  pauses.failed('first', NOW, 1000);
  pauses.failed('again', NOW, 1000);
  for (let n = 0; n < 9_999; n++) pauses.failed(`${n}`, NOW, 1000);
  assert.deepEqual(
    ['first', 'again', '0', '9998'].map((name) => pauses.until(name, NOW) !== undefined),
    [false, true, true, true],
  );
});
