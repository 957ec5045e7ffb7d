import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Entries } from '../../../core/entries.ts';
import type { Row, View } from '../../../jobs/define.ts';
import { viewChanges } from '../../../jobs/runtime/rows/views/make.ts';
import { addUp } from './add-up.ts';

const [byColour, items] = addUp.views as [View<Row>, View<Row>];
const base = { thingId: 't', partId: 'p', sum: 1, colour: 'red', owner: '', items: Entries.stored([['nut', 1]]) };
const coloured = (colour: string, sum = 1) => ({
  key: ['x', colour, 't', 'p'],
  record: { colour, thingId: 't', partId: 'p', sum },
});
const itemKey = (item: string) => ['x', 't', 'p', item];
const item = (name: string, since: number) => ({
  key: itemKey(name),
  record: { thingId: 't', partId: 'p', item: name, since },
});
const NOTHING = { puts: [], removals: [] };

const one = (before: Row | undefined, after: Row | undefined, again = false) =>
  viewChanges(byColour, { tenant: 'x', before, after, again });
const each = (before: Row | undefined, after: Row | undefined, again = false) =>
  viewChanges(items, { tenant: 'x', before, after, again });

test('one record of a row: written when it appears or changes, removed when it disappears or gets another key', () => {
  assert.deepEqual(one(undefined, base), { puts: [coloured('red')], removals: [] });
  assert.deepEqual(one(base, { ...base, sum: 2 }), { puts: [coloured('red', 2)], removals: [] });
  assert.deepEqual(one(base, { ...base, owner: 'ada' }), NOTHING, 'it does not show the owner');
  assert.deepEqual(one(base, undefined), { puts: [], removals: [['x', 'red', 't', 'p']] });
  assert.deepEqual(one(base, { ...base, colour: 'none' }), { puts: [], removals: [['x', 'red', 't', 'p']] });
  assert.deepEqual(one(base, { ...base, colour: 'blue' }), {
    puts: [coloured('blue')],
    removals: [['x', 'red', 't', 'p']],
  });
  assert.deepEqual(one({ ...base, colour: 'none' }, { ...base, colour: 'none', sum: 9 }), NOTHING);
  assert.deepEqual(one(undefined, undefined), NOTHING);
});

test('after a crash a record is written whether it changed or not', () => {
  assert.deepEqual(one(base, base, true), { puts: [coloured('red')], removals: [] });
  assert.deepEqual(one(base, undefined, true), { puts: [], removals: [['x', 'red', 't', 'p']] });
  assert.deepEqual(each(base, base, true), { puts: [item('nut', 1)], removals: [] });
});

test('records with nested values are compared by content', () => {
  const listing: View<Row> = {
    ...byColour,
    record: (row) => ({ ...coloured('red').record, list: row['list'], day: row['day'] }),
  };
  const changes = (before: object, after: object) =>
    viewChanges(listing, { tenant: 'x', before: { ...before }, after: { ...after }, again: false }).puts.length;
  assert.equal(changes({ list: [1, { a: 2 }] }, { list: [1, { a: 2 }] }), 0);
  assert.equal(changes({ list: [1, { a: 2 }] }, { list: [1, { a: 3 }] }), 1);
  assert.equal(changes({ list: [] }, { list: null }), 1);
  assert.equal(changes({ list: 'a' }, { list: [] }), 1);
  assert.equal(changes({ list: [] }, { list: 'a' }), 1);
  assert.equal(changes({ day: 1 }, { day: 2 }), 1);
});

test('a record for each entry of a map: only for entries that changed', () => {
  const more = { ...base, items: base.items.set('bolt', 2) };
  assert.deepEqual(each(undefined, base), { puts: [item('nut', 1)], removals: [] });
  assert.deepEqual(each(base, more), { puts: [item('bolt', 2)], removals: [] });
  assert.deepEqual(each(base, { ...base, items: base.items.set('nut', 9) }), { puts: [item('nut', 9)], removals: [] });
  assert.deepEqual(each(more, { ...more, items: more.items.delete('nut') }), { puts: [], removals: [itemKey('nut')] });
  assert.deepEqual(each(base, { ...base, sum: 5 }), NOTHING);
  assert.deepEqual(each(base, undefined), { puts: [], removals: [itemKey('nut')] });
  assert.deepEqual(each(undefined, undefined), NOTHING);
});

test('entries that only the view made of them distinguishes are compared one by one', () => {
  let looked = 0;
  const counting: View<Row> = {
    ...items,
    record: (...args) => {
      looked += 1;
      return items.record(...args);
    },
  };
  const many = { ...base, items: Entries.stored(Array.from({ length: 100 }, (_, n) => [`item-${n}`, n] as const)) };
  viewChanges(counting, {
    tenant: 'x',
    before: many,
    after: { ...many, items: many.items.set('item-3', 7) },
    again: false,
  });
  assert.equal(looked, 2, 'before and after, of the entry that changed');
});

test('when a field that all records show changes, all of them are written again', () => {
  const moved = { ...base, partId: 'q' };
  assert.deepEqual(each(base, moved), {
    puts: [{ key: ['x', 't', 'q', 'nut'], record: { ...item('nut', 1).record, partId: 'q' } }],
    removals: [itemKey('nut')],
  });
});

test('when a map was replaced, its missing entries are removed', () => {
  const anew = { ...base, items: Entries.of([['bolt', 2]]) };
  assert.deepEqual(each(base, anew), { puts: [item('bolt', 2)], removals: [itemKey('nut')] });
});

test('a key that moves from one entry to another is not removed', () => {
  const byValue: View<Row> = {
    ...items,
    record: (row, entry, _name) => ({ ...row, item: `at-${String(entry)}`, since: entry }),
  };
  const before = { ...base, items: Entries.stored([['a', 1]]) };
  const after = { ...base, items: before.items.delete('a').set('b', 1) };
  const { puts, removals } = viewChanges(byValue, { tenant: 'x', before, after, again: false });
  assert.deepEqual([puts.map(({ key }) => key.at(-1)), removals], [['at-1'], []]);
});

test('a key that is not text is an error that names it', () => {
  assert.throws(
    () => one(undefined, { ...base, colour: '' }),
    /colour of a record of parts_by_colour is part of its key/,
  );
  assert.throws(() => one(undefined, { ...base, thingId: undefined }), /thingId/);
});
