/**
 * Dead letters: the bytes and headers of the rejected record, with the reason and the record's position. A dead letter that is too large
 * for its topic is cut. The position still leads to the whole record.
 */
import type { RejectCode } from '../../core/errors.ts';
import type { Key } from '../../sinks/port.ts';
import { deadLetterTopic } from '../../topics/define.ts';
import { headerSize, largestSize } from '../../topics/log/limits.ts';
import type { Headers, LogRecord, NewRecord } from '../../topics/log/transport.ts';
import type { Assignment, PartitionCount } from './assignment.ts';
import type { Limit } from './limits.ts';

/** What a dead letter is made from. */
export interface RejectedRecord {
  readonly record: LogRecord;
  readonly code: RejectCode;
  readonly message: string;
  /** The rows that rejected the record; undefined if it touches no other rows. */
  readonly rows?: readonly Key[];
  /** The rows that applied the record but could not write or send everything that follows from it. */
  readonly unshown?: readonly Key[];
}

/** Headers of a dead letter, besides those of the record itself. */
export const DEAD_LETTER = {
  code: 'tributary-code',
  message: 'tributary-message',
  job: 'tributary-job',
  topic: 'tributary-topic',
  partition: 'tributary-partition',
  offset: 'tributary-offset',
  timestamp: 'tributary-timestamp',
  /** For an event that touches several rows: the rows that rejected it, as JSON, each by its key without the tenant. */
  rows: 'tributary-rows',
  /** The rows that applied the record but could not write or send everything that follows from it. */
  unshown: 'tributary-unshown',
  /** How many rows are left out, because their keys are too large for the topic. */
  unnamed: 'tributary-unnamed',
  /** For a dead letter that was cut: the length of the record's value in bytes. */
  length: 'tributary-length',
} as const;

export const LONGEST_MESSAGE = 1000;
/** The most characters of the message in topics that take less than `SMALL` bytes. */
const SHORT_MESSAGE = 100;
const SMALL = 10_000;
/** In bytes. The header of a record batch counts towards the limit, too. */
const HEAD = 100;

export interface DeadLetterParts {
  readonly assignment: Assignment;
  readonly partitions: PartitionCount;
  readonly limit: Limit;
  /** In ms since 1970 UTC. */
  readonly now: number;
}

export function deadLetter(
  rejected: RejectedRecord,
  { assignment, partitions, limit, now }: DeadLetterParts,
): NewRecord {
  const topic = deadLetterTopic(assignment.topic);
  const { record, code, message, rows = [], unshown = [] } = rejected;
  const most = limit(topic) - HEAD;
  const why = {
    [DEAD_LETTER.code]: code,
    [DEAD_LETTER.message]: message.slice(0, most < SMALL ? SHORT_MESSAGE : LONGEST_MESSAGE),
    [DEAD_LETTER.job]: assignment.job,
    [DEAD_LETTER.topic]: assignment.topic,
    [DEAD_LETTER.partition]: String(assignment.partition),
    [DEAD_LETTER.offset]: String(record.offset),
    [DEAD_LETTER.timestamp]: String(record.timestamp),
  };
  const named: Headers = {
    ...(rows.length > 0 && { [DEAD_LETTER.rows]: keysText(rows) }),
    ...(unshown.length > 0 && { [DEAD_LETTER.unshown]: keysText(unshown) }),
  };
  const letter = {
    topic,
    partition: assignment.partition % partitions(topic),
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

/** Drops the record's own headers that have the names of ours: they would be taken for those of the dead letter. */
function theirs(headers: Headers): Headers {
  if (!Object.keys(headers).some((name) => OURS.has(name))) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OURS.has(name)));
}

const keysText = (keys: readonly Key[]): string => JSON.stringify(keys.map(([_tenant, ...key]) => key));

/** Keeps what fits, in this order: reason and position; the rows; the record's key, its headers, and the beginning of its value. */
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
  let left = most - largestSize({ key: null, value: null, headers });
  const fits = (size: number): boolean => {
    if (size > left) return false;
    left -= size;
    return true;
  };
  const sizes = Object.entries(named.headers).map(([name, value]) => headerSize(name, value));
  if (fits(sizes.reduce((sum, size) => sum + size, 0))) Object.assign(headers, named.headers);
  else headers[DEAD_LETTER.unnamed] = String(named.rows);
  const key = letter.key !== null && fits(letter.key.length) ? letter.key : null;
  for (const [name, value] of Object.entries(letter.headers)) {
    if (!(name in why) && !(name in named.headers) && fits(headerSize(name, value))) headers[name] = value;
  }
  return { ...letter, key, headers, value: letter.value?.subarray(0, Math.max(0, left)) ?? null };
}
