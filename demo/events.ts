/**
 * Turns the rows of the Open University data set into events. Pure: rows in, events out.
 *
 * - A presentation is a course and one batch of the same id, published and created 365 days before its start. Every site is a leaf content,
 *   in a unit by its activity type.
 * - A registration is `enrolled` on its day, or, without a day, when the batch was created; an un-registration is `unenrolled`.
 * - A daily interaction is `content progressed`: completed, with its clicks as views.
 * - A student is `user created` at the first registration. If the student's rows disagree, the row of the first presentation counts: the
 *   one that starts first, and of those the first by code.
 *
 * An event's id is made from its row, so that the same row gives the same event in every import. Interactions that are equal in every field
 * are separate visits: they are numbered.
 */
import type { Input } from '../core/avro.ts';
import type { EventDef } from '../core/event.ts';
import { batchCreated } from '../schemas/batch.ts';
import { coursePublished } from '../schemas/content.ts';
import { contentProgressed, enrolled, unenrolled } from '../schemas/enrollment.ts';
import { userCreated } from '../schemas/user.ts';
import type { DefsOf, Topic } from '../topics/define.ts';
import { batchEvents, contentEvents, enrollmentEvents, userEvents } from '../topics/index.ts';
import { type CourseRow, type Presentation, presentationId, type Rows, type SiteRow, type StudentRow } from './rows.ts';

