import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  applyCalls,
  entryKey,
  keyOf,
  newestOf,
  publishedChangeOf,
  RECORD_LIMIT,
  recordsOf,
  resultsOf,
  versionsKey,
} from '../../sinks/cache/redis/request.ts';
import { counters, courses, first, inCourse, visits } from '../contracts/cache-samples.ts';

const naming = { prefix: 't:', channels: '3/' };
const ann = (course: string) => inCourse(['acme', 'ann', course], first, 1);
const bob = inCourse(['acme', 'bob', 'a'], { token: 2, revision: 7 }, 2);
const removed = '';
const keysOf = (user: string) => {
  const key = `t:contract_courses:{acme:${user}}`;
  return [key, `${key}:versions`, `${key}:removals`];
};
const json = (user: string, course: string, count: number) =>
  `{"user":"${user}","course":"${course}","count":${count}}`;

describe('names', () => {
  test('an entry is named by its cache, and in braces by its tenant and values', () => {
    assert.equal(entryKey(naming, courses, ['acme', 'ann']), 't:contract_courses:{acme:ann}');
    assert.equal(versionsKey('t:c:{a:b}'), 't:c:{a:b}:versions');
  });

  const ESCAPED: Readonly<Record<string, string>> = {
    'a b/c\\"é\u{1F393}': 'a b/c\\"é\u{1F393}',
    'a:b%{c}': 'a%3Ab%25%7Bc%7D',
    '%3A': '%253A',
    '\u0000\n\u007F\u009F': '%00%0A%7F%9F',
    '\uD800x\uDC00': '%uD800x%uDC00',
    '%uD800': '%25uD800',
  };
  for (const [value, text] of Object.entries(ESCAPED)) {
    test(`${JSON.stringify(value)} is ${text} in a name, and is decoded from it`, () => {
      assert.equal(entryKey(naming, courses, ['acme', value]), `t:contract_courses:{acme:${text}}`);
      const { calls } = applyCalls(naming, visits, [change(['t', 'u', 'c', value, 'x'])], 1);
      assert.equal(calls[0]?.args[3], `${text}:x`);
      assert.deepEqual(keyOf(visits, ['t', 'u', 'c'], `${text}:x`), ['t', 'u', 'c', value, 'x']);
    });
  }

  test('the one field of an entry without sort fields is called record, and adds nothing to the key', () => {
    const { calls } = applyCalls(naming, counters, [change(['acme', 'ann'])], 1);
    assert.deepEqual(calls[0]?.args, ['', '3/', '1', 'record', '1.1', '{}']);
    assert.deepEqual(keyOf(counters, ['acme', 'ann'], 'record'), ['acme', 'ann']);
  });
});

