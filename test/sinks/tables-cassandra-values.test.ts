/** Timestamps, URLs and errors of the tables on Cassandra. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, types } from 'cassandra-driver';
import fc from 'fast-check';
import { Entries } from '../../core/entries.ts';
import { TributaryError } from '../../core/errors.ts';
import { compareVersions } from '../../sinks/port.ts';
import { faultOf, mayHaveHappened, refusalOf } from '../../sinks/tables/cassandra/errors.ts';
import { locationOf } from '../../sinks/tables/cassandra/location.ts';
import { tableRequest } from '../../sinks/tables/cassandra/request.ts';
import { sizeOf, tooLarge } from '../../sinks/tables/cassandra/rows.ts';
import { FROM_THE_BEGINNING, TimerSearches } from '../../sinks/tables/cassandra/timer-searches.ts';
import { updateStatement } from '../../sinks/tables/cassandra/updates.ts';
import {
  checkToken,
  MOST_ATTEMPTS,
  MOST_REVISIONS,
  MOST_TOKENS,
  timestampOf,
  unsayable,
} from '../../sinks/tables/cassandra/version.ts';
import type { RowWrite } from '../../sinks/tables/port.ts';
import { learners, v, write } from '../contracts/tables-samples.ts';

const long = (token: number, revision: number, attempt = 0) =>
  new types.Long(...timestampOf(v(token, revision), attempt));

test('unchanged values are not sent, and all others are', () => {
  const request = tableRequest(learners, 'k');
  const named = (row: RowWrite) => {
    const { query, params } = updateStatement(request, row);
    const names = query.split(' WHERE ')[0]?.match(/"\w+" = /g) ?? [];
    assert.equal(params.length, 1 + names.length + row.key.length);
    assert.ok(!params.includes(types.unset));
    return names.map((name) => name.slice(1, -4));
  };
  const row = write(['t', 'ada', 'b1'], v(1, 2), {
    data: { progress: 1, counts: Entries.stored([['n', 1]]).set('n', 2) },
  });
  const fields = new Set(learners.record.fields.map(({ name }) => name).filter((name) => name !== 'progress'));
  assert.deepEqual(named({ ...row, unchanged: { fields, timers: true } }), [
    'progress',
    'counts',
    '_revision',
    '_at',
    '_outbox',
  ]);
  assert.ok(named({ ...row, unchanged: { fields, timers: false } }).includes('_due'));
  assert.deepEqual(
    named(row).filter((name) => ['region', '_token', '_partition', '_erased'].includes(name)),
    ['region', '_token', '_partition', '_erased'],
  );
});

test('the size of a statement is the bytes of all of its values', () => {
  const mib = 1024 ** 2;
  const refusalOfAll = (...params: unknown[]) => tooLarge(params, sizeOf(params), 12 * mib);
  const [most, half] = ['x'.repeat(11 * mib), 'ü'.repeat(3.5 * mib)];
  for (const fits of [most, [most], new Map([['a', most]]), Buffer.alloc(11 * mib), half]) {
    assert.equal(refusalOfAll(fits, 'x', 5, null), undefined);
  }
  for (const params of [[most, most], [[half, half]], [new Map([['a', half]]), half], [Buffer.alloc(13 * mib)]]) {
    assert.match(refusalOfAll(...params) ?? '', /^it has \d+ bytes, and the most is 12582912$/);
  }
});

test('the number of statements is limited: beyond some hundreds one names every column, and unchanged ones are unset', () => {
  const request = tableRequest(learners, 'k');
  const plain = request.columns.map(({ field }) => field);
  const queries = new Set<string>();
  for (let bits = 0; bits < 2 ** 9; bits++) {
    const fields = new Set(plain.filter((_, i) => i >= 9 || (bits & (1 << i)) !== 0));
    const row = write(['t', 'ada', 'b1'], v(1, 2), { unchanged: { fields, timers: true } });
    const { query, params } = updateStatement(request, row);
    queries.add(query);
    const names = (query.split(' WHERE ')[0]?.match(/"\w+" = /g) ?? []).map((name) => name.slice(1, -4));
    const set = names.filter((_, i) => params[1 + i] !== types.unset);
    const changed = request.columns.filter(({ field }) => !fields.has(field)).map(({ name }) => name);
    assert.deepEqual(set, [...changed, '_revision', '_at', '_outbox']);
    assert.deepEqual(params.slice(1 + names.length), row.key);
  }
  assert.ok(plain.length >= 9 && queries.size > 100 && queries.size < 300, `${queries.size} statements`);
});

test('timestamps are in the order of the versions, and then of the attempts', () => {
  const version = fc.record({
    token: fc.integer({ min: 0, max: MOST_TOKENS }),
    revision: fc.maxSafeNat().map((n) => n % (MOST_REVISIONS + 1)),
    attempt: fc.integer({ min: 0, max: MOST_ATTEMPTS }),
  });
  fc.assert(
    fc.property(version, version, (a, b) => {
      const order = compareVersions(a, b) || a.attempt - b.attempt;
      const [left, right] = [a, b].map((each) => long(each.token, each.revision, each.attempt)) as [
        types.Long,
        types.Long,
      ];
      assert.equal(left.compare(right), Math.sign(order));
    }),
  );
  assert.equal(long(MOST_TOKENS, MOST_REVISIONS, MOST_ATTEMPTS).toString(), `${2n ** 63n - 1n}`);
  assert.ok(
    long(1, 0).greaterThan(types.Long.fromNumber(Date.UTC(2100, 0) * 1000)),
    'beyond the clocks of this century',
  );
});

test('a version that no timestamp can represent is reported', () => {
  assert.throws(() => timestampOf(v(MOST_TOKENS + 1, 0)), { code: 'STORE_BROKEN', message: /new keyspace/ });
  assert.throws(() => checkToken(MOST_TOKENS + 1), { code: 'STORE_BROKEN' });
  checkToken(MOST_TOKENS);
  assert.throws(() => timestampOf(v(1, 1), MOST_ATTEMPTS + 1), { code: 'STORE_BROKEN', message: /without an answer/ });
  assert.equal(unsayable(v(1, MOST_REVISIONS)), undefined);
  assert.match(unsayable(v(1, MOST_REVISIONS + 1)) ?? '', /beyond/);
});

test('a URL has the nodes, the keyspace and its replication', () => {
  assert.deepEqual(locationOf('cassandra://h/k'), {
    contactPoints: ['h:9042'],
    keyspace: 'k',
    datacenter: undefined,
    replication: undefined,
    largest: 12 * 1024 ** 2,
    answerMs: 4_500,
    tls: false,
    username: undefined,
    password: undefined,
  });
  assert.deepEqual(
    locationOf('cassandra://u%40:p%2F%3A@h:1,[::1]:2,10.0.0.3/k_1?dc=d&replication=3&largest=28&tls=true'),
    {
      contactPoints: ['h:1', '[::1]:2', '10.0.0.3:9042'],
      keyspace: 'k_1',
      datacenter: 'd',
      replication: 3,
      largest: 28 * 1024 ** 2,
      answerMs: 20_500,
      tls: true,
      username: 'u@',
      password: 'p/:',
    },
  );
  assert.deepEqual(
    locationOf('cassandra://h/k?replication=a-1:3,b:2').replication,
    new Map([
      ['a-1', 3],
      ['b', 2],
    ]),
  );
});

test('smaller rows do not shorten the time that a node has to answer', () => {
  assert.equal(locationOf('cassandra://h/k?largest=1').answerMs, 4_500);
});

test('an invalid URL is reported without its password', () => {
  const after = [
    'h/',
    'h/1k',
    'h',
    'h:0/k',
    'h:x/k',
    ',/k',
    'h/k?dcs=a',
    'h/k?tls=yes',
    'h/k?replication=0',
    'h/k?largest=0',
    'h/k?largest=1.5',
  ];
  const urls = [...after.map((rest) => `cassandra://u:secret@${rest}`), 'redis://u:secret@h/k'];
  urls.push('cassandra://secret@h/k', 'cassandra://u:secret%@h/k', 'cassandra://u:secret@h/k?replication=a:0');
  for (const url of urls) {
    assert.throws(
      () => locationOf(url),
      (error) => error instanceof TributaryError && error.code === 'CONFIG_INVALID' && !/secret/.test(error.message),
      url,
    );
  }
});

test('timers are searched from the earliest pending one in the partitions of the process', () => {
  let now = 0;
  const searches = new TimerSearches(() => now);
  searches.set('t', 1, 5);
  const search = (before: number, earliest: number | undefined, meanwhile?: number, partitions = [1, 2]) => {
    const { from, found } = searches.search('t', new Set(partitions), before);
    if (meanwhile !== undefined) searches.set('t', 1, meanwhile);
    found(earliest);
    return from;
  };
  assert.equal(search(100, 40), FROM_THE_BEGINNING);
  assert.equal(search(100, undefined), 40);
  assert.equal(search(200, 150), 100, 'nothing was pending before 100');
  assert.equal(search(50, undefined), 150);
  searches.set('t', 1, 60);
  searches.set('t', 3, 1);
  searches.set('u', 1, 1);
  assert.equal(search(200, 60), 60);
  assert.equal(search(200, 70, 65), 60, 'what is set during a search may not have been seen by it');
  assert.equal(search(200, 70), 65);
  assert.equal(search(200, 70, undefined, [2]), 70, 'fewer partitions have nothing earlier');
  assert.equal(search(200, 90, undefined, [2]), 70);
  assert.equal(search(200, 70), FROM_THE_BEGINNING, 'what was found last says nothing of another partition');
  assert.equal(search(200, 70), 70);
  now += 5 * 60 * 1000;
  assert.equal(search(200, 70), FROM_THE_BEGINNING, 'others may have set timers');
  assert.equal(search(200, 70), 70);
  searches.forget();
  assert.equal(search(200, 70), FROM_THE_BEGINNING);
});

const { responseErrorCodes: codes } = types;
const response = (code: number, message = 'm') => new errors.ResponseError(code, message);
const noHost = (...inner: unknown[]) =>
  new errors.NoHostAvailableError(Object.fromEntries(inner.map((each, i) => [`host-${i}`, each])), 'all hosts');

test('an error tells whether to wait, to correct something or to stop', () => {
  const codeOf = (error: unknown) => faultOf(error, 'doing it').code;
  for (const code of [codes.serverError, codes.unavailableException, codes.overloaded, codes.writeTimeout]) {
    assert.equal(codeOf(response(code)), 'TABLES_AWAY');
  }
  assert.equal(codeOf(new errors.OperationTimedOutError('late')), 'TABLES_AWAY');
  assert.equal(codeOf(new errors.BusyConnectionError('host', 1, 1)), 'TABLES_AWAY');
  assert.equal(codeOf(Object.assign(new Error('reset'), { syscall: 'read' })), 'TABLES_AWAY');
  for (const message of ['No connection available', 'Connection closed', 'node-1 could not be resolved']) {
    assert.equal(codeOf(new Error(message)), 'TABLES_AWAY', message);
  }
  assert.equal(codeOf(response(codes.invalid)), 'STORE_BROKEN');
  assert.equal(codeOf(response(codes.unauthorized)), 'ACCESS_REFUSED');
  assert.equal(codeOf(new errors.ArgumentError('no')), 'STORE_BROKEN');
  assert.equal(codeOf(new Error('bug')), 'STORE_BROKEN');
  assert.equal(codeOf(noHost(new errors.AuthenticationError('wrong password'))), 'ACCESS_REFUSED');
  assert.equal(codeOf(noHost(new errors.AuthenticationError('Unable to perform authentication'))), 'TABLES_AWAY');
  const ours = new TributaryError('USAGE', 'ours');
  assert.equal(faultOf(ours, 'doing it'), ours);
  assert.match(
    faultOf(noHost(new Error('refused\n at stack')), 'doing it').message,
    /^doing it: .*refused; it is tried/,
  );
});

test('a write is refused because of its content, and not because of the state of the store', () => {
  assert.equal(
    refusalOf(response(codes.invalid, 'Key length of 70000 is longer than maximum of 65535')) !== undefined,
    true,
  );
  assert.equal(refusalOf(response(codes.invalid, 'table t does not exist')), undefined);
  assert.equal(refusalOf(response(codes.writeTimeout, 'too long')), undefined);
  assert.equal(refusalOf(Object.assign(new RangeError('far'), { code: 'ERR_OUT_OF_RANGE' })), 'far');
  assert.equal(refusalOf(new RangeError('stack')), undefined);
  assert.match(refusalOf(new TypeError('Expected Number, obtained x')) ?? '', /^Expected/);
  assert.equal(refusalOf(new TypeError('undefined is not a function')), undefined);
});

test('a write that was not sent has no effect', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  assert.equal(mayHaveHappened(noHost()), false);
  assert.equal(mayHaveHappened(noHost(refused, 'Host considered as DOWN')), false);
  assert.equal(mayHaveHappened(noHost(refused, new errors.OperationTimedOutError('late'))), true);
  assert.equal(mayHaveHappened(response(codes.unavailableException)), false);
  assert.equal(mayHaveHappened(response(codes.writeTimeout)), true);
  assert.equal(mayHaveHappened(new errors.OperationTimedOutError('late')), true);
});
