/**
 * What every dump must show, whatever the order of events: each conclusion follows from the facts and the current course,
 * and every receiver has exactly what was concluded. Two runs cannot be compared where lookups change, since they may
 * correctly conclude at different moments.
 */
import assert from 'node:assert/strict';
import type { Dump } from '../../testing/dump.ts';

type Any = Record<string, unknown>;

interface Learner {
  readonly userId: string;
  readonly courseId: string;
  readonly required: number;
  readonly completed: number;
  readonly progress: number;
  readonly state: string;
  readonly completedAt: number | null;
  readonly batches: Readonly<Record<string, { active: boolean; completionSaid: boolean; joined: boolean }>>;
  readonly withdrawnAt: number | null;
  readonly resetAt: number | null;
  readonly resets: Readonly<Record<string, number>>;
  readonly contents: Readonly<Record<string, { completed: boolean }>>;
  readonly units: Readonly<Record<string, number>>;
}
interface Course {
  readonly courseId: string;
  readonly contents: Readonly<Record<string, { required: boolean; units: readonly string[] }>>;
}

export function assertConsistent(dump: Dump): void {
  const learners = (dump.tables['learner_progress'] ?? []) as Learner[];
  const courses = new Map(
    ((dump.tables['course_structure'] ?? []) as Course[]).map((course) => [course.courseId, course]),
  );
  for (const learner of learners) assertConcluded(learner, courses.get(learner.courseId));
  for (const batch of (dump.tables['batch_summary'] ?? []) as Any[]) assertBatch(batch, learners);
  for (const group of (dump.tables['group_membership'] ?? []) as Any[]) assertGroup(group, learners);
  for (const recipient of (dump.tables['recipient'] ?? []) as Any[]) assertNotices(recipient, learners);
}

/** The conclusions about a learner follow from the facts and the current course. */
function assertConcluded(learner: Learner, course: Course | undefined): void {
  const required = Object.entries(course?.contents ?? {}).filter(([, content]) => content.required);
  const done = required.filter(([contentId]) => learner.contents[contentId]?.completed);
  const units: Record<string, number> = {};
  for (const [, { units: holding }] of done) for (const unitId of holding) units[unitId] = (units[unitId] ?? 0) + 1;
  const counted = Object.fromEntries(Object.entries(learner.units).filter(([, count]) => count > 0));
  const progress = required.length === 0 ? 0 : Math.floor((100 * done.length) / required.length);
  assert.deepEqual(
    { required: learner.required, completed: learner.completed, progress: learner.progress, units: counted },
    { required: required.length, completed: done.length, progress, units },
    `what is concluded of ${learner.userId} in ${learner.courseId}`,
  );
  if (required.length > 0 && done.length === required.length && learner.withdrawnAt === null) {
    assert.notEqual(learner.completedAt, null);
  }
}

/** A batch counts each of its learners once, with the learner's current state. */
function assertBatch(batch: Any, learners: readonly Learner[]): void {
  const members = learners.flatMap((learner) => {
    const membership = learner.batches[batch['batchId'] as string];
    return membership === undefined || !membership.joined ? [] : [{ ...learner, ...membership }];
  });
  const now = members.filter(({ active }) => active);
  const histogram = Array.from({ length: 10 }, () => 0);
  for (const { progress } of now) {
    const tenth = Math.min(9, Math.floor(progress / 10));
    histogram[tenth] = (histogram[tenth] ?? 0) + 1;
  }
  const count = (state: string): number => now.filter((learner) => learner.state === state).length;
  const { learners: active, ever, left, notStarted, inProgress, completed, progressSum, histogram: shown } = batch;
  assert.deepEqual(
    { active, ever, left, notStarted, inProgress, completed, progressSum, histogram: shown },
    {
      active: now.length,
      ever: members.length,
      left: members.length - now.length,
      notStarted: count('not_started'),
      inProgress: count('in_progress'),
      completed: count('completed'),
      progressSum: now.reduce((sum, { progress }) => sum + progress, 0),
      histogram,
    },
    `what batch ${String(batch['batchId'])} counted`,
  );
}

