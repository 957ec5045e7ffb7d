/**
 * The events of one run: what a platform emits while servers and workers die. A seed determines the events
 * and their order.
 *
 * The result does not depend on the order in which topics, and records in a wrong partition, are read: courses are
 * published, and each learner has visited them once, before the rest begins; groups that come and go have only learners whose
 * progress does not change; preferences stay.
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
import { type Poison, poisons } from './poison.ts';

/** How a record reaches the log: `astray` is in any partition, without its key; `twice` comes twice; `json` is not Avro. */
export type How = 'well' | 'twice' | 'astray' | 'json';

export type StoryEvent = { readonly event: GivenEvent; readonly how: How } | { readonly poison: Poison };

const DAY = 24 * 3_600_000;
/** Long enough ago that every timer of a batch is due, and recent enough that messages are not forgotten yet. */
const START = Math.floor(Date.now() / DAY) * DAY - 60 * DAY;
const COURSES = 8;
const CONTENTS = 24;
const LEARNERS = 400;
const GROUPS = 8;
const WALKERS = 32;
/** An enrollment or membership changes at most once in this many events, so a repeated call to the log changes each at most once. */
const APART = 150;

const courseOf = (learner: number): string => `course-${learner % COURSES}`;
/** Some names are traps for code that uses names as keys. */
const learnerOf = (learner: number): string => ['__proto__', 'constructor'][learner] ?? `learner-${learner}`;

