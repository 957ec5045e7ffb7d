/**
 * The row position: the last applied offset, for each partition that the row's records came from. That is nearly always one partition;
 * there is another if a topic was expanded and the key moved. The position names the topic by its id, because positions of a deleted topic
 * mean nothing in a new one.
 */
import { versioned } from '../../../topics/log/formats.ts';

export type At = readonly (readonly [partition: number, offset: number])[];

export const NOWHERE: At = [];

const VERSION = 2;

/** `topicId` is that of the current topic; positions of any other are dropped. Throws FORMAT_NEWER. */
export function parseAt(text: string, topicId: string): At {
  if (text === '') return NOWHERE;
  const behind = versioned(text, VERSION, 'the position of a row');
  // Version 1 had no topic ids.
  if (behind === undefined) return positions(text);
  const [id, list = ''] = behind.split('|');
  return id === topicId ? positions(list) : NOWHERE;
}

function positions(list: string): At {
  return list.split(',').map((each) => each.split(':').map(Number) as [number, number]);
}

/** `traces` of pending timers follow the position, since it is written with the timers. Readers that do not know them skip them. */
export function formatAt(at: At, topicId: string, traces?: Readonly<Record<string, string>>): string {
  if (at.length === 0) return '';
  const position = `${VERSION}|${topicId}|${at.map(([partition, offset]) => `${partition}:${offset}`).join(',')}`;
  return traces === undefined ? position : `${position}|${JSON.stringify(traces)}`;
}

/** The traces of pending timers that were stored with a position. */
export function tracesIn(text: string): Readonly<Record<string, string>> | undefined {
  const begin = text.indexOf('|{');
  return begin === -1 ? undefined : JSON.parse(text.slice(begin + 1));
}

export function isApplied(at: At, partition: number, offset: number): boolean {
  return at.some((each) => each[0] === partition && each[1] >= offset);
}

export function advanced(at: At, partition: number, offset: number): At {
  if (at.length === 0 || (at.length === 1 && at[0]?.[0] === partition)) return [[partition, offset]];
  return [...at.filter((each) => each[0] !== partition), [partition, offset]];
}

/** The last applied offset of one partition; -1 if none. */
export function lastApplied(at: At, partition: number): number {
  return at.find((each) => each[0] === partition)?.[1] ?? -1;
}

/** Advice for a group or a row whose position is beyond the end of the log. */
export const beyondLogAdvice = (job: string): string =>
  `the topic was deleted and created again, or has lost its end: restore it; or empty the tables of ${job} and of its views, and run \`tributary offsets seek ${job} --all --to-begin --restored --apply\``;
