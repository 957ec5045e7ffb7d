/**
 * What a commit to a Delta table costs at 10, 1,000 and 10,000 commits, and what it then costs to open the table. The table is in a
 * directory, and all is measured in one run, so that the figures are ratios. Nothing is compacted, which is the worst case; checkpoints
 * are included. Prints a table. `node test/bench/delta.ts [commits]` stops at that many commits.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '../../duckdb/database.ts';
import { type Add, type DeltaTable, deltaTable } from '../../sinks/delta/index.ts';
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import type { Layout } from '../../sinks/segments/columns.ts';

const MEASURED = 100;
const POINTS = [10, 1000, 10_000];
const DAYS = 30;
const PARTITIONS = 8;
const most = Number(process.argv[2] ?? POINTS.at(-1));

const LAYOUT: Layout = {
  partition: 'date',
  columns: [
    { name: 'date', type: 'date', nullable: false },
    { name: 'at', type: 'timestamp', nullable: false },
    { name: 'tenant', type: 'string', nullable: false },
    { name: 'count', type: 'long', nullable: false },
  ],
};

const folder = mkdtempSync(join(tmpdir(), 'tributary-delta-'));
const objects = directoryObjects(join(folder, 'objects'));
const duck = await openDuckDb({ folder: join(folder, 'duck') });
const open = (): DeltaTable => deltaTable({ objects, duck, table: 'bench', now: Date.now, engine: 'bench' });

function addOf(n: number): Add {
  const day = new Date(Date.UTC(2026, 10, 1 + (n % DAYS))).toISOString().slice(0, 10);
  const bounds = `{"at":"${day}T09:00:00.000Z","tenant":"north","count":${n}}`;
  return {
    path: `date=${day}/bench-${String(n).padStart(8, '0')}.parquet`,
    partitionValues: { date: day },
    size: 4000 + n,
    modificationTime: Date.now(),
    dataChange: true,
    stats: `{"numRecords":400,"minValues":${bounds},"maxValues":${bounds},"nullCount":{"at":0,"tenant":0,"count":0}}`,
  };
}

let next = 0;
async function commit(table: DeltaTable): Promise<void> {
  const n = next++;
  await table.commit(() => ({
    operation: 'WRITE',
    actions: [{ add: addOf(n) }, { txn: { appId: `job:topic:${n % PARTITIONS}`, version: n } }],
  }));
}

interface Cost {
  readonly ms: number;
  readonly cpuMs: number;
}

async function timed(work: () => Promise<void>): Promise<Cost> {
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { ms: performance.now() - began, cpuMs: (user + system) / 1000 };
}

try {
  const table = open();
  await table.create({ layout: LAYOUT });
  const found: { point: number; commit: Cost; opening: Cost }[] = [];
  for (const point of POINTS.filter((each) => each <= most)) {
    while (next < point) await commit(table);
    const all = await timed(async () => {
      for (let n = 0; n < MEASURED; n += 1) await commit(table);
    });
    const opening = await timed(async () => void (await open().refresh()));
    found.push({ point, commit: { ms: all.ms / MEASURED, cpuMs: all.cpuMs / MEASURED }, opening });
  }
  const first = found[0]?.commit.cpuMs ?? 1;
  console.log('commits   a commit, ms   CPU ms   CPU, ratio   to open, ms');
  for (const { point, commit, opening } of found) {
    const cells = [
      commit.ms.toFixed(2),
      commit.cpuMs.toFixed(2),
      (commit.cpuMs / first).toFixed(2),
      opening.ms.toFixed(0),
    ];
    const [ms = '', cpu = '', ratio = '', open = ''] = cells;
    console.log(
      `${String(point).padStart(7)}${ms.padStart(15)}${cpu.padStart(9)}${ratio.padStart(13)}${open.padStart(14)}`,
    );
  }
} finally {
  await duck.close();
  rmSync(folder, { recursive: true });
}