export class Story {
  readonly #random: Random;
  readonly #poisons: () => Poison;
  readonly #changed = new Map<string, number>();
  readonly #left = new Set<number>();
  readonly #members = new Set<string>();
  readonly #notices: (readonly [recipientId: string, notificationId: string])[] = [];
  #count = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#poisons = poisons(random);
  }

  /** What everything else requires. Each list must be applied before the next one is produced. */
  opening(): StoryEvent[][] {
    const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
    const courses = numbers(COURSES).flatMap((c) => [
      this.#published(c, 0),
      this.#event(batchEvents, batch.batchCreated, {
        batchId: courseOf(c),
        courseId: courseOf(c),
        name: `Course ${c}, 2026`,
        startsAt: START,
      }),
    ]);
    const learners = numbers(LEARNERS).flatMap((l) => [
      this.#event(notificationEvents, notification.preferencesChanged, {
        recipientId: learnerOf(l),
        addresses: l % 3 === 0 ? [{ channel: 'mail', address: `learner-${l}@example.org` }] : [],
      }),
      this.#enrolled(l),
      this.#visited(l, 0, 'started'),
    ]);
    const groups = numbers(GROUPS).flatMap((g) => [
      this.#event(groupEvents, group.groupCreated, { groupId: `group-${g}`, name: `Group ${g}` }),
      this.#event(groupEvents, group.activityAdded, { groupId: `group-${g}`, activityId: courseOf(g) }),
      ...numbers(10).map((m) =>
        this.#event(groupEvents, group.memberAdded, { groupId: `group-${g}`, userId: learnerOf(g + m * COURSES) }),
      ),
    ]);
    return [courses, [...learners, ...groups]];
  }

  /** The next events, about `count` of them. */
  next(count: number): StoryEvent[] {
    const events: StoryEvent[] = [];
    while (events.length < count) events.push(...this.#anything());
    return events;
  }

  #anything(): StoryEvent[] {
    const random = this.#random;
    const dice = random.below(1000);
    const learner = WALKERS + random.below(LEARNERS - WALKERS);
    if (dice < 45) return [{ poison: this.#poisons() }];
    if (dice < 75) return [this.#visited(learner, random.below(CONTENTS), 'started', 'astray')];
    if (dice < 125) return this.#noticed(learner);
    if (dice < 155) return this.#cameOrWent(learner);
    if (dice < 195) return this.#joinedOrLeft(random.below(WALKERS), random.below(GROUPS));
    if (dice < 205) return [this.#published(random.below(COURSES), this.#count)];
    if (dice < 215) return this.#batch();
    const how = dice < 240 ? 'twice' : dice < 340 ? 'json' : 'well';
    return Array.from({ length: 1 + random.below(4) }, () =>
      this.#visited(learner, random.below(CONTENTS), random.chance(0.6) ? 'completed' : 'started', how),
    );
  }

  #event(topic: Topic, def: EventDef, data: GivenEvent['data'], how: How = 'well'): StoryEvent {
    this.#count += 1;
    return { event: { topic, def, data, id: `story-${this.#count}`, time: START + this.#count * 60_000 }, how };
  }

  #published(course: number, edition: number): StoryEvent {
    // Each edition moves contents between units, which changes every learner's figures by unit. Required contents stay the same.
    const unitOf = (index: number): string => `unit-${(index + edition) % 4}`;
    return this.#event(contentEvents, content.coursePublished, {
      courseId: courseOf(course),
      name: `Course ${course}`,
      units: Array.from({ length: 4 }, (_, u) => ({ unitId: `unit-${u}`, parentId: u > 1 ? `unit-${u - 2}` : null })),
      contents: Array.from({ length: CONTENTS }, (_, i) => ({ contentId: `content-${i}`, unitId: unitOf(i) })),
    });
  }

  #enrolled(learner: number, def: EventDef = enrollment.enrolled): StoryEvent {
    const courseId = courseOf(learner);
    return this.#event(enrollmentEvents, def, { userId: learnerOf(learner), courseId, batchId: courseId });
  }

  #visited(learner: number, index: number, status: 'started' | 'completed', how: How = 'well'): StoryEvent {
    const data = { userId: learnerOf(learner), courseId: courseOf(learner), contentId: `content-${index}`, status };
    return this.#event(enrollmentEvents, enrollment.contentProgressed, data, how);
  }

  #noticed(learner: number): StoryEvent[] {
    const old = this.#random.chance(0.3) ? this.#notices.shift() : undefined;
    if (old !== undefined) {
      const [recipientId, notificationId] = old;
      return [
        this.#event(notificationEvents, notification.notificationRead, {
          recipientId,
          notificationIds: [notificationId],
        }),
      ];
    }
    const recipientId = learnerOf(learner);
    const notificationId = `note-${this.#count}`;
    this.#notices.push([recipientId, notificationId]);
    const data = { recipientId, notificationId, category: 'news', title: `News ${this.#count}` };
    return [this.#event(notificationEvents, notification.notificationRequested, data, 'twice')];
  }

  #cameOrWent(learner: number): StoryEvent[] {
    if (this.#changedLately(`learner ${learner}`)) return [];
    if (this.#left.delete(learner)) return [this.#enrolled(learner)];
    this.#left.add(learner);
    return [this.#enrolled(learner, enrollment.unenrolled)];
  }

  #joinedOrLeft(learner: number, g: number): StoryEvent[] {
    const id = `${g}/${learner}`;
    if (this.#changedLately(id)) return [];
    const member = { groupId: `moving-${g}`, userId: learnerOf(learner) };
    if (this.#members.delete(id)) return [this.#event(groupEvents, group.memberRemoved, member)];
    this.#members.add(id);
    const activity = { groupId: member.groupId, activityId: courseOf(learner) };
    return [
      this.#event(groupEvents, group.activityAdded, activity),
      this.#event(groupEvents, group.memberAdded, { ...member, role: this.#random.pick(['member', 'admin']) }),
    ];
  }

  /** A batch that begins and ends by timers, which are due at once by the real clock. */
  #batch(): StoryEvent[] {
    const batchId = `batch-${this.#count}`;
    const startsAt = START + 45 * DAY;
    const endsAt = this.#random.chance(0.5) ? startsAt + DAY : null;
    const data = { batchId, courseId: courseOf(this.#count), name: `Batch ${this.#count}`, startsAt, endsAt };
    return [this.#event(batchEvents, batch.batchCreated, data, 'twice')];
  }

  #changedLately(what: string): boolean {
    if (this.#count - (this.#changed.get(what) ?? -APART) < APART) return true;
    this.#changed.set(what, this.#count);
    return false;
  }
}
