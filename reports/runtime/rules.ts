/**
 * The rules by which every event is counted once, whatever crashes, wakes up late or is rewound.
 *
 * 1. Positions lie with the segments: one commit has both (`publisher.ts`), and the table says where to go on, not the group (`handler.ts`).
 * 2. A commit of a partition supposes that its position is where the fold began. Who comes second is dropped, with what it counted.
 *    So is who counted for a table that another one has replaced; who has nothing to commit looks for that every so often.
 * 3. A claim begins with nothing in memory.
 * 4. Repeats of derived events are known by their origins, whose positions are committed with the rest.
 *    What the group has seen beyond the position of the table is not taken for known: it has yet to be counted.
 * 5. A topic that was made again is another one.
 * 6. Dead letters of what was counted and not yet committed to the group are sent by the next owner.
 *
 * Each switch turns one of them off. Only tests do so, to show that they would notice.
 */
export interface RollupRules {
  /** The table says where to go on. */
  readonly positionOfTable: boolean;
  /** A commit is dropped if the position is not the one at which the fold began. */
  readonly startChecked: boolean;
  /** A claim begins with nothing in memory. */
  readonly freshFold: boolean;
  /** What was seen of an origin is not counted again. */
  readonly dedupe: boolean;
  /** What was seen of origins is committed with the segments. */
  readonly dedupeCommitted: boolean;
  /** A position is that of one topic id. */
  readonly topicIds: boolean;
  /** Dead letters that were not sent are sent by the next owner. */
  readonly lettersAgain: boolean;
}

export const ALL_ROLLUP_RULES: RollupRules = {
  positionOfTable: true,
  startChecked: true,
  freshFold: true,
  dedupe: true,
  dedupeCommitted: true,
  topicIds: true,
  lettersAgain: true,
};
