/** Why a declaration is refused when its types alone allow it; for types see `must-not-compile.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineEvent } from '../../core/event.ts';
import { defineIndex, defineTable } from '../../core/target.ts';
import {
  call,
  catchingUp,
  defineJob,
  emit,
  every,
  type Job,
  reject,
  sleep,
  view,
  viewEach,
  wakeAt,
  where,
} from '../../jobs/define.ts';
import { defineTopic } from '../../topics/define.ts';

const text = <const N extends string>(name: N) => ({ name, type: 'string', doc: 'A text.' }) as const;
const record = <const F extends readonly object[]>(name: string, fields: F) =>
  ({ type: 'record', name, fields }) as const;

const opened = defineEvent(
  'shop.opened',
  { type: 'record', name: 'Opened', namespace: 'org.tributary.test', doc: 'A shop opened.', fields: [text('shopId')] },
  { shopId: 'shop-1' },
);
const shopEvents = defineTopic({ name: 'shop.events', doc: 'Shops.', key: 'shopId', events: [opened] });
const floors = { name: 'floors', type: { type: 'map', values: 'int' }, doc: 'Floors.' } as const;
const shops = defineTable({
  name: 'shops',
  doc: 'Shops.',
  key: ['shopId'],
  sort: ['street'],
  record: record('Shop', [text('shopId'), text('street'), text('name'), floors]),
});
const shopIndex = defineIndex({
  name: 'shop_index',
  doc: 'Shops to search in.',
  key: ['shopId'],
  sort: ['street'],
  text: [],
  record: record('ShopFound', [text('shopId'), text('street')]),
});

const base = { name: 'keep-shops', doc: 'Keeps shops.', from: shopEvents, on: [opened], to: [] } as const;
const declared = (views: readonly unknown[]): Job =>
  defineJob({
    ...base,
    row: shops,
    key: ({ data }) => ({ shopId: data.shopId, street: '' }),
    fold: { 'shop.opened': (row) => row },
    views: views as never,
  });

test('a job without reactions and views need not declare them', () => {
  const job = defineJob({
    ...base,
    row: shops,
    key: ({ data }) => ({ shopId: data.shopId, street: 'Main' }),
    fold: { 'shop.opened': (row) => row },
  });
  assert.deepEqual([job.lookups, job.views], [undefined, []]);
  assert.deepEqual(job.react(undefined, undefined, {} as never, {}), []);
});

const elsewhere = defineTable({
  name: 'streets',
  doc: 'Streets.',
  key: ['street'],
  record: record('Street', [text('street')]),
});
const twofold = defineTable({
  name: 'corners',
  doc: 'Corners.',
  key: ['shopId', 'street'],
  record: record('Corner', [text('shopId'), text('street')]),
});

test('a job cannot search its rows by a field that can change', () => {
  const loose = defineTable({
    name: 'moving_shops',
    doc: 'Shops by street.',
    key: ['shopId'],
    indexed: ['street'],
    record: record('Moving', [text('shopId'), text('street')]),
  });
  const declare = () =>
    defineJob({ ...base, row: loose, key: () => undefined, fold: { 'shop.opened': (row: never) => row } } as never);
  const message =
    'job keep-shops: moving_shops is indexed by street, which is not a field of its key: after a crash, rows in which it changed would not be found again';
  assert.throws(declare, { code: 'DECLARATION_INVALID', message });
});

for (const table of [elsewhere, twofold]) {
  test(`a job of shops cannot own ${table.name}, which would have rows in several partitions`, () => {
    const declare = () =>
      defineJob({ ...base, row: table, key: () => undefined, fold: { 'shop.opened': (row: never) => row } } as never);
    const message = `job keep-shops: the key of its table ${table.name} must be shopId, the key of shop.events, so that only one partition writes a row`;
    assert.throws(declare, { code: 'DECLARATION_INVALID', message });
  });
}

const streetIndex = defineIndex({
  name: 'street_index',
  doc: 'Shops without their street.',
  key: ['shopId'],
  text: [],
  record: record('Short', [text('shopId')]),
});

const FLAWS: readonly (readonly [what: string, flaw: unknown, message: RegExp])[] = [
  [
    'of each entry of a field that has none',
    { ...viewEach(shops, shopIndex, 'floors', ['shopId', 'street'], (shop) => shop), each: 'name' },
    /^job keep-shops: a view of shop_index is made for each name, which is not a map field of shops$/,
  ],
  [
    'that does not have the whole key of its row',
    view(shops, streetIndex, ({ shopId }) => ({ shopId })),
    /^job keep-shops: street_index does not have street, so two rows could write the same record of it$/,
  ],
];

for (const [what, flaw, message] of FLAWS) {
  test(`a job cannot have a view ${what}`, () => {
    const sound = view(shops, shopIndex, ({ shopId, street }) => ({ shopId, street }));
    assert.throws(() => declared([sound, flaw]), { code: 'DECLARATION_INVALID', message });
    assert.equal(declared([sound]).views.length, 1);
  });
}

test('either all views of one target may be behind, or none', () => {
  const one = view(shops, shopIndex, ({ shopId, street }) => ({ shopId, street }));
  const message =
    'job keep-shops: some views of shop_index may be behind and others may not, but they share a position';
  assert.throws(() => declared([one, catchingUp(one)]), { code: 'DECLARATION_INVALID', message });
  assert.deepEqual(
    declared([catchingUp(one), catchingUp(one)]).views.map(({ policy }) => policy),
    ['catching-up', 'catching-up'],
  );
});

test('answers and reactions of a job are data', () => {
  assert.deepEqual(every({ userId: 'ada' }), { every: { userId: 'ada' } });
  assert.deepEqual(where('courseId', 'algebra'), { where: ['courseId', 'algebra'] });
  assert.deepEqual({ ...reject('FACT_IMPOSSIBLE', 'no') }, { code: 'FACT_IMPOSSIBLE', message: 'no' });
  assert.deepEqual(emit(opened, { shopId: 'a' }), { kind: 'emit', type: 'shop.opened', data: { shopId: 'a' } });
  assert.deepEqual(wakeAt('start', 7), { kind: 'wake', name: 'start', due: 7 });
  assert.deepEqual(sleep('start'), { kind: 'wake', name: 'start', due: null });
  const message = {
    channel: 'mail',
    attempt: 1,
    messageId: 'm',
    address: 'a',
    title: 't',
    body: 'b',
    link: null,
    unsubscribe: null,
  } as const;
  assert.deepEqual(call(message), { kind: 'call', ...message });
});
