/**
 * What a learner has completed, and what was taken back: by a reset of the whole course or of some contents, by a retake, or by the
 * withdrawal of a completion. Each fact has a time, and the times determine what counts, in whatever order the facts arrive. For each
 * content, these are the completions that no reset covers; the first of them and the latest seven others are kept.
 *
 * Of facts with equal times, the later in the log holds. Only after a withdrawal must a completion have a later time to count.
 */

import type { EventOf } from '../../core/event.ts';
import type { contentProgressed } from '../../schemas/enrollment.ts';
import type { Course, Learner } from './standing.ts';

type Content = NonNullable<ReturnType<Learner['contents']['get']>>;
type Visit = Pick<EventOf<typeof contentProgressed>, 'data' | 'time'>;

const NEVER = Number.NEGATIVE_INFINITY;
const MOST_AGAIN = 7;

/** The content after a visit, which may complete it. `isRepeat`: the visit was counted before. */
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

/** Whether the visit brought a new completion that counts. */
export function isNewCompletion(before: Content | undefined, after: Content, time: number): boolean {
  return completionsOf(after).includes(time) && !(before !== undefined && completionsOf(before).includes(time));
}

/** All known completions that count, the earliest first. */
export function completionsOf({ completedAt, again }: Pick<Content, 'completedAt' | 'again'>): readonly number[] {
  return completedAt === null ? [] : [completedAt, ...again];
}

/** The learner after a reset of some contents, or of the whole course (null). */
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

/** After a retake, only later completions count in the progress. The completion of the course still follows from all of them. */
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

/** The time up to which completions of the content do not count. */
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

/** An unknown course may require everything. */
function isRequired(course: Course | undefined, contentId: string): boolean {
  return course === undefined || course.contents.get(contentId)?.required === true;
}

/** The completion of the course, unless the reset or withdrawal at `time` covers it. */
function spared(completedAt: number | null, time: number): number | null {
  return completedAt !== null && completedAt <= time ? null : completedAt;
}
