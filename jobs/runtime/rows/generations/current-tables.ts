/**
 * The tables, in which the declared table of a job's rows stands for their current generation. So lookups, and commands that show or count
 * rows, follow a swap. Every call asks which generation is current. No owner writes while that changes, so the rows that are read are those
 * that the last owner wrote.
 */
import type { TableDef } from '../../../../core/target.ts';
import type { Tables } from '../../../../sinks/tables/port.ts';
import type { Job } from '../../../define.ts';
import { generationsOf, tableOf } from './state.ts';

export function currentTables(tables: Tables, jobs: readonly Job[]): Tables {
  const owners = new Map(jobs.map(({ name, row }) => [row, name]));
  async function current(table: TableDef): Promise<TableDef> {
    const owner = owners.get(table);
    if (owner === undefined) return table;
    return tableOf(table, (await generationsOf(tables, owner)).current);
  }
  const all = (defs: readonly TableDef[]) => Promise.all(defs.map(current));
  const ofTables: Partial<Tables> = {
    prepare: async (defs) => tables.prepare(await all(defs)),
    missing: async (defs) => tables.missing(await all(defs)),
    drifted: async (table) => tables.drifted(await current(table)),
    read: async (table, keys) => tables.read(await current(table), keys),
    under: async (table, prefix) => tables.under(await current(table), prefix),
    matching: async (table, ...rest) => tables.matching(await current(table), ...rest),
    scan: async (table, page) => tables.scan(await current(table), page),
    write: async (table, rows) => tables.write(await current(table), rows),
    due: async (table, ...rest) => tables.due(await current(table), ...rest),
    select: async (table, prefix, page) => tables.select(await current(table), prefix, page),
    sweep: async (defs) => tables.sweep(await all(defs)),
  };
  return new Proxy(tables, {
    get(target, name) {
      const own = ofTables[name as keyof Tables];
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
