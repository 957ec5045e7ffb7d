import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Field, Schema } from '../../core/avro.ts';
import { defineIndex } from '../../core/target.ts';
import { indexRequests } from '../../sinks/search/elasticsearch/request.ts';

const field = (name: string, type: Schema): Field => ({ name, type, doc: 'A field.' });
const things = defineIndex({
  name: 'things',
  doc: 'Things.',
  key: ['user'],
  sort: ['course'],
  text: ['title', 'tags'],
  record: {
    type: 'record',
    name: 'Thing',
    fields: [
      field('user', 'string'),
      field('course', 'string'),
      field('title', 'string'),
      field('tags', { type: 'array', items: 'string' }),
      field('count', 'int'),
      field('rate', 'double'),
      field('open', 'boolean'),
    ],
  },
});
const requests = indexRequests(things, 'tributary-', (text) => `digest of ${text.length}`);
const version = { token: 3, revision: 4 };
const record = { user: 'u', course: 'c', title: 'Été à Genève', tags: ['C++', 'é'], count: 1, rate: 0.5, open: true };
const all = { tenant: 't', words: '', limit: 2 };
const NOW = '2026-01-02T03:04:05.006Z';
const OF_TENANT = { term: { 'tributary.tenant': { value: 't' } } };
const KEY_ORDER = [{ user: 'asc' }, { course: 'asc' }];
const pageAfter = (position: unknown): string => Buffer.from(JSON.stringify(position)).toString('base64url');
const queryOf = (request: Partial<Parameters<typeof requests.page>[0]>): unknown =>
  requests.page({ ...all, ...request }).request.body?.['query'];

test('a document is written with its tenant and its words, at its version if none is newer', () => {
  const lines = requests.write({ key: ['t', 'u', 'c'], version, record }, NOW);
  assert.equal(typeof lines, 'string');
  const [action, document, rest] = String(lines).split('\n');
  // 3 * 2^33 + 4, not rounded to a JavaScript number.
  assert.equal(action, '{"index":{"_id":"t/u/c","version":25769803780,"version_type":"external_gte"}}');
  assert.deepEqual(JSON.parse(document ?? ''), {
    ...record,
    tributary: { tenant: 't', words: 'ete a geneve c e' },
  });
  assert.equal(rest, '');
});

test('a removal keeps its time, but no tenant by which a search could match it', () => {
  const lines = requests.write({ key: ['t', 'u', 'c'], version, record: undefined }, NOW);
  assert.deepEqual(JSON.parse(String(lines).split('\n')[1] ?? ''), { tributary: { removed: NOW } });
});

test('a key that cannot be sorted by is refused', () => {
  const write = (length: number) => requests.write({ key: ['t', 'u', 'x'.repeat(length)], version, record }, NOW);
  assert.equal(typeof write(10_922), 'string');
  assert.deepEqual(write(10_923), {
    refused: 'the key is too long for the search index things: 10922 characters are the most',
  });
});

test('a bulk request cannot create an index, and asks only for what is read', () => {
  const { method, path, query, lines } = requests.bulk(['a\n', 'b\n'], 5000);
  assert.deepEqual([method, path, lines], ['POST', '/tributary-things/_bulk', 'a\nb\n']);
  assert.equal(query?.['require_alias'], true);
  assert.equal(query?.['timeout'], '5000ms');
  assert.match(String(query?.['filter_path']), /^items\.\*\.status,/);
  assert.equal(requests.refresh.path, '/tributary-things/_refresh');
});

test('without words, one tenant is listed by the key', () => {
  const { request } = requests.page(all);
  assert.deepEqual(request, {
    method: 'POST',
    path: '/tributary-things/_search',
    query: { allow_partial_search_results: false },
    body: { size: 3, track_total_hits: true, query: { bool: { filter: [OF_TENANT] } }, sort: KEY_ORDER },
  });
  const next = requests.page({ ...all, words: ' \t"!', after: pageAfter(['u', 'c']) }).request;
  assert.deepEqual(next.body, { ...request.body, search_after: ['u', 'c'] });
});

test('with words, all of them must match, and the best matches come first', () => {
  const { request } = requests.page({ ...all, words: 'Linear ALGÈ*', filter: { open: true } });
  assert.deepEqual(request.body, {
    size: 3,
    track_total_hits: true,
    from: 0,
    query: {
      bool: {
        filter: [OF_TENANT, { term: { open: { value: true } } }],
        must: [
          { term: { 'tributary.words': { value: 'linear' } } },
          { prefix: { 'tributary.words': { value: 'alge' } } },
        ],
      },
    },
    sort: [{ _score: 'desc' }, ...KEY_ORDER],
  });
  assert.equal(request.query?.['search_type'], 'dfs_query_then_fetch');
  assert.equal(request.query?.['preference'], 'words-digest of 12');
  const next = requests.page({ ...all, words: 'Linear ALGÈ*', after: pageAfter(2) }).request;
  assert.equal(next.body?.['from'], 2);
  assert.equal(next.query?.['preference'], request.query?.['preference'], 'all pages are read from the same copies');
  const whole = requests.page({ ...all, words: 'linear' }).request.body;
  assert.deepEqual(whole?.['query'], {
    bool: { filter: [OF_TENANT], must: [{ term: { 'tributary.words': { value: 'linear' } } }] },
  });
});

