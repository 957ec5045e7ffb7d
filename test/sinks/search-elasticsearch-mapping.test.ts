import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Field, Schema } from '../../core/avro.ts';
import { defineIndex, type IndexDef } from '../../core/target.ts';
import {
  additions,
  aliasOf,
  creationOf,
  filterables,
  type Mapping,
  mappingOf,
} from '../../sinks/search/elasticsearch/mapping.ts';
import { DEFAULT_SETTINGS } from '../../sinks/search/elasticsearch/search.ts';

const field = (name: string, type: Schema): Field => ({ name, type, doc: 'A field.' });
const declare = (fields: readonly Field[], text: readonly string[] = [], key: readonly string[] = ['user']): IndexDef =>
  defineIndex({ name: 'things', doc: 'Things.', key, text, record: { type: 'record', name: 'Thing', fields } });

const state: Schema = { type: 'enum', name: 'State', symbols: ['on', 'off'] };
const inner: Schema = { type: 'record', name: 'Inner', fields: [field('x', 'int')] };
const user = field('user', 'string');
const title = field('title', 'string');
const count = field('count', 'int');
const things = declare(
  [
    user,
    title,
    field('tags', { type: 'array', items: 'string' }),
    field('note', ['null', 'string']),
    field('state', state),
    count,
    field('time', ['null', 'long']),
    field('rate', 'double'),
    field('open', 'boolean'),
    field('batches', { type: 'array', items: ['null', 'string'] }),
    field('scores', ['null', { type: 'array', items: 'int' }]),
    field('grid', { type: 'array', items: { type: 'array', items: 'int' } }),
    field('loose', { type: 'array', items: ['null', { type: 'array', items: 'int' }] }),
    field('inners', { type: 'array', items: inner }),
    field('inner', inner),
    field('sizes', { type: 'map', values: 'int' }),
    field('bytes', 'bytes'),
    field('nothing', 'null'),
  ],
  ['title', 'tags', 'note'],
);

test('every plain field and every array of plain values can be filtered by, unless it is text', () => {
  assert.deepEqual(
    [...filterables(things)].map(([name, { kind, isWhole }]) => `${name} ${isWhole ? 'whole ' : ''}${kind}`),
    [
      ...['user string', 'state string', 'count whole number', 'time whole number', 'rate number', 'open boolean'],
      ...['batches string', 'scores whole number'],
    ],
  );
});

test('a mapping has the fields of the record by their types, and our own fields', () => {
  const mapping = mappingOf(things);
  const keyword = { type: 'keyword', ignore_above: 10_922 };
  const stored = { type: 'object', enabled: false };
  const [text, long] = [{ type: 'text' }, { type: 'long' }];
  assert.deepEqual(mapping, {
    dynamic: 'strict',
    _meta: { tributary: { key: ['user'], text: ['title', 'tags', 'note'] } },
    properties: {
      ...{ user: keyword, title: text, tags: text, note: text, state: keyword, count: long, time: long },
      ...{ rate: { type: 'double' }, open: { type: 'boolean' }, batches: keyword, scores: long },
      ...{ grid: stored, loose: stored, inners: stored, inner: stored, sizes: stored, bytes: stored, nothing: stored },
      tributary: {
        type: 'object',
        dynamic: 'strict',
        properties: {
          tenant: keyword,
          words: { type: 'text', analyzer: 'whitespace', index_options: 'freqs' },
          removed: { type: 'date' },
        },
      },
    },
  });
});

test('a text field of the key can still be sorted by', () => {
  const index = declare([user, title], ['user', 'title']);
  assert.equal(mappingOf(index).properties['user']?.type, 'keyword');
  assert.deepEqual([...filterables(index)], []);
});

test('an index is made with its alias, which shows nothing that was removed', () => {
  const { name, body } = creationOf(things, DEFAULT_SETTINGS, 1, true);
  assert.equal(name, 'tributary-things-v1');
  assert.deepEqual(body, {
    settings: { number_of_shards: 1, auto_expand_replicas: '0-1' },
    mappings: mappingOf(things),
    aliases: {
      'tributary-things': {
        is_write_index: true,
        filter: { bool: { must_not: { exists: { field: 'tributary.removed' } } } },
      },
    },
  });
  const later = creationOf(things, { prefix: 'a_', shards: 3, replicas: 2 }, 7, false);
  assert.equal(later.name, 'a_things-v7');
  assert.deepEqual(later.body['settings'], { number_of_shards: 3, number_of_replicas: 2 });
  assert.equal('aliases' in later.body, false);
});

