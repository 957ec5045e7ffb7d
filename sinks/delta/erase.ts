/**
 * Takes rows out of a table while writers and readers go on: each segment with such rows is rewritten without them. A
 * vacuum deletes the files of earlier versions later.
 */
import type { SegmentCache } from '../segments/cache.ts';
import { copySegmentFile } from '../segments/files.ts';
import { segmentsSql } from '../segments/source.ts';
import type { Action, Add } from './actions.ts';
import { objectName } from './names.ts';
import { pinFiles, removeOf, type SegmentWriterOptions, type Upload, uploader } from './segments.ts';
import { dayOf, fileOf, filesOf, type Snapshot } from './snapshot.ts';
import type { DeltaTable } from './table.ts';

export interface ErasureOptions extends Omit<SegmentWriterOptions, 'table'> {
  readonly cache: SegmentCache;
  /** SQL that is true for the rows to take out. */
  readonly where: string;
  readonly signal?: AbortSignal;
}

/** The number of rows to take out. */
export async function countRows(table: DeltaTable, options: ErasureOptions): Promise<number> {
  const snapshot = await table.refresh();
  let rows = 0;
  for (const file of filesOf(snapshot)) rows += await rowsIn(snapshot, file, options);
  return rows;
}

/** Returns how many rows were taken out. If another process replaces a segment meanwhile, its replacement is searched too. */
export async function eraseRows(table: DeltaTable, options: ErasureOptions): Promise<number> {
  // One uploader for all segments: it numbers the segments of its writer.
  const upload = uploader({ ...options, table: table.table });
  const clean = new Set<string>();
  let erased = 0;
  for (;;) {
    const snapshot = await table.refresh();
    const file = filesOf(snapshot).find(({ path }) => !clean.has(path));
    if (file === undefined) return erased;
    options.signal?.throwIfAborted();
    const rows = await rowsIn(snapshot, file, options);
    if (rows === 0) clean.add(file.path);
    else if (await rewritten(table, { snapshot, file, upload }, options)) erased += rows;
  }
}

async function rowsIn(snapshot: Snapshot, file: Add, { cache, duck, layout, where, signal }: ErasureOptions) {
  await using pinned = await pinFiles(cache, snapshot, [file]);
  const sql = `SELECT count(*)::INTEGER AS rows FROM (${segmentsSql(layout, pinned.paths)}) AS stored WHERE ${where}`;
  const [row] = await duck.using((connection) => connection.rows(sql, signal));
  return Number(row?.['rows'] ?? 0);
}

/** Whether it was committed. */
async function rewritten(
  table: DeltaTable,
  { snapshot, file, upload }: { readonly snapshot: Snapshot; readonly file: Add; readonly upload: Upload },
  options: ErasureOptions,
): Promise<boolean> {
  const { cache, duck, layout, where, sortBy = [], now, objects, signal } = options;
  let add: Add | undefined;
  {
    await using pinned = await pinFiles(cache, snapshot, [file]);
    const query = `SELECT * FROM (${segmentsSql(layout, pinned.paths)}) AS stored WHERE (${where}) IS NOT TRUE`;
    const day = dayOf(snapshot.metaData, file);
    const copy = await duck.using((connection) =>
      copySegmentFile(duck, connection, { layout, day, query, sortBy, signal }),
    );
    const [added] = await upload([copy], true);
    if (copy.statistics.rows > 0) add = added;
    else if (added !== undefined) await objects.remove(objectName(table.table, added.path) as string);
  }
  const { committed } = await table.commit((newest) => {
    const known = fileOf(newest, file.path);
    if (known === undefined) return undefined;
    const remove: Action = { remove: removeOf(known, now(), true) };
    return { operation: 'DELETE', actions: add === undefined ? [remove] : [{ add }, remove] };
  });
  if (!committed && add !== undefined) await objects.remove(objectName(table.table, add.path) as string);
  return committed;
}
