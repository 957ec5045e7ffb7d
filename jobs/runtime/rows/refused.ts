import { TributaryError } from '../../../core/errors.ts';
import type { Rejection } from '../../define.ts';

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

/** A row is of a larger token than its reader: who wants it has to claim with one above. */
export class Outranked extends TributaryError {
  readonly token: number;
  constructor(row: string, token: number, own: number) {
    super('FENCED', `the row ${row} has the token ${token}, which is above ${own}, that of its reader; claiming again`);
    this.token = token;
  }
}

/** The record at this place of a batch finds more rows by a search than the batch has room for: it has to be by itself. */
export class Apart extends Error {
  readonly place: number;
  constructor(place: number) {
    super(`the record at ${place} of the batch has to be applied by itself`);
    this.place = place;
  }
}
