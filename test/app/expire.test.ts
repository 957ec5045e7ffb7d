/** Data past its retention is deleted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expire } from '../../app/upkeep/expire.ts';
import { IN_MEMORY, openDatabase } from '../../embedded/database.ts';
import { jobs } from '../../jobs/index.ts';
import type { Stores } from '../../jobs/runtime/stores.ts';
import { indexesOf, tablesOf } from '../../modules/derived.ts';
import { sqliteSearch } from '../../sinks/search/sqlite/search.ts';
import { sqliteTables } from '../../sinks/tables/sqlite/tables.ts';
import { embeddedTransport } from '../../topics/embedded/transport.ts';

type Expiring = Pick<Stores, 'transport' | 'tables' | 'search'>;

const sweeping = (count: (() => number) | number, asked: unknown[] = []): Expiring => {
  const answer = async (of: unknown): Promise<number> => {
    asked.push(of);
    return typeof count === 'number' ? count : count();
  };
  return { transport: { expire: answer }, tables: { sweep: answer }, search: { sweep: answer } } as unknown as Expiring;
};

async function logged(stores: Expiring, signal = new AbortController().signal): Promise<string[]> {
  const lines: string[] = [];
  const logger = {
    info: (line: string) => lines.push(`info ${line}`),
    warn: (line: string) => lines.push(`warn ${line}`),
  };
  await expire(stores, jobs, { logger, now: 77, signal });
  return lines;
}

test('expired records, rows and documents of all jobs are deleted, and their number is reported', async () => {
  const asked: unknown[] = [];
  assert.deepEqual(await logged(sweeping(3, asked)), [
    'info 3 records past their retention are deleted for good',
    'info 3 rows that were removed are deleted for good',
    'info 3 documents that were removed are deleted for good',
  ]);
  assert.deepEqual(asked, [77, tablesOf(jobs), indexesOf(jobs)]);
  assert.deepEqual(await logged(sweeping(0)), []);
});

test('a store that is away does not prevent the others from being asked', async () => {
  const lines = await logged(
    sweeping(() => {
      throw new Error('it is away');
    }),
  );
  assert.equal(lines.length, 3);
  for (const line of lines) assert.match(line, /^warn .* are not deleted: it is away; it is tried again$/);
});

test('stores that are closing are not asked, and cause no complaint', async () => {
  const ending = new AbortController();
  const asked: unknown[] = [];
  const closing = sweeping(() => {
    ending.abort();
    throw new Error('it was closed');
  }, asked);
  assert.deepEqual(await logged(closing, ending.signal), []);
  assert.deepEqual(asked, [77]);
});

test('stores from which nothing was deleted have nothing to expire', async (t) => {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  const [tables, search] = [sqliteTables(database), sqliteSearch(database)];
  await tables.prepare(tablesOf(jobs));
  await search.prepare(indexesOf(jobs));
  assert.deepEqual(await logged({ transport: embeddedTransport(database), tables, search }), []);
});
