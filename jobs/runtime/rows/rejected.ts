/**
 * What became of a record that some of its rows did not take, or took and could not be shown. Rows decide each for itself: what one
 * rejects, the others keep. So a dead letter names the rows that it is still of use to, and its replay reaches them alone.
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
  /** Of the first rejection. */
  readonly code: RejectCode;
  readonly message: string;
  readonly #rows = new Map<string, Key>();
  readonly #unshown = new Map<string, Key>();

  constructor({ code, message }: Rejection) {
    this.code = code;
    this.message = message;
  }

  /** As the dead letter tells it. Where the only row of an event rejects it, there is nothing to name. */
  of({ record, keys, search }: Planned): RejectedRecord {
    const { code, message } = this;
    const [rows, unshown] = [[...this.#rows.values()], [...this.#unshown.values()]];
    const isWhole = search === undefined && keys.length === 1 && unshown.length === 0;
    return isWhole ? { record, code, message } : { record, code, message, rows, unshown };
  }

  /** `hasTaken`: the row took it, and not everything that follows was written or said. */
  add(id: string, row: Key, hasTaken: boolean): this {
    (hasTaken ? this.#unshown : this.#rows).set(id, row);
    return this;
  }
}

/** With what was noted of other rows before. */
export function rejectedBy(outcome: Outcome | undefined, row: LiveRow, why: Rejection, hasTaken: boolean): Rejected {
  const rejected = outcome instanceof Rejected ? outcome : new Rejected(why);
  return rejected.add(row.id, row.key, hasTaken);
}

/** Notes that a row took the record at an offset, and that not everything that follows could be written or said. */
export function noteUnshown({ outcomes }: Folded, offset: number, row: LiveRow, why: Rejection): void {
  outcomes.set(offset, rejectedBy(outcomes.get(offset), row, why, true));
}

/** Notes what rows have rejected, in an earlier attempt as well, and what they said and no topic takes. */
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
    : new Rejection('RECORD_TOO_LARGE', `${why}: the row was written, and this was not said`);
}
