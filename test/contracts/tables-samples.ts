/** Tables and rows for the tests of the tables port. */
import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { Entries } from '../../core/entries.ts';
import { defineTable, type RecordOf, type RowOf, type TableDef } from '../../core/target.ts';
import type { Change, Key, Version, WriteResult } from '../../sinks/port.ts';
import type { RowWrite, StoredRow, Tables } from '../../sinks/tables/port.ts';

export interface TablesUnderTest {
  readonly tables: Tables;
  /** Closes `tables`, and returns the tables as a process that starts later sees them. */
  reopen(): Promise<Tables>;
  /** Another client of the same data, which limits a row to this many bytes. */
  limited(largest: number): Tables;
}

export interface TablesOptions {
  /**
   * Whether the store compares whole versions when it writes. A store with a timestamp in every cell does not. It
   * cannot answer `stale`, cannot order two contents of one version, and needs a whole write by every new owner.
   */
  readonly tellsStale?: boolean;
  /** Whether a list of several keys (a prefix shorter than the fields of `key`) is in the order of the keys, too. */
  readonly ordersKeys?: boolean;
  /** The longest value of an indexed field, in bytes. A row with a longer one is refused. */
  readonly longestIndexed?: number;
}

/** What a test gets: a store with both tables, and a tenant, a job and a partition that no other test uses. */
export interface Scene {
  readonly tables: Tables;
  readonly tenant: string;
  readonly job: string;
  readonly partition: number;
  readonly tellsStale: boolean;
  readonly ordersKeys: boolean;
  readonly longestIndexed: number;
  reopen(): Promise<Tables>;
  limited(largest: number): Tables;
  /** A key of `learners`. */
  key(userId: string, batchId: string): Key;
}

export async function scene(under: TablesUnderTest, options: TablesOptions): Promise<Scene> {
  const { tables } = under;
  await tables.prepare([learners, board]);
  const tenant = `tenant-${randomUUID()}`;
  return {
    tables,
    tenant,
    job: `job-${randomUUID()}`,
    partition: randomInt(2 ** 31),
    tellsStale: options.tellsStale ?? true,
    ordersKeys: options.ordersKeys ?? true,
    longestIndexed: options.longestIndexed ?? Number.POSITIVE_INFINITY,
    reopen: () => under.reopen(),
    limited: (largest) => under.limited(largest),
    key: (userId, batchId) => [tenant, userId, batchId],
  };
}

export const learners = defineTable({
  name: 'contract_learners',
  doc: 'Rows with a field of every kind.',
  key: ['userId'],
  sort: ['batchId'],
  indexed: ['courseId', 'region'],
  record: {
    type: 'record',
    name: 'Learner',
    fields: [
      { name: 'userId', type: 'string', doc: 'The first part of the key.' },
      { name: 'batchId', type: 'string', doc: 'The second part of the key.' },
      { name: 'courseId', type: 'string', doc: 'An indexed text.' },
      { name: 'region', type: ['null', 'string'], doc: 'An indexed text that may be missing.' },
      { name: 'state', type: { type: 'enum', name: 'State', symbols: ['open', 'done'] }, doc: 'One of a few.' },
      { name: 'active', type: 'boolean', doc: 'Yes or no.' },
      { name: 'disability', type: ['null', 'boolean'], doc: 'Yes, no or not known.' },
      { name: 'progress', type: 'int', doc: 'A small number.' },
      { name: 'joinedAt', type: 'long', doc: 'A large number.' },
      { name: 'completedAt', type: ['null', 'long'], doc: 'A large number that may be missing.' },
      { name: 'score', type: 'double', doc: 'A number with a fraction.' },
      { name: 'digest', type: 'bytes', doc: 'Some bytes.' },
      { name: 'tags', type: { type: 'array', items: 'string' }, doc: 'A list.' },
      {
        name: 'last',
        type: [
          'null',
          {
            type: 'record',
            name: 'Last',
            fields: [
              { name: 'at', type: 'long', doc: 'When.' },
              { name: 'sign', type: ['null', 'bytes'], doc: 'Bytes within a record.' },
              { name: 'by', type: { type: 'map', values: 'string' }, doc: 'A map within a record.' },
            ],
          },
        ],
        doc: 'A record.',
      },
      {
        name: 'contents',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'Content',
            fields: [
              { name: 'at', type: 'long', doc: 'When.' },
              { name: 'score', type: ['null', 'double'], doc: 'How well.' },
            ],
          },
        },
        doc: 'A map of records.',
      },
      { name: 'counts', type: { type: 'map', values: 'long' }, doc: 'A map of numbers.' },
    ],
  },
});
export type Learner = RowOf<typeof learners>;