/** One event to import. `id` is unique among all events of the demo. */
export interface DemoEvent {
  readonly topic: Topic;
  readonly def: EventDef;
  readonly id: string;
  /** The time of the event, in ms since 1970 UTC. */
  readonly time: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The CloudEvents source of every event of the demo. */
export const SOURCE = '/demo/oulad';

const DAY = 24 * 60 * 60 * 1000;
const ANNOUNCED_DAYS = 365;
/** The first day of a presentation by the letter of its code; months count from 0. */
const STARTS: Readonly<Record<string, { readonly month: number; readonly name: string }>> = {
  B: { month: 1, name: 'February' },
  J: { month: 9, name: 'October' },
};

/**
 * All events of the rows, sorted by time. Events with equal times come in the order in which they depend on each other (published, created,
 * user created, enrolled, progressed, unenrolled), then in the order of the file. An `unenrolled` comes after the `enrolled` of its row,
 * and so after its own time if its row has the student leave before the registration.
 */
export function eventsOf(rows: Rows): DemoEvent[] {
  // Each list comes after those that must precede it, and the sort is stable.
  const placed = [
    ...published(rows),
    ...rows.courses.map(created),
    ...users(rows),
    ...rows.registrations.map(({ student, registered, ...of }) => enrollment(of, student, registered)),
    ...visits(rows),
    ...departures(rows),
  ];
  return placed.sort((a, b) => a.at - b.at).map(({ event }) => event);
}

/** An event and the time by which it is sorted. */
interface Placed {
  readonly at: number;
  readonly event: DemoEvent;
}

function placed<T extends Topic, D extends EventDef & DefsOf<T>>(
  topic: T,
  def: D,
  { id, time, data, at = time }: { id: string; time: number; data: Input<D['schema']>; at?: number },
): Placed {
  return { at, event: { topic, def, id, time, data: data as DemoEvent['data'] } };
}

function published({ courses, sites }: Rows): Placed[] {
  const byCourse = Map.groupBy(sites, presentationId);
  return courses.map((course) => {
    const courseId = presentationId(course);
    const own = byCourse.get(courseId) ?? [];
    const units = [...new Set(own.map((site) => site.activityType))].map((unitId) => ({ unitId, name: unitId }));
    const data = { courseId, name: nameOf(course), units, contents: own.map(contentOf) };
    return placed(contentEvents, coursePublished, { id: `published/${courseId}`, time: announcedAt(course), data });
  });
}

function contentOf({ site, activityType }: SiteRow) {
  return { contentId: site, unitId: activityType, name: `${activityType} ${site}`, type: activityType };
}

function created(course: CourseRow): Placed {
  const id = presentationId(course);
  const startsAt = startOf(course);
  const endsAt = startsAt + course.days * DAY;
  const data = { batchId: id, courseId: id, name: nameOf(course), startsAt, endsAt };
  return placed(batchEvents, batchCreated, { id: `created/${id}`, time: announcedAt(course), data });
}

function users({ students, registrations }: Rows): Placed[] {
  const firstAt = new Map<string, number>();
  for (const { student, registered, ...of } of registrations) {
    firstAt.set(student, Math.min(firstAt.get(student) ?? Number.POSITIVE_INFINITY, enrolledAt(of, registered)));
  }
  const first = new Map<string, StudentRow>();
  for (const row of students) {
    const before = first.get(row.student);
    if (before === undefined || comesBefore(row, before)) first.set(row.student, row);
  }
  return [...first.values()].map(({ student: userId, gender, region, ageBand, education, disability, ...of }) => {
    const data = {
      userId,
      gender: gender ?? null,
      region: region ?? null,
      ageBand: ageBand ?? null,
      education: education ?? null,
      disability: disability ?? null,
    };
    return placed(userEvents, userCreated, {
      id: `user/${userId}`,
      time: firstAt.get(userId) ?? announcedAt(of),
      data,
    });
  });
}

function enrollment(of: Presentation, userId: string, registered: number | undefined): Placed {
  const id = presentationId(of);
  const data = { userId, courseId: id, batchId: id };
  return placed(enrollmentEvents, enrolled, { id: `enrolled/${id}/${userId}`, time: enrolledAt(of, registered), data });
}

function departures({ registrations }: Rows): Placed[] {
  return registrations.flatMap(({ student: userId, registered, unregistered, ...of }) => {
    if (unregistered === undefined) return [];
    const id = presentationId(of);
    const time = startOf(of) + unregistered * DAY;
    const data = { userId, courseId: id, batchId: id };
    const at = Math.max(time, enrolledAt(of, registered));
    return [placed(enrollmentEvents, unenrolled, { id: `unenrolled/${id}/${userId}`, time, data, at })];
  });
}

function visits({ visits: rows }: Rows): Placed[] {
  const seen = new Map<string, number>();
  return rows.map(({ student: userId, site: contentId, day, clicks, ...of }) => {
    const courseId = presentationId(of);
    const row = `visit/${courseId}/${userId}/${contentId}/${day}/${clicks}`;
    const occurrence = (seen.get(row) ?? 0) + 1;
    seen.set(row, occurrence);
    const data = { userId, courseId, contentId, status: 'completed', views: clicks } as const;
    return placed(enrollmentEvents, contentProgressed, {
      id: `${row}/${occurrence}`,
      time: startOf(of) + day * DAY,
      data,
    });
  });
}

/** 00:00 UTC on 1 February or 1 October of the presentation's year, in ms since 1970 UTC. */
export function startOf({ presentation }: Pick<Presentation, 'presentation'>): number {
  const { year, month } = dateOf(presentation);
  return Date.UTC(year, month);
}

/** "AAA, October 2013": for courses and batches alike. */
export function nameOf({ module, presentation }: Presentation): string {
  const { year, name } = dateOf(presentation);
  return `${module}, ${name} ${year}`;
}

function dateOf(presentation: string) {
  const start = STARTS[presentation.slice(4)];
  if (start === undefined) throw new Error(`${presentation} is no code of a presentation: a year, then B or J`);
  return { year: Number(presentation.slice(0, 4)), ...start };
}

const announcedAt = (of: Pick<Presentation, 'presentation'>): number => startOf(of) - ANNOUNCED_DAYS * DAY;

function enrolledAt(of: Pick<Presentation, 'presentation'>, registered: number | undefined): number {
  return registered === undefined ? announcedAt(of) : startOf(of) + registered * DAY;
}

function comesBefore(a: Presentation, b: Presentation): boolean {
  const difference = startOf(a) - startOf(b);
  return difference === 0 ? presentationId(a) < presentationId(b) : difference < 0;
}
