/**
 * The two jobs of the model (`test/model/protocol.py`). A folds topic one into rows, with a lookup that changes meanwhile, shows them in a
 * view, calls a channel, and emits to topic two, which B folds. The result of a fold depends only on the event's value and the
 * lookup, so two owners that looked at different moments disagree.
 */

import { Entries } from '../../core/entries.ts';
import { defineEvent } from '../../core/event.ts';
import { defineTable, type RowOf } from '../../core/target.ts';
import { call, defineJob, emit, type Job, lookup, type Output, reject, view } from '../../jobs/define.ts';
import { defineTopic } from '../../topics/define.ts';

const text = <const N extends string>(name: N) => ({ name, type: 'string', doc: 'A text.' }) as const;
const number = <const N extends string>(name: N) => ({ name, type: 'long', doc: 'A number.' }) as const;

export const given = defineEvent(
  'one.given',
  { type: 'record', name: 'Given', fields: [text('key'), number('value')] },
  { key: 'k', value: 1 },
);
/** An event that no job folds. */
export const unwanted = defineEvent(
  'one.unwanted',
  { type: 'record', name: 'Unwanted', fields: [text('key')] },
  { key: 'k' },
);
const emittedEvent = defineEvent(
  'two.said',
  { type: 'record', name: 'Said', fields: [text('key'), text('said'), number('value')] },
  { key: 'k', said: 's', value: 1 },
);

export const one = defineTopic({ name: 'one', doc: 'What A folds.', key: 'key', events: [given, unwanted] });
export const two = defineTopic({ name: 'two', doc: 'What A emits.', key: 'key', events: [emittedEvent] });

const item = {
  type: 'record',
  name: 'Item',
  fields: [text('id'), number('value'), number('lookup')],
} as const;
/** What a row has applied, in order: each event with the lookup result that decided about it. */
const items = { name: 'items', type: { type: 'map', values: item }, doc: 'What was applied, by its place.' } as const;

const rowsOfA = defineTable({
  name: 'rows_of_a',
  doc: 'What A knows.',
  key: ['key'],
  record: { type: 'record', name: 'RowOfA', fields: [text('key'), items] },
});
const rowsOfB = defineTable({
  name: 'rows_of_b',
  doc: 'What B knows.',
  key: ['key'],
  record: { type: 'record', name: 'RowOfB', fields: [text('key'), items] },
});
export const shown = defineTable({
  name: 'shown',
  doc: 'The rows of A, each on one side or the other.',
  key: ['key'],
  sort: ['side'],
  record: { type: 'record', name: 'Shown', fields: [text('key'), text('side'), number('last')] },
});
export const lookups = defineTable({
  name: 'lookups',
  doc: 'What A looks up.',
  key: ['name'],
  record: { type: 'record', name: 'Lookup', fields: [text('name'), number('value')] },
});

export interface Item {
  readonly id: string;
  readonly value: number;
  readonly lookup: number;
}
type Verdict = 'applied' | 'unchanged' | 'rejected';

const VERDICTS: Readonly<Record<number, Verdict>> = { 0: 'unchanged', 1: 'rejected', 2: 'unchanged' };
const judge = (value: number, looked: number): Verdict => VERDICTS[(value + looked) % 6] ?? 'applied';
/** Whether a store refuses to hold the item. */
export const isPoison = ({ value, lookup: looked }: Item): boolean => value % 11 === 3 && looked % 3 === 0;

/** What A emits when it applies the n-th event of a row: events for topic two, each with its key, and calls. */
export function saysOf(key: string, n: number, { value, lookup: looked }: Item) {
  const events: (readonly [key: string, said: string])[] = [];
  if (value % 4 > 0) events.push([String(value % 3), [key, n, looked, value].join(' ')]);
  if (value % 5 === 0) events.push([String((value + 1) % 3), ['x', key, looked, value].join(' ')]);
  return { events, isCall: value % 3 === 0 };
}
export const messageOf = ({ id, value, lookup: looked }: Item): string => `${id} ${value} ${looked}`;

/** The view's record that shows the row, and its content. The key moves, and a change of the row often does not show. */
export function shows(key: string, list: readonly Item[]): { key: string; side: string; last: number } | undefined {
  const last = list.at(-1);
  return last && { key, side: `side-${Math.floor(list.length / 2) % 2}`, last: last.lookup % 2 };
}

type Row = RowOf<typeof rowsOfA>;

export const listOf = (row: Readonly<Record<string, unknown>> | undefined): Item[] => {
  const held = (row?.['items'] ?? Entries.empty()) as Entries<Item>;
  return [...held].sort(([a], [b]) => Number(a) - Number(b)).map(([, each]) => each);
};

function withItem(row: Row | undefined, key: string, each: Item): Row {
  const before = row?.items ?? Entries.empty<Item>();
  return { key, items: before.set(String(before.size), each) };
}

const lookUp = () => ({ looked: lookup(lookups, { name: 'it' }) });

export const jobA: Job = defineJob({
  name: 'job-a',
  doc: 'Applies, leaves or rejects, as value and lookup say.',
  from: one,
  on: [given],
  to: [two],
  row: rowsOfA,
  key: ({ data }) => ({ key: data.key }),
  lookups: lookUp,
  fold: {
    'one.given': (row, { id, data: { key, value } }, { looked }) => {
      const now = looked?.value ?? 0;
      const verdict = judge(value, now);
      if (verdict === 'rejected') return reject('FACT_IMPOSSIBLE', `${value} with ${now}`);
      return verdict === 'applied' ? withItem(row, key, { id, value, lookup: now }) : row;
    },
  },
  react: (before, after) => {
    if (after === undefined || after === before) return [];
    const n = after.items.size;
    const added = after.items.get(String(n - 1)) as Item;
    const { events, isCall } = saysOf(after.key, n, added);
    const outputs: Output<'two.said'>[] = events.map(([key, said]) =>
      emit(emittedEvent, { key, said, value: added.value }),
    );
    if (isCall)
      outputs.push(
        call({
          channel: 'sms',
          attempt: 1,
          messageId: messageOf(added),
          address: after.key,
          title: 'Said',
          body: '',
          link: null,
          unsubscribe: null,
        }),
      );
    return outputs;
  },
  views: [view(rowsOfA, shown, (row) => shows(row.key, listOf(row)))],
});

export const jobB: Job = defineJob({
  name: 'job-b',
  doc: 'Keeps everything that A said.',
  from: two,
  on: [emittedEvent],
  to: [],
  row: rowsOfB,
  key: ({ data }) => ({ key: data.key }),
  lookups: lookUp,
  fold: {
    'two.said': (row, { id, data: { key, value } }, { looked }) =>
      withItem(row, key, { id, value, lookup: looked?.value ?? 0 }),
  },
});
