/** A datasource as a source of segments. */
import { layoutOf } from '../columns.ts';
import type { Datasource } from '../define-datasource.ts';
import { RollupFold } from '../rollup/fold.ts';
import { mergeSql } from '../sql/merge.ts';
import type { SegmentFold, SegmentSource } from './source.ts';

/** The consumer group of a datasource. */
const rollupJob = (name: string): string => `roll-up-${name.replaceAll('_', '-')}`;

export function sourceOf(datasource: Datasource): SegmentSource {
  const { name, about, from, on, lookups, granularity, dimensions, retentionDays } = datasource;
  return {
    name: rollupJob(name),
    prefix: `rollups/${name}`,
    doc: about,
    from,
    wanted: new Map(on.map((def) => [def.type, def])),
    forEveryJob: false,
    lookups,
    layout: layoutOf(datasource),
    sortBy: ['tenant', ...dimensions.map((dimension) => dimension.name), 'bucket'],
    fixed: { 'tributary.topic': from.name, 'tributary.granularity': JSON.stringify(granularity) },
    merge: (relation) => mergeSql(datasource, relation),
    retentionDays,
    newFold: () => new CountingFold(datasource),
  };
}

class CountingFold implements SegmentFold {
  readonly #fold: RollupFold;

  constructor(datasource: Datasource) {
    this.#fold = new RollupFold(datasource);
  }

  get events(): number {
    return this.#fold.events;
  }
  get rows(): number {
    return this.#fold.rows;
  }
  get bytes(): number {
    return this.#fold.bytes;
  }

  add(...[event, found]: Parameters<SegmentFold['add']>): ReturnType<SegmentFold['add']> {
    return this.#fold.add(event, found);
  }

  drain() {
    const days = [...this.#fold.drain()];
    return {
      *[Symbol.iterator]() {
        for (const { date, rows } of days) for (const row of rows) yield { date, ...row };
      },
    };
  }
}
