/** Fields and sentences that many events share, so that one concept has one name and one description everywhere. */

/** The rule of a fact that says how something is: senders repeat, replay and come late. */
export const NEWEST_HOLDS =
  'What has the later time holds, whenever it comes; of equal times, what is later in the log.';
/** The rule of what jobs say: a repeat is known by its origin. */
export const IN_LOG_ORDER = 'Said by jobs, each once, and folded in the order of the log; its time decides nothing.';

export const userId = { name: 'userId', type: 'string', doc: 'The learner.' } as const;
export const courseId = { name: 'courseId', type: 'string', doc: 'The course.' } as const;
export const batchId = {
  name: 'batchId',
  type: 'string',
  doc: 'The batch: one run of a course for one set of learners.',
} as const;
export const contentId = { name: 'contentId', type: 'string', doc: 'The leaf content of the course.' } as const;
export const groupId = { name: 'groupId', type: 'string', doc: 'The group.' } as const;
export const recipientId = { name: 'recipientId', type: 'string', doc: 'The user who is told.' } as const;

/**
 * Where a learner stands in a course. Completed is for good, unless the progress is reset or the completion withdrawn; the others
 * follow the course as it is now.
 */
export const learnerState = {
  type: 'enum',
  name: 'LearnerState',
  symbols: ['not_started', 'in_progress', 'completed'],
} as const;

export const state = { name: 'state', type: learnerState, doc: 'Where the learner stands.' } as const;

export const progress = {
  name: 'progress',
  type: 'int',
  doc: 'Completed required contents of all required contents, rounded down: 100 only when every one is complete.',
  unit: 'percent',
} as const;
