import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  EMPTY,
  formatOutbox,
  inTurn,
  moved,
  type OutboxEntry,
  parseOutbox,
  pending,
} from '../../../jobs/runtime/rows/outbox.ts';

const entryAt = (offset: number) => ({ partition: 2, offset, time: 1_700_000_000_000 + offset, tenant: 'default' });
const event = (offset: number, type = 'sum.summed'): OutboxEntry => ({
  kind: 'event',
  ...entryAt(offset),
  topic: 'sum.events',
  type,
  key: 'ä\u{1F30A}',
  value: Uint8Array.of(0, 1, 254, 255, offset),
});
const others: readonly OutboxEntry[] = [
  { ...event(4), key: null } as OutboxEntry,
  { kind: 'removal', ...entryAt(5), view: 'parts_by_colour', key: ['default', 'red', '__proto__'] },
  {
    kind: 'call',
    ...entryAt(6),
    row: ['default', 't', 'p'],
    channel: 'mail',
    attempt: 2,
    message: { messageId: 'm', address: 'a@example.org', title: '"', body: '\n', link: null, unsubscribe: null },
  },
  { kind: 'rejection', ...entryAt(7), code: 'FACT_IMPOSSIBLE', message: 'no' },
];

const before = (first: number) => (partition: number, offset: number) => partition === 2 && offset < first;
const NONE_LEFT = before(0);
const parsed = (text: string, hasLeft = NONE_LEFT) => parseOutbox(text, 'id', 'default', hasLeft);

const bytesOf = (entries: readonly OutboxEntry[]) =>
  entries.map((entry) => (entry.kind === 'event' ? { ...entry, value: [...entry.value] } : entry));

test('every kind of entry is the same after writing and reading, with all bytes', () => {
  const entries = [event(3), ...others];
  assert.deepEqual(bytesOf(parsed(formatOutbox(entries, 'id'))), bytesOf(entries));
  assert.equal(formatOutbox([], 'id'), '');
  assert.equal(parsed(''), EMPTY);
});

test('bytes that are a part of larger ones are written without the rest', () => {
  const large = Uint8Array.of(9, 9, 0, 1, 2, 9);
  const entry = { ...event(1), value: large.subarray(2, 5) } as OutboxEntry;
  assert.deepEqual(bytesOf(parsed(formatOutbox([entry], 'id'))), [{ ...entry, value: [0, 1, 2] }]);
});

test('pending is what is in the batch or after it', () => {
  const entries = [event(3), event(4), event(5)];
  assert.deepEqual(pending(entries, before(4)), [entries[1], entries[2]]);
  assert.equal(pending(entries, before(3)), entries, 'nothing is copied where nothing is dropped');
  assert.deepEqual(pending(entries, before(6)), []);
});

test('a batch sends what is within it, by offset, then row, then index', () => {
  const rows = [
    { id: 'b', outbox: [event(3, 'b3'), event(5, 'b5'), event(5, 'b5 too')] },
    { id: 'a', outbox: [event(2, 'a2'), event(5, 'a5'), event(9, 'a9')] },
  ];
  const types = (first: number, last: number, within = true) =>
    inTurn(rows, { partition: 2, first, last }, within).map((entry) =>
      entry.kind === 'event' ? entry.type : entry.kind,
    );
  assert.deepEqual(types(3, 5), ['b3', 'a5', 'b5', 'b5 too']);
  assert.deepEqual(types(6, 8), []);
  assert.deepEqual(types(9, 9), ['a9']);
  assert.deepEqual(types(0, 100), ['a2', 'b3', 'a5', 'b5', 'b5 too', 'a9']);
  assert.deepEqual(types(9, 9, false), ['a2', 'b3', 'a5', 'b5', 'b5 too', 'a9']);
});

test('a row that is read no longer has what was sent', () => {
  const text = formatOutbox([event(3), event(5)], 'id');
  assert.deepEqual(bytesOf(parsed(text, before(3))), bytesOf([event(3), event(5)]));
  assert.deepEqual(bytesOf(parsed(text, before(5))), bytesOf([event(5)]));
  assert.equal(parsed(text, before(6)), EMPTY);
  assert.equal(parsed('2:5[no JSON', before(6)), EMPTY, 'nor is it read');
});

test('entries of two partitions are distinguished', () => {
  const old = { ...event(9), partition: 0 };
  const entries = [old, event(3), event(9)];
  assert.deepEqual(bytesOf(parsed(formatOutbox(entries, 'id'))), bytesOf(entries));
  assert.deepEqual(bytesOf(parsed(formatOutbox(entries, 'id'), before(4))), bytesOf([old, event(9)]));
  assert.deepEqual(inTurn([{ id: 'a', outbox: entries }], { partition: 2, first: 0, last: 20 }, true), [
    entries[1],
    entries[2],
  ]);
});

test('entries that a record caused at its old position move to its new position', () => {
  const old = { ...event(9), partition: 0 };
  const entries = [old, event(3)];
  assert.deepEqual(moved(entries, [0, 9], { partition: 2, offset: 7 }), [
    { ...old, partition: 2, offset: 7 },
    entries[1],
  ]);
  assert.equal(moved(entries, [0, 3], { partition: 2, offset: 7 }), entries);
  assert.equal(moved(entries, [1, 9], { partition: 2, offset: 7 }), entries);
});
