/** `tributary rollup vacuum`: deletes files that no snapshot has, and the commits before a checkpoint. */

import { madeGenerations } from '../../../reports/operate/generations.ts';
import { generationTable } from '../../../reports/operate/kept.ts';
import { noteUpkeep } from '../../../reports/operate/upkeep-times.ts';
import { print, printJson, type Run } from '../../context.ts';
import { progressLine } from '../../output/progress-line.ts';
import { counted, megabytes, tablesNamed } from './tables.ts';

export interface Args {
  readonly tables: readonly string[];
  /** In ms: how long removed files stay for readers of older snapshots. Null: the retention of the table. */
  readonly olderThanMs: number | null;
  readonly yes: boolean;
  readonly json: boolean;
  readonly progress: boolean;
}

export const run: Run<Args> = async (context, { tables, olderThanMs, yes, json, progress }) => {
  const { wired, stderr, signal } = context;
  const stores = await wired.segments();
  const line = progressLine(stderr, progress);
  const found: { readonly table: string; readonly files: number; readonly bytes: number; readonly commits: number }[] =
    [];
  for (const { source } of tablesNamed(context, tables)) {
    const { kept } = await madeGenerations(stores.objects, source.prefix);
    for (const generation of kept) {
      signal.throwIfAborted();
      const table = generationTable(stores, source, generation);
      line.show(table.table);
      if ((await table.find()) === undefined) continue;
      const older = olderThanMs === null ? {} : { olderThanMs };
      const { files, bytes } = await table.vacuum({ dryRun: !yes, ...older });
      const commits = yes ? (await table.cleanLog()).length : 0;
      if (files.length + commits > 0) found.push({ table: table.table, files: files.length, bytes, commits });
    }
  }
  line.clear();
  if (yes && tables.length === 0) await noteUpkeep(stores.objects, 'vacuum');
  if (json) await printJson(context, { done: yes, tables: found });
  else {
    const does = yes ? 'deleted' : 'would be deleted';
    for (const { table, files, bytes, commits } of found) {
      const log = commits === 0 ? '' : `, and ${counted(commits, 'object')} of its log`;
      await print(context, `${counted(files, 'file')} of ${table} ${does}: ${megabytes(bytes)}${log}`);
    }
    if (found.length === 0) await print(context, 'there is nothing to delete');
    else if (!yes) await print(context, 'Nothing was done: do it with --yes.');
  }
  return undefined;
};
