/**
 * What is known about a group: its members and their roles, its activities, and its name. Each fact has its own time, and an older fact
 * changes nothing. So the same facts make the same group in any order.
 *
 * To recognise older facts, a group also remembers members and activities that have left. It keeps the newest of them: as many as a group
 * may have members and activities.
 */
import type { Entries } from '../../core/entries.ts';
import { isOlder } from '../older.ts';
import { type Group, MOST, withBoard } from './pairs.ts';

type Members = Group['members'];
type Member = Members extends Entries<infer M> ? M : never;
type AbsentMember = Group['absentMembers'] extends Entries<infer M> ? M : never;
type Activity = Group['activities'] extends Entries<infer A> ? A : never;

const NEVER: AbsentMember = { leftAt: null, role: null, roleAt: null };

/** The time of the latest fact that has this member or activity in the group. */
const confirmedAt = (entry: Member | Activity): number => entry.saidAt ?? entry.since;

/** Whether a fact of `time` that has the entry in the group is as new as what is known. At equal times the later in the log counts. */
export function isNewer(
  entry: Member | Activity | undefined,
  gone: { readonly leftAt: number | null } | undefined,
  time: number,
): boolean {
  return !isOlder(time, entry === undefined ? gone?.leftAt : confirmedAt(entry));
}

/** The group with this name as of `time`. */
export function named(group: Group, name: string, time: number): Group {
  return isOlder(time, group.namedAt) || (group.name === name && group.namedAt === time)
    ? group
    : { ...group, name, namedAt: time };
}

/** The group as created at `time`; an earlier creation stays, unless the group was deleted since. */
export function created(group: Group, time: number): Group {
  const { createdAt, createdSaidAt } = group;
  return isOlder(time, createdSaidAt ?? createdAt) || createdSaidAt === time
    ? group
    : { ...group, createdAt: createdAt ?? time, createdSaidAt: time };
}

/** The group with the user as a member in this role as of `time`. It begins a membership unless there is one. */
export function withMember(group: Group, userId: string, role: Member['role'], time: number): Group {
  const member = group.members.get(userId);
  const gone = group.absentMembers.get(userId);
  if (member?.saidAt === time && member.role === role) return group;
  // A newer role may have arrived before the membership.
  const known = member ?? gone;
  const asKnown = known !== undefined && known.role !== null && isOlder(time, known.roleAt);
  const newest = asKnown ? { role: known.role, roleAt: known.roleAt } : { role, roleAt: time };
  const members = group.members.set(userId, { ...newest, since: member?.since ?? time, saidAt: time });
  return { ...group, members, absentMembers: group.absentMembers.delete(userId) };
}

/** The group without the user as of `time`. */
export function withoutMember(group: Group, userId: string, time: number): Group {
  const member = group.members.get(userId);
  if (member === undefined) {
    const gone = group.absentMembers.get(userId) ?? NEVER;
    if (gone.leftAt !== null && time <= gone.leftAt) return group;
    return { ...group, absentMembers: noted(group.absentMembers, userId, { ...gone, leftAt: time }, MOST.members) };
  }
  const still = cameBack(member, time);
  if (still !== undefined) return still === member ? group : { ...group, members: group.members.set(userId, still) };
  const { role, roleAt } = member;
  const absentMembers = noted(group.absentMembers, userId, { leftAt: time, role, roleAt }, MOST.members);
  return { ...group, members: group.members.delete(userId), absentMembers };
}

/** The group with the user in this role as of `time`. The role of a user who is not a member is kept for the membership. */
export function withRole(group: Group, userId: string, role: Member['role'], time: number): Group {
  const member = group.members.get(userId);
  if (member !== undefined) {
    if (isOlder(time, member.roleAt ?? member.since) || (member.role === role && member.roleAt === time)) return group;
    return { ...group, members: group.members.set(userId, { ...member, role, roleAt: time }) };
  }
  const gone = group.absentMembers.get(userId) ?? NEVER;
  if (isOlder(time, gone.leftAt) || isOlder(time, gone.roleAt)) return group;
  if (gone.role === role && gone.roleAt === time) return group;
  return {
    ...group,
    absentMembers: noted(group.absentMembers, userId, { ...gone, role, roleAt: time }, MOST.members),
  };
}

