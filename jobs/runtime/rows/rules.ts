/**
 * The rules by which rows, views and derived events end up as if nothing had happened, whatever crashes, wakes up late or
 * is rewound. Together they give exactly-once effects on stores that have no transaction with the log.
 *
 * 1. Single writer. A row belongs to one job and one keyed topic; what does not lie in the partition of its key is sent on
 *    to it (`plan.ts`).
 * 2. One line of tokens; claim, then read. A new owner takes a token above those of all partitions, fences the old owner, looks at
 *    its token once more, and only then reads the committed offset, with nothing in memory. Who reads a row with a larger
 *    token stops and claims again (`claiming.ts`, `rows.ts`). An expansion ends every claim.
 * 3. Skip what is applied. A record at or before the row's position is not folded again (`position.ts`).
 * 4. Newest owner wins. A row's version is (token, revision), in this order; every store refuses an older one.
 * 5. The first touch takes possession. A row that is not of our token is written, whole, whatever came of its records: as long
 *    as the claim is young (`batch.ts`).
 * 6. Rows, look, views, calls, then one transaction: derived events, offset and dedupe positions together (`batch.ts`).
 * 7. Out of the outbox, in its turn. A batch sends those outbox entries of its rows whose position lies within the batch,
 *    whichever attempt folded them; a rejection is one, too (`outbox.ts`). Rows and dedupe positions of an attempt that did not commit are
 *    forgotten.
 * 8. Unknown means a new claim. After a write of unknown outcome the owner goes on with a new token and empty memory.
 * 9. Derived events carry their origin, and readers skip what they have seen (`topics/log/origin.ts`). A record before the furthest
 *    offset ever committed that its row does not know is not judged again (`fold.ts`).
 *
 * Each switch turns one of them off, and is named as in the model, `test/model/protocol.py`. Only the tests do so, to show that
 * they would notice. Rules that stores and logs keep are turned off by stores that do not keep them.
 */
export interface Rules {
  /** A record at or before the position of its row is not folded again. */
  readonly skip: boolean;
  /** What a row said and was not sent stays in the row. */
  readonly outbox: boolean;
  /** A batch sends the entries that lie within it. */
  readonly withinBatch: boolean;
  /** What was seen of an origin is not applied again. */
  readonly dedupe: boolean;
  /** The dedupe positions of an attempt that did not commit are forgotten. */
  readonly dedupeCopy: boolean;
  /** A claim begins with nothing in memory. */
  readonly freshCache: boolean;
  /** A claim looks at its token once more after it fenced, before it reads the offset. */
  readonly tokenAgain: boolean;
  /** Who reads a row with a token above its own stops and claims again. */
  readonly stopAbove: boolean;
  /** The views of a row that an earlier attempt wrote are written again. */
  readonly again: boolean;
  /** A rejection lies in the outbox, as what the row said. */
  readonly rejectionKept: boolean;
  /** A call is made only by the attempt that folded it. */
  readonly freshCall: boolean;
  /** Between the rows and the views and calls an owner looks whether it still is the owner. */
  readonly look: boolean;
  /** A row that is not of our token is written when a record of it is folded, even if nothing changes or it rejects. */
  readonly ownUnchanged: boolean;
  /** A row that is not of our token is written also when all its records were applied before. */
  readonly ownSkipped: boolean;
  /** A record before the largest offset ever committed is not judged again, if its row does not know it. */
  readonly judgedOnce: boolean;
  /** A write of unknown outcome ends the claim. */
  readonly reclaim: boolean;
}

export const ALL_RULES: Rules = {
  skip: true,
  outbox: true,
  withinBatch: true,
  dedupe: true,
  dedupeCopy: true,
  freshCache: true,
  tokenAgain: true,
  stopAbove: true,
  again: true,
  rejectionKept: true,
  freshCall: true,
  look: true,
  ownUnchanged: true,
  ownSkipped: true,
  judgedOnce: true,
  reclaim: true,
};
