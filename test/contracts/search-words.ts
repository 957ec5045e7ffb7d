/** The contract of the search port for words. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { type blank, courses, found, type Open, put, remove } from './search-samples.ts';
import { HOSTILE } from './versioned.ts';

export function wordsContract(opened: Open): void {
  describe('words', () => {
    const titles = async (t: TestContext, all: Record<string, string>) => {
      const { search, tenant } = await opened(t);
      await search.apply(
        courses,
        Object.entries(all).map(([course, title]) => put(tenant, course, { title })),
      );
      return async (words: string): Promise<unknown[]> => (await found(search, { tenant, words })).sort();
    };

    test('a word matches a whole word, whatever its case', async (t) => {
      const find = await titles(t, { a: 'Linear Algebra', b: 'algebraic numbers', c: 'ALGEBRA!', d: 'pre-algebra' });
      assert.deepEqual(await find('algebra'), ['a', 'c', 'd']);
      assert.deepEqual(await find('aLGEBRA'), ['a', 'c', 'd']);
      assert.deepEqual(await find('gebra'), []);
    });

    test('accents make no difference, neither in the query nor in the text', async (t) => {
      const find = await titles(t, { a: 'École à Genève', b: 'ecole a geneve', c: 'E\u0301COLE', d: 'tiếng Việt' });
      assert.deepEqual(await find('école'), ['a', 'b', 'c']);
      assert.deepEqual(await find('ecole'), ['a', 'b', 'c']);
      assert.deepEqual(await find('GENE\u0300VE'), ['a', 'b']);
      assert.deepEqual(await find('tieng viet'), ['d']);
    });

    test('a word matches however its characters are composed', async (t) => {
      const find = await titles(t, {
        a: 'край'.normalize('NFC'),
        b: 'край'.normalize('NFD'),
        c: '한국어'.normalize('NFD'),
      });
      for (const form of ['NFC', 'NFD']) {
        assert.deepEqual(await find('край'.normalize(form)), ['a', 'b']);
        assert.deepEqual(await find('한국어'.normalize(form)), ['c']);
        assert.deepEqual(await find('한국*'.normalize(form)), ['c']);
      }
    });

    test('case is folded as Unicode folds it, and width makes no difference', async (t) => {
      const find = await titles(t, {
        a: 'Straße',
        b: 'STRASSE',
        c: 'οδός',
        d: 'ΟΔΟΣ',
        e: 'İstanbul',
        f: 'ISTANBUL',
        g: 'ıstanbul',
        h: 'ＡＢＣ１２',
        i: 'abc12',
        j: 'ﬁne ŒUVRE',
        k: 'fine œuvre',
        l: 'ПРИВЕТ',
        m: 'ɦello Ħello',
      });
      for (const words of ['straße', 'STRASSE', 'STRAẞE', 'strasse']) assert.deepEqual(await find(words), ['a', 'b']);
      for (const words of ['οδος', 'ΟΔΌΣ', 'οδοσ']) assert.deepEqual(await find(words), ['c', 'd']);
      for (const words of ['istanbul', 'ISTANBUL', 'İSTANBUL', 'ıstan*']) {
        assert.deepEqual(await find(words), ['e', 'f', 'g']);
      }
      for (const words of ['abc12', 'ＡＢＣ１２', 'ａbc*']) assert.deepEqual(await find(words), ['h', 'i']);
      for (const words of ['fine œuvre', 'FINE ŒUVRE', 'ﬁn*']) assert.deepEqual(await find(words), ['j', 'k']);
      assert.deepEqual(await find('привет'), ['l']);
      assert.deepEqual(await find('ħello'), ['m']);
    });

    test('words match inside texts of scripts that do not separate words', async (t) => {
      const find = await titles(t, {
        a: '東京大学の線形代数入門',
        b: '大学入門',
        c: 'プログラミング言語C++入門2',
        d: '한국어를 배우다',
        e: 'ภาษาไทยสำหรับผู้เริ่มต้น',
        f: 'ภาษาอังกฤษ',
        g: 'ភាសាខ្មែរ',
        h: 'မြန်မာဘာသာ',
        i: 'ພາສາລາວ',
        j: '学东 京大',
      });
      assert.deepEqual(await find('代数'), ['a']);
      assert.deepEqual(await find('大学'), ['a', 'b']);
      assert.deepEqual(await find('東京大学'), ['a']);
      assert.deepEqual(await find('大学 線形'), ['a']);
      assert.deepEqual(await find('学大'), []);
      assert.deepEqual(await find('学'), ['a', 'b', 'j']);
      assert.deepEqual(await find('入門'), ['a', 'b', 'c']);
      assert.deepEqual(await find('言語c'), ['c']);
      assert.deepEqual(await find('ﾌﾟﾛｸﾞﾗﾐﾝｸﾞ'), ['c']);
      assert.deepEqual(await find('フロクラミンク'), []);
      assert.deepEqual(await find('2'), ['c']);
      assert.deepEqual(await find('한국어'), ['d']);
      assert.deepEqual(await find('국어'), ['d']);
      assert.deepEqual(await find('배*'), ['d']);
      assert.deepEqual(await find('ไทย'), ['e']);
      assert.deepEqual(await find('ภาษา'), ['e', 'f']);
      assert.deepEqual(await find('สำหรับ'), ['e']);
      assert.deepEqual(await find('อังกฤษ'), ['f']);
      assert.deepEqual(await find('จีน'), []);
      assert.deepEqual(await find('ខ្មែរ'), ['g']);
      assert.deepEqual(await find('ဘာသာ'), ['h']);
      assert.deepEqual(await find('ລາວ'), ['i']);
    });

    test('words of scripts with vowel signs are whole words', async (t) => {
      const find = await titles(t, { a: 'हिन्दी भाषा', b: 'हनद', c: 'தமிழ் மொழி' });
      assert.deepEqual(await find('हिन्दी'), ['a']);
      assert.deepEqual(await find('ह'), []);
      assert.deepEqual(await find('தமிழ்'), ['c']);
    });

    test('several words must all occur, in any order and in any text field', async (t) => {
      const { search, tenant } = await opened(t);
      await search.apply(courses, [
        put(tenant, 'a', { title: 'linear algebra', tags: ['maths', 'first year'], note: 'in spring' }),
        put(tenant, 'b', { title: 'algebra', tags: ['maths'] }),
      ]);
      const find = (words: string): Promise<unknown[]> => found(search, { tenant, words });
      assert.deepEqual(await find('algebra linear'), ['a']);
      assert.deepEqual(await find('spring maths algebra year'), ['a']);
      assert.deepEqual((await find('maths algebra maths')).sort(), ['a', 'b']);
      assert.deepEqual(await find('algebra chemistry'), []);
    });

    test('words in fields that are not text do not match', async (t) => {
      const { search, tenant } = await opened(t);
      await search.apply(courses, [put(tenant, 'coursename', { owner: 'ownername', batches: ['batchname'] })]);
      for (const words of ['coursename', 'ownername', 'batchname', 'live', 'title']) {
        assert.deepEqual(await found(search, { tenant, words }), []);
      }
    });

    test('a star after the last word matches its beginning, and nowhere else', async (t) => {
      const find = await titles(t, {
        a: 'linear algebra',
        b: 'linear algorithms',
        c: 'Algérie',
        d: 'lines of algae',
      });
      assert.deepEqual(await find('alg*'), ['a', 'b', 'c', 'd']);
      assert.deepEqual(await find('ALGÉ*'), ['a', 'c']);
      assert.deepEqual(await find('linear alg*'), ['a', 'b']);
      assert.deepEqual(await find('linear algebra*'), ['a']);
      assert.deepEqual(await find('lin* algae'), []);
      assert.deepEqual(await find('alg'), []);
    });

    test('punctuation is no part of a word and no syntax', async (t) => {
      const find = await titles(t, { a: 'C++ and C#: near, or not?', b: 'and so on' });
      assert.deepEqual(await find('"near"'), ['a']);
      assert.deepEqual(await find('-near'), ['a']);
      assert.deepEqual(await find('(near AND'), ['a']);
      assert.deepEqual(await find('and NOT near'), ['a']);
      assert.deepEqual(await find('and OR near'), ['a']);
      assert.deepEqual(await find('title:near'), []);
      assert.deepEqual(await find('near/3 and'), []);
      assert.deepEqual(await find('c++'), ['a']);
      assert.deepEqual(await find(' \t\n'), ['a', 'b']);
      assert.deepEqual(await find(''), ['a', 'b']);
    });

    test('no query is an error', async (t) => {
      const { search, tenant } = await opened(t);
      await search.apply(courses, [put(tenant, 'a', { title: 'algebra "near" 🎓' })]);
      for (const words of [...queries(), ...HOSTILE]) {
        const { items, total } = await search.search(courses, { tenant, words, limit: 10 });
        assert.equal(total, items.length);
      }
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 30 }), async (words) => {
          const { items, total } = await search.search(courses, { tenant, words, limit: 10 });
          assert.equal(total, items.length);
        }),
        { numRuns: 100 },
      );
    });

    test('when the text changes, new words match and old ones do not', async (t) => {
      const { search, tenant } = await opened(t);
      const write = (revision: number, what: Partial<typeof blank>) =>
        search.apply(courses, [put(tenant, 'a', what, { token: 1, revision })]);
      const find = (words: string): Promise<unknown[]> => found(search, { tenant, words });
      await write(1, { title: 'linear algebra', tags: ['maths'], note: 'spring' });
      await write(2, { title: 'linear algebra', tags: ['maths'], note: 'spring', learners: 5 });
      assert.deepEqual(await find('linear maths spring'), ['a']);
      await write(3, { title: 'linear optimisation', tags: ['maths', 'economics'], note: null });
      assert.deepEqual(await find('linear optimisation maths economics'), ['a']);
      assert.deepEqual(await find('algebra'), []);
      assert.deepEqual(await find('spring'), []);
      await search.apply(courses, [remove(tenant, 'a', { token: 1, revision: 4 })]);
      assert.deepEqual(await find('linear'), []);
      await write(5, { title: 'history' });
      assert.deepEqual(await find('history'), ['a']);
      assert.deepEqual(await find('linear'), []);
    });

    test('a stale write changes no words', async (t) => {
      const { search, tenant } = await opened(t);
      await search.apply(courses, [put(tenant, 'a', { title: 'new' }, { token: 2, revision: 1 })]);
      await search.apply(courses, [put(tenant, 'a', { title: 'old' }, { token: 1, revision: 9 })]);
      assert.deepEqual(await found(search, { tenant, words: 'new' }), ['a']);
      assert.deepEqual(await found(search, { tenant, words: 'old' }), []);
    });

    test('the best match comes first', async (t) => {
      const { search, tenant } = await opened(t);
      const filler = Array.from({ length: 20 }, (_, number) => put(tenant, `x${number}`, { title: 'something else' }));
      await search.apply(courses, [
        put(tenant, 'a', { title: 'algebra among very many other words that have nothing to do with the matter' }),
        put(tenant, 'b', { title: 'algebra' }),
        ...filler,
      ]);
      assert.deepEqual(await found(search, { tenant, words: 'algebra' }), ['b', 'a']);
    });
  });
}

/** Queries with everything that might be syntax, alone and at every position. */
function queries(): string[] {
  const signs = [
    ...'"\'`\\*(){}[]<>+-^~:;,./?!&|=@#$%_\0\u0301\uFEFF\uFFFF🎓',
    '\uD800',
    '\uDC00',
    'AND',
    'OR',
    'NOT',
    'NEAR',
    'TO',
  ];
  return [
    ...signs.flatMap((sign) => [
      ...[sign, sign + sign, `${sign}algebra`, `algebra${sign}`, `${sign}algebra${sign}`, `alge${sign}bra`],
      ...[`${sign} algebra`, `algebra ${sign}`, `algebra ${sign} near`, `algebra${sign}*`, `${sign} *`, `a:${sign}`],
    ]),
    ...[
      'NEAR(algebra near, 3)',
      '{title note} : algebra',
      'title : algebra',
      '/alg.*/',
      'algebra~1',
      '👩‍🎓*',
      '()',
      '[]',
      '{}',
    ],
    'x'.repeat(100_000),
    'algebra '.repeat(2_000),
    Array.from({ length: 2_000 }, (_, number) => `word${number}`).join(' '),
  ];
}
