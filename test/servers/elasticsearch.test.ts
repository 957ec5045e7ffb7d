/** The search port on a real Elasticsearch. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, describe, type TestContext, test } from 'node:test';
import { Client } from '@elastic/elasticsearch';
import type { Field } from '../../core/avro.ts';
import { defineIndex, type IndexDef } from '../../core/target.ts';
import { running } from '../../servers/running.ts';
import type { Change } from '../../sinks/port.ts';
import { creationOf } from '../../sinks/search/elasticsearch/mapping.ts';
import {
  DEFAULT_SETTINGS,
  type ElasticsearchOptions,
  elasticsearchSearch,
} from '../../sinks/search/elasticsearch/search.ts';
import { searchContract } from '../contracts/search.ts';
import { courses, first, found, put, remove } from '../contracts/search-samples.ts';

const server = await running('elasticsearch');
const client = new Client({ node: server.url });
after(() => client.close());
const url = server.url.replace('http:', 'elasticsearch:');
const newPrefix = (): string => `t${randomUUID().slice(0, 8)}-`;
// A busy machine may take long for calls that a test is not about.
const patienceMs = 60_000;

function opened(t: TestContext, options: Partial<ElasticsearchOptions> = {}) {
  const search = elasticsearchSearch({ url, patienceMs, ...options });
  t.after(() => search.close());
  return search;
}

const shared = newPrefix();
searchContract('Elasticsearch', async (t) => ({
  search: opened(t, { prefix: shared }),
  async reopen() {
    const search = opened(t, { prefix: shared });
    await search.close();
    return opened(t, { prefix: shared });
  },
}));

const sharded = newPrefix();
searchContract('Elasticsearch, in three shards', async (t) => ({
  search: opened(t, { prefix: sharded, shards: 3 }),
  reopen: async () => opened(t, { prefix: sharded }),
}));

const user: Field = { name: 'user', type: 'string', doc: 'The learner.' };
const title: Field = { name: 'title', type: 'string', doc: 'Words.' };
const count: Field = { name: 'count', type: 'int', doc: 'A number.' };
const sizes: Field = { name: 'sizes', type: { type: 'map', values: 'int' }, doc: 'Whatever names.' };
const declare = (fields: readonly Field[], text: readonly string[] = ['title']): IndexDef =>
  defineIndex({
    name: 'things',
    doc: 'Things.',
    key: ['user'],
    text,
    record: { type: 'record', name: 'Thing', fields },
  });
const things = declare([user, title, count, sizes]);
const putThing = (name: string, record: Record<string, unknown>, revision = 1): Change => ({
  key: ['tenant', name],
  version: { token: 1, revision },
  record: { user: name, title: '', count: 0, sizes: {}, ...record },
});
const all = { tenant: 'tenant', words: '', limit: 10 };

describe('documents in Elasticsearch', () => {
  test('a document that one process wrote is visible to every other at once', async (t) => {
    const prefix = newPrefix();
    const [one, two] = [opened(t, { prefix }), opened(t, { prefix })];
    await Promise.all([one.prepare([courses]), two.prepare([courses])]);
    for (let revision = 1; revision <= 20; revision += 1) {
      await one.apply(courses, [put('t', 'a', { title: `word${revision}` }, { token: 1, revision })]);
      assert.deepEqual(await found(two, { tenant: 't', words: `word${revision}` }), ['a']);
      assert.deepEqual(await found(two, { tenant: 't', words: `word${revision - 1}` }), []);
    }
  });

  test('concurrent writers of the same documents leave the newest versions, in as many requests as it takes', async (t) => {
    const prefix = newPrefix();
    const search = opened(t, { prefix });
    await search.prepare([things]);
    const names = Array.from({ length: 4000 }, (_, number) => `user-${number}`);
    const results = await Promise.all(
      [3, 1, 4, 2].map((revision) =>
        search.apply(
          things,
          names.map((name) => putThing(name, { count: revision }, revision)),
        ),
      ),
    );
    assert.deepEqual(new Set(results.flat()), new Set(['written', 'stale']));
    assert.ok(results[2]?.every((result) => result === 'written'));
    const { total } = await search.search(things, { ...all, filter: { count: 4 } });
    assert.equal(total, names.length);
    let seen = 0;
    for (let after: string | undefined; ; ) {
      const page = await search.search(things, { ...all, limit: 1500, after });
      seen += page.items.length;
      after = page.next;
      if (after === undefined) break;
    }
    assert.equal(seen, names.length);
  });

  test('versions are compared beyond the precision of a JavaScript number', async (t) => {
    const search = opened(t, { prefix: newPrefix() });
    await search.prepare([things]);
    const at = (revision: number): Change => ({
      ...putThing('ann', { count: revision % 10 }),
      version: { token: 2 ** 30 - 1, revision },
    });
    const [last, before] = [2 ** 33 - 1, 2 ** 33 - 2];
    assert.deepEqual(await search.apply(things, [at(last)]), ['written']);
    assert.deepEqual(await search.apply(things, [at(before)]), ['stale']);
    assert.deepEqual(await search.apply(things, [at(last)]), ['written']);
  });

  test('a document is returned as it was written, whatever the names within it', async (t) => {
    const search = opened(t, { prefix: newPrefix() });
    await search.prepare([things]);
    const names = '{"__proto__":1,"constructor":2,"a.b":3,"":4,".":5,"tributary":6,"hasOwnProperty":7}';
    const change = putThing('ann', { sizes: JSON.parse(names) });
    await search.apply(things, [change]);
    const { items } = await search.search(things, all);
    assert.equal(JSON.stringify((items[0] as { sizes: object }).sizes), names);
    assert.deepEqual(items, [change.record]);
  });

  test('a document that does not fit its declaration is refused, and the others are written', async (t) => {
    const search = opened(t, { prefix: newPrefix() });
    await search.prepare([things]);
    const results = await search.apply(things, [
      putThing('ann', {}),
      putThing('bob', { count: 'many' }),
      putThing('cem', {}),
      putThing('x'.repeat(11_000), {}),
    ]);
    const [ann, bob, cem, long] = results;
    assert.deepEqual([ann, cem], ['written', 'written']);
    assert.match(
      (bob as { refused: string }).refused,
      /document_parsing_exception: .*\[count\] of type \[long\].*many/,
    );
    assert.match((long as { refused: string }).refused, /the key is too long/);
    assert.equal((await search.search(things, all)).total, 2);
  });

  test('texts of any length match by their words, and by their values up to the longest one', async (t) => {
    const search = opened(t, { prefix: newPrefix() });
    const index = declare([user, title, { ...title, name: 'note' }]);
    await search.prepare([index]);
    const long = (letter: string) => letter.repeat(40_000);
    const record = (title: string, note: string) => ({ user: 'ann', title, note });
    const write = async (revision: number, what: Record<string, unknown>) => {
      assert.deepEqual(await search.apply(index, [{ ...putThing('ann', {}, revision), record: what }]), ['written']);
      return async (words: string, filter = {}) => (await search.search(index, { ...all, words, filter })).total;
    };
    const find = await write(1, record(`${'many words '.repeat(20_000)} last ${long('x')}`, long('y')));
    assert.equal(await find('last many'), 1);
    assert.equal(await find(long('x')), 1);
    const longest = '한'.repeat(10_922);
    await write(2, record('', longest));
    assert.equal(await find('', { note: longest }), 1);
    assert.equal(await find('', { note: longest.slice(1) }), 0);
  });

  test('services that read the alias directly see fields by their types, and no removed documents', async (t) => {
    const prefix = newPrefix();
    const search = opened(t, { prefix });
    await search.prepare([things]);
    await search.apply(things, [
      putThing('ann', { title: 'Linear Algebra', count: 7 }),
      putThing('bob', { title: 'Biology', count: 9 }),
      putThing('cem', { title: 'Algebra', count: 8 }),
    ]);
    await search.apply(things, [{ ...putThing('cem', {}, 2), record: undefined }]);
    await search.search(things, all);
    const { hits } = await client.search({
      index: `${prefix}things`,
      query: { match: { title: 'algebra' } },
      sort: [{ count: 'desc' }],
    });
    assert.deepEqual(
      hits.hits.map((hit) => [hit._id, hit._version, (hit._source as { count: number }).count]),
      [['tenant/ann', undefined, 7]],
    );
    assert.equal((await client.count({ index: `${prefix}things` })).count, 2);
  });

  test('a search without freshness shows what was made visible before', async (t) => {
    const prefix = newPrefix();
    const [exact, lazy] = [opened(t, { prefix }), opened(t, { prefix, freshness: 'interval' })];
    await lazy.prepare([things]);
    await client.indices.putSettings({ index: `${prefix}things-v1`, settings: { refresh_interval: '-1' } });
    await lazy.apply(things, [putThing('ann', {})]);
    assert.equal((await lazy.search(things, all)).total, 0);
    assert.equal((await exact.search(things, all)).total, 1);
    assert.equal((await lazy.search(things, all)).total, 1);
  });
});

describe('removed documents', () => {
  test('are deleted by a clean-up when they are old, unless they were written again', async (t) => {
    const prefix = newPrefix();
    const search = opened(t, { prefix });
    await search.prepare([courses, things]);
    const names = Array.from({ length: 2500 }, (_, number) => `course-${number}`);
    await search.apply(
      courses,
      names.map((name) => remove('t', name, { token: 1, revision: 2 })),
    );
    await search.apply(courses, [put('t', 'course-7', {}, { token: 1, revision: 3 }), put('t', 'kept', {})]);
    assert.equal(await search.sweep([courses, things]), 0, 'within seven days');
    assert.deepEqual(await search.apply(courses, [put('t', 'course-8', {})]), ['stale']);
    assert.equal(await search.sweep([courses, things], -60_000), 2499);
    assert.equal(await search.sweep([courses, things], -60_000), 0);
    const { items } = await search.search(courses, { tenant: 't', words: '', limit: 10 });
    assert.deepEqual(
      items.map((item) => item['course']),
      ['course-7', 'kept'],
    );
    assert.equal((await client.count({ index: `${prefix}contract_courses-v1` })).count, 2);
  });

  test('of an index that was never made need no clean-up', async (t) => {
    assert.equal(await opened(t, { prefix: newPrefix() }).sweep([things]), 0);
  });
});

describe('indexes', () => {
  test('are made once, by any number of concurrent callers', async (t) => {
    const prefix = newPrefix();
    const searches = Array.from({ length: 5 }, () => opened(t, { prefix }));
    await Promise.all(searches.map((search) => search.prepare([things, courses, things])));
    const made = await client.indices.get({ index: `${prefix}*` });
    assert.deepEqual(Object.keys(made).sort(), [`${prefix}contract_courses-v1`, `${prefix}things-v1`]);
  });

  test('match the declaration, and need nothing when they exist', async (t) => {
    const prefix = newPrefix();
    const search = opened(t, { prefix, replicas: 0 });
    await search.prepare([things]);
    const { body } = creationOf(things, { ...DEFAULT_SETTINGS, prefix, replicas: 0 }, 1, true);
    const name = `${prefix}things-v1`;
    const before = await client.indices.get({ index: name });
    assert.deepEqual(before[name]?.aliases, body['aliases']);
    assert.equal(before[name]?.settings?.index?.number_of_replicas, '0');
    const version = async () => (await client.cluster.state({ metric: 'version' }))['version'];
    const at = await version();
    await search.prepare([things, { ...things, doc: 'In other words.' }]);
    assert.equal(await version(), at, 'nothing was changed');
  });

  test('are not made by writes before they are prepared', async (t) => {
    const prefix = newPrefix();
    const search = opened(t, { prefix });
    const missing = { code: 'TABLE_DRIFTED', kind: 'fatal', message: /things.*tributary indexes apply/ };
    await assert.rejects(search.apply(things, [putThing('ann', {})]), missing);
    await assert.rejects(search.search(things, all), missing);
    await assert.rejects(search.renew(things), { code: 'TABLE_DRIFTED', message: /no index with the alias/ });
    assert.equal(await client.indices.exists({ index: `${prefix}*`, allow_no_indices: false }), false);
  });

  test('made for another declaration are refused until they are renewed', async (t) => {
    const prefix = newPrefix();
    const search = opened(t, { prefix });
    await search.prepare([things]);
    await search.apply(things, [putThing('ann', { title: 'algebra' })]);
    const turned = declare([user, title, { ...count, type: 'string' }, sizes]);
    const message = `the search index things: ${prefix}things-v1 was made with count as long and is declared with count as keyword; renew it with \`tributary indexes renew things\`, then \`tributary rebuild-views --only search\``;
    await assert.rejects(search.prepare([turned]), { code: 'TABLE_DRIFTED', message });
    assert.equal((await search.search(things, all)).total, 1);

    assert.deepEqual(await search.renew(turned), { before: `${prefix}things-v1`, now: `${prefix}things-v2` });
    await search.prepare([turned]);
    assert.equal((await search.search(turned, all)).total, 0);
    assert.deepEqual(await search.apply(turned, [putThing('ann', { title: 'algebra', count: 'seven' })]), ['written']);
    assert.equal((await search.search(turned, { ...all, words: 'algebra', filter: { count: 'seven' } })).total, 1);
    assert.equal((await client.count({ index: `${prefix}things-v1` })).count, 1, 'the old one stays');
    await search.apply(turned, [{ ...putThing('bob', {}, 2), record: undefined }]);
    await search.search(turned, all);
    assert.equal((await client.count({ index: `${prefix}things` })).count, 1, 'the alias shows nothing removed');
  });

  test('are renewed past a generation that was begun and abandoned', async (t) => {
    const prefix = newPrefix();
    const search = opened(t, { prefix });
    await search.prepare([things]);
    await client.indices.create({ index: `${prefix}things-v2` });
    assert.deepEqual(await search.renew(things), { before: `${prefix}things-v1`, now: `${prefix}things-v3` });
  });

  test('that another program made or moved are refused, with what to do', async (t) => {
    const cases: readonly [(alias: string) => Promise<unknown>, RegExp][] = [
      [(alias) => client.indices.create({ index: alias }), /is an index, and should be an alias/],
      [(alias) => client.indices.create({ index: `${alias}-v1` }), /things-v1 is there, but not its alias/],
      [
        (alias) => client.indices.create({ index: `${alias}-x`, aliases: { [alias]: {} } }),
        /things-x was not made by Tributary/,
      ],
      [
        async (alias) => {
          await client.indices.create({ index: `${alias}-v1`, aliases: { [alias]: {} } });
          await client.indices.create({ index: `${alias}-v2`, aliases: { [alias]: {} } });
        },
        /stands for several indexes \(.*things-v1, .*things-v2\)/,
      ],
    ];
    for (const [make, message] of cases) {
      const prefix = newPrefix();
      await make(`${prefix}things`);
      await assert.rejects(opened(t, { prefix }).prepare([things]), { code: 'TABLE_DRIFTED', kind: 'fatal', message });
    }
  });

  test('that lost a field since they were prepared stop the writer, and refuse no document', async (t) => {
    const search = opened(t, { prefix: newPrefix() });
    await search.prepare([declare([user, title])]);
    await assert.rejects(search.apply(things, [putThing('ann', {})]), {
      code: 'TABLE_DRIFTED',
      message: /dynamic introduction of \[count\].*tributary indexes apply/,
    });
  });

  test('that are closed stop the writer, and a full disk makes it wait', async (t) => {
    const prefix = newPrefix();
    await opened(t, { prefix }).prepare([things]);
    const search = opened(t, { prefix, patienceMs: 3000 });
    const index = `${prefix}things-v1`;
    const block = 'index.blocks.read_only_allow_delete';
    await client.indices.putSettings({ index, settings: { [block]: true } });
    await assert.rejects(search.apply(things, [putThing('ann', {})]), { code: 'SEARCH_AWAY', message: /blocked/ });
    await client.indices.putSettings({ index, settings: { [block]: null } });
    assert.deepEqual(await search.apply(things, [putThing('ann', {})]), ['written']);
    await client.indices.close({ index });
    await assert.rejects(search.apply(things, [putThing('ann', {})]), { code: 'STORE_BROKEN', message: /closed/ });
  });
});

test('a first version of zero is accepted', async (t) => {
  const search = opened(t, { prefix: newPrefix() });
  await search.prepare([things]);
  const change = { ...putThing('ann', {}), version: { ...first, token: 0, revision: 0 } };
  assert.deepEqual(await search.apply(things, [change]), ['written']);
});