/** The group with the activity of this kind as of `time`. */
export function withActivity(group: Group, activityId: string, kind: Activity['kind'], time: number): Group {
  const activity = group.activities.get(activityId);
  if (activity?.saidAt === time && activity.kind === kind) return group;
  const activities = group.activities.set(activityId, { kind, since: activity?.since ?? time, saidAt: time });
  return { ...group, activities, absentActivities: group.absentActivities.delete(activityId) };
}

/** The group without the activity as of `time`. */
export function withoutActivity(group: Group, activityId: string, time: number): Group {
  const activity = group.activities.get(activityId);
  const gone = group.absentActivities.get(activityId);
  if (activity === undefined && gone !== undefined && time <= gone.leftAt) return group;
  const still = activity && cameBack(activity, time);
  if (still !== undefined) {
    return still === activity ? group : { ...group, activities: group.activities.set(activityId, still) };
  }
  const absentActivities = noted(group.absentActivities, activityId, { leftAt: time }, MOST.activities);
  return { ...group, activities: group.activities.delete(activityId), absentActivities };
}

/** The remains of a group that was deleted at `time`: facts with a later time, which belong to a new group. */
export function deleted(group: Group, time: number): Group {
  if (group.deletedAt !== null && time <= group.deletedAt) return group;
  const isGone = (at: number | null) => !isOlder(time, at);
  const left = {
    ...group,
    ...(isGone(group.namedAt) && { name: '', namedAt: null }),
    ...createdAfter(group, time),
    deletedAt: time,
    members: after(group.members, time),
    activities: after(group.activities, time),
    absentMembers: without(group.absentMembers, ({ leftAt, roleAt }) => isGone(leftAt) && isGone(roleAt)),
    absentActivities: without(group.absentActivities, ({ leftAt }) => isGone(leftAt)),
  };
  return withBoard(left, [...group.progress.values()]);
}

function createdAfter({ createdAt, createdSaidAt }: Group, time: number): Pick<Group, 'createdAt' | 'createdSaidAt'> {
  const latest = createdSaidAt ?? createdAt;
  if (!isOlder(time, latest)) return { createdAt: null, createdSaidAt: null };
  return { createdAt: isOlder(time, createdAt) ? createdAt : latest, createdSaidAt };
}

/** The entries that were in the group after `time`. */
function after<E extends Member | Activity>(entries: Entries<E>, time: number): Entries<E> {
  let left = entries;
  for (const [id, entry] of entries) {
    const still = cameBack(entry, time);
    left = still === undefined ? left.delete(id) : left.set(id, still);
  }
  return left;
}

/** The entry if a later fact has it in the group, although it left at `time`; undefined if it is gone. */
function cameBack<E extends Member | Activity>(entry: E, time: number): E | undefined {
  const latest = confirmedAt(entry);
  if (time >= latest) return undefined;
  return time < entry.since ? entry : { ...entry, since: latest };
}

function without<E>(entries: Entries<E>, isGone: (entry: E) => boolean): Entries<E> {
  let left = entries;
  for (const [id, entry] of entries) if (isGone(entry)) left = left.delete(id);
  return left;
}

type Absent = { readonly leftAt: number | null; readonly roleAt?: number | null };

/** Adds an entry that is not in the group. The oldest is dropped if there are too many. */
function noted<E extends Absent>(entries: Entries<E>, id: string, entry: E, most: number): Entries<E> {
  const all = entries.set(id, entry);
  if (all.size <= most) return all;
  const factAt = ({ leftAt, roleAt }: E) => Math.max(leftAt ?? roleAt ?? 0, roleAt ?? leftAt ?? 0);
  const [oldest] = [...all].reduce((a, b) => (factAt(b[1]) < factAt(a[1]) ? b : a));
  return all.delete(oldest);
}