export const board = defineTable({
  name: 'contract_board',
  doc: 'A view: the learners of a course in an order.',
  key: ['courseId'],
  sort: ['rank', 'userId'],
  record: {
    type: 'record',
    name: 'Place',
    fields: [
      { name: 'courseId', type: 'string', doc: 'The course.' },
      { name: 'rank', type: 'string', doc: 'What orders.' },
      { name: 'userId', type: 'string', doc: 'Who.' },
      { name: 'progress', type: 'int', doc: 'How far.' },
      { name: 'doneAt', type: ['null', 'long'], doc: 'When, if at all.' },
      { name: 'parts', type: { type: 'map', values: 'int' }, doc: 'A map of the view.' },
    ],
  },
});
export type Place = RecordOf<typeof board>;

export function learner(key: Key, over: Partial<Learner> = {}): Learner {
  return {
    userId: key[1] as string,
    batchId: key[2] as string,
    courseId: 'course-1',
    region: null,
    state: 'open',
    active: true,
    disability: null,
    progress: 0,
    joinedAt: 1_700_000_000_000,
    completedAt: null,
    score: 0,
    digest: Uint8Array.of(1, 2, 3),
    tags: [],
    last: null,
    contents: Entries.empty(),
    counts: Entries.empty(),
    ...over,
  };
}

type Over = Partial<Omit<RowWrite, 'key' | 'version' | 'data'>> & { data?: Partial<Learner> | undefined };

/** A write of `learners`. `data: undefined` deletes the row. */
export function write(key: Key, version: Version, over: Over = {}): RowWrite {
  const { data, ...rest } = { data: {}, ...over };
  return {
    key,
    version,
    at: `at ${version.token}.${version.revision}`,
    outbox: '',
    timers: {},
    partition: 0,
    whole: false,
    data: data && learner(key, data),
    ...rest,
  };
}

/** A change of `board`. */
export function place(key: Key, version: Version, over: Partial<Place> = {}): Change {
  const [, courseId, rank, userId] = key as [string, string, string, string];
  return { key, version, record: { courseId, rank, userId, progress: 0, doneAt: null, parts: {}, ...over } };
}

export function removal(key: Key, version: Version): Change {
  return { key, version, record: undefined };
}

export function v(token: number, revision: number): Version {
  return { token, revision };
}

export async function readOne(tables: Tables, table: TableDef, key: Key): Promise<StoredRow | undefined> {
  return (await tables.read(table, [key]))[0];
}

/** The value as plain data: bytes as hexadecimal text, `Entries` as pairs sorted by key. */
export function shown(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (value instanceof Entries) return { entries: [...value].sort(byKey).map(shown) };
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(byKey)
    .map(([key, each]) => [key, shown(each)]);
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** Asserts that the stored row has exactly the content of the write. */
export async function assertHolds(tables: Tables, expected: RowWrite): Promise<void> {
  const row = await readOne(tables, learners, expected.key);
  const { key, version, at, outbox, timers, data } = expected;
  assert.deepEqual(shown(row), shown({ key, version, at, outbox, timers, data }));
}

/** Asserts that every write lost, as far as the store reports it. */
export function assertLost(results: readonly WriteResult[], { tellsStale }: Scene): void {
  for (const result of results) assert.ok(result === 'stale' || (!tellsStale && result === 'written'), String(result));
}

/** All pages of a list. Checks that each keeps to the limit. */
export async function allPages(tables: Tables, table: TableDef, prefix: Key, limit: number): Promise<unknown[]> {
  const items: unknown[] = [];
  let after: string | undefined;
  do {
    const page = await tables.select(table, prefix, { limit, after });
    assert.ok(page.items.length <= limit, 'a page keeps to the limit');
    assert.ok(page.items.length === limit || page.next === undefined, 'only the last page is short');
    items.push(...page.items);
    assert.ok(items.length < 10_000, 'the pages come to an end');
    after = page.next;
  } while (after !== undefined);
  return items;
}

export const HOSTILE = [
  "'",
  '"',
  '`',
  "'; DROP TABLE contract_learners; --",
  '"; DROP TABLE "contract_learners',
  '__proto__',
  'constructor',
  'toString',
  'line\nbreak\r\n\ttab',
  ' ',
  'a\\b',
  'a/b:c|d',
  'a\u0000b',
  '%',
  '_',
  '*',
  '?1',
  '$1',
  ':name',
  '{"a":[1]}',
  '["a"]',
  'null',
  '0',
  '-1',
  '1e3',
  'caf\u00e9',
  'cafe\u0301',
  'ﷺ',
  '日本語',
  '🎓👩🏽‍🎓',
  'x'.repeat(5000),
  'ü'.repeat(5000),
];
