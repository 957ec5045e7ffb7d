/** A small world in which every report has rows: a course, a batch and a group with some learners, and their rollups. */
import assert from 'node:assert/strict';
import { activity } from '../../../reports/datasources/activity.ts';
import { enrollments } from '../../../reports/datasources/enrollments.ts';
import { notifications } from '../../../reports/datasources/notifications.ts';
import { progress } from '../../../reports/datasources/progress.ts';
import type { Datasource } from '../../../reports/define-datasource.ts';
import type { Report } from '../../../reports/define-report.ts';
import { reports } from '../../../reports/definitions/index.ts';
import type { GivenValues } from '../../../reports/requesting/parameters.ts';
import { learnerCompleted, learnerJoined, learnerLeft, learnerProgressed } from '../../../schemas/batch.ts';
import { contentProgressed } from '../../../schemas/enrollment.ts';
import { messageDelivered, messageFailed } from '../../../schemas/notification.ts';
import { minute, type SpecEvent, type SpecRow } from '../../../testing/job-spec.ts';
import { batch, course, group, learner, member, user, visited } from './rows.ts';

const ofBatch = { batchId: 'spring' };
/** Periods with days on both sides of a clock change. */
const zones = [{ zone: 'Europe/Berlin' }, { zone: 'Asia/Kathmandu', first: '2026-01-05', last: '2026-01-31' }];
const filters = [{ courseId: 'algebra' }, { courseId: "l'été" }];

/** Parameters to run each report with, by its name. With the first ones it has rows in this world. */
export const CASES: Readonly<Record<string, readonly [GivenValues, ...GivenValues[]]>> = {
  'learner-progress': [ofBatch],
  'module-progress': [ofBatch],
  'group-progress': [{ groupId: 'friends' }],
  'enrollment-trend': [{}, ...zones, ...filters, { batchId: 'spring', courseId: 'algebra' }],
  activity: [
    {},
    ...['day', 'week', 'month'].flatMap((every) => zones.map((zone) => ({ every, ...zone, byCourse: true }))),
    ...filters,
  ],
  'completion-funnel': [ofBatch],
  'progress-distribution': [{}, { day: '2026-01-05', zone: 'Asia/Kolkata' }, ...filters, ofBatch],
  'drop-off': [ofBatch],
  'learners-at-risk': [ofBatch],
  'content-popularity': [ofBatch],
  'content-types': [{}, ...zones, ...filters],
  'learners-personal-data': [ofBatch],
  'notification-delivery': [{}, ...zones, { category: "l'été" }, { channel: 'mail' }],
  'dead-letters': [{}],
  lag: [{}],
};

export function casesOf({ name }: Report): readonly [GivenValues, ...GivenValues[]] {
  return CASES[name] ?? assert.fail(`${name} has no case: add what it is asked for, and what it needs of the world`);
}

/** The reports about one tenant. */
export const ofTenants = reports.filter(({ role }) => role !== 'operator');

/** The rows of jobs for a tenant with this many learners. */
export function rowsOf(learners: number): SpecRow[] {
  const ids = idsOf(learners);
  const role = { role: 'member', since: minute(0), saidAt: null, roleAt: null };
  return [
    course(),
    batch({ learners, ever: learners }),
    group({ members: Object.fromEntries(ids.map((id) => [id, role])) }),
    ...ids.flatMap((id, n) => [
      ...learner(id, {
        state: 'in_progress',
        completed: 1,
        progress: 33,
        lastAccessAt: minute(10 + n),
        contents: { axioms: visited({ views: learners }) },
        units: { groups: 1 },
      }),
      member(id),
      user(id, { name: id, consents: { algebra: { given: true, at: minute(3) } } }),
    ]),
  ];
}

/** The events of each datasource, for a tenant with this many learners. */
export function eventsOf(tenant: string, learners: number): ReadonlyMap<Datasource, readonly SpecEvent[]> {
  const events = idsOf(learners).map((userId, n) => {
    const at = (plus: number) => ({ tenant, time: minute(25 * n + plus) });
    const inBatch = { batchId: 'spring', courseId: 'algebra', userId };
    const joined: SpecEvent = [learnerJoined, { ...inBatch, progress: 0, state: 'not_started', first: true }, at(0)];
    const left: SpecEvent = [learnerLeft, { ...inBatch, progress: 33, state: 'in_progress' }, at(3)];
    const message = {
      recipientId: userId,
      messageId: `${userId}/exam/mail`,
      notificationId: 'exam',
      channel: 'mail',
      category: 'exam',
      attempts: 1,
    };
    const failed = { ...message, messageId: `${userId}/exam/push`, channel: 'push', reason: 'refused', dueAt: null };
    const progressed: SpecEvent = [
      learnerProgressed,
      { ...inBatch, progress: 33, state: 'in_progress', previousProgress: 0, previousState: 'in_progress' },
      at(2),
    ];
    const completed: SpecEvent = [learnerCompleted, { ...inBatch, completedAt: at(2).time }, at(2)];
    const visit = { userId, courseId: 'algebra', contentId: 'axioms', status: 'completed', views: 1 };
    const delivered: SpecEvent = [messageDelivered, { ...message, dueAt: at(0).time }, at(1)];
    return {
      enrollments: [joined, completed, left],
      progress: n === 0 ? [joined, progressed, left] : [joined, progressed],
      activity: [[contentProgressed, visit, at(1)] satisfies SpecEvent],
      notifications: [delivered, [messageFailed, failed, at(1)] satisfies SpecEvent],
    };
  });
  return new Map<Datasource, readonly SpecEvent[]>([
    [enrollments, events.flatMap((each) => each.enrollments)],
    [progress, events.flatMap((each) => each.progress)],
    [activity, events.flatMap((each) => each.activity)],
    [notifications, events.flatMap((each) => each.notifications)],
  ]);
}

const idsOf = (learners: number): string[] => Array.from({ length: learners }, (_, n) => `learner-${n}`);
