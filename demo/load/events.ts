/**
 * The events of a load, as the services of a platform would produce them to all their topics. The seed alone determines the events, and the
 * schedule their times: the same load gives the same events with the same ids.
 */
import { batchCreated, batchUpdated } from '../../schemas/batch.ts';
import { coursePublished } from '../../schemas/content.ts';
import { memberRoleChanged } from '../../schemas/group.ts';
import { notificationRead, notificationRequested } from '../../schemas/notification.ts';
import { reportRequested } from '../../schemas/report.ts';
import { userUpdated } from '../../schemas/user.ts';
import { Random } from '../../testing/random.ts';
import { formatTime } from '../../topics/codec/time.ts';
import type { Topic } from '../../topics/define.ts';
import {
  batchEvents,
  certificateEvents,
  contentEvents,
  enrollmentEvents,
  groupEvents,
  notificationEvents,
  reportRequests,
  userEvents,
} from '../../topics/index.ts';
import { Learners } from './learner.ts';
import { contentId, isAssessment, Platform, unitId } from './platform.ts';
import { type Said, said } from './said.ts';
import { type Schedule, timeOf } from './shape.ts';

export interface Load {
  /** Below 2^31. */
  readonly seed: number;
  readonly learners: number;
  readonly tenant: string;
  /** The time of the first event, in ms since 1970 UTC. */
  readonly start: number;
  readonly schedule: Schedule;
}

export interface LoadEvent {
  readonly topic: Topic;
  /** In the form that producers pass to the codec. */
  readonly event: {
    readonly type: string;
    readonly data: unknown;
    readonly id: string;
    readonly source: string;
    readonly time: string;
    readonly tenant: string;
    readonly others: Readonly<Record<string, string>>;
  };
}

/** The topics of platform services. Jobs, timers and report workers produce the events of the others. */
export const LOAD_TOPICS: readonly Topic[] = [
  contentEvents,
  batchEvents,
  userEvents,
  enrollmentEvents,
  groupEvents,
  notificationEvents,
  certificateEvents,
  reportRequests,
];

const DAY_MS = 24 * 3_600_000;
const SOURCE = '/tributary/load';
/** Notifications that may still be read. */
const UNREAD = 200;

/** Event number `n` of the load is the same however many were taken before. The load has no end. */
export function* loadEvents(load: Load): Generator<LoadEvent> {
  const { seed, start, tenant, schedule } = load;
  const run = `${seed}-${start.toString(36)}`;
  let n = 0;
  for (const { topic, type, data } of happenings(load, run)) {
    const time = formatTime(start + timeOf(schedule, n));
    yield { topic, event: { type, data, id: `${run}-${n + 1}`, source: SOURCE, time, tenant, others: {} } };
    n += 1;
  }
}

function* happenings({ seed, learners: most, start }: Load, run: string): Generator<Said> {
  const random = new Random(seed);
  const platform = new Platform(seed, most);
  const learners = new Learners(platform, random, most);
  for (let index = 0; index < platform.courses; index++) {
    yield published(platform, index);
    yield batchOf(platform, index, start);
  }
  const notices: { readonly recipientId: string; readonly notificationId: string }[] = [];
  for (let turn = 0; ; turn++) {
    if (learners.arrived === 0 || (!learners.areAllHere && random.chance(0.05))) yield* learners.arrive();
    const dice = random.next();
    if (dice < 0.02) {
      const notice = { recipientId: platform.learner(learners.any()), notificationId: `${run}-note-${turn}` };
      notices.push(notice);
      if (notices.length > UNREAD) notices.shift();
      const about = { category: 'news', title: 'Something new in your course' };
      yield said(notificationEvents, notificationRequested, { ...notice, ...about });
    } else if (dice < 0.03) {
      const read = notices.shift();
      if (read === undefined) continue;
      const { recipientId, notificationId } = read;
      yield said(notificationEvents, notificationRead, { recipientId, notificationIds: [notificationId] });
    } else if (dice < 0.034) yield* learners.change();
    else if (dice < 0.037) yield* rarely(platform, learners, random, start);
    else yield* learners.act();
  }
}

/** Actions of organisers, and rare changes by learners. */
function rarely(platform: Platform, learners: Learners, random: Random, start: number): Said[] {
  const learner = learners.any();
  const userId = platform.learner(learner);
  const index = random.below(platform.courses);
  const dice = random.next();
  if (dice < 0.4)
    return [said(userEvents, userUpdated, { userId, name: `Learner ${learner + 1}`, region: 'elsewhere' })];
  if (dice < 0.7) {
    const groupId = platform.group(platform.groupOf(learner));
    return [said(groupEvents, memberRoleChanged, { groupId, userId, role: 'admin' })];
  }
  if (dice < 0.84) {
    const { batchId, courseId, name } = platform.course(index);
    const startsAt = start - 30 * DAY_MS;
    return [said(batchEvents, batchUpdated, { batchId, courseId, name: `${name}, first batch`, startsAt })];
  }
  if (dice < 0.9) return [published(platform, index)];
  const asker = { userId: `${platform.course(index).courseId}-teacher`, report: 'enrollment-trend', format: 'csv' };
  return [said(reportRequests, reportRequested, { ...asker, parameters: { zone: 'UTC' } })];
}

function published(platform: Platform, index: number): Said {
  const { courseId, name, contents } = platform.course(index);
  const places = Array.from({ length: contents }, (_, i) => i);
  return said(contentEvents, coursePublished, {
    courseId,
    name,
    units: [...new Set(places.map(unitId))].map((unit) => ({ unitId: unit, name: unit })),
    contents: places.map((place) => {
      const type = isAssessment(place) ? 'assessment' : 'video';
      return { contentId: contentId(place), unitId: unitId(place), name: `Content ${place + 1}`, type };
    }),
  });
}

function batchOf(platform: Platform, index: number, start: number): Said {
  const { batchId, courseId, name } = platform.course(index);
  const startsAt = start - 30 * DAY_MS;
  return said(batchEvents, batchCreated, { batchId, courseId, name: `${name}, first batch`, startsAt });
}
