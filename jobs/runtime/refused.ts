import type { Rejection } from '../define.ts';

/**
 * Some rows, named by their ids, cannot become what the batch made of them: a store will never take them, or the job fails at
 * their views. The caller finds out which record it is by smaller batches.
 */
export class RowsRefused extends Error {
  readonly rows: ReadonlyMap<string, Rejection>;
  constructor(rows: ReadonlyMap<string, Rejection>) {
    super([...rows.values()].map(({ message }) => message).join('; '));
    this.rows = rows;
  }
}
