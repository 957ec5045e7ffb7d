/** The pairs that a group follows: each member in each of its courses, with one entry of `progress` for each pair. */
import { Entries } from '../../core/entries.ts';
import type { RowOf } from '../../core/target.ts';
import type { groupMembership } from '../../schemas/rows/group-membership.ts';
import { type Rejection, reject } from '../define.ts';

export type Group = RowOf<typeof groupMembership>;
export interface Pair {
  readonly userId: string;
  readonly courseId: string;
}

export function newGroup({ groupId }: { groupId: string }): Group {
  return {
    groupId,
    name: '',
    namedAt: null,
    createdAt: null,
    createdSaidAt: null,
    deletedAt: null,
    members: Entries.empty(),
    absentMembers: Entries.empty(),
    activities: Entries.empty(),
    absentActivities: Entries.empty(),
    progress: Entries.empty(),
  };
}

/** The name of a pair's entry. */
export function nameOf({ userId, courseId }: Pair): string {
  return JSON.stringify([userId, courseId]);
}

/** The pairs of one user, who need not be a member. */
export function pairsOfMember(group: Group | undefined, userId: string): Pair[] {
  return [...(group?.activities ?? [])]
    .filter(([, { kind }]) => kind === 'course')
    .map(([courseId]) => ({ userId, courseId }));
}

/** The pairs of one activity, taken as a course, which need not be one of the group's. */
export function pairsOfActivity(group: Group | undefined, courseId: string): Pair[] {
  return [...(group?.members.keys() ?? [])].map((userId) => ({ userId, courseId }));
}

/** Limits of a group: it is one row, and when it is deleted, events for all its pairs are emitted at once. */
export const MOST = { members: 5000, activities: 200, progress: 10_000 } as const;

/** Why one more member or activity, with this number of pairs to follow, would be too many; undefined if it fits. */
export function fullness(
  group: Group,
  what: 'members' | 'activities',
  id: string,
  pairs: number,
): Rejection | undefined {
  const followed = group.progress.size + pairs;
  const flaw =
    !group[what].has(id) && group[what].size >= MOST[what]
      ? `has ${MOST[what]} ${what}, the most there can be`
      : pairs > 0 && followed > MOST.progress
        ? `would have ${followed} pairs of a member and a course to follow, and ${MOST.progress} are the most`
        : undefined;
  return flaw === undefined
    ? undefined
    : reject('FACT_IMPOSSIBLE', `group ${group.groupId} ${flaw}: divide it into several groups`);
}

/**
 * The entry of a member who is not enrolled in the course now. The board shows nothing of an earlier enrollment: otherwise it would depend
 * on whether the group began to follow before or after the member left the course.
 */
export const NOT_ENROLLED = { enrolled: false, progress: 0, state: 'not_started', completedAt: null } as const;

/** The group with its board updated for these pairs: it has only pairs of a member and a course. New pairs have no progress yet. */
export function withBoard(group: Group, pairs: readonly Pair[]): Group {
  let { progress } = group;
  for (const { userId, courseId } of pairs) {
    const name = nameOf({ userId, courseId });
    const isFollowed = group.members.has(userId) && group.activities.get(courseId)?.kind === 'course';
    if (!isFollowed) progress = progress.delete(name);
    else if (!progress.has(name)) progress = progress.set(name, { userId, courseId, ...NOT_ENROLLED });
  }
  return progress === group.progress ? group : { ...group, progress };
}
