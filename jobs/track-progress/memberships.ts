/**
 * Whether a learner is in a batch. A platform may enrol the same learner by several methods. Each method has its own newest fact, and the
 * learner is in the batch while any is active. A leaving without a method ends all, even those that arrive later with an earlier time.
 *
 * A fact older than what is known changes only when the learner first joined. Of facts with equal times, the later in the log holds.
 */

import type { RowOf } from '../../core/target.ts';
import type { learnerProgress } from '../../schemas/rows/learner-progress.ts';
import { same } from '../same.ts';

type EntryOf<E> = E extends Iterable<[string, infer V]> ? V : never;
export type Membership = EntryOf<RowOf<typeof learnerProgress>['batches']>;
type Method = Membership['methods'][number];
/** What follows from facts alone. */
type Facts = Pick<Membership, 'methods' | 'leftAt' | 'joined' | 'firstAt'>;

const NEVER = Number.NEGATIVE_INFINITY;
const MOST_METHODS = 50;

/** Whether there are more methods than a platform has: each enrollment was then probably given its own method. */
export const isCrowded = ({ methods }: Membership): boolean => methods.length > MOST_METHODS;

/** The membership after a joining; the same object if nothing changes. */
export function joinedBy(before: Membership | undefined, method: string, time: number): Membership {
  const { methods, leftAt, joined, firstAt } = factsOf(before, method);
  const known = methods.find((one) => one.method === method);
  return settled(before, {
    methods: replaced(methods, joinedMethod(known ?? unknownMethod(method, leftAt, time), time)),
    leftAt,
    joined: true,
    firstAt: joined ? Math.min(firstAt, time) : time,
  });
}

/** The membership after a leaving by one method, or by all methods if `method` is empty. */
export function leftBy(before: Membership | undefined, method: string, time: number): Membership {
  const facts = factsOf(before, method);
  if (method === '') {
    const methods = facts.methods.map((known) => leftMethod(known, time));
    return settled(before, { ...facts, methods, leftAt: Math.max(facts.leftAt ?? time, time) });
  }
  const known = facts.methods.find((one) => one.method === method);
  const left = leftMethod(known ?? unknownMethod(method, facts.leftAt, time), time);
  return settled(before, { ...facts, methods: replaced(facts.methods, left) });
}

/**
 * Rows of earlier releases have no methods, only whether and since when the learner is in the batch. The first method that arrives is
 * assumed to be the one by which the learner joined.
 */
function factsOf(before: Membership | undefined, method: string): Facts {
  if (before === undefined) return { methods: [], leftAt: null, joined: false, firstAt: 0 };
  if (before.methods.length > 0 || before.leftAt !== null) return before;
  const { active, since } = before;
  if (!active) return { ...before, leftAt: since };
  return { ...before, methods: [{ method, active, since, enrolledAt: since, leftAt: null }] };
}

function unknownMethod(method: string, leftAt: number | null, time: number): Method {
  return { method, active: false, since: leftAt ?? time, enrolledAt: null, leftAt };
}

function joinedMethod(known: Method, time: number): Method {
  const enrolledAt = Math.max(known.enrolledAt ?? time, time);
  if (time < (known.leftAt ?? NEVER)) return { ...known, enrolledAt };
  return { ...known, active: true, since: known.active ? Math.min(known.since, time) : time, enrolledAt };
}

function leftMethod(known: Method, time: number): Method {
  const leftAt = Math.max(known.leftAt ?? time, time);
  const joinedLater = known.enrolledAt !== null && known.enrolledAt > time;
  if (!known.active)
    return joinedLater ? { ...known, leftAt } : { ...known, leftAt, since: Math.min(known.since, time) };
  if (!joinedLater) return { ...known, active: false, since: time, leftAt };
  return { ...known, leftAt, since: known.since <= time ? (known.enrolledAt ?? time) : known.since };
}

function replaced(methods: readonly Method[], one: Method): readonly Method[] {
  const others = methods.filter(({ method }) => method !== one.method);
  return [...others, one].sort((a, b) => (a.method < b.method ? -1 : 1));
}

function settled(before: Membership | undefined, facts: Facts): Membership {
  const active = facts.methods.some((one) => one.active);
  const since = facts.methods.filter((one) => one.active === active).map((one) => one.since);
  const after: Membership = {
    completionSaid: before?.completionSaid ?? false,
    joined: facts.joined,
    firstAt: facts.firstAt,
    leftAt: facts.leftAt,
    methods: facts.methods,
    active,
    since: active ? Math.min(...since) : Math.max(...since, ...(since.length === 0 ? [facts.leftAt ?? 0] : [])),
  };
  return before !== undefined && same(before, after) ? before : after;
}
