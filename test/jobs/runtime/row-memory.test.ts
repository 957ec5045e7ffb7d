/** The rows kept in memory between batches, and their size. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Entries } from '../../../core/entries.ts';
import { RowBudget } from '../../../jobs/runtime/row-budget.ts';
import { OtherPartitions } from '../../../jobs/runtime/rows/other-partitions.ts';
import { bytesOf, charactersOf, readyBytesOf } from '../../../jobs/runtime/rows/row-size.ts';
import { PartitionRows } from '../../../jobs/runtime/rows/rows.ts';
import type { Key } from '../../../sinks/port.ts';
import type { StoredRow, Tables } from '../../../sinks/tables/port.ts';
import { Random } from '../../../testing/random.ts';
import type { Transport } from '../../../topics/log/transport.ts';
import { addUp, parts, things } from './add-up.ts';

/** Yields to an otherwise empty event loop. */
const alone = async () => {};

const keyOf = (partId: string): Key => ['default', 't', partId];
const idOf = (partId: string): string => keyOf(partId).join('\0');

/** A store that has every part except `none`, with a colour of the given length. `read` lists the parts that were read. */
function store(lengthOf: (partId: string) => number = () => 10, outbox = '') {
  const read: string[] = [];
  const tables: Pick<Tables, 'read'> = {
    async read(_table, keys) {
      return keys.map((key): StoredRow | undefined => {
        const partId = key[2] as string;
        read.push(partId);
        if (partId === 'none') return undefined;
        const colour = 'c'.repeat(lengthOf(partId));
        const data = { thingId: 't', partId, sum: 1, colour, owner: '', items: Entries.stored([['i', 1]]) };
        return { key, version: { token: 1, revision: 1 }, at: '2||0:7', outbox, timers: { wake: 5 }, data };
      });
    },
  };
  return { tables: tables as Tables, read };
}

function partition(tables: Tables, budget: RowBudget) {
  const assignment = { job: addUp.name, topic: things.name, partition: 0 };
  const rows = new PartitionRows(parts, tables, budget);
  const otherPartitions = new OtherPartitions(assignment, {} as Transport, { read: async () => [] });
  rows.begin({ token: 1, partition: 0, topicId: '', otherPartitions, stopAbove: true });
  return {
    rows,
    load: (...names: string[]) => rows.load(new Map(names.map((name) => [idOf(name), keyOf(name)])), () => false),
    trim: (...names: string[]) => rows.trim([...names.map(idOf), 'unknown'], () => false, alone),
    ready: () => rows.ready.map((id) => id.split('\0')[2] as string),
    async batch(...names: string[]) {
      await this.load(...names);
      await this.trim(...names);
    },
  };
}

const names = (count: number, prefix = 'p'): string[] => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

test('the latest rows of a batch stay ready, others are packed, and the first are dropped', async () => {
  const { tables, read } = store();
  const budget = new RowBudget(10_000);
  const one = partition(tables, budget);
  const all = names(60);
  await one.load(...all, 'none');
  assert.equal(one.ready().length, 61, 'never those of the batch at hand');
  const before = { ...one.rows.get(idOf('p-40')) };
  await one.trim('none', ...all);
  assert.deepEqual(one.ready(), ['p-59']);
  assert.ok(budget.taken > 5000 && budget.taken <= 10_000);
  read.length = 0;
  await one.load('p-40', 'p-59');
  assert.deepEqual(read.splice(0), []);
  assert.deepEqual(one.rows.get(idOf('p-40')), before, 'packed, it is the same');
  await one.load('p-0');
  assert.deepEqual(read.splice(0), ['p-0'], 'it was forgotten');
  one.rows.clear();
  assert.deepEqual([one.ready(), budget.taken], [[], 0]);
  await one.load('p-40');
  assert.deepEqual(read, ['p-40']);
});

test('that the store has no such row is cached as well', async () => {
  const { tables, read } = store();
  const one = partition(tables, new RowBudget(10_000));
  await one.batch('none', ...names(10));
  await one.load('none');
  assert.deepEqual(read, ['none', ...names(10)]);
  assert.equal(one.rows.get(idOf('none')).stored, undefined);
});

test('without memory for rows nothing is cached', async () => {
  const { tables } = store();
  const budget = new RowBudget(0);
  const one = partition(tables, budget);
  await one.batch(...names(5));
  assert.deepEqual([one.ready(), budget.taken], [[], 0]);
});

test('sent outbox entries are not packed with their row, and pending ones are unpacked', async () => {
  const stored = '2||0:7[[7,0,"sum.events","sum.summed","t","AA=="]]';
  for (const hasLeft of [true, false]) {
    const one = partition(store(undefined, stored).tables, new RowBudget(10_000));
    await one.load('p', 'q');
    const { outbox } = one.rows.get(idOf('p'));
    assert.equal(outbox.length, 1);
    await one.rows.trim([idOf('q')], () => hasLeft, alone);
    assert.deepEqual(one.ready(), ['q']);
    await one.load('p');
    assert.deepEqual(one.rows.get(idOf('p')).outbox, hasLeft ? [] : outbox);
  }
});

test('partitions share the memory: the least recently used rows are dropped first, whichever partition they belong to', async () => {
  const { tables, read } = store();
  const budget = new RowBudget(20_000);
  const [one, other] = [partition(tables, budget), partition(tables, budget)];
  await one.batch(...names(25, 'a'));
  await other.batch(...names(25, 'b'));
  await one.batch('a-24');
  assert.ok(budget.taken <= 20_000);
  for (let n = 0; n < 8; n++) await other.batch(...names(25, `c${n}`));
  assert.ok(budget.taken <= 20_000 && budget.taken > 15_000, `${budget.taken}`);
  assert.deepEqual(one.ready(), [], 'the idle one has given up everything');
  read.length = 0;
  await other.load(...names(25, 'c7'));
  assert.deepEqual(read, [], 'the busy one has more than half of it');
  await one.load('a-24');
  assert.deepEqual(read, ['a-24']);
});

