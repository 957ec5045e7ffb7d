/**
 * A small job that adds amounts up, with one row for each part of a thing. It emits every new sum, keeps one view of the part, one of
 * each of its items and one document, and looks up the owner of the thing. Tests can replace its functions.
 */

import { Entries } from '../../../core/entries.ts';
import { callAnswered, defineEvent, timerFired } from '../../../core/event.ts';
import { defineCache, defineIndex, defineTable, type RowOf } from '../../../core/target.ts';
import { defineJob, emit, every, type Job, lookup, reject, view, viewEach, where } from '../../../jobs/define.ts';
import { defineTopic } from '../../../topics/define.ts';

const text = <const N extends string>(name: N) => ({ name, type: 'string', doc: 'A text.' }) as const;
const optional = <const N extends string>(name: N) => ({ name, type: 'string', doc: 'A text.', default: '' }) as const;
const number = <const N extends string>(name: N) => ({ name, type: 'long', doc: 'A number.' }) as const;
const [thingId, partId] = [text('thingId'), text('partId')];

// ---- events ----

export const added = defineEvent(
  'thing.added',
  {
    type: 'record',
    name: 'Added',
    fields: [
      thingId,
      partId,
      number('amount'),
      optional('colour'),
      { name: 'items', type: { type: 'array', items: 'string' }, doc: 'What the part holds from now on.', default: [] },
    ],
  },
  { thingId: 't', partId: 'p', amount: 1 },
);
export const moved = defineEvent(
  'thing.moved',
  { type: 'record', name: 'Moved', fields: [thingId, text('fromPart'), text('toPart')] },
  { thingId: 't', fromPart: 'p', toPart: 'q' },
);
export const emptied = defineEvent(
  'thing.emptied',
  { type: 'record', name: 'Emptied', fields: [thingId] },
  { thingId: 't' },
);
export const dropped = defineEvent(
  'thing.dropped',
  { type: 'record', name: 'Dropped', fields: [thingId, partId] },
  { thingId: 't', partId: 'p' },
);
export const unread = defineEvent(
  'thing.unread',
  { type: 'record', name: 'Unread', fields: [thingId] },
  { thingId: 't' },
);
export const polished = defineEvent(
  'thing.polished',
  { type: 'record', name: 'Polished', fields: [partId, number('amount')] },
  { partId: 'p', amount: 1 },
);
export const summed = defineEvent(
  'sum.summed',
  { type: 'record', name: 'Summed', fields: [thingId, partId, number('sum')] },
  { thingId: 't', partId: 'p', sum: 1 },
);
export const announced = defineEvent(
  'sum.announced',
  { type: 'record', name: 'Announced', fields: [number('sum')] },
  { sum: 1 },
);

export const things = defineTopic({
  name: 'thing.events',
  doc: 'What happens to a thing.',
  key: 'thingId',
  events: [added, moved, emptied, dropped, unread],
  broadcasts: [polished],
});
export const sums = defineTopic({
  name: 'sum.events',
  doc: 'What the parts of a thing amount to.',
  key: 'thingId',
  events: [summed],
  broadcasts: [announced],
});

// ---- rows and views ----

export const parts = defineTable({
  name: 'parts',
  doc: 'The parts of things.',
  key: ['thingId'],
  sort: ['partId'],
  indexed: ['partId'],
  record: {
    type: 'record',
    name: 'Part',
    fields: [
      thingId,
      partId,
      number('sum'),
      text('colour'),
      text('owner'),
      { name: 'items', type: { type: 'map', values: 'long' }, doc: 'What it holds, with the sum when it came.' },
    ],
  },
});
export const owners = defineTable({
  name: 'owners',
  doc: 'Whose a thing is.',
  key: ['thingId'],
  record: { type: 'record', name: 'Owner', fields: [thingId, text('owner')] },
});
export const partsByColour = defineTable({
  name: 'parts_by_colour',
  doc: 'Parts of one colour.',
  key: ['colour'],
  sort: ['thingId', 'partId'],
  record: { type: 'record', name: 'ColouredPart', fields: [text('colour'), thingId, partId, number('sum')] },
});
export const itemCache = defineCache({
  name: 'items',
  doc: 'What the parts hold.',
  key: ['thingId'],
  sort: ['partId', 'item'],
  record: { type: 'record', name: 'Item', fields: [thingId, partId, text('item'), number('since')] },
});
export const partIndex = defineIndex({
  name: 'part_search',
  doc: 'Parts to search in.',
  key: ['thingId'],
  sort: ['partId'],
  text: ['owner'],
  record: { type: 'record', name: 'FoundPart', fields: [thingId, partId, text('owner'), number('sum')] },
});

export type Part = RowOf<typeof parts>;

// ---- the job ----

const newPart = (data: { thingId: string; partId: string }): Part => ({
  thingId: data.thingId,
  partId: data.partId,
  sum: 0,
  colour: 'none',
  owner: '',
  items: Entries.empty(),
});

export const addUp = defineJob({
  name: 'add-up',
  doc: 'Adds up.',
  from: things,
  on: [added, moved, emptied, dropped, polished, timerFired, callAnswered],
  to: [sums],
  row: parts,
  key: ({ type, data }) => {
    if (type === 'thing.polished') return where('partId', data.partId);
    if (type === 'thing.emptied') return every({ thingId: data.thingId });
    if (type !== 'thing.moved') return { thingId: data.thingId, partId: data.partId };
    return [data.fromPart, data.toPart].map((part) => ({ thingId: data.thingId, partId: part }));
  },
  lookups: (key) => ({ owner: lookup(owners, { thingId: key.thingId }) }),
  fold: {
    'thing.added': (row, { data }, { owner }) => {
      if (data.amount < 0) return reject('FACT_IMPOSSIBLE', `${data.amount} cannot be added`);
      const part = row ?? newPart(data);
      const sum = part.sum + data.amount;
      let { items } = part;
      if (data.items.length > 0)
        for (const item of items.keys()) if (!data.items.includes(item)) items = items.delete(item);
      for (const item of data.items) if (!items.has(item)) items = items.set(item, sum);
      return { ...part, sum, colour: data.colour || part.colour, owner: owner?.owner ?? part.owner, items };
    },
    'thing.moved': (row, { data }) => row && { ...row, sum: row.sum + (row.partId === data.toPart ? 1 : -1) },
    'thing.emptied': (row) => row && { ...row, sum: 0 },
    'thing.dropped': () => undefined,
    'thing.polished': (row, { data }) => row && { ...row, sum: row.sum + data.amount },
    'timer.fired': (row) => row && { ...row, sum: row.sum + 1000 },
    'call.answered': (row, { data }) => row && { ...row, owner: `${row.owner}${data.outcome};` },
  },
  react: (before, after) => {
    const row = after ?? before;
    if (row === undefined || after === before) return [];
    return [emit(summed, { thingId: row.thingId, partId: row.partId, sum: after?.sum ?? -1 })];
  },
  views: [
    view(parts, partsByColour, ({ colour, thingId, partId, sum }) =>
      colour === 'none' ? undefined : { colour, thingId, partId, sum },
    ),
    viewEach(parts, itemCache, 'items', ['thingId', 'partId'], ({ thingId, partId }, since, item) => ({
      thingId,
      partId,
      item,
      since,
    })),
    view(parts, partIndex, ({ thingId, partId, owner, sum }) => ({ thingId, partId, owner, sum })),
  ],
});

/** The job with some of its functions replaced. */
export function changed(functions: Partial<Job>, name = addUp.name): Job {
  return { ...addUp, name, ...functions, fold: { ...addUp.fold, ...functions.fold } };
}
