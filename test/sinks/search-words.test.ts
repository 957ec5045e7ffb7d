import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareVersions } from '../../sinks/port.ts';
import { documentId, versionNumber } from '../../sinks/search/elasticsearch/identity.ts';
import { connectionOf } from '../../sinks/search/elasticsearch/location.ts';
import { queryWords, wordsOf } from '../../sinks/search/words.ts';

test('words are what Unicode defines as letters, digits and marks, without case and accents', () => {
  const cases: Readonly<Record<string, string>> = {
    'C++ and C#: near, or not?': 'c and c near or not',
    'École à Genève': 'ecole a geneve',
    'E\u0301COLE': 'ecole',
    'tiếng Việt': 'tieng viet',
    'Straße STRASSE STRAẞE': 'strasse strasse strasse',
    'ΟΔΟΣ οδός οδοσ': 'οδοσ οδοσ οδοσ',
    'İstanbul ISTANBUL ıstanbul': 'istanbul istanbul istanbul',
    'ﬁne ＡＢＣ １２ Ⅳ': 'fine abc 12 iv',
    'हिन्दी भाषा': 'हिन्दी भाषा',
    'がぎ か': 'が がぎ ぎ か',
    ｶﾞﾗｽ: 'ガ ガラ ラ ラス ス',
    한국어: '한 한국 국 국어 어',
    C言語入門2: 'c 言 言語 語 語入 入 入門 門 2',
    ภาษาไทย: 'ภ ภา า าษ ษ ษา า าไ ไ ไท ท ทย ย',
    ប្រាសាទ: 'ប្ ប្រា រា រាសា សា សាទ ទ',
    'pre-algebra_1': 'pre algebra 1',
    ' \t\n"!': '',
  };
  for (const [text, words] of Object.entries(cases)) {
    assert.equal(wordsOf(text), words);
    assert.equal(wordsOf(text.normalize('NFD')), words);
  }
});

test('the words of a value are those of all its texts', () => {
  assert.equal(wordsOf(['a', ['B c', null], 7, '', '!', { x: 'y' }, 'd']), 'a b c d');
  assert.equal(wordsOf(null), '');
});

test('any text matches itself, and each of its words', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const words = new Set(wordsOf(text).split(' '));
      for (const word of queryWords(text)?.whole ?? []) assert.ok(words.has(word));
      for (const word of words) assert.ok(word === '' || queryWords(word)?.whole.every((each) => words.has(each)));
      assert.equal(words.has(''), queryWords(text) === undefined);
    }),
  );
});

test('words are distinguished by their first hundred characters, in texts and queries alike', () => {
  for (const letter of ['x', '\u{10428}']) {
    const word = letter.repeat(100);
    assert.equal(wordsOf(`${word}yz a`), `${word} a`);
    assert.deepEqual(queryWords(`a ${word}yz`)?.whole, ['a', word]);
    assert.deepEqual(queryWords(`${letter.repeat(50_000)}*`), { whole: [], beginning: word });
  }
});

test('a query has each word once, and the prefix before a final star', () => {
  assert.equal(queryWords(''), undefined);
  assert.equal(queryWords('* "'), undefined);
  assert.deepEqual(queryWords('b a B'), { whole: ['b', 'a'], beginning: undefined });
  assert.deepEqual(queryWords('linear ALGÉ* '), { whole: ['linear'], beginning: 'alge' });
  assert.deepEqual(queryWords('alg* linear'), { whole: ['alg', 'linear'], beginning: undefined });
  assert.deepEqual(queryWords('alg *'), { whole: ['alg'], beginning: undefined });
  const many = Array.from({ length: 500 }, (_, number) => `w${number}`).join(' ');
  assert.equal(queryWords(many)?.whole.length, 200);
});

const idOf = (key: readonly string[]): string =>
  documentId(key, (text) => createHash('sha256').update(text).digest('base64url'));

