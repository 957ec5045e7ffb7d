import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Location, locationOf } from '../../sinks/cache/redis/location.ts';

const PLAIN: Location = {
  kind: 'single',
  hosts: [{ host: 'a', port: 6379 }],
  master: '',
  database: 0,
  encrypted: false,
  username: undefined,
  password: undefined,
};
const [a, b] = [
  { host: 'a', port: 6379 },
  { host: 'b.example', port: 7000 },
];

const CASES: Readonly<Record<string, Partial<Location>>> = {
  'redis://a': {},
  'redis://a/': {},
  'redis://a:6379/3': { database: 3 },
  'rediss://b.example:7000': { encrypted: true, hosts: [b] },
  'redis://[::1]:7000': { hosts: [{ host: '::1', port: 7000 }] },
  'redis://ann@a': { username: 'ann' },
  'redis://:secret@a': { password: 'secret' },
  'redis://ann:p%40%2F%3A:%25@a': { username: 'ann', password: 'p@/::%' },
  'redis+sentinel://a,b.example:7000/mymaster': {
    kind: 'sentinel',
    hosts: [{ host: 'a', port: 26_379 }, b],
    master: 'mymaster',
  },
  'rediss+sentinel://ann:secret@b.example:7000/my%20master/2': {
    kind: 'sentinel',
    encrypted: true,
    hosts: [b],
    master: 'my master',
    database: 2,
    username: 'ann',
    password: 'secret',
  },
  'redis+cluster://a,b.example:7000': { kind: 'cluster', hosts: [a, b] },
  'rediss+cluster://:secret@a/': { kind: 'cluster', encrypted: true, password: 'secret' },
};

for (const [url, location] of Object.entries(CASES)) {
  test(`${url} is understood`, () => {
    assert.deepEqual(locationOf(url), { ...PLAIN, ...location });
  });
}

const REFUSED: Readonly<Record<string, RegExp>> = {
  'http://a': /none of the known forms/,
  'redis://': /none of the known forms/,
  'redis+other://a': /none of the known forms/,
  'redis://ann:geheim@a@b': /none of the known forms/,
  'redis://ann:geheim%zz@a': /%25/,
  'redis://a/one': /only the number of a database may follow the host/,
  'redis://a?db=1': /host or host:port/,
  'redis://a:0': /no port 0/,
  'redis://a:65536': /no port 65536/,
  'redis+cluster://a,': /host or host:port/,
  'redis+sentinel://a': /name of the master/,
  'redis+sentinel://a/': /name of the master/,
  'redis+sentinel://a/m/one': /name of the master/,
  'redis+cluster://a/1': /one database/,
};

for (const [url, problem] of Object.entries(REFUSED)) {
  test(`${url} is refused, without being shown`, () => {
    assert.throws(() => locationOf(url), { code: 'CONFIG_INVALID', message: problem });
    assert.throws(() => locationOf(url), { message: /^(?!.*geheim)/ });
  });
}

test('several hosts are for Sentinels and clusters', () => {
  assert.throws(() => locationOf('redis://a,b'), { code: 'CONFIG_INVALID', message: /one host/ });
});
