/**
 * Random histories of a small learning platform. It has few learners, courses, batches and groups, so that they interact often.
 * Times grow from event to event, except for repeated facts: these come unchanged, or as new facts with an earlier time.
 * In a history with stable lookups, `first` is the reference data and has to be applied before `rest` begins.
 */

import type { EventDef } from '../../core/event.ts';
import * as batch from '../../schemas/batch.ts';
import * as content from '../../schemas/content.ts';
import * as enrollment from '../../schemas/enrollment.ts';
import * as group from '../../schemas/group.ts';
import * as notification from '../../schemas/notification.ts';
import type { GivenEvent } from '../../testing/produce.ts';
import type { Random } from '../../testing/random.ts';
import type { Topic } from '../../topics/define.ts';
import { batchEvents, contentEvents, enrollmentEvents, groupEvents, notificationEvents } from '../../topics/index.ts';

export interface History {
  readonly first: readonly GivenEvent[];
  readonly rest: readonly GivenEvent[];
  /** A moment after the last event and after every timer that the events may set. */
  readonly end: number;
}

const START = Date.UTC(2026, 0, 5, 6);
const HOUR = 3_600_000;
const USERS = ['ada', 'ben', 'cleo', '__proto__'];
const COURSES = ['algebra', 'botany'];
const GROUPS = ['red', 'blue'];
const CONTENTS = ['a', 'b', 'c', 'd'];

/**
 * `still`: courses are published first and never again. `changing`: they are published at any time. `narrow`: two learners in one
 * course that is published repeatedly, which is where owners that disagree are most likely to be caught.
 */
export type Lookups = 'still' | 'changing' | 'narrow';

