/**
 * The progress that an owner commits with its offset, as one text. Transports store it as the metadata of the offset, and read it only
 * when a topic is expanded.
 */

import { DedupePositions } from './dedupe-positions.ts';
import { versioned } from './formats.ts';
import type { Committed } from './transport.ts';

export interface Progress {
  /** The id of the offset's topic, from `shortId`; empty if it is not known. */
  readonly topicId: string;
  /** The largest offset ever committed. */
  readonly furthest: number;
  /** The token of the owner that committed. */
  readonly token: number;
  /** How many partitions the topic had when the dedupe positions were last made for all of them; 0 if it is not known. */
  readonly partitions: number;
  /** How many partitions the topic had when the group began: fewer than now if it was expanded. 0 if it is not known. */
  readonly base: number;
  readonly dedupe: DedupePositions;
  /** The views that are behind, each with the offset from which on it may lack writes. */
  readonly behind: ReadonlyMap<string, number>;
  /** How far the record at the offset was applied, if it concerns more rows than fit into one batch. */
  readonly within: Within | undefined;
}

export interface Within {
  /** The token of the tables for the next page of rows. */
  readonly after: string;
  /** The index of the next event that the record causes. */
  readonly index: number;
}

const VERSION = 2;

/** `offset` is the offset with which the text is committed. */
export function formatProgress(progress: Progress, offset: number): string {
  const { topicId, furthest, token, partitions, base, dedupe, within } = progress;
  const behind = [...progress.behind].map(([view, from]) => `${view}=${from.toString(36)}`).join(',');
  const rest = within === undefined ? '' : `|${JSON.stringify([offset, within.after, within.index])}`;
  return `${VERSION}|${topicId}|${furthest}|${token}|${partitions}|${base}|${dedupe}|${behind}${rest}`;
}

/** `offset` is the offset with which the text was committed. Version 1 held only dedupe positions. Throws FORMAT_NEWER. */
export function parseProgress(text: string, offset: number): Progress {
  const fields = versioned(text, VERSION, 'what was committed with an offset')?.split('|');
  if (fields === undefined) {
    return { ...nothing(), furthest: offset, dedupe: DedupePositions.parse(text) };
  }
  const [topicId = '', furthest, token, partitions, base, dedupe = '', behind = '', ...rest] = fields;
  const [of, after, index] = rest.length === 0 ? [] : (JSON.parse(rest.join('|')) as [number, string, number]);
  return {
    topicId,
    furthest: Math.max(offset, Number(furthest)),
    token: Number(token),
    partitions: Number(partitions),
    base: Number(base),
    dedupe: DedupePositions.parse(dedupe),
    behind: new Map(behind === '' ? [] : behind.split(',').map(viewOf)),
    // After a seek the group is at another record, so this no longer applies.
    within: of === offset && after !== undefined && index !== undefined ? { after, index } : undefined,
  };
}

function viewOf(text: string): [string, number] {
  const [view, from] = text.split('=') as [string, string];
  return [view, Number.parseInt(from, 36)];
}

/** How many records each view is behind the rows, summed over all partitions. Views that are not behind are left out. */
export function viewLags(committed: readonly Pick<Committed, 'offset' | 'metadata'>[]): Map<string, number> {
  const lags = new Map<string, number>();
  for (const { offset, metadata } of committed) {
    if (offset === undefined) continue;
    for (const [view, from] of parseProgress(metadata, offset).behind) {
      // At least 1: some rows of a record may be written although the record is not finished.
      lags.set(view, (lags.get(view) ?? 0) + Math.max(1, offset - from));
    }
  }
  return lags;
}

/** The progress of a group that never committed. */
export const nothing = (): Progress => ({
  topicId: '',
  furthest: 0,
  token: 0,
  partitions: 0,
  base: 0,
  dedupe: DedupePositions.none(),
  behind: new Map(),
  within: undefined,
});

/** One partition before an expansion. The offset is undefined if the group never committed. */
export interface Before {
  readonly offset: number | undefined;
  readonly text: string;
}

/**
 * The progress with which each partition continues when a topic is expanded after the group has read everything. Each gets the largest
 * dedupe positions of all partitions, because repeats of an upstream job may now be in another partition. Returns the texts of the old
 * partitions, then those of the new ones; none if the group never committed.
 */
export function expandedProgress(before: readonly Before[], partitions: number): string[] {
  const all = before.map(({ offset, text }) => (offset === undefined ? undefined : parseProgress(text, offset)));
  if (all.every((each) => each === undefined)) return [];
  const dedupe = DedupePositions.none();
  for (const each of all) if (each !== undefined) dedupe.merge(each.dedupe);
  const known = all.find((each) => each !== undefined) as Progress;
  const base = Math.min(...all.map((each) => each?.base || before.length));
  return Array.from({ length: partitions }, (_, i) => {
    const progress = {
      ...(all[i] ?? { ...known, furthest: 0, token: 0, behind: new Map(), within: undefined }),
      partitions,
      base,
      dedupe,
    };
    return formatProgress(progress, before[i]?.offset ?? 0);
  });
}
