import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TributaryError } from '../../core/errors.ts';
import { errorOf, type Failure, failureOf } from '../../sinks/cache/redis/failure.ts';

const CASES: Readonly<Record<string, Failure['meaning']>> = {
  'connect ECONNREFUSED 127.0.0.1:6379': 'again',
  "Socket timeout. Expecting data, but didn't receive any in 4000ms.": 'again',
  'Connection is closed.': 'again',
  'Too many Cluster redirections. Last error: ReplyError: CLUSTERDOWN The cluster is down': 'again',
  "READONLY You can't write against a read only replica. script: 12, on @user_script:33.": 'again',
  'LOADING Redis is loading the dataset in memory': 'again',
  'CLUSTERDOWN Hash slot not served': 'again',
  'TRYAGAIN Multiple keys request during rehashing of slot': 'again',
  'MASTERDOWN Link with MASTER is down': 'again',
  'NOREPLICAS Not enough good replicas to write.': 'again',
  'ERR max number of clients reached': 'again',
  "OOM command not allowed when used memory > 'maxmemory'.": 'away',
  'MISCONF Redis is configured to save RDB snapshots, but it is unable to persist on disk.': 'away',
  "ERR Error running script (call to f_1): @user_script:33: @user_script: 33: -OOM command not allowed when used memory > 'maxmemory'.":
    'away',
  'NOAUTH Authentication required.': 'refused',
  'WRONGPASS invalid username-password pair or user is disabled.': 'refused',
  "NOPERM this user has no permissions to run the 'evalsha' command": 'refused',
  'WRONGTYPE Operation against a key holding the wrong kind of value': 'fatal',
  "CROSSSLOT Keys in request don't hash to the same slot": 'fatal',
  'MOVED 3999 127.0.0.1:6381': 'fatal',
  "ERR unknown command 'EVALSHA'": 'fatal',
};

for (const [message, meaning] of Object.entries(CASES)) {
  test(`${meaning}: ${message}`, () => {
    const failure = failureOf(new Error(message));
    assert.deepEqual({ meaning: failure?.meaning, text: failure?.text }, { meaning, text: message });
    assert.equal(failure?.remedy === '', meaning === 'again');
  });
}

test('the error of a cluster node counts, not how the client wraps it', () => {
  const wrapped = Object.assign(new Error('Failed to refresh slots cache.'), { lastNodeError: new Error('NOAUTH no') });
  assert.equal(failureOf(wrapped)?.meaning, 'refused');
});

test('an error without a message is named by its code', () => {
  assert.equal(failureOf(Object.assign(new Error(''), { code: 'ECONNREFUSED' }))?.text, 'ECONNREFUSED');
  assert.equal(failureOf(new Error(''))?.text, 'the connection failed');
});

test('bugs and errors of ours are not mistaken for errors of Redis', () => {
  for (const error of [new TypeError('x'), new SyntaxError('x'), new TributaryError('USAGE', 'x'), 'OOM', undefined]) {
    assert.equal(failureOf(error), undefined);
  }
});

test('an error says what happened, to what, and what to do, and does not show the command', () => {
  const reply = Object.assign(new Error('OOM no memory'), { command: { name: 'evalsha', args: ['geheim'] } });
  const failure = failureOf(reply) ?? assert.fail();
  const error = errorOf(failure, 'writing to the cache x', 'a:1');
  assert.equal(error.code, 'CACHE_AWAY');
  assert.match(
    error.message,
    /^writing to the cache x: Redis at a:1: OOM no memory; its memory is full: raise maxmemory/,
  );
  assert.equal(error.cause, undefined);
  const lost = errorOf({ meaning: 'again', text: 'read ECONNRESET', remedy: '' }, 'reading the cache x', 'a:1');
  assert.equal(lost.message, 'reading the cache x: Redis at a:1: read ECONNRESET; waiting for it');
});
