/** A generated load as a platform would emit it: learners of many courses, in sittings of one to five contents. */
import { batchCreated } from '../../schemas/batch.ts';
import { coursePublished } from '../../schemas/content.ts';
import { contentProgressed, enrolled } from '../../schemas/enrollment.ts';
import { activityAdded, groupCreated, memberAdded } from '../../schemas/group.ts';
import { notificationRequested } from '../../schemas/notification.ts';
import type { GivenEvent } from '../../testing/produce.ts';
import { Random } from '../../testing/random.ts';
import { batchEvents, contentEvents, enrollmentEvents, groupEvents, notificationEvents } from '../../topics/index.ts';

export interface LoadSize {
  readonly events: number;
  readonly learners: number;
  readonly courses: number;
  readonly contents: number;
}

export const SPINE: LoadSize = { events: 300_000, learners: 20_000, courses: 50, contents: 40 };

const START = Date.UTC(2026, 0, 1);
const GROUP_SIZE = 20;

/** Exactly `size.events` events, in the order of their times. */
export function* load(size: LoadSize, seed = 1): Generator<GivenEvent> {
  const random = new Random(seed);
  let count = 0;
  const event = (topic: GivenEvent['topic'], def: GivenEvent['def'], data: GivenEvent['data']): GivenEvent => {
    count += 1;
    return { topic, def, data, id: `load-${count}`, time: START + count * 50 };
  };
  for (let c = 0; c < size.courses; c++) {
    const courseId = `course-${c}`;
    yield event(contentEvents, coursePublished, {
      courseId,
      name: `Course ${c}`,
      units: Array.from({ length: 5 }, (_, u) => ({ unitId: `unit-${u}`, name: `Unit ${u}` })),
      contents: Array.from({ length: size.contents }, (_, i) => ({
        contentId: `content-${i}`,
        unitId: `unit-${i % 5}`,
        name: `Content ${i}`,
      })),
    });
    yield event(batchEvents, batchCreated, { batchId: courseId, courseId, name: `Course ${c}, 2026`, startsAt: START });
  }
  const courseOf = (learner: number): string => `course-${learner % size.courses}`;
  for (let learner = 0; learner < size.learners; learner++) {
    const courseId = courseOf(learner);
    yield event(enrollmentEvents, enrolled, { userId: `learner-${learner}`, courseId, batchId: courseId });
  }
  const groups = Math.floor(size.learners / GROUP_SIZE / 10);
  for (let g = 0; g < groups; g++) {
    const groupId = `group-${g}`;
    yield event(groupEvents, groupCreated, { groupId, name: `Group ${g}` });
    yield event(groupEvents, activityAdded, { groupId, activityId: courseOf(g) });
    for (let m = 0; m < GROUP_SIZE; m++) {
      yield event(groupEvents, memberAdded, { groupId, userId: `learner-${g + m * size.courses}` });
    }
  }
  while (count < size.events) {
    const learner = random.below(size.learners);
    const userId = `learner-${learner}`;
    if (random.chance(0.01)) {
      yield event(notificationEvents, notificationRequested, {
        recipientId: userId,
        notificationId: `note-${count}`,
        category: 'news',
        title: 'Something new in your course',
      });
      continue;
    }
    const sitting = Math.min(1 + random.below(5), size.events - count);
    for (let i = 0; i < sitting; i++) {
      yield event(enrollmentEvents, contentProgressed, {
        userId,
        courseId: courseOf(learner),
        contentId: `content-${random.below(size.contents)}`,
        status: random.chance(0.7) ? 'completed' : 'started',
      });
    }
  }
}
