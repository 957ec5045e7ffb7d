/** The tables of rollups, read with our own reader: figures by course. */
import { join } from 'node:path';
import type { DuckDb } from '../../duckdb/database.ts';
import { openDuckDb } from '../../duckdb/database.ts';
import { activity } from '../../reports/datasources/activity.ts';
import { enrollments } from '../../reports/datasources/enrollments.ts';
import { sourceOf } from '../../reports/runtime/datasource-source.ts';
import { currentGeneration, tableName } from '../../reports/runtime/generations.ts';
import { deltaTable, filesOf, pinFiles, type Snapshot } from '../../sinks/delta/index.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import { type SegmentCache, segmentCache } from '../../sinks/segments/cache.ts';
import { segmentsSql } from '../../sinks/segments/source.ts';
import type { Counted } from './rollup-facts.ts';

export const SOURCES = { enrollments: sourceOf(enrollments), activity: sourceOf(activity) } as const;
/** Columns that add up, and columns with hashes of distinct values. */
export const SUMS = { enrollments: ['joined', 'joined_first', 'departed', 'completed'], activity: ['views'] } as const;
export const DISTINCT = { enrollments: ['learners'], activity: ['learners', 'completions'] } as const;

export type TableName = keyof typeof SOURCES;
export type Figures = Record<string, Record<string, number>>;

export class RollupTables {
  readonly #objects: Objects;
  readonly #duck: DuckDb;
  readonly #cache: SegmentCache;

  private constructor(objects: Objects, duck: DuckDb, cache: SegmentCache) {
    this.#objects = objects;
    this.#duck = duck;
    this.#cache = cache;
  }

  static async open(objects: Objects, folder: string): Promise<RollupTables> {
    const cache = segmentCache({ folder: join(folder, 'cache'), objects, maxBytes: 500_000_000 });
    const duck = await openDuckDb({ folder: join(folder, 'duck'), readable: [cache.folder] });
    return new RollupTables(objects, duck, cache);
  }

  async snapshot(name: TableName): Promise<Snapshot> {
    const { prefix } = SOURCES[name];
    const { generation } = await currentGeneration(this.#objects, prefix);
    const table = tableName(prefix, generation);
    const options = { objects: this.#objects, duck: this.#duck, table, now: Date.now, engine: 'test' };
    return deltaTable(options).refresh();
  }

  /** The figures of one table, by course. */
  async figures(name: TableName): Promise<Figures> {
    const snapshot = await this.snapshot(name);
    await using pinned = await pinFiles(this.#cache, snapshot, filesOf(snapshot));
    const rows = segmentsSql(SOURCES[name].layout, pinned.paths);
    const sums = SUMS[name].map((each) => `CAST(sum(${each}) AS INTEGER) AS ${each}`).join(', ');
    const found: Figures = {};
    await this.#duck.using(async (connection) => {
      for (const { course_id: course, ...of } of await connection.rows(
        `SELECT course_id, ${sums} FROM (${rows}) GROUP BY course_id`,
      )) {
        found[String(course)] = of as Record<string, number>;
      }
      for (const each of DISTINCT[name]) {
        const unnested = `SELECT course_id, unnest(${each}) AS hash FROM (${rows})`;
        for (const { course_id: course, n } of await connection.rows(
          `SELECT course_id, CAST(count(DISTINCT hash) AS INTEGER) AS n FROM (${unnested}) GROUP BY course_id`,
        )) {
          (found[String(course)] as Record<string, number>)[each] = Number(n);
        }
      }
    });
    return found;
  }

  close(): Promise<void> {
    return this.#duck.close();
  }
}

/** The expected result of `figures`, from a direct count. */
export function expectedFigures({ courses }: Counted, name: TableName): Figures {
  const figures: Figures = {};
  for (const [course, of] of courses) {
    const { joined, joined_first, departed, completed, views } = of;
    figures[course] =
      name === 'enrollments'
        ? { joined, joined_first, departed, completed, learners: of.learners.size }
        : { views, learners: of.visitors.size, completions: of.completions.size };
  }
  return figures;
}
