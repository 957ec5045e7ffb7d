/**
 * What an owner commits with its offset, as one text: the transports store it as the marks of the offset and look at it only when
 * a topic is expanded.
 */
import { versioned } from './formats.ts';
import { Marks } from './marks.ts';

export interface Progress {
  /** The topic that the offset is of, as `shortId` makes it; empty where it is not known. */
  readonly topicId: string;
  /** The largest offset ever committed. */
  readonly furthest: number;
  /** The token of the owner. */
  readonly token: number;
  /** How many partitions the topic had when the marks were last made for all of them; 0 where it is not known. */
  readonly partitions: number;
  readonly marks: Marks;
}

const VERSION = 2;

export function formatProgress({ topicId, furthest, token, partitions, marks }: Progress): string {
  return `${VERSION}|${topicId}|${furthest}|${token}|${partitions}|${marks}`;
}

/** `offset` is the one it was committed with. Version 1 was marks alone. Throws FORMAT_NEWER. */
export function parseProgress(text: string, offset: number): Progress {
  const fields = versioned(text, VERSION, 'what was committed with an offset')?.split('|');
  if (fields === undefined) {
    return { topicId: '', furthest: offset, token: 0, partitions: 0, marks: Marks.parse(text) };
  }
  const [topicId = '', furthest, token, partitions, marks = ''] = fields;
  return {
    topicId,
    furthest: Math.max(offset, Number(furthest)),
    token: Number(token),
    partitions: Number(partitions),
    marks: Marks.parse(marks),
  };
}

/** One partition before an expansion: undefined offset where nobody ever committed. */
export interface Before {
  readonly offset: number | undefined;
  readonly text: string;
}

/**
 * What each partition goes on with when a topic is expanded while everything was read: the largest marks of all, since what an
 * upstream job repeats may lie in another partition from now on. Answers the text of each old partition, then those of the
 * new ones; nothing if the group never committed.
 */
export function expandedProgress(before: readonly Before[], partitions: number): string[] {
  const all = before.map(({ offset, text }) => (offset === undefined ? undefined : parseProgress(text, offset)));
  if (all.every((each) => each === undefined)) return [];
  const marks = Marks.none();
  for (const each of all) if (each !== undefined) marks.merge(each.marks);
  const known = all.find((each) => each !== undefined) as Progress;
  return Array.from({ length: partitions }, (_, i) =>
    formatProgress({ ...(all[i] ?? { ...known, furthest: 0, token: 0 }), partitions, marks }),
  );
}
