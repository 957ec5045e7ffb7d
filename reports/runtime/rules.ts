/**
 * The rules by which every event is counted once, despite crashes, late processes and rewinds.
 *
 * 1. Positions are stored with the segments, in one commit (`publisher.ts`). The table decides where to continue (`handler.ts`).
 * 2. A commit of a partition requires that the table's position is where the fold began. Otherwise its counts are dropped: a second process
 *    has counted them. The same holds if another table has become current; a process with nothing to commit checks that at an interval.
 * 3. A claim begins with nothing in memory.
 * 4. Repeats of derived events are recognised by their origins, whose positions are committed with the rest. Origins that the group has
 *    seen beyond the table's position are not treated as known: their records have yet to be counted.
 * 5. A topic that was deleted and created again is another topic.
 * 6. The next owner sends the dead letters of records that were counted but not yet committed to the group.
 *
 * Each switch turns one rule off. Only tests do so, to prove that they would notice.
 */
export interface RollupRules {
  /** The table decides where to continue. */
  readonly positionOfTable: boolean;
  /** A commit is dropped if the table's position is not where the fold began. */
  readonly startChecked: boolean;
  /** A claim begins with nothing in memory. */
  readonly freshFold: boolean;
  /** Events whose origin was already seen are not counted again. */
  readonly dedupe: boolean;
  /** The dedupe positions are committed with the segments. */
  readonly dedupeCommitted: boolean;
  /** A position belongs to one topic id. */
  readonly topicIds: boolean;
  /** The next owner sends dead letters that were not sent. */
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