test('a page has the documents without our own fields, and the token of the next page', () => {
  const hit = (course: string) => ({ _source: { user: 'u', course, tributary: { tenant: 't' } } });
  const answer = (...courses: string[]) => ({ hits: { total: { value: 7 }, hits: courses.map(hit) } });
  const items = [
    { user: 'u', course: 'a' },
    { user: 'u', course: 'b' },
  ];
  const byKey = requests.page(all);
  assert.deepEqual(byKey.found(answer('a', 'b')), { items, next: undefined, total: 7 });
  assert.deepEqual(byKey.found(answer('a', 'b', 'c')), { items, next: pageAfter(['u', 'b']), total: 7 });
  const byWords = requests.page({ ...all, words: 'x', after: pageAfter(4) });
  assert.deepEqual(byWords.found(answer('a', 'b', 'c')), { items, next: pageAfter(6), total: 7 });
});

test('a number that a field cannot contain matches nothing', () => {
  const none = { bool: { filter: [OF_TENANT, { match_none: {} }] } };
  for (const count of [0.5, Number.NaN, Number.POSITIVE_INFINITY])
    assert.deepEqual(queryOf({ filter: { count } }), none);
  assert.deepEqual(queryOf({ filter: { rate: Number.NaN } }), none);
  assert.deepEqual(queryOf({ filter: { rate: 0.5, count: -7 } }), {
    bool: { filter: [OF_TENANT, { term: { rate: { value: 0.5 } } }, { term: { count: { value: -7 } } }] },
  });
});

test('an invalid filter is refused with the reason', () => {
  const refused = (filter: Record<string, string | number>, message: RegExp) =>
    assert.throws(() => queryOf({ filter }), { code: 'USAGE', message });
  refused({ title: 'x' }, /things has no field "title" to filter by; it has user, course, count, rate, open$/);
  refused({ count: '7' }, /count of the search index things is filtered by a number, not by a string/);
  refused({ course: 'x'.repeat(10_923) }, /cannot be filtered by a text of more than 10922 characters/);
  assert.ok(queryOf({ filter: { course: 'x'.repeat(10_922) } }));
});

test('an invalid page is refused', () => {
  const refused = (request: Partial<typeof all> & { after?: string }, message: RegExp) =>
    assert.throws(() => queryOf(request), { code: 'USAGE', message });
  for (const limit of [0, -1, 1.5, Number.NaN, 10_000]) refused({ limit }, /from 1 to 9999/);
  assert.ok(queryOf({ limit: 9_999, words: 'x' }));
  assert.ok(queryOf({ limit: 9, words: 'x', after: pageAfter(9_990) }));
  refused({ limit: 10, words: 'x', after: pageAfter(9_990) }, /no more than 9999 matches of words/);
  for (const after of ['', '🎓', pageAfter(null), pageAfter(['u']), pageAfter(['u', 1]), pageAfter(2)]) {
    refused({ after }, /did not come from a page of this search/);
  }
  for (const after of ['', pageAfter(0), pageAfter(1.5), pageAfter(['u', 'c'])]) {
    refused({ words: 'x', after }, /did not come from a page of this search/);
  }
});

test('a range of whole numbers is limited to existing ones', () => {
  const ranges = { count: { gt: -1e300, lte: 7.5 }, rate: { lt: 1e300 }, course: { gte: 'a' } };
  assert.deepEqual(queryOf({ ranges }), {
    bool: {
      filter: [
        OF_TENANT,
        { range: { count: { gt: -(2 ** 53), lte: 7.5 } } },
        { range: { rate: { lt: 1e300 } } },
        { range: { course: { gte: 'a' } } },
      ],
    },
  });
});

test('an order by a field continues after its value and the key, and missing numbers come last', () => {
  const byCount = { ...all, sort: { field: 'count', descending: true } };
  const { request, found } = requests.page(byCount);
  const none = -Number.MAX_SAFE_INTEGER;
  assert.deepEqual(request.body?.['sort'], [{ count: { order: 'desc', missing: none } }, ...KEY_ORDER]);
  const hits = [3, null, 9].map((count) => ({ _source: { user: 'u', course: 'c', count } }));
  const { next } = found({ hits: { total: { value: 7 }, hits } });
  assert.equal(next, pageAfter([null, 'u', 'c']));
  const after = (position: unknown) =>
    requests.page({ ...byCount, words: 'x', after: pageAfter(position) }).request.body?.['search_after'];
  assert.deepEqual(after([null, 'u', 'c']), [none, 'u', 'c']);
  assert.deepEqual(after([3, 'u', 'c']), [3, 'u', 'c']);
});
