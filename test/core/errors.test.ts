import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERROR_CODES, type ErrorCode, kindOf, messageOf, TributaryError } from '../../core/errors.ts';

const codes = Object.keys(ERROR_CODES) as ErrorCode[];
const codesOf = (kind: string) => codes.filter((code) => ERROR_CODES[code] === kind);

test('the list of codes is closed: a new code needs a decision', () => {
  assert.deepEqual(
    Object.fromEntries(['reject', 'retry', 'fenced', 'fatal', 'usage'].map((kind) => [kind, codesOf(kind).length])),
    { reject: 12, retry: 13, fenced: 1, fatal: 11, usage: 11 },
  );
  assert.equal(codes.length, 48);
});

test('errors named away are retried, and so are newer formats, a job that is held and a conflicting commit', () => {
  const away = codes.filter((code) => code.endsWith('_AWAY'));
  assert.deepEqual(codesOf('retry'), [...away, 'FORMAT_NEWER', 'GENERATION_HELD', 'COMMIT_REFUSED']);
});

test('an error takes its kind from its code', () => {
  for (const code of codes) {
    const error = new TributaryError(code, 'what happened');
    assert.deepEqual([error.code, error.kind, error.name], [code, ERROR_CODES[code], 'TributaryError']);
    assert.equal(kindOf(error), ERROR_CODES[code]);
  }
});

test('an error keeps its cause', () => {
  const cause = new Error('socket closed');
  assert.equal(new TributaryError('TABLES_AWAY', 'writing rows', { cause }).cause, cause);
});

test('an error that is not ours is a bug, and a bug is fatal', () => {
  assert.equal(kindOf(new TypeError('x is undefined')), 'fatal');
  assert.equal(kindOf('thrown text'), 'fatal');
  assert.equal(kindOf(undefined), 'fatal');
});

test('anything thrown has a message', () => {
  assert.equal(messageOf(new Error('why')), 'why');
  assert.equal(messageOf('why'), 'why');
  assert.equal(messageOf(undefined), 'undefined');
});
