/**
 * The rules. They make rows, views and derived events end up as if nothing had happened, whatever crashes, wakes up late or is rewound.
 * Together they give exactly-once effects on stores that have no transaction with the log.
 *
 * 1. Single writer. A row belongs to one job and one keyed topic. A record that is not in the partition of its key is sent on to that
 *    partition (`plan.ts`).
 * 2. One line of tokens; claim, then read. A new owner takes a token above those of all partitions, fences the old owner, checks that
 *    its own token is still the largest, and only then reads the committed offset, with nothing in memory. An owner that reads a row
 *    with a larger token stops and claims again (`claiming.ts`, `rows.ts`). An expansion ends every claim.
 * 3. Skip what is applied. A record at or before the row's position is not folded again (`position.ts`).
 * 4. Newest owner wins. A row's version is (token, revision), in this order; every store refuses an older one.
 * 5. The first touch takes possession. As long as a claim is young, it writes every row with another token that its records touch, whole,
 *    even if nothing changed (`row-writes.ts`).
 * 6. Rows, look, views, calls, then one transaction: derived events, offset and dedupe positions together (`batch.ts`). The look checks
 *    that the partition has no newer owner.
 * 7. Everything leaves by the outbox. A batch sends the outbox entries of its rows whose positions lie within the batch, whichever attempt
 *    folded them; rejections are entries, too (`outbox.ts`). Rows and dedupe positions of an attempt that did not commit are forgotten.
 * 8. Unknown means a new claim. After a write of unknown outcome the owner goes on with a new token and empty memory.
 * 9. Derived events carry their origin, and readers skip origins that they have seen (`topics/log/origin.ts`). A record before the
 *    furthest offset ever committed is not judged again if its row has not applied it (`fold.ts`).
 *
 * Each switch below turns a rule off, or a part of one, and is named as in the model, `test/model/protocol.py`. Only tests turn them
 * off, to show that they would notice. For rules that stores and logs keep, tests use stores that do not keep them.
 */
export interface Rules {
  /** A record at or before the position of its row is not folded again. */
  readonly skip: boolean;
  /** What a row emits stays in the row until it was sent. */
  readonly outbox: boolean;
  /** A batch sends the entries that lie within it. */
  readonly withinBatch: boolean;
  /** A record whose origin was seen before is not applied again. */
  readonly dedupe: boolean;
  /** The dedupe positions of an attempt that did not commit are forgotten. */
  readonly dedupeCopy: boolean;
  /** A claim begins with nothing in memory. */
  readonly freshCache: boolean;
  /** After it has fenced, and before it reads the offset, a claim checks that its token is still the largest. */
  readonly tokenAgain: boolean;
  /** An owner that reads a row with a token above its own stops and claims again. */
  readonly stopAbove: boolean;
  /** The views of a row that an earlier attempt wrote are written again. */
  readonly again: boolean;
  /** A rejection is an entry of the outbox. */
  readonly rejectionKept: boolean;
  /** A call is made only by the attempt that folded it. */
  readonly freshCall: boolean;
  /** After the rows, and before views and calls, an owner checks that it still is the owner. */
  readonly look: boolean;
  /** A row with another token is written when a record is folded, even if nothing changes or the row rejects it. */
  readonly ownUnchanged: boolean;
  /** A row with another token is written even if all its records were applied before. */
  readonly ownSkipped: boolean;
  /** A record before the largest offset ever committed is not judged again if its row has not applied it. */
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
