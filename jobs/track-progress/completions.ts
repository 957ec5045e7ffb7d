/**
 * What a learner completed, and what was taken back of it: a reset, of the whole course or of some contents; a retake; a completion
 * that was withdrawn. Each has a time, and what counts follows from the times, in whichever order they are told: of one content its
 * completions that no reset covers, the first of them and the latest seven others.
 *
 * Of equal times, what is told later holds. A withdrawn completion alone needs a completion of a later time.
 */

import type { EventOf } from '../../core/event.ts';
import type { contentProgressed } from '../../schemas/enrollment.ts';
import type { Course, Learner } from './standing.ts';

type Content = NonNullable<ReturnType<Learner['contents']['get']>>;
type Visit = Pick<EventOf<typeof contentProgressed>, 'data' | 'time'>;

const NEVER = Number.NEGATIVE_INFINITY;
const MOST_AGAIN = 7;

/** The content after a visit, which may complete it. `isRepeat`: the visit was counted already. */
export function visited(learner: Learner, { data, time }: Visit, isRepeat: boolean): Content {
  const before = learner.contents.get(data.contentId);
  const counts = data.status === 'completed' && time >= resetOf(learner, data.contentId);
  const times = before === undefined ? [] : completionsOf(before);
  const completions = counts && !times.includes(time) ? [...times, time].sort((a, b) => a - b) : times;
  return {
    completed: before?.completed === true || (counts && time >= (learner.retakenAt ?? NEVER)),
    views: (before?.views ?? 0) + (isRepeat ? 0 : data.views),
    firstAt: Math.min(before?.firstAt ?? time, time),
    lastAt: Math.max(before?.lastAt ?? time, time),
    ...kept(completions),
  };
}

/** Whether the visit told of a completion that was not known and counts. */
export function isNews(before: Content | undefined, after: Content, time: number): boolean {
  return completionsOf(after).includes(time) && !(before !== undefined && completionsOf(before).includes(time));
}

/** All completions that are known and count, the first one first. */
export function completionsOf({ completedAt, again }: Pick<Content, 'completedAt' | 'again'>): readonly number[] {
  return completedAt === null ? [] : [completedAt, ...again];
}

/** After a reset of the whole course, or of some contents. */
export function reset(learner: Learner, contentIds: readonly string[] | null, time: number, course?: Course): Learner {
  return contentIds === null ? resetWhole(learner, time, course) : resetSome(learner, contentIds, time, course);
}

function resetWhole(learner: Learner, time: number, course: Course | undefined): Learner {
  if (time < (learner.resetAt ?? NEVER)) return learner;
  let { contents, resets } = learner;
  let isLost = false;
  learner.contents.forEach((content, contentId) => {
    const after = without(content, time);
    if (after === content) return;
    contents = contents.set(contentId, after);
    isLost ||= isRequired(course, contentId);
  });
  learner.resets.forEach((at, contentId) => {
    if (at <= time) resets = resets.delete(contentId);
  });
  const startedOver = (learner.lastAccessAt ?? NEVER) <= time || learner.startedOver;
  const isKnown = time === learner.resetAt && contents === learner.contents && startedOver === learner.startedOver;
  if (isKnown && resets === learner.resets) return learner;
  const completedAt = isLost ? null : spared(learner.completedAt, time);
  return { ...learner, contents, resets, resetAt: time, startedOver, completedAt };
}

function resetSome(learner: Learner, contentIds: readonly string[], time: number, course: Course | undefined): Learner {
  let { contents, resets, completedAt } = learner;
  for (const contentId of new Set(contentIds)) {
    if (time < resetOf({ ...learner, resets }, contentId)) continue;
    if (resets.get(contentId) !== time) resets = resets.set(contentId, time);
    const content = contents.get(contentId);
    const after = content && without(content, time);
    if (after === undefined || after === content) continue;
    contents = contents.set(contentId, after);
    if (isRequired(course, contentId)) completedAt = null;
  }
  return contents === learner.contents && resets === learner.resets
    ? learner
    : { ...learner, contents, resets, completedAt };
}

/** From here on only what is completed later counts in the progress; the completion of the course follows from all. */
export function retaken(learner: Learner, time: number): Learner {
  if (time < (learner.retakenAt ?? NEVER)) return learner;
  let { contents } = learner;
  learner.contents.forEach((content, contentId) => {
    const completed = (completionsOf(content).at(-1) ?? NEVER) > time;
    if (completed !== content.completed) contents = contents.set(contentId, { ...content, completed });
  });
  return time === learner.retakenAt && contents === learner.contents
    ? learner
    : { ...learner, contents, retakenAt: time };
}

export function withdrawn(learner: Learner, time: number): Learner {
  if (time < (learner.withdrawnAt ?? NEVER)) return learner;
  const completedAt = spared(learner.completedAt, time);
  const isKnown = time === learner.withdrawnAt && completedAt === learner.completedAt;
  return isKnown ? learner : { ...learner, withdrawnAt: time, completedAt };
}

/** Up to when completions of the content do not count. */
function resetOf({ resetAt, resets }: Pick<Learner, 'resetAt' | 'resets'>, contentId: string): number {
  return Math.max(resetAt ?? NEVER, resets.get(contentId) ?? NEVER);
}

function without(content: Content, time: number): Content {
  const times = completionsOf(content);
  const left = times.filter((completedAt) => completedAt > time);
  return left.length === times.length
    ? content
    : { ...content, completed: content.completed && left.length > 0, ...kept(left) };
}

function kept([completedAt, ...again]: readonly number[]): Pick<Content, 'completedAt' | 'again'> {
  return { completedAt: completedAt ?? null, again: again.slice(-MOST_AGAIN) };
}

/** A course that is not known may require anything. */
function isRequired(course: Course | undefined, contentId: string): boolean {
  return course === undefined || course.contents.get(contentId)?.required === true;
}

/** The completion of the course, unless it is one that is taken back. */
function spared(completedAt: number | null, time: number): number | null {
  return completedAt !== null && completedAt <= time ? null : completedAt;
}
