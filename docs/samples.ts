/** The keys and records that the story in `demo/story` leaves. The lines on the page of projections use them. */

export const SAMPLE_TENANT = 'default';

/** Keyed by the name of a key field. */
export const SAMPLE_KEYS: Readonly<Record<string, string>> = {
  userId: 'ada',
  recipientId: 'ada',
  courseId: 'rivers',
  batchId: 'rivers-2026',
  groupId: 'geographers',
};

/** One record of each cache, by the name of the cache. */
export const SAMPLE_RECORDS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  learner_courses: { userId: 'ada', courseId: 'rivers', progress: 100, state: 'completed', active: true },
  batch_summaries: {
    batchId: 'rivers-2026',
    courseId: 'rivers',
    name: 'How rivers work, spring 2026',
    startsAt: 1772409600000,
    endsAt: null,
    status: 'ongoing',
    learners: 1,
    ever: 1,
    left: 0,
    notStarted: 0,
    inProgress: 0,
    completed: 1,
    meanProgress: 100,
    histogram: [0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  },
  unread_counts: { recipientId: 'ada', unread: 1 },
};
