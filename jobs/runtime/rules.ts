/**
 * The rules by which rows, views and derived events end up as if nothing had happened, whatever crashes, wakes up late or
 * is rewound. Together they give exactly-once effects on stores that have no transaction with the log.
 *
 * 1. Single writer. A row belongs to one job and one keyed topic; what does not lie in the partition of its key is sent on
 *    to it (`plan.ts`).
 * 2. Claim, then read. A new owner counts up the token, fences the old owner, and only then reads the committed offset, with
 *    an empty row cache (`worker.ts`).
 * 3. Skip what is applied. A record at or before the row's position is not folded again (`position.ts`).
 * 4. Newest owner wins. A row's version is (token, revision), in this order; every store refuses an older one.
 * 5. Row, views, then one transaction: derived events, offset and marks together (`batch.ts`).
 * 6. Out of the outbox, in its turn. A batch sends those outbox entries of its rows whose position lies within the batch,
 *    whichever attempt folded them (`outbox.ts`).
 * 7. Derived events carry their origin, and readers skip what they have seen (`topics/origin.ts`).
 *
 * Each switch turns one of them off. Only the tests do so, to show that they would notice.
 */
export interface Rules {
  readonly freshCache: boolean;
  readonly skip: boolean;
  readonly outbox: boolean;
  readonly withinBatch: boolean;
  readonly marks: boolean;
}

export const ALL_RULES: Rules = { freshCache: true, skip: true, outbox: true, withinBatch: true, marks: true };
