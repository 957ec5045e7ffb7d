/**
 * What is known of a group, each thing as of its own time: who is a member, in which role, what the group does, how it is called. What is
 * older changes nothing, so that the same facts end in the same group in whatever order they come.
 *
 * To know what is older, a group remembers who and what is not in it. Of those it keeps the newest: as many as it may have members
 * and activities.
 */
import type { Entries } from '../../core/entries.ts';
import { isOlder } from '../older.ts';
import { type Group, MOST, withBoard } from './pairs.ts';

type Members = Group['members'];
type Member = Members extends Entries<infer M> ? M : never;
type AbsentMember = Group['absentMembers'] extends Entries<infer M> ? M : never;
type Activity = Group['activities'] extends Entries<infer A> ? A : never;

const NEVER: AbsentMember = { leftAt: null, role: null, roleAt: null };

/** When it was last said that this is in the group. */
const saidAt = (entry: Member | Activity): number => entry.saidAt ?? entry.since;

/** Whether it is newer than what is known to say at `time` that this is in the group; or as new, and later in the log. */
export function isNews(
  entry: Member | Activity | undefined,
  gone: { readonly leftAt: number | null } | undefined,
  time: number,
): boolean {
  return !isOlder(time, entry === undefined ? gone?.leftAt : saidAt(entry));
}

/** The group, called so as of `time`. */
export function named(group: Group, name: string, time: number): Group {
  return isOlder(time, group.namedAt) || (group.name === name && group.namedAt === time)
    ? group
    : { ...group, name, namedAt: time };
}

/** The group, set up as of `time`: since the first time, unless it was deleted in between. */
export function created(group: Group, time: number): Group {
  const { createdAt, createdSaidAt } = group;
  return isOlder(time, createdSaidAt ?? createdAt) || createdSaidAt === time
    ? group
    : { ...group, createdAt: createdAt ?? time, createdSaidAt: time };
}

/** The group with the user as a member in this role as of `time`, if that is news: which begins a membership unless there is one. */
export function withMember(group: Group, userId: string, role: Member['role'], time: number): Group {
  const member = group.members.get(userId);
  const gone = group.absentMembers.get(userId);
  if (member?.saidAt === time && member.role === role) return group;
  // A role that was told before the membership it is of.
  const known = member ?? gone;
  const asKnown = known !== undefined && known.role !== null && isOlder(time, known.roleAt);
  const said = asKnown ? { role: known.role, roleAt: known.roleAt } : { role, roleAt: time };
  const members = group.members.set(userId, { ...said, since: member?.since ?? time, saidAt: time });
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

/** The group with the user in this role as of `time`. The role of somebody who is no member waits for the membership. */
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

/** The group with the activity of this kind as of `time`, if that is news. */
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

/** What is left of a group that was deleted at `time`: what was said of a time after it, and is of a new group. */
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
  const said = createdSaidAt ?? createdAt;
  if (!isOlder(time, said)) return { createdAt: null, createdSaidAt: null };
  return { createdAt: isOlder(time, createdAt) ? createdAt : said, createdSaidAt };
}

/** Those that were in after `time`, too. */
function after<E extends Member | Activity>(entries: Entries<E>, time: number): Entries<E> {
  let left = entries;
  for (const [id, entry] of entries) {
    const still = cameBack(entry, time);
    left = still === undefined ? left.delete(id) : left.set(id, still);
  }
  return left;
}

/** What is in although it went at `time`, since it was said to be in after that; undefined: it is gone. */
function cameBack<E extends Member | Activity>(entry: E, time: number): E | undefined {
  const said = saidAt(entry);
  if (time >= said) return undefined;
  return time < entry.since ? entry : { ...entry, since: said };
}

function without<E>(entries: Entries<E>, isGone: (entry: E) => boolean): Entries<E> {
  let left = entries;
  for (const [id, entry] of entries) if (isGone(entry)) left = left.delete(id);
  return left;
}

type Absent = { readonly leftAt: number | null; readonly roleAt?: number | null };

/** With one more that is not in the group; the oldest is forgotten if there are too many. */
function noted<E extends Absent>(entries: Entries<E>, id: string, entry: E, most: number): Entries<E> {
  const all = entries.set(id, entry);
  if (all.size <= most) return all;
  const toldAt = ({ leftAt, roleAt }: E) => Math.max(leftAt ?? roleAt ?? 0, roleAt ?? leftAt ?? 0);
  const [oldest] = [...all].reduce((a, b) => (toldAt(b[1]) < toldAt(a[1]) ? b : a));
  return all.delete(oldest);
}
