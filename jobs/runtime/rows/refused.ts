import { TributaryError } from '../../../core/errors.ts';
import type { Rejection } from '../../define.ts';

/**
 * Some rows, by id, cannot be written with the changes of the batch: their store will never accept them, or the job fails to make their
 * views. The caller finds the record that causes it by trying smaller batches.
 */
export class RowsRefused extends Error {
  readonly rows: ReadonlyMap<string, Rejection>;
  constructor(rows: ReadonlyMap<string, Rejection>) {
    super([...rows.values()].map(({ message }) => message).join('; '));
    this.rows = rows;
  }
}

/** A row has a larger token than the owner that reads it. The owner has to claim again with a token above it. */
export class Outranked extends TributaryError {
  readonly token: number;
  constructor(table: string, token: number, own: number) {
    super('FENCED', `a row of ${table} has the token ${token}, above the reader's token ${own}; claiming again`);
    this.token = token;
  }
}

/** The search for the record at this index finds more rows than fit into the batch. The record needs a batch of its own. */
export class Apart extends Error {
  readonly index: number;
  constructor(index: number) {
    super(`the record at ${index} of the batch has to be applied by itself`);
    this.index = index;
  }
}
