/**
 * How far each learner is in each course.
 *
 * A row keeps *facts*: which contents were visited and completed, and which batches the learner is in. The *standing* (percentage, counts
 * for each unit, completion) is concluded from the facts and the structure of the course as it is now (`standing.ts`). So facts may come
 * in any order: progress before the enrollment, or before the course is known, is kept and counts later. When a course is published
 * again, every standing is concluded again. The work for one event does not grow with the number of contents.
 *
 * Every fact has a time, and what holds follows from the times: `memberships.ts` decides who is in a batch, `completions.ts` what counts as
 * completed.
 *
 * - The structure of the course says what is required. A learner has completed the course when every required content is complete; a course
 *   without required contents is never completed. The first completion is kept for good, unless the progress is reset or the completion
 *   is withdrawn. Then batches are notified of the new standing, and of the next completion as of a first one.
 * - A learner who leaves keeps the progress, and continues with it after coming back. No events are emitted about a learner who is in no
 *   batch. If the joining of a batch arrives after the leaving, the batch is notified of both, so that it counts the learner as a former one.
 * - An enrollment is rejected if its batch is known to be of another course. As long as a batch is unknown, all enrollments are accepted:
 *   once the batch is known, it counts those of its own course.
 * - A group may follow a user who has done nothing yet. When the last such group stops following, the row is deleted.
 * - A repeated visit (the same event) counts once; the latest eight visits are remembered.
 */

import { identityOf } from '../../core/event.ts';
import { INT_MAX } from '../../core/json.ts';
import { learnerCompleted, learnerJoined, learnerLeft, learnerProgressed } from '../../schemas/batch.ts';
import {
  completionWithdrawn,
  contentProgressed,
  courseRetaken,
  courseStructureChanged,
  enrolled,
  progressFollowed,
  progressReset,
  unenrolled,
} from '../../schemas/enrollment.ts';
import { memberProgressed } from '../../schemas/group.ts';
import { notificationRequested } from '../../schemas/notification.ts';
import { batchSummary } from '../../schemas/rows/batch-summary.ts';
import { courseStructure } from '../../schemas/rows/course-structure.ts';
import {
  batchLearners,
  enrollmentIndex,
  learnerCourses,
  learnerProgress,
} from '../../schemas/rows/learner-progress.ts';
import { batchEvents, enrollmentEvents, groupEvents, notificationEvents } from '../../topics/index.ts';
import { catchingUp, defineJob, emit, lookup, type Rejection, reject, view, viewEach, where } from '../define.ts';
import { derivedId } from '../derived-id.ts';
import { isNewCompletion, reset, retaken, visited, withdrawn } from './completions.ts';
import { isEnrolled, isUntouched, newLearner, wasEnrolled } from './learner.ts';
import { isCrowded, joinedBy, leftBy } from './memberships.ts';
import { concluded, concludedWhole, type Learner } from './standing.ts';

type Emitted = ReturnType<typeof toBatch>[number] | ReturnType<typeof toGroup> | ReturnType<typeof toLearner>;

const RECENT_VISITS = 8;