test('a document is named by its key, and no two keys have the same name', () => {
  assert.equal(idOf(['tenant', 'ann', 'maths 1']), 'tenant/ann/maths 1');
  assert.equal(idOf(['a/b', '50%', '#1']), 'a%2Fb/50%25/%231');
  const long = idOf(['t', 'x'.repeat(511)]);
  assert.match(long, /^#[\w-]{43}$/);
  assert.notEqual(long, idOf(['t', 'x'.repeat(512)]));
  assert.equal(idOf(['t', 'x'.repeat(510)]).length, 512);
  assert.match(idOf(['t', '🎓'.repeat(128)]), /^#/, 'bytes are counted');
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 }), (key) => {
      const parts = idOf(key).split('/');
      assert.deepEqual(
        parts.map((part) => part.replace(/%(25|2F|23)/g, decodeURIComponent)),
        key,
      );
    }),
  );
});

test('versions are in the order of their numbers, which are below 2^63', () => {
  assert.equal(versionNumber({ token: 0, revision: 0 }), '0');
  assert.equal(versionNumber({ token: 2 ** 30 - 1, revision: 2 ** 33 - 1 }), String(2n ** 63n - 1n));
  const version = fc.record({ token: fc.nat({ max: 2 ** 30 - 1 }), revision: fc.nat({ max: 2 ** 33 - 1 }) });
  fc.assert(
    fc.property(version, version, (a, b) => {
      const difference = BigInt(versionNumber(a)) - BigInt(versionNumber(b));
      assert.equal(Math.sign(Number(difference)), Math.sign(compareVersions(a, b)));
    }),
  );
  for (const [token, revision] of [
    [2 ** 30, 0],
    [0, 2 ** 33],
    [-1, 0],
    [0, 0.5],
  ] as const) {
    assert.throws(() => versionNumber({ token, revision }), {
      code: 'STORE_BROKEN',
      message: /is too large for a search index/,
    });
  }
});

test('a URL names one node or several', () => {
  const nodes = (url: string) => connectionOf({ url }).nodes.map((node) => node.url.href);
  assert.deepEqual(nodes('elasticsearch://one'), ['http://one:9200/']);
  assert.deepEqual(nodes('elasticsearch://one:80,two:9201,[::1]'), [
    'http://one/',
    'http://two:9201/',
    'http://[::1]:9200/',
  ]);
  assert.deepEqual(nodes('elasticsearch+https://one:443'), ['https://one/']);
  assert.deepEqual(nodes('https://one/path'), ['https://one/path']);
  assert.deepEqual(nodes('http://one,two'), ['http://one/', 'http://two/']);
});

test('a user and a password are taken from the URL, and an API key is given separately', () => {
  const { nodes, auth } = connectionOf({ url: 'elasticsearch+https://ann:p%40%3A%2F:%25@one,two' });
  assert.deepEqual(auth, { username: 'ann', password: 'p@:/:%' });
  assert.ok(nodes.every(({ url }) => url.username === '' && url.password === ''));
  assert.deepEqual(connectionOf({ url: 'https://one', apiKey: 'key' }).auth, { apiKey: 'key' });
  assert.equal('auth' in connectionOf({ url: 'https://one' }), false);
});

test('an invalid location is refused without showing its secrets', () => {
  const wrong = [
    ...['', 'one:9200', 'redis://ann:secret@one', 'elasticsearch://ann:secret@', 'http://ann:secret@one:x'],
    ...['http://ann:secret%@one', 'http://ann:secret@one?x=1', 'http://ann:secret@one,,two', 'http://ann:secret@o ne'],
  ].map((url) => ({ url }));
  for (const location of [
    ...wrong,
    { url: 'http://ann:secret@one', apiKey: 'secret' },
    { url: 'http://ann:secret@one', caFile: '/nowhere/ca.pem' },
  ]) {
    assert.throws(
      () => connectionOf(location),
      (error: { code?: string; message: string }) => {
        assert.equal(error.code, 'CONFIG_INVALID', location.url);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  }
});
