/** What reports read from this installation: rows of jobs, datasources, and the positions of jobs. */
import { readFile } from 'node:fs/promises';
import { Entries } from '../../core/entries.ts';
import { once } from '../../core/once.ts';
import { type KeyOf, keyFields, type TableDef } from '../../core/target.ts';
import type { Reads } from '../../reports/define-report.ts';
import type { RowSources } from '../../reports/requesting/rows.ts';
import type { QueryEngine } from '../../sinks/query/port.ts';
import type { TablePositions } from '../../sinks/requests/port.ts';
import { worksOf } from '../platform/works.ts';
import { openEngine } from '../stores/open-query.ts';
import type { Wired } from '../stores/wiring.ts';
import { deadLetterCounts } from '../telemetry/dead-letter-counts.ts';

/** Records in memory for each page. */
const PAGE = 1000;

const textOf = once((file: URL): Promise<string> => readFile(file, 'utf8'));

export interface OpenedSources extends RowSources {
  /** Closes the query engine, if a report has needed it. */
  close(): Promise<void>;
}

export function reportSources(wired: Pick<Wired, 'config' | 'platform' | 'objects' | 'stores'>): OpenedSources {
  let engine: Promise<QueryEngine> | undefined;
  return {
    reads: (tenant) => readsOf(wired, tenant),
    query() {
      const { config, platform, objects } = wired;
      engine ??= openEngine({ config: { ...config, duckMemoryMb: config.reportMemoryMb }, platform }, objects);
      // If the engine could not be opened, the next report tries again.
      engine.catch(() => {
        engine = undefined;
      });
      return engine;
    },
    text: textOf,
    positions: (tables) => positionsOf(wired, tables),
    async close() {
      await (await engine?.catch(() => undefined))?.close();
    },
  };
}

type Sources = Pick<Wired, 'stores' | 'platform' | 'config'>;

function readsOf(wired: Sources, tenant: string): Reads {
  const { tables, transport } = wired.stores;
  const rowTables = new Set<TableDef>(wired.platform.jobs.map(({ row }) => row));
  const keyIn = (names: readonly string[], key: Partial<KeyOf<TableDef>>) => [
    tenant,
    ...names.map((name) => (key as Readonly<Record<string, string>>)[name] as string),
  ];
  const recordOf = async (table: TableDef, key: readonly string[]) =>
    (await tables.select(table, key, { limit: 1 })).items[0];
  return {
    async rows(table, keys) {
      const full = keys.map((key) => keyIn(keyFields(table), key));
      if (!rowTables.has(table)) return Promise.all(full.map((key) => recordOf(table, key))) as never;
      const rows = await tables.read(table, full);
      return rows.map((row) => row?.data && plain(row.data)) as never;
    },
    async *pages(table, key) {
      let after: string | undefined;
      do {
        const page = await tables.select(table, keyIn(table.key, key), { limit: PAGE, after });
        yield page.items as never;
        after = page.next;
      } while (after !== undefined);
    },
    async lags() {
      const lags = [];
      for (const { name, from } of worksOf(wired)) {
        for (const { partition, committed, end } of await transport.lag(name, from.name)) {
          lags.push({ job: name, topic: from.name, partition, offset: committed ?? null, end });
        }
      }
      return lags;
    },
    deadLetters: () => deadLetterCounts(transport, wired.platform.topics),
  };
}

/** Records as they are read: their map fields are plain objects. */
const plain = (data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, value instanceof Entries ? value.toJSON() : value]),
  );

/** What the jobs had committed before the report began to read. The report has all records before that, and perhaps later ones. */
async function positionsOf({ stores, platform }: Sources, tables: readonly TableDef[]) {
  const positions: Record<string, TablePositions> = {};
  for (const table of tables) {
    const job = platform.jobs.find(({ row, views }) => row === table || views.some(({ into }) => into === table));
    if (job === undefined) continue;
    const committed = await stores.transport.committed(job.name, job.from.name);
    const offsets = committed.map(({ offset }, partition) => [`${job.from.name}/${partition}`, offset ?? 0] as const);
    const { current } = (await stores.tables.generations(job.name)) ?? { current: 1 };
    positions[table.name] = { version: current, positions: Object.fromEntries(offsets) };
  }
  return positions;
}
