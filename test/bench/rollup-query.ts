/**
 * A query over a table of many small segments, as left by a rollup that publishes often, and over the same table after compaction.
 * One measurement in its own process; prints one JSON line.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '../../duckdb/database.ts';
import { sourceOf } from '../../reports/runtime/datasource-source.ts';
import { openGeneration } from '../../reports/runtime/tables.ts';
import { summarySql } from '../../reports/sql/finish.ts';
import { compact, deltaTable, filesOf, pinFiles } from '../../sinks/delta/index.ts';
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import { segmentCache } from '../../sinks/segments/cache.ts';
import { segmentsSql } from '../../sinks/segments/source.ts';
import { drained, foldOf, START, visit, visits } from '../reports/visits.ts';

export interface Queried {
  readonly segments: number;
  readonly rows: number;
  /** The median time of a query in ms, before and after: sums by page, and everything by page, with distinct visitors and quantiles. */
  readonly sumsMs: readonly [number, number];
  readonly sketchesMs: readonly [number, number];
  readonly afterRows: number;
  readonly compactionMs: number;
}

const SEGMENTS = Number(process.argv[2] ?? 500);
const ROWS = 400;
const TIMES = 7;

const folder = mkdtempSync(join(tmpdir(), 'tributary-query-'));
const objects = directoryObjects(join(folder, 'objects'));
const cache = segmentCache({ folder: join(folder, 'cache'), objects, maxBytes: 2_000_000_000 });
const duck = await openDuckDb({ folder: join(folder, 'duck'), readable: [cache.folder] });
const source = sourceOf(visits);
const { layout, sortBy, merge } = source;
const { table, write } = await openGeneration({ objects, duck, now: Date.now, engine: 'bench' }, source, 1);

for (let n = 0; n < SEGMENTS; n++) {
  const events = Array.from({ length: ROWS }, (_, i) =>
    visit(
      { userId: `user-${(n * ROWS + i * 31) % 5000}`, page: `page-${i}`, points: i, seconds: 1 + (i % 300) },
      // A quarter of an hour has some ten segments; half a day has all of them.
      { time: START + Math.floor((n / SEGMENTS) * 48) * 900_000 },
    ),
  );
  const adds = await write(drained(foldOf(visits, events)));
  await table.commit(() => ({ operation: 'WRITE', actions: adds.map((add) => ({ add })) }));
}

async function middleMs(sql: string): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i <= TIMES; i++) {
    const began = performance.now();
    await duck.using((connection) => connection.rows(sql));
    // The first query warms up.
    if (i > 0) times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[Math.floor(TIMES / 2)] as number;
}

async function queried() {
  const snapshot = await deltaTable({ objects, duck, table: table.table, now: Date.now, engine: 'bench' }).refresh();
  const files = filesOf(snapshot);
  await using pinned = await pinFiles(cache, snapshot, files);
  const from = `(${segmentsSql(layout, pinned.paths)}) stored`;
  const sums = `SELECT page, sum(visits), sum(points), max(most) FROM ${from} GROUP BY page ORDER BY page`;
  return {
    sumsMs: await middleMs(sums),
    sketchesMs: await middleMs(summarySql(visits, { from, by: ['page'] })),
    rows: files.reduce((sum, { stats }) => sum + (JSON.parse(stats ?? '{}') as { numRecords: number }).numRecords, 0),
    segments: files.length,
  };
}

const before = await queried();
const began = performance.now();
const rule = merge === undefined ? {} : { merge };
await compact(table, { objects, duck, cache, layout, writer: 'compaction', sortBy, now: Date.now, ...rule });
const compactionMs = performance.now() - began;
const after = await queried();
await duck.close();
rmSync(folder, { recursive: true });
const result: Queried = {
  segments: before.segments,
  rows: before.rows,
  sumsMs: [before.sumsMs, after.sumsMs],
  sketchesMs: [before.sketchesMs, after.sketchesMs],
  afterRows: after.rows,
  compactionMs,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
