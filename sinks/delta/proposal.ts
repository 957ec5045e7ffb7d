/** Detects mistakes in a commit that would damage the table, before the commit is written. */
import { TributaryError } from '../../core/errors.ts';
import type { Action } from './actions.ts';
import { objectName } from './names.ts';
import { checkProtocol, columnsOf, PROTOCOL } from './schema.ts';
import { fileOf, type Snapshot } from './snapshot.ts';

/**
 * Throws USAGE for an addition of an existing file, a removal of a missing one, a change of the protocol, or metadata
 * that do more than add columns. Throws COMMIT_REFUSED for a file that was written before `oldest` (ms): no snapshot
 * has it yet, so a vacuum could delete it before the commit is made.
 */
export function checkProposal(snapshot: Snapshot, actions: readonly Action[], oldest: number): void {
  const { table } = snapshot;
  const problems: string[] = [];
  const onlyGrows = snapshot.metaData.configuration?.['delta.appendOnly'] === 'true';
  for (const { add, remove, protocol, metaData } of actions) {
    if (protocol) problems.push('it changes the protocol');
    if (add) {
      if (fileOf(snapshot, add.path) !== undefined) problems.push(`${add.path} is added, but is already in the table`);
      if (objectName(table, add.path) === undefined) problems.push(`${add.path} lies outside of the table`);
    }
    if (remove && fileOf(snapshot, remove.path) === undefined)
      problems.push(`${remove.path} is removed, but is not in the table`);
    if (remove?.dataChange && onlyGrows) problems.push(`${remove.path} is removed from a table that only grows`);
    if (metaData) {
      const before = snapshot.columns.map(({ field }) => JSON.stringify(field));
      const after = columnsOf(table, metaData).map(({ field }) => JSON.stringify(field));
      const isSame = metaData.partitionColumns.join() === snapshot.metaData.partitionColumns.join();
      if (!isSame || before.some((field, at) => after[at] !== field))
        problems.push('it changes columns that are there');
      checkProtocol(table, PROTOCOL, metaData);
    }
  }
  if (problems.length > 0) {
    throw new TributaryError(
      'USAGE',
      `a commit to the table ${table} is not possible: ${problems.slice(0, 5).join('; ')}`,
    );
  }
  const late = actions.find(({ add }) => add !== undefined && add.modificationTime < oldest)?.add;
  if (late === undefined) return;
  const message = `the segment ${late.path} was written long before its commit, and may have been deleted as left over`;
  throw new TributaryError('COMMIT_REFUSED', `${message}; write it again`, { outcome: 'none' });
}