export const trackProgress = defineJob({
  name: 'track-progress',
  doc: 'Keeps the progress of each learner in each course, and notifies batches, groups and the learner.',
  from: enrollmentEvents,
  on: [
    enrolled,
    unenrolled,
    contentProgressed,
    progressReset,
    courseRetaken,
    completionWithdrawn,
    progressFollowed,
    courseStructureChanged,
  ],
  to: [batchEvents, groupEvents, notificationEvents],
  row: learnerProgress,

  key: ({ type, data }) =>
    type === 'enrollment.course-structure-changed'
      ? where('courseId', data.courseId)
      : { userId: data.userId, courseId: data.courseId },

  lookups: ({ courseId }, { type, data }) => ({
    course: lookup(courseStructure, { courseId }),
    ...(type === 'enrollment.enrolled' && { batch: lookup(batchSummary, { batchId: data.batchId }) }),
  }),

  fold: {
    'enrollment.enrolled': (row, { data, time }, { course, batch }) => {
      const { batchId, courseId } = data;
      // A batch that is known only from its learners has no start; its course is a guess.
      if (batch !== undefined && batch.startsAt !== null && batch.courseId !== courseId) {
        return reject(
          'FACT_IMPOSSIBLE',
          `batch ${batchId} belongs to course ${batch.courseId}, not to ${courseId}: enrol in a batch of that course, or correct the batch and replay this`,
        );
      }
      const learner = row ?? newLearner(data);
      const before = learner.batches.get(batchId);
      const joined = joinedBy(before, data.method, time);
      if (joined === before) return learner;
      if (isCrowded(joined)) return crowded(data);
      return concluded({ ...learner, batches: learner.batches.set(batchId, joined) }, course);
    },

    'enrollment.unenrolled': (row, { data, time }, { course }) => {
      const learner = row ?? newLearner(data);
      const before = learner.batches.get(data.batchId);
      const left = leftBy(before, data.method, time);
      if (left === before) return learner;
      if (isCrowded(left)) return crowded(data);
      const after = { ...learner, batches: learner.batches.set(data.batchId, left) };
      // A learner leaves with the standing that was last emitted to the batch.
      return row === undefined ? concluded(after, course) : after;
    },

    'enrollment.content-progressed': (row, event, { course }) => {
      const { data, time } = event;
      const identity = identityOf(event);
      const learner = row ?? newLearner(data);
      const before = learner.contents.get(data.contentId);
      const isRepeat = learner.recent.includes(identity);
      const content = visited(learner, event, isRepeat);
      if (content.views > INT_MAX) {
        const what = `${data.userId} would have visited ${data.contentId} ${content.views} times, and ${INT_MAX} are the most`;
        return reject('FACT_IMPOSSIBLE', `${what}: correct the producer`);
      }
      const isCompleted = isNewCompletion(before, content, time);
      const completes = content.completed && !before?.completed;
      if (isRepeat && !isCompleted && !completes) return learner;
      const after = {
        ...learner,
        contents: learner.contents.set(data.contentId, content),
        firstAccessAt: Math.min(learner.firstAccessAt ?? time, time),
        lastAccessAt: Math.max(learner.lastAccessAt ?? time, time),
        recent: isRepeat ? learner.recent : [...learner.recent, identity].slice(-RECENT_VISITS),
        startedOver: learner.startedOver && time < (learner.resetAt ?? time),
      };
      const earlier = isCompleted && time < (learner.completedAt ?? time);
      const begins = learner.state === 'not_started';
      if (!completes && !earlier && !begins && !(isCompleted && learner.completedAt === null)) return after;
      return concluded(after, course, { completing: completes ? data.contentId : undefined, earlier });
    },

    'enrollment.progress-reset': (row, { data, time }, { course }) => {
      const learner = row ?? newLearner(data);
      const after = reset(learner, data.contentIds, time, course);
      return after === learner ? row : concludedWhole(after, course);
    },

    'enrollment.course-retaken': (row, { data, time }, { course }) => {
      const learner = row ?? newLearner(data);
      const after = retaken(learner, time);
      return after === learner ? row : concludedWhole(after, course);
    },

    'enrollment.completion-withdrawn': (row, { data, time }, { course }) => {
      const learner = row ?? newLearner(data);
      const after = withdrawn(learner, time);
      return after === learner ? row : concludedWhole(after, course);
    },

    'enrollment.progress-followed': (row, { data }, { course }) => {
      const learner = row ?? newLearner(data);
      const others = learner.followers.filter((groupId) => groupId !== data.groupId);
      const followers = data.following ? [...others, data.groupId].sort() : others;
      return followers.length === 0 && isUntouched(learner) ? undefined : concluded({ ...learner, followers }, course);
    },

    'enrollment.course-structure-changed': (row, _event, { course }) => row && concludedWhole(row, course),
  },

  react: (before, after, event) => {
    if (after === undefined) return [];
    const follower =
      event.type === 'enrollment.progress-followed' && event.data.following ? event.data.groupId : undefined;
    const isChanged = isEnrolled(before) !== isEnrolled(after) || (isEnrolled(after) && standingChanged(before, after));
    const outputs: Emitted[] = [];
    after.batches.forEach((_, batchId) => {
      outputs.push(...toBatch(batchId, before, after));
    });
    for (const groupId of after.followers) {
      if (isChanged || (groupId === follower && isEnrolled(after))) outputs.push(toGroup(groupId, after));
    }
    if (isCompletionEmitted(after) && !isCompletionEmitted(before)) outputs.push(toLearner(after));
    return outputs;
  },

  views: [
    viewEach(
      learnerProgress,
      batchLearners,
      'batches',
      ['userId', 'courseId', 'progress', 'state', 'completedAt', 'lastAccessAt'],
      (learner, { active, since, joined }, batchId) => (joined ? { ...learner, batchId, active, since } : undefined),
    ),
    catchingUp(
      view(learnerProgress, enrollmentIndex, (row) => {
        if (!wasEnrolled(row)) return undefined;
        const { userId, courseId, courseName, progress, state, completedAt, lastAccessAt } = row;
        const batches: string[] = [];
        const left: string[] = [];
        row.batches.forEach(({ active, joined }, batchId) => {
          if (active) batches.push(batchId);
          else if (joined) left.push(batchId);
        });
        const active = batches.length > 0;
        return { userId, courseId, courseName, progress, state, completedAt, lastAccessAt, active, batches, left };
      }),
    ),
    view(learnerProgress, learnerCourses, (row) => {
      if (!wasEnrolled(row)) return undefined;
      const { userId, courseId, progress, state } = row;
      return { userId, courseId, progress, state, active: isEnrolled(row) };
    }),
  ],
});

