/** A log in memory, and tables of segments in a folder: as an embedded installation has them, without its processes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setImmediate as turnOfOthers } from 'node:timers/promises';
import { openDuckDb } from '../../../duckdb/database.ts';
import { systemClock } from '../../../jobs/runtime/clock.ts';
import type { Runtime } from '../../../jobs/runtime/stores.ts';
import { currentTable, type KeptStores } from '../../../reports/operate/kept.ts';
import { runRollup } from '../../../reports/runtime/run.ts';
import type { SegmentSource } from '../../../reports/runtime/source.ts';
import { CurrentTable } from '../../../reports/runtime/tables.ts';
import { filesOf, pinFiles, type Snapshot } from '../../../sinks/delta/index.ts';
import { directoryObjects } from '../../../sinks/objects/directory/objects.ts';
import type { Objects } from '../../../sinks/objects/port.ts';
import { segmentCache } from '../../../sinks/segments/cache.ts';
import { segmentsSql } from '../../../sinks/segments/source.ts';
import { type GivenEvent, recordsOf } from '../../../testing/produce.ts';
import { memoryStores, type TestStores, testRuntime } from '../../../testing/stores.ts';
import type { Topic } from '../../../topics/define.ts';
import type { Transport } from '../../../topics/log/transport.ts';

export interface World {
  readonly stores: TestStores;
  readonly kept: KeptStores;
  readonly runtime: Runtime;
  /** The clock for writes to tables, in ms since 1970 UTC. */
  readonly clock: { now: number };
  produce(...events: readonly GivenEvent[]): Promise<void>;
  /** Counts all records of the topic, and stops. */
  count(source: SegmentSource): Promise<void>;
  /** The rows of a query over the current table of a source. The query calls the table `rows`. */
  query(source: SegmentSource, sql: string): Promise<Readonly<Record<string, unknown>>[]>;
}

export const PARTITIONS = 2;
const NEVER = new AbortController().signal;
export const SETTINGS = { publishMs: 0, publishBytes: 1e9 };

/** `real`: servers or existing stores that replace those in memory and in the folder. */
export async function worldOf(
  t: TestContext,
  topics: readonly Topic[],
  real: { readonly transport?: Transport; readonly objects?: Objects; readonly stores?: TestStores } = {},
): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const local = real.stores ?? (await memoryStores([], { topics, partitions: PARTITIONS }));
  const stores = { ...local, transport: real.transport ?? local.transport };
  const objects = real.objects ?? directoryObjects(join(folder, 'objects'), { linkBase: 'http://localhost' });
  const cache = segmentCache({ folder: join(folder, 'segments'), objects, maxBytes: 1e9 });
  const duck = await openDuckDb({ folder: join(folder, 'duck'), readable: [cache.folder], threads: 1 });
  t.after(async () => {
    await duck.close();
    await local.close();
  });
  const clock = { now: Date.now() };
  const kept: KeptStores = { objects, duck, cache, now: () => clock.now, engine: 'test' };
  // A real log is not polled without a pause.
  const waitMs = real.transport === undefined ? 0 : 50;
  const runtime = testRuntime(stores, { clock: systemClock, settings: { waitMs } });
  const turn = () => (waitMs === 0 ? turnOfOthers() : systemClock.sleep(waitMs, NEVER));
  return {
    stores,
    kept,
    runtime,
    clock,
    async produce(...events) {
      await stores.transport.produce(events.flatMap((event) => recordsOf(stores.codec, event, PARTITIONS)));
    },
    async count(source) {
      const table = new CurrentTable(kept, source);
      const running = await runRollup({ source, table, runtime, settings: SETTINGS });
      const isBehind = async (): Promise<boolean> =>
        (await stores.transport.lag(source.name, source.from.name)).some(({ lag }) => lag > 0);
      while (await isBehind()) await Promise.race([running.finished, turn()]);
      await running.stop();
    },
    async query(source, sql) {
      const found = await currentTable(kept, source);
      if (found === undefined) throw new Error(`${source.name} has no table`);
      return rowsOf(kept, source, found.snapshot, sql);
    },
  };
}

async function rowsOf(
  { duck, cache }: KeptStores,
  { layout }: SegmentSource,
  snapshot: Snapshot,
  sql: string,
): Promise<Readonly<Record<string, unknown>>[]> {
  await using pinned = await pinFiles(cache, snapshot, filesOf(snapshot));
  return await duck.using(async (connection) => {
    await connection.run(`CREATE TEMP VIEW rows AS ${segmentsSql(layout, pinned.paths)}`);
    return connection.rows(sql);
  });
}
