/**
 * The rules by which every event is counted once, despite crashes, late processes and rewinds.
 *
 * 1. Positions are stored with the segments: one commit has both (`publisher.ts`). The table decides where to continue (`handler.ts`).
 * 2. A commit of a partition requires that its position is where the fold began. A second process is dropped, with what it counted.
 *    So is one that counted for a table that another has replaced; a process with nothing to commit checks that at an interval.
 * 3. A claim begins with nothing in memory.
 * 4. Repeats of derived events are recognised by their origins, whose positions are committed with the rest.
 *    What the group has seen beyond the position of the table is not treated as known: it has yet to be counted.
 * 5. A topic that was made again is another one.
 * 6. Dead letters of what was counted and not yet committed to the group are sent by the next owner.
 *
 * Each switch turns one of them off. Only tests do so, to show that they would notice.
 */
export interface RollupRules {
  /** The table decides where to continue. */
  readonly positionOfTable: boolean;
  /** A commit is dropped if the position is not the one at which the fold began. */
  readonly startChecked: boolean;
  /** A claim begins with nothing in memory. */
  readonly freshFold: boolean;
  /** What was seen of an origin is not counted again. */
  readonly dedupe: boolean;
  /** The dedupe positions are committed with the segments. */
  readonly dedupeCommitted: boolean;
  /** A position is that of one topic id. */
  readonly topicIds: boolean;
  /** Dead letters that were not sent are sent by the next owner. */
  readonly deadLettersAgain: boolean;
}

export const ALL_ROLLUP_RULES: RollupRules = {
  positionOfTable: true,
  startChecked: true,
  freshFold: true,
  dedupe: true,
  dedupeCommitted: true,
  topicIds: true,
  deadLettersAgain: true,
};
