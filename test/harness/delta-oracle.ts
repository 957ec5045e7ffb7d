/** The expected content of a Delta table: its log, folded as simply as possible. */
import assert from 'node:assert/strict';
import { type Action, type Add, filesOf, type Snapshot } from '../../sinks/delta/index.ts';

export interface Folded {
  readonly files: Map<string, Add>;
  readonly txns: Map<string, number>;
  columns: number;
}

/** Folds the commits in order, beginning with the first. */
export function foldPlainly(commits: readonly Buffer[]): Folded {
  const folded: Folded = { files: new Map(), txns: new Map(), columns: 0 };
  for (const body of commits) {
    const lines = body.toString().trim().split('\n');
    const actions = lines.map((line) => JSON.parse(line) as Action);
    for (const { remove } of actions) if (remove) folded.files.delete(remove.path);
    for (const { add, txn, metaData } of actions) {
      if (add) folded.files.set(add.path, add);
      if (txn) folded.txns.set(txn.appId, txn.version);
      if (metaData) folded.columns = JSON.parse(metaData.schemaString).fields.length;
    }
  }
  return folded;
}

export function assertSame(snapshot: Snapshot, { files, txns, columns }: Folded): void {
  const paths = filesOf(snapshot).map(({ path }) => path);
  assert.deepEqual(paths.sort(), [...files.keys()].sort(), `files of version ${snapshot.version}`);
  assert.deepEqual(new Map([...snapshot.txns].map(([app, { version }]) => [app, version])), txns);
  assert.equal(snapshot.columns.length, columns);
}
