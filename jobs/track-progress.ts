/**
 * How far each learner is in each course.
 *
 * A row keeps *facts*: which contents were visited and completed, and which batches the learner is in. What follows from
 * them, the *standing* (percentage, counts per unit, completion), is concluded from the facts and the structure of the
 * course as it is now. So facts may come in any order: progress before the enrollment, or before the course is known, is
 * kept and counts when they come; and when a course is published anew, every standing is concluded again. `standing.ts` does so,
 * and what one event adds does not take longer the more contents there are.
 *
 * - Required is what the course's structure says is required. A learner has completed the course when every required
 *   content is complete; a course that requires nothing is completed by nobody. The first completion is kept for good.
 * - Leaving keeps progress, and coming back goes on with it. Nothing is said about a learner who is in no batch.
 * - A group may follow somebody who has done nothing yet. When none does any more, no row is left of it.
 * - A visit told twice (same event id) is one visit, as far as the latest eight visits tell.
 */

import { learnerCompleted, learnerJoined, learnerLeft, learnerProgressed } from '../schemas/batch.ts';
import {
  contentProgressed,
  courseStructureChanged,
  enrolled,
  progressFollowed,
  unenrolled,
} from '../schemas/enrollment.ts';
import { Entries } from '../schemas/entries.ts';
import { memberProgressed } from '../schemas/group.ts';
import { notificationRequested } from '../schemas/notification.ts';
import { courseStructure } from '../schemas/rows/course-structure.ts';
import { batchLearners, enrollmentIndex, learnerCourses, learnerProgress } from '../schemas/rows/learner-progress.ts';
import { batchEvents, enrollmentEvents, groupEvents, notificationEvents } from '../topics/index.ts';
import { catchingUp, defineJob, emit, lookup, view, viewEach, where } from './define.ts';
import { concluded, concludedWhole, type Learner } from './standing.ts';

type Said = ReturnType<typeof toBatch>[number] | ReturnType<typeof toGroup> | ReturnType<typeof toLearner>;

const RECENT_VISITS = 8;

export const trackProgress = defineJob({
  name: 'track-progress',
  doc: 'Keeps how far each learner is in each course, and tells batches, groups and the learner.',
  from: enrollmentEvents,
  on: [enrolled, unenrolled, contentProgressed, progressFollowed, courseStructureChanged],
  to: [batchEvents, groupEvents, notificationEvents],
  row: learnerProgress,

  key: ({ type, data }) =>
    type === 'enrollment.course-structure-changed'
      ? where('courseId', data.courseId)
      : { userId: data.userId, courseId: data.courseId },

  lookups: ({ courseId }) => ({ course: lookup(courseStructure, { courseId }) }),

  fold: {
    'enrollment.enrolled': (row, { data, time }, { course }) => {
      const learner = row ?? newLearner(data);
      const before = learner.batches.get(data.batchId);
      if (before?.active) return learner;
      const batch = { firstAt: time, completionSaid: false, ...before, active: true, since: time };
      return concluded({ ...learner, batches: learner.batches.set(data.batchId, batch) }, course);
    },

    'enrollment.unenrolled': (row, { data, time }) => {
      const before = row?.batches.get(data.batchId);
      if (row === undefined || !before?.active) return row;
      return { ...row, batches: row.batches.set(data.batchId, { ...before, active: false, since: time }) };
    },

    'enrollment.content-progressed': (row, { data, time, id }, { course }) => {
      const learner = row ?? newLearner(data);
      const before = learner.contents.get(data.contentId);
      const repeated = learner.recent.includes(id);
      const completes = data.status === 'completed' && !before?.completed;
      if (repeated && !completes) return learner;
      const content = {
        completed: completes || before?.completed === true,
        views: (before?.views ?? 0) + (repeated ? 0 : data.views),
        firstAt: Math.min(before?.firstAt ?? time, time),
        lastAt: Math.max(before?.lastAt ?? time, time),
        completedAt:
          data.status === 'completed' ? Math.min(before?.completedAt ?? time, time) : (before?.completedAt ?? null),
      };
      const visited = {
        ...learner,
        contents: learner.contents.set(data.contentId, content),
        firstAccessAt: Math.min(learner.firstAccessAt ?? time, time),
        lastAccessAt: Math.max(learner.lastAccessAt ?? time, time),
        recent: [...learner.recent, id].slice(-RECENT_VISITS),
      };
      if (completes) return concluded(visited, course, data.contentId);
      return learner.state === 'not_started' ? concluded(visited, course) : visited;
    },

    'enrollment.progress-followed': (row, { data }, { course }) => {
      const learner = row ?? newLearner(data);
      const others = learner.followers.filter((groupId) => groupId !== data.groupId);
      const followers = data.following ? [...others, data.groupId].sort() : others;
      return followers.length + learner.batches.size + learner.contents.size === 0
        ? undefined
        : concluded({ ...learner, followers }, course);
    },

    'enrollment.course-structure-changed': (row, _event, { course }) => row && concludedWhole(row, course),
  },

  react: (before, after, event) => {
    if (after === undefined) return [];
    const follower =
      event.type === 'enrollment.progress-followed' && event.data.following ? event.data.groupId : undefined;
    const isNews = isEnrolled(before) !== isEnrolled(after) || (isEnrolled(after) && standingChanged(before, after));
    const said: Said[] = [];
    after.batches.forEach((_, batchId) => {
      said.push(...toBatch(batchId, before, after));
    });
    for (const groupId of after.followers) {
      if (isNews || (groupId === follower && isEnrolled(after))) said.push(toGroup(groupId, after));
    }
    if (completionSaid(after) && !completionSaid(before)) said.push(toLearner(after));
    return said;
  },

  views: [
    viewEach(
      learnerProgress,
      batchLearners,
      'batches',
      ['userId', 'courseId', 'progress', 'state', 'completedAt', 'lastAccessAt'],
      (learner, { active, since }, batchId) => ({ ...learner, batchId, active, since }),
    ),
    catchingUp(
      view(learnerProgress, enrollmentIndex, (row) => {
        if (row.batches.size === 0) return undefined;
        const { userId, courseId, courseName, progress, state, completedAt, lastAccessAt } = row;
        const batches: string[] = [];
        row.batches.forEach(({ active }, batchId) => {
          if (active) batches.push(batchId);
        });
        const active = batches.length > 0;
        return { userId, courseId, courseName, progress, state, completedAt, lastAccessAt, active, batches };
      }),
    ),
    view(learnerProgress, learnerCourses, (row) => {
      if (row.batches.size === 0) return undefined;
      const { userId, courseId, progress, state } = row;
      return { userId, courseId, progress, state, active: isEnrolled(row) };
    }),
  ],
});

