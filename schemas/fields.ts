/** Fields and sentences that many events share, so that one concept has one name and one description everywhere. */

/** The rule for facts about a state. Producers repeat and replay events, and send them late. */
export const NEWEST_HOLDS =
  'the one with the later time wins, whenever it arrives. If the times are equal, the later one in the log wins.';
/** The rule for events that jobs emit: a repeat is recognised by its origin. */
export const IN_LOG_ORDER =
  'Jobs emit these events, each exactly once. They are folded in the order of the log, whatever their times.';

export const userId = { name: 'userId', type: 'string', doc: 'The learner.', person: true } as const;
export const courseId = { name: 'courseId', type: 'string', doc: 'The course.' } as const;
export const batchId = {
  name: 'batchId',
  type: 'string',
  doc: 'The batch: one run of a course for one set of learners.',
} as const;
export const contentId = { name: 'contentId', type: 'string', doc: 'The leaf content of the course.' } as const;
export const groupId = { name: 'groupId', type: 'string', doc: 'The group.' } as const;
export const recipientId = {
  name: 'recipientId',
  type: 'string',
  doc: 'The user who is notified.',
  person: true,
} as const;

/**
 * The state of a learner in a course. `completed` is final, unless the progress is reset or the completion is withdrawn. The other states
 * follow from the course as it is now.
 */
export const learnerState = {
  type: 'enum',
  name: 'LearnerState',
  symbols: ['not_started', 'in_progress', 'completed'],
} as const;

export const state = { name: 'state', type: learnerState, doc: 'The state of the learner in the course.' } as const;

export const progress = {
  name: 'progress',
  type: 'int',
  doc: 'The share of the required contents that are complete, rounded down: 100 only when all of them are.',
  unit: 'percent',
} as const;
