/** `tributary rollup expire`: removes expired days, with one commit per table. */

import { expireTable, firstKeptDay } from '../../../reports/operate/upkeep.ts';
import { noteUpkeep } from '../../../reports/operate/upkeep-times.ts';
import { print, printJson, type Run } from '../../context.ts';
import { usage } from '../../errors.ts';
import { counted, foundTables } from './tables.ts';

export interface Args {
  readonly tables: readonly string[];
  /** The first day to keep; null: as the datasources declare. */
  readonly before: string | null;
  readonly yes: boolean;
  readonly json: boolean;
}

export const run: Run<Args> = async (context, { tables, before, yes, json }) => {
  const stores = await context.wired.segments();
  const { now } = stores;
  const done: { readonly table: string; readonly days: readonly string[]; readonly segments: number }[] = [];
  for await (const { name, source, table } of foundTables(context, tables, stores)) {
    const declared = source.retentionDays === undefined ? undefined : firstKeptDay(source.retentionDays, now());
    const first = before ?? declared;
    if (first === undefined && tables.length > 0) {
      throw usage(`${name} declares no retentionDays: give the first day to keep, with --before`);
    }
    if (first === undefined) continue;
    const expired = await expireTable(table, first, { now, dryRun: !yes });
    if (expired.days.length > 0) done.push({ table: table.table, ...expired });
  }
  if (yes && before === null && tables.length === 0) await noteUpkeep(stores.objects, 'expire');
  if (json) await printJson(context, { done: yes, tables: done });
  else {
    for (const { table, days, segments } of done) {
      const range = days.length === 1 ? days[0] : `${days[0]} to ${days.at(-1)}`;
      const what = `${counted(days.length, 'day')} of ${table} (${range}, ${counted(segments, 'segment')})`;
      await print(context, `${what} ${yes ? 'removed' : 'would be removed'}`);
    }
    if (done.length === 0) await print(context, 'no day has expired');
    else if (!yes) await print(context, 'Nothing was done: do it with --yes.');
  }
  return undefined;
};