export function randomHistory(random: Random, length: number, lookups: Lookups): History {
  const changingLookups = lookups !== 'still';
  const narrow = lookups === 'narrow';
  let time = START;
  let count = 0;
  /** Facts that may be repeated. Visits are excluded, since a row recognises a visit only among its latest eight. */
  const facts: GivenEvent[] = [];
  const event = (topic: Topic, def: EventDef, data: GivenEvent['data']): GivenEvent => {
    time += random.below(3) * 20 * 60_000;
    const produced = { topic, def, data, id: `platform-${count++}`, time };
    if (def !== enrollment.contentProgressed) facts.push(produced);
    return produced;
  };
  /** A repeat of a fact: sent again, with the same id or another one, or as a fact that happened earlier and arrives late. */
  const late = (): GivenEvent => {
    const fact = random.pick(facts);
    const id = `platform-${count++}`;
    if (random.chance(0.5)) return random.chance(0.5) ? fact : { ...fact, id };
    // Times must be unique: a record in the wrong partition changes which of two equally old facts comes later in the log.
    return { ...fact, id, time: START + random.below(time - START + 1) + 60_000 + count };
  };
  /** Advances the time first, so that the event has a time to itself. */
  const takenBack = (userId: string, courseId: string): GivenEvent => {
    time += 60_000 + count;
    const whose = { userId, courseId };
    switch (random.below(4)) {
      case 0:
        return event(enrollmentEvents, enrollment.courseRetaken, whose);
      case 1:
        return event(enrollmentEvents, enrollment.completionWithdrawn, whose);
      case 2:
        return event(enrollmentEvents, enrollment.progressReset, whose);
      default:
        return event(enrollmentEvents, enrollment.progressReset, { ...whose, contentIds: [random.pick(CONTENTS)] });
    }
  };

  const published = (courseId: string, required: readonly string[], name: string) =>
    event(contentEvents, content.coursePublished, {
      courseId,
      name,
      units: [
        { unitId: 'one', name: 'One' },
        { unitId: 'two', name: 'Two', parentId: 'one' },
        { unitId: 'extra', optional: true },
      ],
      contents: CONTENTS.map((contentId, i) => ({
        contentId,
        unitId: required.includes(contentId) ? (i % 2 === 0 ? 'one' : 'two') : 'extra',
      })),
    });

  const setUp = [
    ...COURSES.map((courseId) => published(courseId, ['a', 'b', 'c'], `The ${courseId} course`)),
    ...COURSES.map((courseId) =>
      event(batchEvents, batch.batchCreated, {
        batchId: `${courseId}-1`,
        courseId,
        name: `${courseId}, first batch`,
        startsAt: START + 5 * HOUR,
        endsAt: START + 500 * HOUR,
      }),
    ),
    ...USERS.map((recipientId, i) =>
      event(notificationEvents, notification.preferencesChanged, {
        recipientId,
        addresses: i === 3 ? [] : [{ channel: 'mail', address: `${recipientId}@example.org` }],
        muted: i === 2 ? ['noise'] : [],
        timeZone: 'Europe/Berlin',
        quietFrom: i === 0 ? null : '20:00',
        quietUntil: i === 0 ? null : '08:00',
      }),
    ),
  ];

  const notified: [string, string][] = [];
  const anything = (): GivenEvent => {
    if (random.chance(0.12)) return late();
    const userId = random.pick(narrow ? USERS.slice(0, 2) : USERS);
    const courseId = random.pick(narrow ? COURSES.slice(0, 1) : COURSES);
    const groupId = random.pick(GROUPS);
    const batchId = `${courseId}-1`;
    const dice = narrow ? random.pick([0, 0, 12, 20, 30, 40, 50, 54, 99, 99]) : random.below(100);
    const method = random.pick(['', '', 'self']);
    if (dice < 12) return event(enrollmentEvents, enrollment.enrolled, { userId, courseId, batchId, method });
    if (dice < 18) return event(enrollmentEvents, enrollment.unenrolled, { userId, courseId, batchId, method });
    if (dice >= 52 && dice < 55) return takenBack(userId, courseId);
    if (dice < 55) {
      return event(enrollmentEvents, enrollment.contentProgressed, {
        userId,
        courseId,
        contentId: random.pick(CONTENTS),
        status: random.chance(0.7) ? 'completed' : 'started',
        views: 1 + random.below(3),
      });
    }
    if (dice < 63)
      return event(groupEvents, group.memberAdded, { groupId, userId, role: random.pick(['member', 'admin']) });
    if (dice < 66) return event(groupEvents, group.memberRemoved, { groupId, userId });
    if (dice < 72) return event(groupEvents, group.activityAdded, { groupId, activityId: courseId, kind: 'course' });
    if (dice < 74) return event(groupEvents, group.activityRemoved, { groupId, activityId: courseId });
    if (dice < 78) return event(groupEvents, group.groupCreated, { groupId, name: `Group ${groupId}` });
    if (dice < 79) return event(groupEvents, group.groupDeleted, { groupId });
    if (dice < 91) {
      const notificationId = `note-${count}`;
      notified.push([userId, notificationId]);
      return event(notificationEvents, notification.notificationRequested, {
        recipientId: userId,
        notificationId,
        category: random.pick(['news', 'noise']),
        title: `News ${count}`,
        urgent: random.chance(0.2),
      });
    }
    if (dice < 95 && notified.length > 0) {
      const [recipientId, notificationId] = random.pick(notified);
      return event(notificationEvents, notification.notificationRead, {
        recipientId,
        notificationIds: [notificationId],
      });
    }
    if (!changingLookups) return event(enrollmentEvents, enrollment.enrolled, { userId, courseId, batchId });
    return published(
      courseId,
      CONTENTS.filter(() => random.chance(0.6)),
      `The ${courseId} course, again`,
    );
  };
  const rest = Array.from({ length }, anything);
  return {
    first: changingLookups ? [] : setUp,
    rest: changingLookups ? [...setUp.slice(2), ...rest.slice(0, 5), ...setUp.slice(0, 2), ...rest.slice(5)] : rest,
    end: START + 10_000 * HOUR,
  };
}