describe('calls', () => {
  test('the changes of one entry are adjacent in one call, and are matched with their results', () => {
    const { calls, refused } = applyCalls(naming, courses, [ann('a'), bob, { ...ann('b'), record: undefined }], 32);
    assert.deepEqual(
      calls.map(({ keys, args, changes }) => ({ keys, args, changes })),
      [
        {
          keys: [...keysOf('ann'), ...keysOf('bob')],
          args: [
            ...['live', '3/'],
            ...['2', 'a', '1.1', json('ann', 'a', 1), 'b', '1.1', removed],
            ...['1', 'a', '2.7', json('bob', 'a', 2)],
          ],
          changes: [0, 2, 1],
        },
      ],
    );
    assert.equal(refused.size, 0);
  });

  test('a call has no more entries than the limit', () => {
    const { calls } = applyCalls(naming, courses, [ann('a'), bob, ann('b')], 1);
    assert.deepEqual(
      calls.map(({ keys, changes }) => ({ keys, changes })),
      [
        { keys: keysOf('ann'), changes: [0, 2] },
        { keys: keysOf('bob'), changes: [1] },
      ],
    );
  });

  test('an entry with very many changes is split into several calls', () => {
    const changes = Array.from({ length: 600 }, (_, number) => ann(`course-${number}`));
    const { calls } = applyCalls(naming, courses, changes, 1);
    assert.deepEqual(
      calls.map(({ keys, args, changes: indexes }) => [keys.length, args[2], indexes.length]),
      [
        [3, '256', 256],
        [3, '256', 256],
        [3, '88', 88],
      ],
    );
    assert.deepEqual(
      calls.flatMap(({ changes: indexes }) => indexes),
      changes.map((_, index) => index),
    );
  });

  test('large records have calls of their own', () => {
    const large = { ...ann('a'), record: { text: 'x'.repeat(200 * 1024) } };
    const { calls } = applyCalls(naming, courses, [large, { ...large, key: ['acme', 'ann', 'b'] }, bob], 32);
    assert.deepEqual(
      calls.map(({ changes }) => changes),
      [[0], [1, 2]],
    );
    assert.ok(calls.every(({ size }) => size > 200 * 1024 && size < 201 * 1024));
  });

  test('a record is refused by its bytes, not by its characters', () => {
    const of = (bytes: number) => ({ ...bob, record: { t: 'é'.repeat((bytes - '{"t":""}'.length) / 2) } });
    const { calls, refused } = applyCalls(naming, courses, [of(RECORD_LIMIT), ann('a'), of(RECORD_LIMIT + 2)], 32);
    assert.deepEqual([...refused], [[2, { refused: refusal }]]);
    assert.deepEqual(
      calls.flatMap(({ changes }) => changes),
      [0, 1],
    );
  });

  test('every change has its result, whichever call it was in', () => {
    const { calls } = applyCalls(naming, courses, [ann('a'), bob, ann('b')], 1);
    const [one, other] = calls;
    assert.ok(one && other);
    const replies = [
      { call: other, reply: [1] },
      { call: one, reply: [0, 1] },
    ];
    const refused = new Map([[3, { refused: 'x' }]]);
    assert.deepEqual(resultsOf(4, refused, replies), ['stale', 'written', 'written', { refused: 'x' }]);
  });
});

describe('reads', () => {
  test('records are in the order of their sort values, one value after the other', () => {
    const fields = ['b:a', 'a:b', 'a:\uFF5E', 'a:\u{1F393}', 'a%01:a', 'a:a', 'a!:a'];
    assert.deepEqual(
      recordsOf(Object.fromEntries(fields.map((field) => [field, JSON.stringify({ field })]))).map(
        ({ field }) => field,
      ),
      ['a:a', 'a:b', 'a:\uFF5E', 'a:\u{1F393}', 'a%01:a', 'a!:a', 'b:a'],
    );
  });

  test('fields that others wrote, with other encodings of the same values, are read too', () => {
    assert.deepEqual(recordsOf({ 'a:%3A': '1', 'a:%u003A': '2' }), [1, 2]);
  });

  test('only what the script publishes is a message', () => {
    const message = '{"field":"a\\/b","version":"3.14","record":{"n":1}}';
    assert.deepEqual(publishedChangeOf(message), {
      field: 'a/b',
      version: { token: 3, revision: 14 },
      record: { n: 1 },
    });
    assert.equal(publishedChangeOf('{"field":"a","version":"1.1","record":null}')?.record, undefined);
    const others = ['', 'null', '1', '[]', '{"field":"a","version":"1","record":{}}', '{"field":"a","version":1}'];
    others.push('{"field":1,"version":"1.1","record":{}}', '{"field":"a","version":"1.1","record":"x"}');
    for (const other of others) assert.equal(publishedChangeOf(other), undefined, other);
  });

  test('the state of an entry is its records, and the versions without a record', () => {
    assert.deepEqual(newestOf({ a: '1.2', b: '3.4', c: '1', d: '1.1' }, { a: '{"n":1}', d: 'broken', e: '{}' }), [
      { field: 'a', version: { token: 1, revision: 2 }, record: { n: 1 } },
      { field: 'b', version: { token: 3, revision: 4 }, record: undefined },
    ]);
  });
});

const refusal = `the record is too large for the cache contract_courses: over ${RECORD_LIMIT} bytes`;

function change(key: readonly string[]) {
  return { key, version: first, record: {} };
}
