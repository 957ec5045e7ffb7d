/** `tributary rollup compact`: combines small segments of a day into one. After an interruption, another run continues with the rest. */

import { compactTable, plannedCompaction } from '../../../reports/operate/upkeep.ts';
import { noteUpkeep } from '../../../reports/operate/upkeep-times.ts';
import { print, printJson, type Run } from '../../context.ts';
import { progressLine } from '../../output/progress-line.ts';
import { counted, foundTables, megabytes } from './tables.ts';

export interface Args {
  /** Empty: all tables. */
  readonly tables: readonly string[];
  readonly day: string | null;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly progress: boolean;
}

export const run: Run<Args> = async (context, { tables, day, dryRun, json, progress }) => {
  const { wired, stderr, signal } = context;
  const stores = await wired.segments();
  const line = progressLine(stderr, progress);
  const done: { readonly table: string; readonly text: string; readonly json: object }[] = [];
  for await (const { source, table } of foundTables(context, tables, stores)) {
    line.show(table.table);
    const choice = { day: day ?? undefined, signal };
    const name = table.table;
    if (dryRun) {
      const groups = await plannedCompaction(table, choice);
      const [files, bytes] = [sum(groups.map((each) => each.files)), sum(groups.map((each) => each.bytes))];
      const text = `${counted(files, 'segment')} of ${name} (${megabytes(bytes)}) would become ${groups.length}`;
      if (groups.length > 0) done.push({ table: name, text, json: { table: name, groups } });
      continue;
    }
    const compacted = await compactTable(stores, source, table, choice);
    const { files, groups, dropped, bytesBefore, bytesAfter } = compacted;
    const left = dropped === 0 ? '' : `; ${counted(dropped, 'day')} left as they are, because others changed them`;
    const sizes = `${megabytes(bytesBefore)} became ${megabytes(bytesAfter)}`;
    const text = `${counted(files, 'segment')} of ${name} are ${groups.toLocaleString('en')} now: ${sizes}${left}`;
    if (groups + dropped > 0) done.push({ table: name, text, json: { table: name, ...compacted } });
  }
  line.clear();
  if (!dryRun && day === null && tables.length === 0) await noteUpkeep(stores.objects, 'compact');
  if (json) await printJson(context, { dryRun, tables: done.map((each) => each.json) });
  else if (done.length === 0) await print(context, 'no day has segments worth compacting');
  else for (const { text } of done) await print(context, text);
  return undefined;
};

const sum = (counts: readonly number[]): number => counts.reduce((total, each) => total + each, 0);