/** A group's board shows each member as the member's own row does. */
function assertGroup(group: Any, learners: readonly Learner[]): void {
  for (const shown of Object.values(group['progress'] as Record<string, Any>)) {
    const row = learners.find(({ userId, courseId }) => userId === shown['userId'] && courseId === shown['courseId']);
    const enrolled = row !== undefined && Object.values(row.batches).some(({ active }) => active);
    const { progress, state, completedAt } = enrolled ? row : { progress: 0, state: 'not_started', completedAt: null };
    assert.deepEqual(
      shown,
      { userId: shown['userId'], courseId: shown['courseId'], enrolled, progress, state, completedAt },
      `the board of ${String(group['groupId'])}`,
    );
  }
}

/** Every learner who completed a course while enrolled was notified. Others may be notified only if their completion was withdrawn. */
function assertNotices(recipient: Any, learners: readonly Learner[]): void {
  const own = learners.filter(({ userId }) => userId === recipient['recipientId']);
  const noticeOf = ({ courseId }: Learner) => `course-completed/${courseId}`;
  const isEmittedNow = ({ batches }: Learner) => Object.values(batches).some(({ completionSaid }) => completionSaid);
  const isTakenBack = ({ resetAt, withdrawnAt, resets }: Learner) =>
    resetAt !== null || withdrawnAt !== null || Object.keys(resets).length > 0;
  const taken = new Set(own.filter((learner) => isTakenBack(learner) && !isEmittedNow(learner)).map(noticeOf));
  const notices = Object.keys(recipient['feed'] as Any).filter((id) => id.startsWith('course-completed/'));
  assert.deepEqual(
    notices.filter((id) => !taken.has(id)).sort(),
    own.filter(isEmittedNow).map(noticeOf).sort(),
    `the notices of ${String(recipient['recipientId'])}`,
  );
}

/**
 * Only the facts: what learners did and where they are, who is in which group, what was requested. They are equal in all runs
 * of one history.
 */
export function factsOf({ tables }: Dump): unknown {
  const pick = (table: string, ...names: string[]) =>
    ((tables[table] ?? []) as Any[]).map((row) => Object.fromEntries(names.map((name) => [name, row[name]])));
  return {
    learners: ((tables['learner_progress'] ?? []) as (Any & Learner)[]).map(
      ({
        userId,
        courseId,
        contents,
        followers,
        firstAccessAt,
        lastAccessAt,
        batches,
        resetAt,
        resets,
        withdrawnAt,
      }) => ({
        userId,
        courseId,
        contents,
        followers,
        firstAccessAt,
        lastAccessAt,
        resetAt,
        resets,
        withdrawnAt,
        batches: Object.fromEntries(
          Object.entries(batches).map(([id, { completionSaid: _said, ...batch }]) => [id, batch]),
        ),
      }),
    ),
    groups: pick('group_membership', 'groupId', 'name', 'members', 'activities'),
    batches: pick('batch_summary', 'batchId', 'name', 'startsAt', 'endsAt', 'status', 'learners', 'ever', 'left'),
    recipients: pick('recipient', 'recipientId', 'addresses', 'muted', 'timeZone'),
    courses: tables['course_structure'],
  };
}

/** The dump without what may rightly differ: the order in which two topics changed one row, and when a channel answered. */
export function comparable(dump: Dump): Dump {
  const tables = { ...dump.tables };
  const indexes = { ...dump.indexes };
  const timeless = (rows: unknown[] | undefined) =>
    ((rows ?? []) as Any[]).map(({ changedAt: _changedAt, dueAt: _dueAt, ...row }) => row);
  tables['messages'] = timeless(tables['messages']);
  indexes['failed_messages'] = timeless(indexes['failed_messages']);
  tables['recipient'] = ((tables['recipient'] ?? []) as Any[]).map((row) => ({
    ...row,
    recent: [...(row['recent'] as string[])].sort(),
  }));
  tables['learner_progress'] = ((tables['learner_progress'] ?? []) as Any[]).map((row) => ({
    ...row,
    recent: [...(row['recent'] as string[])].sort(),
  }));
  return { ...dump, tables, indexes };
}