test('a partition in the middle of a batch keeps the rows of the batch, whatever others need', async () => {
  const { tables } = store();
  const budget = new RowBudget(10_000);
  const [one, other] = [partition(tables, budget), partition(tables, budget)];
  await one.batch('a-1');
  await one.load('a-1', 'a-2');
  const { data } = one.rows.get(idOf('a-1'));
  for (let n = 0; n < 9; n++) await other.batch(...names(25, `b${n}`));
  assert.deepEqual(one.ready(), ['a-1', 'a-2']);
  assert.equal(one.rows.get(idOf('a-1')).data, data);
  await one.trim('a-1', 'a-2');
  assert.ok(budget.taken <= 10_000);
});

test('a partition that was released no longer takes part', async () => {
  const { tables } = store();
  const budget = new RowBudget(10_000);
  const [one, other] = [partition(tables, budget), partition(tables, budget)];
  await one.batch(...names(10));
  assert.equal(budget.share, 5000);
  one.rows.clear();
  assert.deepEqual([budget.share, budget.taken], [10_000, 0]);
  await other.batch('p');
  assert.ok(budget.taken > 0);
});

test('a large row counts with its size, and one that is too large for the memory does not displace the others', async () => {
  const large = 20_000_000;
  const { tables, read } = store((partId) => (partId === 'large' ? large : 10));
  const budget = new RowBudget(1_000_000);
  const one = partition(tables, budget);
  await one.batch('p', 'large', 'q');
  assert.ok(budget.taken < 10_000, 'it is not kept');
  await one.load('p', 'q');
  assert.deepEqual(read, ['p', 'large', 'q']);
  await one.trim('p', 'q');

  const roomy = new RowBudget(100_000_000);
  const two = partition(tables, roomy);
  await two.batch('p', 'large');
  assert.ok(roomy.taken > large, 'it is');
  assert.deepEqual(
    two.ready(),
    ['p', 'large'].slice(1),
    'ready, since it was used last, although it is more than a share',
  );
  await two.batch('q');
  assert.ok(roomy.taken > large && roomy.taken < 2 * large, 'packed since another was used later');
  assert.deepEqual(two.ready(), ['q']);
});

test('whatever is loaded, used and released, the count matches what is kept, and is within the memory between batches', async () => {
  const random = new Random(11);
  for (let round = 0; round < 30; round++) {
    const { tables } = store((partId) => (partId.length * 7919) % 900);
    const budget = new RowBudget(random.below(60_000));
    const all = Array.from({ length: 1 + random.below(4) }, () => partition(tables, budget));
    for (let step = 0; step < 40; step++) {
      const one = random.pick(all);
      if (random.chance(0.1)) one.rows.clear();
      else await one.batch(...Array.from({ length: 1 + random.below(30) }, () => 'x'.repeat(1 + random.below(40))));
      assert.ok(budget.taken >= 0 && budget.taken <= budget.bytes, `${budget.taken} of ${budget.bytes}`);
    }
    for (const one of all) one.rows.clear();
    assert.equal(budget.taken, 0);
  }
});

test('a partition that can release nothing is skipped, and does not make the others wait', () => {
  const budget = new RowBudget(10);
  const gaveUp: string[] = [];
  const keeper = (name: string, times: number[], each = 5) => ({
    oldest: () => times[0],
    giveUp() {
      gaveUp.push(`${name}@${times.shift()}`);
      budget.count(-each);
    },
  });
  budget.join(keeper('stuck', []));
  budget.join(keeper('a', [2, 5]));
  budget.join(keeper('b', [1, 3]));
  budget.count(28);
  budget.settle();
  assert.deepEqual([gaveUp, budget.taken], [['b@1', 'a@2', 'b@3', 'a@5'], 8]);
  budget.count(28);
  budget.settle();
  assert.equal(budget.taken, 36, 'there is nothing left');
  budget.join(keeper('liar', [1], 0));
  budget.settle();
  assert.equal(gaveUp.at(-1), 'liar@1');
});

test('the size of a row depends on its texts, maps, lists and outbox', () => {
  const sized = (data: Record<string, unknown>, value = 0) => {
    const entry = {
      kind: 'event',
      partition: 0,
      offset: 1,
      time: 1,
      tenant: 't',
      topic: 'x',
      type: 'y',
      key: 'k',
    } as const;
    return { data, outbox: value === 0 ? [] : [{ ...entry, value: new Uint8Array(value) }] };
  };
  const small = charactersOf(sized({ a: 'x', b: 1, c: null }));
  assert.ok(small > 15 && small < 60, `${small}`);
  const map = (count: number) =>
    Entries.stored(Array.from({ length: count }, (_, n) => [`k-${n}`, { v: n, at: 1e12 }]));
  for (const [name, data, outbox] of [
    ['text', { a: 'x'.repeat(100_000) }, 0],
    ['map', { a: map(5000) }, 0],
    ['list', { a: Array(10_000).fill('sevenxx') }, 0],
    ['outbox', {}, 75_000],
  ] as const) {
    const size = charactersOf(sized(data, outbox));
    assert.ok(size > 80_000 && size < 400_000, `${name}: ${size}`);
  }
  assert.ok(readyBytesOf(sized({ a: 'x' })) > charactersOf(sized({ a: 'x' })));
  assert.deepEqual([bytesOf('abc'), bytesOf('абв')], [3, 6]);
});