function crowded({ userId, batchId, method }: { userId: string; batchId: string; method: string }): Rejection {
  return reject(
    'FACT_IMPOSSIBLE',
    `${userId} in batch ${batchId} has too many methods to add ${method}: a method is a way of enrolling, not a single enrollment`,
  );
}

const isCompletionEmitted = (row: Learner | undefined): boolean =>
  row?.batches.some((batch) => batch.completionSaid) === true;
const standingChanged = (before: Learner | undefined, after: Learner): boolean =>
  before?.progress !== after.progress || before.state !== after.state || before.completedAt !== after.completedAt;

function toBatch(batchId: string, before: Learner | undefined, after: Learner) {
  const was = before?.batches.get(batchId);
  const is = after.batches.get(batchId);
  const { userId, courseId, progress, state, completedAt } = after;
  const learner = { batchId, userId, courseId, progress, state };
  const outputs = [];
  const first = is?.joined === true && !was?.joined;
  if (first || (is?.active && !was?.active)) outputs.push(emit(learnerJoined, { ...learner, first }));
  if (!is?.active && (first || was?.active)) outputs.push(emit(learnerLeft, learner));
  if (is?.active && was?.active && before && (before.progress !== progress || before.state !== state)) {
    const previous = { previousProgress: before.progress, previousState: before.state };
    outputs.push(emit(learnerProgressed, { ...learner, ...previous }));
  }
  if (is?.completionSaid && !was?.completionSaid && completedAt !== null) {
    outputs.push(emit(learnerCompleted, { batchId, courseId, userId, completedAt }, completedAt));
  }
  return outputs;
}

function toGroup(groupId: string, row: Learner) {
  const { userId, courseId, progress, state, completedAt } = row;
  return emit(memberProgressed, { groupId, userId, courseId, progress, state, completedAt, enrolled: isEnrolled(row) });
}

/** The notification has the time of the completion: when a course is published late, its completion may be years old. */
function toLearner({ userId, courseId, courseName, completedAt }: Learner) {
  const notification = {
    recipientId: userId,
    notificationId: derivedId('course-completed/', courseId),
    category: 'course',
    title: `You have completed ${courseName.trim() === '' ? courseId : courseName}`,
  };
  return emit(notificationRequested, notification, completedAt ?? undefined);
}
