/** What the screens of courses and batches compute, without a browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moduleOfPage } from './module-of-page.ts';

const { contentUse } = await moduleOfPage('screens/courses/content-use.js');
const { LivePage } = await moduleOfPage('screens/courses/live-page.js');
const { Pages } = await moduleOfPage('screens/courses/paging.js');
const { beginnings, COURSES, namesOf } = await moduleOfPage('app/names.js');

interface Content {
  readonly name: string;
  readonly place: number | undefined;
  readonly stopped: number;
}
type Row = readonly (string | number | null)[];

/** The use of a course's contents, computed from these answers of the service. */
function useOf({ order, used, stops }: { order: string[]; used: readonly Row[]; stops: readonly Row[] }) {
  const answers: Readonly<Record<string, { readonly names: readonly string[]; readonly rows: readonly Row[] }>> = {
    '/v1/reports/content-popularity/rows': { names: ['content_id', 'learners'], rows: used },
    '/v1/reports/drop-off/rows': { names: ['stopped_at', 'content_id', 'learners'], rows: stops },
  };
  const api = {
    get: async () => ({ contentOrder: order, contents: { b: {}, a: {} } }),
    async post(address: string) {
      const { names = [], rows = [] } = answers[address] ?? {};
      return { columns: names.map((name) => ({ name })), rows, more: rows.length > 2 };
    },
  };
  return contentUse(api, { batchId: 'spring', courseId: 'rivers' }, new AbortController().signal);
}

test('contents are in the order of the course, with who stopped there; what is no longer in the course comes last', async () => {
  const found = await useOf({
    order: ['b', 'a'],
    used: [
      ['a', 5],
      [null, 3],
      ['b', 2],
    ],
    stops: [
      ['content', 'a', 4],
      ['former content', null, 2],
      ['nothing', null, 1],
    ],
  });
  assert.deepEqual(
    found.contents.map(({ name, place, stopped }: Content) => [name, place, stopped]),
    [
      ['b', 1, 0],
      ['a', 2, 4],
      ['Contents no longer in the course', undefined, 2],
    ],
  );
  assert.deepEqual([found.stopped, found.stoppedBefore, found.stoppedElsewhere, found.isCut], [7, 1, 2, true]);
});

test('a course of an earlier release, which has no order, is in that of the ids', async () => {
  const used: Row[] = [
    ['b', 1],
    ['a', 1],
  ];
  const found = await useOf({ order: [], used, stops: [] });
  assert.deepEqual(
    found.contents.map(({ name }: Content) => name),
    ['a', 'b'],
  );
  assert.equal(found.isCut, false);
});

test('the last word of a search may be a beginning, and signs are no words', () => {
  assert.deepEqual(['riv', 'how riv', 'AAA, ', ''].map(beginnings), ['riv*', 'how riv*', 'AAA, ', '']);
});

test('names come with one call where there are few, and those that it leaves out are asked for each', async () => {
  const all = ['a', 'b', 'c'].map((courseId) => ({ courseId, name: courseId === 'c' ? '' : `Course ${courseId}` }));
  const asked: string[] = [];
  const apiOf = (first: number) => ({
    async get(address: string) {
      const words = new URL(address, 'http://page').searchParams.get('words') ?? '';
      asked.push(words);
      const items = words === '' ? all.slice(0, first) : all.filter(({ courseId }) => courseId === words);
      return { items, next: words === '' && first < all.length ? 'more' : null };
    },
  });
  const { signal } = new AbortController();
  const few = await namesOf(apiOf(3), COURSES, ['a', 'c', ''], signal);
  assert.deepEqual([[...few], asked.splice(0)], [[['a', 'Course a']], ['']]);
  const many = await namesOf(apiOf(1), COURSES, ['a', 'b', 'b', 'c'], signal);
  assert.deepEqual([...many.keys()], ['a', 'b']);
  assert.deepEqual(asked, ['', 'b', 'c']);
});

const learner = (userId: string, progress: number) => ({
  ...{ userId, courseId: 'rivers', progress, state: 'in_progress', completedAt: null, lastAccessAt: null },
});
type Learner = ReturnType<typeof learner>;

test('rows keep their places when others would stand there, and one that is no longer on the page is read alone', async () => {
  const [ada, bo, eve] = [learner('ada', 50), learner('bo', 40), learner('eve', 90)];
  const asked: string[] = [];
  const live = new LivePage(
    { rows: [ada, bo], total: 2, page: 1 },
    {
      page: async () => ({ rows: [eve, learner('ada', 60)], total: 3, page: 1 }),
      one: async ({ userId }: Learner) => {
        asked.push(userId);
        return learner('bo', 45);
      },
    },
  );
  await live.refresh(new AbortController().signal);
  assert.deepEqual(
    live.rows.map(({ userId, progress }: Learner) => [userId, progress]),
    [
      ['ada', 60],
      ['bo', 45],
    ],
  );
  assert.deepEqual(asked, ['bo']);
  assert.equal(live.isOutOfOrder, true);
  assert.equal(live.total, 3);
  assert.equal(live.changes.size, 2);
});

test('a page is found by its number, in few calls; one that there is not is the first', async () => {
  const all = Array.from({ length: 230 }, (_, at) => at);
  let calls = 0;
  const get = async (address: string) => {
    calls += 1;
    const query = new URLSearchParams(address.split('?')[1]);
    const from = Number(query.get('cursor') ?? 0);
    const to = from + Number(query.get('limit'));
    return { items: all.slice(from, to), total: all.length, next: to < all.length ? String(to) : null };
  };
  const pages = new Pages({ get }, 'enrollments');
  const { signal } = new AbortController();
  const read = (page: number) => pages.read({}, page, signal);
  assert.deepEqual((await read(10)).rows, all.slice(225));
  assert.equal(calls, 3);
  assert.deepEqual((await read(9)).rows, all.slice(200, 225));
  assert.equal(calls, 4, 'the cursor is known');
  const none = await read(11);
  assert.deepEqual([none.page, none.rows.length], [1, 25]);
  assert.equal((await read(100_000)).page, 1);
});
