/**
 * `npm run node -- test/bench/many-days.ts [days]`: queries over a table with a segment for each day, like the tables of the demo, by an
 * engine that stays open. The first query fetches the segments. The second one is the first to find them in the cache.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '../../duckdb/database.ts';
import { layoutOf } from '../../reports/columns.ts';
import { relationOf } from '../../reports/relations.ts';
import { deltaTable, segmentWriter } from '../../sinks/delta/index.ts';
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import { duckQueryEngine } from '../../sinks/query/duckdb/engine.ts';
import { drained, foldOf, START, visit, visits } from '../reports/visits.ts';

const DAYS = Number(process.argv[2] ?? 1000);
const DAY = 24 * 3_600_000;
const QUERIES = {
  'as stored': 'select sum(points) as points from visits__rollup',
  'sketches finished': 'select sum(points) as points, max(visitors) as visitors from visits',
};

const folder = mkdtempSync(join(tmpdir(), 'tributary-many-days-'));
const objects = directoryObjects(join(folder, 'objects'));
const table = 'rollups/visits/g1';
const layout = layoutOf(visits);
const duck = await openDuckDb({ folder: join(folder, 'duck') });
const delta = deltaTable({ objects, duck, table, now: Date.now, engine: 'bench' });
await delta.create({ layout });
const events = Array.from({ length: DAYS * 10 }, (_, n) =>
  visit({ page: `page-${n % 5}`, userId: `user-${n % 7}`, points: 1 }, { time: START - Math.floor(n / 10) * DAY }),
);
const writer = segmentWriter({ objects, duck, table, layout, writer: 'bench', now: Date.now });
const adds = await writer.write(drained(foldOf(visits, events)));
await delta.commit(() => ({ operation: 'WRITE', actions: adds.map((add) => ({ add })) }));
await duck.close();

const engine = await duckQueryEngine({
  objects,
  relations: [relationOf(visits)],
  currentTable: async () => table,
  now: Date.now,
  folder: join(folder, 'query'),
  location: join(folder, 'objects'),
  cacheBytes: 1e9,
  memoryBytes: 256e6,
});
console.log(`${adds.length} segments`);
for (let turn = 1; turn <= 4; turn += 1) {
  for (const [name, sql] of Object.entries(QUERIES)) {
    const [cpu, began] = [process.cpuUsage(), performance.now()];
    await using answer = await engine.query(sql);
    await Array.fromAsync(answer.pages);
    const { user, system } = process.cpuUsage(cpu);
    const [ms, cpuMs] = [performance.now() - began, (user + system) / 1000];
    console.log(`${turn}. ${name.padEnd(18)} ${cpuMs.toFixed(0).padStart(6)} ms CPU ${ms.toFixed(0).padStart(6)} ms`);
  }
}
await engine.close();
rmSync(folder, { recursive: true });