function newLearner({ userId, courseId }: { userId: string; courseId: string }): Learner {
  return {
    userId,
    courseId,
    courseName: '',
    required: 0,
    completed: 0,
    progress: 0,
    state: 'not_started',
    completedAt: null,
    firstAccessAt: null,
    lastAccessAt: null,
    batches: Entries.empty(),
    contents: Entries.empty(),
    units: Entries.empty(),
    followers: [],
    recent: [],
    measuredSince: null,
  };
}

const isEnrolled = (row: Learner | undefined): boolean => row?.batches.some(({ active }) => active) === true;
const completionSaid = (row: Learner | undefined): boolean =>
  row?.batches.some((batch) => batch.completionSaid) === true;
const standingChanged = (before: Learner | undefined, after: Learner): boolean =>
  before?.progress !== after.progress || before.state !== after.state || before.completedAt !== after.completedAt;

function toBatch(batchId: string, before: Learner | undefined, after: Learner) {
  const was = before?.batches.get(batchId);
  const is = after.batches.get(batchId);
  const { userId, courseId, progress, state, completedAt } = after;
  const learner = { batchId, userId, courseId, progress, state };
  const said = [];
  if (is?.active && !was?.active) said.push(emit(learnerJoined, { ...learner, first: was === undefined }));
  if (!is?.active && was?.active) said.push(emit(learnerLeft, learner));
  if (is?.active && was?.active && before && (before.progress !== progress || before.state !== state)) {
    const previous = { previousProgress: before.progress, previousState: before.state };
    said.push(emit(learnerProgressed, { ...learner, ...previous }));
  }
  if (is?.completionSaid && !was?.completionSaid && completedAt !== null) {
    said.push(emit(learnerCompleted, { batchId, courseId, userId, completedAt }));
  }
  return said;
}

function toGroup(groupId: string, row: Learner) {
  const { userId, courseId, progress, state, completedAt } = row;
  return emit(memberProgressed, { groupId, userId, courseId, progress, state, completedAt, enrolled: isEnrolled(row) });
}

function toLearner({ userId, courseId, courseName }: Learner) {
  return emit(notificationRequested, {
    recipientId: userId,
    notificationId: `course-completed/${courseId}`,
    category: 'course',
    title: `You have completed ${courseName}`,
  });
}
