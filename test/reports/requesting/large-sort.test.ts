/** A report whose rows do not fit into the memory for queries. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { defineReport, type Reads } from '../../../reports/define-report.ts';
import { FILE_OPTIONS } from '../../../reports/files/options.ts';
import { rowsOf } from '../../../reports/requesting/rows.ts';
import { directoryObjects } from '../../../sinks/objects/directory/objects.ts';
import { duckQueryEngine } from '../../../sinks/query/duckdb/engine.ts';
import { temporaryFolder } from '../../contracts/delta-samples.ts';
import { visits } from '../visits.ts';

const ROWS = 400_000;
const MEGABYTE = 1024 * 1024;

/** In every row, and in no other text. */
const PLANTED = 'Zebulon Quillfeather';

/** About 50 MB, generated in another order than they are sorted. */
const sorted = defineReport({
  name: 'sorted',
  title: 'Sorted',
  answers: 'Which rows are there?',
  version: 1,
  role: 'analyst',
  freshMs: 60_000,
  parameters: {},
  columns: {
    place: { title: 'Place', type: 'long', doc: 'From 0 on.', unit: 'places' },
    name: { title: 'Name', type: 'string', doc: 'A long one.', personal: true },
  },
  from: {
    reads: [visits],
    sql: () => `select (i * 7919) % ${ROWS} as place, '${PLANTED} ' || md5(i || :tenant) || md5(:tenant || i) || md5(i || '') as name
      from range(${ROWS}) t(i) order by place`,
  },
});

const unread = (): never => assert.fail('the report reads nothing by key');
const NOTHING: Reads = { rows: unread, pages: unread, lags: unread, deadLetters: unread };

function filesIn(folder: string): Buffer[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  return files.map(({ parentPath, name }) => readFileSync(join(parentPath, name)));
}

test('a sort that does not fit into memory goes over the disk, unreadable, and every row comes once, in order', async (t) => {
  const folder = await temporaryFolder(t);
  const engine = await duckQueryEngine({
    folder,
    objects: directoryObjects(join(folder, 'objects')),
    currentTable: async () => undefined,
    now: Date.now,
    relations: [],
    location: folder,
    cacheBytes: MEGABYTE,
    memoryBytes: 32 * MEGABYTE,
    threads: 1,
  });
  t.after(() => engine.close());
  const sources = {
    reads: () => NOTHING,
    query: async () => engine,
    text: () => assert.fail('there is no file'),
    positions: async () => ({}),
  };
  const wanted = { report: sorted, tenant: 'default', values: {}, columns: null, csv: FILE_OPTIONS };
  let place = 0;
  let spilled: Buffer[] = [];
  {
    await using rows = await rowsOf(wanted, sources);
    assert.equal(rows.areLines, true);
    for await (const page of rows.pages) {
      if (place === 0) spilled = filesIn(folder);
      for (const [line] of page) {
        assert.ok(String(line).startsWith(`${place},${PLANTED} `), String(line));
        place += 1;
      }
    }
  }
  assert.equal(place, ROWS);
  const bytes = spilled.reduce((sum, { length }) => sum + length, 0);
  assert.ok(bytes > 10 * MEGABYTE, `${bytes} bytes were on the disk`);
  assert.ok(!spilled.some((file) => file.includes(PLANTED)), 'no row can be read there');
});
