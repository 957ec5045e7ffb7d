/**
 * Maintains the tables of segments of an embedded installation: compacts small segments, removes expired days, and deletes segments that no
 * snapshot has. Elsewhere these are commands that an operator schedules. If a store does not answer, the next run tries again.
 */
import { messageOf } from '../../core/errors.ts';
import { currentTable, type KeptStores } from '../../reports/operate/kept.ts';
import { compactTable, expireTable, firstKeptDay } from '../../reports/operate/upkeep.ts';
import { noteUpkeep, UPKEEPS } from '../../reports/operate/upkeep-times.ts';
import type { SegmentSource } from '../../reports/runtime/source.ts';
import type { Logger } from '../telemetry/telemetry.ts';

/** A reader of an older snapshot has its own copies of the segments, since everything is on one machine. */
const KEEP_FILES_MS = 3_600_000;

/** `signal` is aborted when the stores are being closed. */
export async function keepSegments(
  open: () => Promise<KeptStores>,
  sources: readonly SegmentSource[],
  logger: Pick<Logger, 'info' | 'warn'>,
  signal: AbortSignal,
): Promise<void> {
  let isWhole = true;
  for (const source of sources) {
    if (signal.aborted) return;
    try {
      await keep(await open(), source, logger, signal);
    } catch (error) {
      if (signal.aborted) return;
      isWhole = false;
      logger.warn(`the table of ${source.name} could not be maintained: ${messageOf(error)}; it is tried again`);
    }
  }
  if (!isWhole) return;
  try {
    const { objects } = await open();
    for (const upkeep of UPKEEPS) await noteUpkeep(objects, upkeep);
  } catch (error) {
    if (!signal.aborted)
      logger.warn(`the upkeep of tables could not be recorded: ${messageOf(error)}; it is tried again`);
  }
}

async function keep(
  stores: KeptStores,
  source: SegmentSource,
  logger: Pick<Logger, 'info'>,
  signal: AbortSignal,
): Promise<void> {
  const found = await currentTable(stores, source);
  if (found === undefined) return;
  const { table } = found;
  const { now } = stores;
  if (source.retentionDays !== undefined) {
    const { days } = await expireTable(table, firstKeptDay(source.retentionDays, now()), { now, dryRun: false });
    if (days.length > 0)
      logger.info(`${days.length === 1 ? '1 day' : `${days.length} days`} of ${table.table} removed, since over`);
  }
  const { files, groups } = await compactTable(stores, source, table, { signal });
  if (files > 0) logger.info(`${files} segments of ${table.table} are ${groups} now`);
  if (signal.aborted) return;
  await table.vacuum({ olderThanMs: KEEP_FILES_MS });
  await table.cleanLog();
}
