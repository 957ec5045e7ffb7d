/** What a group follows: every member in every course it does. One entry of `progress` for each such pair. */
import { Entries } from '../schemas/entries.ts';
import type { groupMembership } from '../schemas/rows/group-membership.ts';
import type { RowOf } from '../schemas/target.ts';
import { type Rejection, reject } from './define.ts';

export type Group = RowOf<typeof groupMembership>;
export interface Pair {
  readonly userId: string;
  readonly courseId: string;
}

export function newGroup({ groupId }: { groupId: string }): Group {
  return {
    groupId,
    name: '',
    createdAt: null,
    members: Entries.empty(),
    activities: Entries.empty(),
    progress: Entries.empty(),
  };
}

/** The name of a pair's entry. */
export function nameOf({ userId, courseId }: Pair): string {
  return JSON.stringify([userId, courseId]);
}

/** The pairs of one member, whether in the group yet or not. */
export function pairsOfMember(group: Group | undefined, userId: string): Pair[] {
  return [...(group?.activities ?? [])]
    .filter(([, { kind }]) => kind === 'course')
    .map(([courseId]) => ({ userId, courseId }));
}

/** The pairs of one activity, of the group or about to be. */
export function pairsOfActivity(
  group: Group | undefined,
  courseId: string,
  kind = group?.activities.get(courseId)?.kind,
): Pair[] {
  if (group === undefined || kind !== 'course') return [];
  return [...group.members.keys()].map((userId) => ({ userId, courseId }));
}

/** A group is one row, and when it is deleted all that it follows is said at once. */
const MOST = { members: 5000, activities: 200, progress: 10_000 } as const;

/** Why one more member or activity cannot be, with these pairs; undefined if it can. */
export function fullness(group: Group, what: 'members' | 'activities', pairs: readonly Pair[]): Rejection | undefined {
  const followed = group.progress.size + pairs.length;
  const flaw =
    group[what].size >= MOST[what]
      ? `has ${MOST[what]} ${what}, the most there can be`
      : followed > MOST.progress
        ? `would have ${followed} members to follow, each in each course, and ${MOST.progress} are the most`
        : undefined;
  return flaw === undefined
    ? undefined
    : reject('FACT_IMPOSSIBLE', `group ${group.groupId} ${flaw}: divide it into several groups`);
}

/** The group, unless nothing is known of it: one of which only what is gone was told leaves no row. */
export function orNothing(group: Group): Group | undefined {
  const { createdAt, name, members, activities } = group;
  return createdAt === null && name === '' && members.size + activities.size === 0 ? undefined : group;
}

/**
 * A member who is not in the course now: of whom nothing is said, so that nothing of an earlier enrollment stays on the board
 * either. Otherwise the board would depend on whether the group began to follow before or after the member left.
 */
export const NOT_ENROLLED = { enrolled: false, progress: 0, state: 'not_started', completedAt: null } as const;

/** The group with these pairs on its board, of which nothing is known yet. */
export function following(group: Group, pairs: readonly Pair[]): Group {
  let { progress } = group;
  for (const pair of pairs) {
    progress = progress.set(nameOf(pair), { ...pair, ...NOT_ENROLLED });
  }
  return { ...group, progress };
}

export function unfollowing(group: Group, pairs: readonly Pair[]): Group {
  let { progress } = group;
  for (const pair of pairs) progress = progress.delete(nameOf(pair));
  return { ...group, progress };
}
