/**
 * The origin of a derived event: the record that caused it, and the index of the event among those that the record caused. It is the
 * CloudEvents extension `origin`, and also the id of the event, because it is unique for ever.
 *
 * A job emits what it derives from one partition in the order of (offset, index). So a reader keeps a *dedupe position* for each line, which
 * is the last origin seen (`dedupe-positions.ts`), and recognises everything at or before it as a repeat.
 */
export interface Origin {
  /** The job, topic and partition, for which a dedupe position is kept. */
  readonly line: string;
  readonly offset: number;
  readonly index: number;
}

/**
 * The pseudo-job of records that were in a wrong partition and were sent on. Each job that reads the topic sends them on for itself.
 */
export const ROUTED = 'routed';

/** A header of records that were sent on: their earlier origin, if a job had emitted them. */
export const FIRST_ORIGIN = 'tributary-origin';

/**
 * A short form of a topic's id for stored positions: when a topic is deleted and made again, its offsets begin anew and mean something else.
 * Empty if the broker has no ids. It has at most sixty bits, to distinguish topics of one name.
 */
export const shortId = (id: string | undefined): string => (id ?? '').replaceAll(/[^A-Za-z0-9_]/g, '').slice(0, 10);

/** `topicId` as `shortId` makes it. */
export const lineOf = (job: string, topic: string, topicId: string, partition: number): string =>
  `${job}/${topic}${topicId === '' ? '' : `@${topicId}`}/${partition}`;

export interface Line {
  /** Job and topic, as `job/topic`. */
  readonly upstream: string;
  readonly job: string;
  readonly topic: string;
  /** Empty where it is not known. */
  readonly topicId: string;
  readonly partition: number;
}

const MOST_LINES = 10_000;
/** There are some few for each topic, and every derived event names one. */
const known = new Map<string, Line>();

/** Of a line as `lineOf` makes it. */
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

/** Job and topic in the characters and at most the length that Kafka has for names: a mark is kept for each of them. */
const ORIGIN = /^([\w.-]{1,249}\/[\w.-]{1,249}(?:@\w{1,22})?\/\d{1,6})\/(\d{1,15})\/(\d{1,9})$/;

export function parseOrigin(text: string): Origin | undefined {
  const match = ORIGIN.exec(text);
  return match === null ? undefined : { line: match[1] as string, offset: Number(match[2]), index: Number(match[3]) };
}
