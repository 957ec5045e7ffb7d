/**
 * The origin of a derived event: the record that caused it, and the index of the event among those that the record caused. It is the
 * CloudEvents extension `origin`. It is also the id of the event, because it is never used twice.
 *
 * A job emits the events that it derives from one partition in the order of (offset, index). A reader keeps a *dedupe position* for each
 * line: the last origin seen (`dedupe-positions.ts`). Any event of the line at or before that position is a repeat.
 */
export interface Origin {
  /** The job, topic and partition of the cause, from `lineOf`. Each line has a dedupe position. */
  readonly line: string;
  readonly offset: number;
  readonly index: number;
}

/**
 * Stands for the job in the origin of a record that was sent on because it was in a wrong partition. Each job that reads the topic sends
 * such records on for its own use.
 */
export const ROUTED = 'routed';

/** A header of records that were sent on: their original origin, if a job had emitted them. */
export const FIRST_ORIGIN = 'tributary-origin';

/**
 * A short form of a topic's id, for stored positions. When a topic is deleted and created again, its offsets start at 0 again and denote
 * other records. Empty if the broker has no ids. Sixty bits at most are enough to distinguish topics of one name.
 */
export const shortId = (id: string | undefined): string => (id ?? '').replaceAll(/[^A-Za-z0-9_]/g, '').slice(0, 10);

/** `topicId` comes from `shortId`. */
export const lineOf = (job: string, topic: string, topicId: string, partition: number): string =>
  `${job}/${topic}${topicId === '' ? '' : `@${topicId}`}/${partition}`;

export interface Line {
  /** Job and topic, as `job/topic`. */
  readonly upstream: string;
  readonly job: string;
  readonly topic: string;
  /** Empty if it is not known. */
  readonly topicId: string;
  readonly partition: number;
}

const MOST_LINES = 10_000;
/** A cache: there are only a few lines for each topic, and every derived event names one. */
const known = new Map<string, Line>();

/** Parses a line from `lineOf`. */
export function parseLine(line: string): Line {
  const found = known.get(line);
  if (found !== undefined) return found;
  const parsed = parsedLine(line);
  if (known.size < MOST_LINES) known.set(line, parsed);
  return parsed;
}

function parsedLine(line: string): Line {
  const [job, named, partition] = line.split('/') as [string, string, string];
  const [topic, topicId = ''] = named.split('@') as [string, string?];
  return { upstream: `${job}/${topic}`, job, topic, topicId, partition: Number(partition) };
}

export const formatOrigin = (line: string, offset: number, index: number): string => `${line}/${offset}/${index}`;

/** Job and topic have the characters and the greatest length of Kafka's names, because a dedupe position is kept for each of them. */
const ORIGIN = /^([\w.-]{1,249}\/[\w.-]{1,249}(?:@\w{1,22})?\/\d{1,6})\/(\d{1,15})\/(\d{1,9})$/;

export function parseOrigin(text: string): Origin | undefined {
  const match = ORIGIN.exec(text);
  return match === null ? undefined : { line: match[1] as string, offset: Number(match[2]), index: Number(match[3]) };
}
