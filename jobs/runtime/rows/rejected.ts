/**
 * The outcome of a record that some of its rows rejected, or that was applied although not everything that follows could be written or
 * sent. Each row decides on its own: one may reject a record that the others apply. So a dead letter names the rows that still need the
 * record, and its replay reaches only those.
 */
import type { RejectCode } from '../../../core/errors.ts';
import type { Key } from '../../../sinks/port.ts';
import { Rejection } from '../../define.ts';
import type { RejectedRecord } from '../dead-letter.ts';
import type { Limit } from '../limits.ts';
import type { Folded, Outcome } from './fold.ts';
import type { OutboxEntry } from './outbox.ts';
import type { Planned } from './plan.ts';
import type { LiveRow } from './rows.ts';
import { whyTooLarge } from './too-large.ts';

export class Rejected {
  /** The code of the first rejection. */
  readonly code: RejectCode;
  readonly message: string;
  readonly #rows = new Map<string, Key>();
  readonly #unshown = new Map<string, Key>();

  constructor({ code, message }: Rejection) {
    this.code = code;
    this.message = message;
  }

  /** What the dead letter is made from. It names no rows if the event touches one row, and that row rejects it. */
  of({ record, keys, search }: Planned): RejectedRecord {
    const { code, message } = this;
    const [rows, unshown] = [[...this.#rows.values()], [...this.#unshown.values()]];
    const isWhole = search === undefined && keys.length === 1 && unshown.length === 0;
    return isWhole ? { record, code, message } : { record, code, message, rows, unshown };
  }

  /** `hasTaken`: the row applied the record, but not everything that follows was written or sent. */
  add(id: string, row: Key, hasTaken: boolean): this {
    (hasTaken ? this.#unshown : this.#rows).set(id, row);
    return this;
  }
}

/** Adds a row to the rejections by other rows. */
export function rejectedBy(outcome: Outcome | undefined, row: LiveRow, why: Rejection, hasTaken: boolean): Rejected {
  const rejected = outcome instanceof Rejected ? outcome : new Rejected(why);
  return rejected.add(row.id, row.key, hasTaken);
}

/** Notes that a row applied the record at an offset, but that not everything that follows could be written or sent. */
export function noteUnshown({ outcomes }: Folded, offset: number, row: LiveRow, why: Rejection): void {
  outcomes.set(offset, rejectedBy(outcomes.get(offset), row, why, true));
}

/** Notes the records that rows have rejected, in this and in earlier attempts, and emitted events that are too large for their topics. */
export function noteRejections(entries: readonly OutboxEntry[], { touched, outcomes }: Folded, limit: Limit): void {
  const noted = new Set(entries.filter((entry) => whyNot(entry, limit) !== undefined));
  if (noted.size === 0) return;
  for (const { row } of touched.values()) {
    for (const entry of row.outbox) {
      if (!noted.has(entry)) continue;
      const why = whyNot(entry, limit) as Rejection;
      outcomes.set(entry.offset, rejectedBy(outcomes.get(entry.offset), row, why, entry.kind !== 'rejection'));
    }
  }
}

function whyNot(entry: OutboxEntry, limit: Limit): Rejection | undefined {
  if (entry.kind === 'rejection') return new Rejection(entry.code, entry.message);
  const why = whyTooLarge(entry, limit);
  return why === undefined
    ? undefined
    : new Rejection('RECORD_TOO_LARGE', `${why}: the row was written, and this event was not sent`);
}