test('a declaration that is impossible in Elasticsearch is refused', () => {
  const refused = (act: () => unknown, message: RegExp) => assert.throws(act, { code: 'DECLARATION_INVALID', message });
  for (const name of ['Things', 'thíngs', 'a b', 'a/b', 'a*', 'x'.repeat(250)]) {
    refused(() => aliasOf({ ...things, name }, 'tributary-'), /the search index .* lower case letters/);
  }
  for (const prefix of ['-', '_', '.', 'T']) refused(() => aliasOf(things, prefix), /lower case letters/);
  assert.equal(aliasOf(things, ''), 'things');
  for (const name of ['tributary', '_id', '_source', '__proto__']) {
    refused(() => mappingOf(declare([user, field(name, 'string')])), /give it another name/);
  }
  for (const text of ['count', 'sizes', 'user2']) {
    refused(() => mappingOf({ ...things, text: [text] }), new RegExp(`the text field ${text} is neither a string`));
  }
});

/** The mapping of an index as Elasticsearch returns it. */
const storedMapping = (index: IndexDef): Partial<Mapping> => {
  const mapping = JSON.parse(JSON.stringify(mappingOf(index)));
  delete mapping.properties.tributary.type;
  return mapping;
};

test('an index that matches its declaration needs nothing, and neither does one with more fields', () => {
  assert.equal(additions(things, 'i-v1', storedMapping(things)), undefined);
  assert.equal(additions(declare([user]), 'i-v1', storedMapping(declare([user, title, count], ['title']))), undefined);
  assert.equal(
    additions(declare([user, { ...count, type: 'long' }]), 'i-v1', storedMapping(declare([user, count]))),
    undefined,
  );
});

test('new fields are added, and removed ones stay text if they were', () => {
  const before = storedMapping(declare([user, title, field('old', 'string')], ['title', 'old']));
  const after = declare([user, title, field('note', 'string'), field('constructor', 'int')], ['title', 'note']);
  assert.deepEqual(additions(after, 'i-v1', before), {
    _meta: { tributary: { key: ['user'], text: ['title', 'old', 'note'] } },
    properties: { note: { type: 'text' }, constructor: { type: 'long' } },
  });
});

test('an index made for another declaration is refused, with what to do', () => {
  const refused = (before: Partial<Mapping>, index: IndexDef, message: string) =>
    assert.throws(() => additions(index, 'i-v1', before), { code: 'TABLE_DRIFTED', kind: 'fatal', message });
  const changed = (before: IndexDef, after: IndexDef, was: string, is: string) =>
    refused(
      storedMapping(before),
      after,
      `the search index things: i-v1 was made with ${was} and is declared with ${is}; renew it with \`tributary indexes renew things\`, then \`tributary rebuild-views --only search\``,
    );
  const both = [user, title, count];
  const exact = declare(both);
  changed(exact, declare(both, ['title']), 'title as keyword', 'title as text');
  changed(declare(both, ['title']), exact, 'title as text', 'title as keyword');
  changed(exact, declare(both, ['user']), 'user matched exactly', 'user as text');
  changed(declare(both, ['user']), exact, 'user as text', 'user matched exactly');
  changed(exact, declare(both, [], ['title']), 'the key (user)', 'the key (title)');
  changed(exact, declare([user, title, { ...count, type: 'double' }]), 'count as long', 'count as double');
  const map: Schema = { type: 'map', values: 'int' };
  changed(exact, declare([user, { ...count, type: map }]), 'count as long', 'count in the document alone');
  refused(
    { properties: {} },
    exact,
    'the search index things: the index i-v1 was not made by Tributary; choose another prefix, or move it away',
  );
  refused(
    { ...storedMapping(exact), properties: { ...storedMapping(exact).properties, count: { properties: {} } as never } },
    exact,
    'the search index things: i-v1 was made with count as object and is declared with count as long; renew it with `tributary indexes renew things`, then `tributary rebuild-views --only search`',
  );
  const bare: Partial<Mapping> = { _meta: storedMapping(exact)._meta as Mapping['_meta'] };
  assert.deepEqual(Object.keys(additions(exact, 'i-v1', bare)?.properties ?? {}), [
    'user',
    'title',
    'count',
    'tributary',
  ]);
});
