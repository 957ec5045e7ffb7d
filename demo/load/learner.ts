/** What learners do: they arrive, work through their course one content after the other, and come back to it. */
import * as certificate from '../../schemas/certificate.ts';
import * as enrollment from '../../schemas/enrollment.ts';
import * as group from '../../schemas/group.ts';
import * as notification from '../../schemas/notification.ts';
import * as user from '../../schemas/user.ts';
import type { Random } from '../../testing/random.ts';
import {
  certificateEvents,
  enrollmentEvents,
  groupEvents,
  notificationEvents,
  userEvents,
} from '../../topics/index.ts';
import { contentId, isAssessment, LEARNERS_OF_GROUP, type Platform } from './platform.ts';
import { type Said, said } from './said.ts';

const REGIONS = ['North', 'East', 'South', 'West'];
const ZONES = ['Asia/Kolkata', 'Europe/London', 'America/Sao_Paulo', 'UTC'];
/** The most events of one visit. */
const LONGEST_VISIT = 8;

/** Keeps only small numbers for each learner, since there may be many millions of them. */
export class Learners {
  readonly #platform: Platform;
  readonly #random: Random;
  /** How many contents each learner has completed, in their order. */
  readonly #done: Uint8Array;
  /** 1 for learners who have opened their next content. */
  readonly #isOpen: Uint8Array;
  readonly #most: number;
  /** Learners who are online now, with the number of events left in each visit. */
  readonly #visits: { learner: number; left: number }[] = [];
  arrived = 0;

  constructor(platform: Platform, random: Random, most: number) {
    this.#platform = platform;
    this.#random = random;
    this.#most = most;
    this.#done = new Uint8Array(most);
    this.#isOpen = new Uint8Array(most);
  }

  get areAllHere(): boolean {
    return this.arrived >= this.#most;
  }

  any(): number {
    return this.#random.below(this.arrived);
  }

  /** The next learner registers and enrols. The first learner of a group founds it. Without an address, no message is sent. */
  arrive(): Said[] {
    const random = this.#random;
    const learner = this.arrived++;
    const userId = this.#platform.learner(learner);
    const { courseId, batchId } = this.#platform.courseOf(learner);
    const number = this.#platform.groupOf(learner);
    const groupId = this.#platform.group(number);
    const events = [
      said(userEvents, user.userCreated, { userId, name: `Learner ${learner + 1}`, region: random.pick(REGIONS) }),
      said(notificationEvents, notification.preferencesChanged, { recipientId: userId, timeZone: random.pick(ZONES) }),
    ];
    if (random.chance(0.7)) events.push(said(userEvents, user.userConsentGiven, { userId, objectId: courseId }));
    events.push(said(enrollmentEvents, enrollment.enrolled, { userId, courseId, batchId, method: 'self' }));
    if (learner % LEARNERS_OF_GROUP === 0) {
      events.push(
        said(groupEvents, group.groupCreated, { groupId, name: `Group ${number + 1}` }),
        said(groupEvents, group.activityAdded, { groupId, activityId: courseId, kind: 'course' }),
      );
    }
    const role = learner % LEARNERS_OF_GROUP === 0 ? 'admin' : 'member';
    events.push(said(groupEvents, group.memberAdded, { groupId, userId, role }));
    return events;
  }

  /** The next action of one of the learners who are online. Visits overlap. */
  act(): Said[] {
    const random = this.#random;
    const atOnce = Math.max(1, Math.min(Math.ceil(this.arrived / 20), 10_000));
    const place = random.below(atOnce);
    const visit = this.#visits[place];
    if (visit !== undefined && visit.left > 0) {
      visit.left -= 1;
      return this.#goOn(visit.learner);
    }
    const learner = this.any();
    this.#visits[place] = { learner, left: random.below(LONGEST_VISIT) };
    return this.#goOn(learner);
  }

  #goOn(learner: number): Said[] {
    const random = this.#random;
    const { courseId, batchId, contents } = this.#platform.courseOf(learner);
    const userId = this.#platform.learner(learner);
    const next = this.#done[learner] ?? 0;
    const visited = (index: number, status: 'started' | 'completed') =>
      said(enrollmentEvents, enrollment.contentProgressed, { userId, courseId, contentId: contentId(index), status });
    if (next >= contents) return [visited(random.below(contents), 'started')];
    if (this.#isOpen[learner] === 0) {
      this.#isOpen[learner] = 1;
      return [visited(next, 'started')];
    }
    // Some learners leave a content open and look at an earlier one.
    if (random.chance(0.15)) return [visited(random.below(next + 1), 'started')];
    this.#done[learner] = next + 1;
    this.#isOpen[learner] = 0;
    const events = [visited(next, 'completed')];
    if (isAssessment(next)) {
      const attempt = { attemptId: `${userId}-${next}`, score: 4 + random.below(7), maxScore: 10 };
      const where = { userId, courseId, batchId, contentId: contentId(next) };
      events.unshift(said(enrollmentEvents, enrollment.assessmentSubmitted, { ...where, ...attempt }));
    }
    if (next + 1 === contents) {
      const wanted = { userId, courseId, batchId, templateId: 'completion' };
      events.push(said(certificateEvents, certificate.certificateRequested, wanted));
    }
    return events;
  }

  /** A learner drops out or comes back, starts the course again, or loses a completion. */
  change(): Said[] {
    const random = this.#random;
    const learner = this.any();
    const { courseId, batchId } = this.#platform.courseOf(learner);
    const userId = this.#platform.learner(learner);
    const dice = random.next();
    if (dice < 0.4) return [said(enrollmentEvents, enrollment.unenrolled, { userId, courseId, batchId })];
    if (dice < 0.6) return [said(enrollmentEvents, enrollment.enrolled, { userId, courseId, batchId })];
    if (dice < 0.7) return [said(enrollmentEvents, enrollment.completionWithdrawn, { userId, courseId })];
    this.#done[learner] = 0;
    this.#isOpen[learner] = 0;
    if (dice < 0.85) return [said(enrollmentEvents, enrollment.courseRetaken, { userId, courseId })];
    return [said(enrollmentEvents, enrollment.progressReset, { userId, courseId })];
  }
}
