/**
 * Dead letters: the record's own bytes and headers, with why and where. One that is larger than its topic takes is cut: the position
 * says where the whole record lies.
 */
import type { RejectCode } from '../../core/errors.ts';
import type { Key } from '../../sinks/port.ts';
import { deadLetterTopic } from '../../topics/define.ts';
import { headerSize, largestSize } from '../../topics/log/limits.ts';
import type { Headers, LogRecord, NewRecord } from '../../topics/log/transport.ts';
import type { Assignment, PartitionCount } from './assignment.ts';
import type { Limit } from './limits.ts';

/** What a dead letter is made of. */
export interface RejectedRecord {
  readonly record: LogRecord;
  readonly code: RejectCode;
  readonly message: string;
  /** The rows that rejected it; undefined if it touches none besides. */
  readonly rows?: readonly Key[];
  /** The rows that took it, and of which not everything that follows was written or said. */
  readonly unshown?: readonly Key[];
}

/** Headers of a dead letter, besides those the record came with. */
export const DEAD_LETTER = {
  code: 'tributary-code',
  message: 'tributary-message',
  job: 'tributary-job',
  topic: 'tributary-topic',
  partition: 'tributary-partition',
  offset: 'tributary-offset',
  timestamp: 'tributary-timestamp',
  /** Of an event for several rows: those that rejected it, as JSON, each by its key without the tenant. */
  rows: 'tributary-rows',
  /** The rows that took it, and of which not everything that follows was written or said. */
  unshown: 'tributary-unshown',
  /** How many rows there would be to name; they take more than the topic does. */
  unnamed: 'tributary-unnamed',
  /** Of a letter that was cut: how many bytes the record's value has. */
  length: 'tributary-length',
} as const;

export const LONGEST_MESSAGE = 1000;
/** Where records have to be small. */
const SHORT_MESSAGE = 100;
const SMALL = 10_000;
/** The head of a batch counts as well. */
const HEAD = 100;

export interface DeadLetterParts {
  readonly place: Assignment;
  readonly partitions: PartitionCount;
  readonly limit: Limit;
  /** In ms since 1970 UTC. */
  readonly now: number;
}

export function deadLetter(rejected: RejectedRecord, { place, partitions, limit, now }: DeadLetterParts): NewRecord {
  const topic = deadLetterTopic(place.topic);
  const { record, code, message, rows = [], unshown = [] } = rejected;
  const most = limit(topic) - HEAD;
  const why = {
    [DEAD_LETTER.code]: code,
    [DEAD_LETTER.message]: message.slice(0, most < SMALL ? SHORT_MESSAGE : LONGEST_MESSAGE),
    [DEAD_LETTER.job]: place.job,
    [DEAD_LETTER.topic]: place.topic,
    [DEAD_LETTER.partition]: String(place.partition),
    [DEAD_LETTER.offset]: String(record.offset),
    [DEAD_LETTER.timestamp]: String(record.timestamp),
  };
  const named: Headers = {
    ...(rows.length > 0 && { [DEAD_LETTER.rows]: keysText(rows) }),
    ...(unshown.length > 0 && { [DEAD_LETTER.unshown]: keysText(unshown) }),
  };
  const letter = {
    topic,
    partition: place.partition % partitions(topic),
    key: record.key,
    value: record.value,
    headers: { ...theirs(record.headers), ...why, ...named },
    timestamp: now,
  };
  return largestSize(letter) <= most
    ? letter
    : cut(letter, why, { headers: named, rows: rows.length + unshown.length }, most);
}

const OURS: ReadonlySet<string> = new Set(Object.values(DEAD_LETTER));

/** A record may come with headers of our names, which would speak for the letter. */
function theirs(headers: Headers): Headers {
  if (!Object.keys(headers).some((name) => OURS.has(name))) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OURS.has(name)));
}

const keysText = (keys: readonly Key[]): string => JSON.stringify(keys.map(([_tenant, ...key]) => key));

/** What matters most is kept: why and where; then which rows; then the record's key, its headers, and of its value the beginning. */
function cut(
  letter: NewRecord,
  why: Headers,
  named: { readonly headers: Headers; readonly rows: number },
  most: number,
): NewRecord {
  const headers: Record<string, string | Uint8Array> = {
    ...why,
    [DEAD_LETTER.length]: String(letter.value?.length ?? 0),
  };
  let room = most - largestSize({ key: null, value: null, headers });
  const fits = (size: number): boolean => {
    if (size > room) return false;
    room -= size;
    return true;
  };
  const sizes = Object.entries(named.headers).map(([name, value]) => headerSize(name, value));
  if (fits(sizes.reduce((sum, size) => sum + size, 0))) Object.assign(headers, named.headers);
  else headers[DEAD_LETTER.unnamed] = String(named.rows);
  const key = letter.key !== null && fits(letter.key.length) ? letter.key : null;
  for (const [name, value] of Object.entries(letter.headers)) {
    if (!(name in why) && !(name in named.headers) && fits(headerSize(name, value))) headers[name] = value;
  }
  return { ...letter, key, headers, value: letter.value?.subarray(0, Math.max(0, room)) ?? null };
}
