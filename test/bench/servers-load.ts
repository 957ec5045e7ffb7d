/** Enrollment events in two orders, and their courses, for measuring `track-progress`. */

import { DEFAULT_TENANT } from '../../core/event.ts';
import { projectCourse } from '../../jobs/project-course/project-course.ts';
import { coursePublished } from '../../schemas/content.ts';
import { contentProgressed, enrolled } from '../../schemas/enrollment.ts';
import type { StoredRow } from '../../sinks/tables/port.ts';
import type { GivenEvent } from '../../testing/produce.ts';
import { Random } from '../../testing/random.ts';
import { enrollmentEvents } from '../../topics/index.ts';
import { SPINE } from './load.ts';

/**
 * - `scattered`: 20,000 learners enroll, then random ones continue, so that a row gets about one event per batch.
 * - `gathered`: all events of a learner are adjacent, as if the learner worked through the course at once.
 */
export type Shape = 'scattered' | 'gathered';
export const SHAPES: readonly Shape[] = ['scattered', 'gathered'];

const COURSES = 50;
const CONTENTS = 40;
const EVENTS_OF_GATHERED = 20;
/** Short, so that all times are recent: brokers delete records by their times. */
const SPAN_MS = 3_600_000;

/** Exactly `events` events, in the order of their times. */
export function* enrollmentLoad(shape: Shape, events: number): Generator<GivenEvent> {
  const start = Date.now() - SPAN_MS;
  const rest = (n: number) => ({ id: `load-${n}`, time: start + Math.floor((n * SPAN_MS) / events) });
  if (shape === 'gathered') {
    for (let n = 0; n < events; n++) yield eventOf(Math.floor(n / EVENTS_OF_GATHERED), n % EVENTS_OF_GATHERED, rest(n));
    return;
  }
  const random = new Random(1);
  const learners = Math.min(SPINE.learners, Math.ceil(events / 3));
  const rounds = new Uint16Array(learners);
  for (let n = 0; n < events; n++) {
    const learner = n < learners ? n : random.below(learners);
    const round = rounds[learner] ?? 0;
    rounds[learner] = round + 1;
    yield eventOf(learner, round, rest(n));
  }
}

/** The event of a learner in a round. The first round enrolls the learner. */
export function eventOf(
  learner: number,
  round: number,
  rest: { readonly id: string; readonly time: number },
): GivenEvent {
  const courseId = `course-${learner % COURSES}`;
  const who = { userId: `learner-${learner}`, courseId };
  if (round === 0) return { topic: enrollmentEvents, def: enrolled, data: { ...who, batchId: courseId }, ...rest };
  const contentId = `content-${(learner + round) % CONTENTS}`;
  return { topic: enrollmentEvents, def: contentProgressed, data: { ...who, contentId, status: 'completed' }, ...rest };
}

/** The rows of the courses, as `project-course` makes them. */
export function courseRows(): StoredRow[] {
  return Array.from({ length: COURSES }, (_, n) => {
    const courseId = `course-${n}`;
    const data = {
      courseId,
      name: `Course ${n}`,
      units: Array.from({ length: 5 }, (_, u) => ({
        unitId: `unit-${u}`,
        name: `Unit ${u}`,
        parentId: null,
        optional: false,
      })),
      contents: Array.from({ length: CONTENTS }, (_, i) => ({
        contentId: `content-${i}`,
        unitId: `unit-${i % 5}`,
        name: `Content ${i}`,
        optional: false,
      })),
    };
    const event = { id: courseId, source: '/bench', type: coursePublished.type, time: 0, tenant: DEFAULT_TENANT, data };
    const row = projectCourse.fold['content.published']?.(undefined, event as never, {}) as Record<string, unknown>;
    const version = { token: 1, revision: 1 };
    return { key: [DEFAULT_TENANT, courseId], version, at: '', outbox: '', timers: {}, data: row };
  });
}
