/** The records that a batch sends: derived events, records sent on to their partition, timers, answers. Dead letters: `dead-letter.ts`. */
import type { EventDef } from '../../../core/event.ts';
import { FIRST_TIME } from '../../../core/moment.ts';
import { avroHeaders, type Codec, ONLY_FOR } from '../../../topics/codec/codec.ts';
import { CLOCK_TOLERANCE, LOGGED_AT } from '../../../topics/codec/own-headers.ts';
import { FIRST_ORIGIN, formatOrigin, lineOf, ROUTED } from '../../../topics/log/origin.ts';
import { partitionOf } from '../../../topics/log/partition.ts';
import type { Headers, LogRecord, NewRecord } from '../../../topics/log/transport.ts';
import type { Assignment, PartitionCount } from '../assignment.ts';
import type { Limit } from '../limits.ts';
import type { OutboxEvent } from './outbox.ts';
import { whyTooLarge } from './too-large.ts';

const text = new TextEncoder();

/** The source of the events that a job emits. */
export const sourceOf = (job: string): string => `/tributary/${job}`;

/** The origin of an outbox entry, as text. `topicId` is as made by `shortId`. */
export function originOf(
  { offset }: Pick<OutboxEvent, 'offset'>,
  index: number,
  assignment: Assignment,
  topicId: string,
): string {
  return formatOrigin(lineOf(assignment.job, assignment.topic, topicId, assignment.partition), offset, index);
}

/** Readers reject times before 1971 (of unset clocks). An earlier release accepted them; they are sent as the first valid time. */
export const validTime = (time: number): number => Math.max(time, FIRST_TIME);

/** What all records that a partition sends have in common. */
export interface Sending {
  readonly assignment: Assignment;
  /** Of the job's topic, as made by `shortId`. */
  readonly topicId: string;
  readonly partitions: PartitionCount;
  readonly limit: Limit;
  /** In ms since 1970 UTC. */
  readonly now: number;
}

/** The cause of a record. */
export interface Caused {
  /** The headers of the trace that the record continues. */
  readonly trace?: Headers | undefined;
}

const withTrace = (headers: Headers, trace: Headers | undefined): Headers =>
  trace === undefined ? headers : { ...headers, ...trace };

/** One record, or one for every partition in the case of a broadcast. None if it is too large for its topic: see `noteRejections`. */
export function derived(entry: OutboxEvent, index: number, sending: Sending & Caused): NewRecord[] {
  const { assignment, topicId, partitions, limit, now, trace } = sending;
  if (whyTooLarge(entry, limit) !== undefined) return [];
  const origin = originOf(entry, index, assignment, topicId);
  const envelope = {
    id: origin,
    source: sourceOf(assignment.job),
    time: validTime(entry.time),
    tenant: entry.tenant,
    origin,
  };
  const headers = withTrace(avroHeaders(entry.type, envelope), trace);
  const count = partitions(entry.topic);
  // The time of the event was checked where it came from. If this process's clock is behind, the event must not count as ahead of its
  // record, unless the record that caused it did.
  const timestamp = Math.max(now, entry.time - CLOCK_TOLERANCE);
  const base = { topic: entry.topic, value: entry.value, headers, timestamp };
  if (entry.key === null) {
    return Array.from({ length: count }, (_, partition) => ({ ...base, partition, key: null }));
  }
  const key = text.encode(entry.key);
  return [{ ...base, partition: partitionOf(key, count), key }];
}

/**
 * The unchanged record for the partition of its key. It is for this job only: each job that reads the topic sends on its records itself,
 * because dedupe positions follow the order in which one job sends them.
 */
export function routed(record: LogRecord, key: string, sending: Omit<Sending, 'limit'>): NewRecord {
  const { assignment, topicId, partitions, now } = sending;
  const bytes = text.encode(key);
  const origin = originOf(record, 0, { ...assignment, job: ROUTED }, topicId);
  const { ce_origin: before, ...headers } = record.headers;
  const first = headers[FIRST_ORIGIN] ?? before;
  return {
    topic: assignment.topic,
    partition: partitionOf(bytes, partitions(assignment.topic)),
    key: bytes,
    value: record.value,
    headers: {
      ...headers,
      // A topic may be configured to give every record the time of its arrival.
      ...(record.timestamp >= 0 && { [LOGGED_AT]: headers[LOGGED_AT] ?? String(record.timestamp) }),
      ...(first === undefined ? {} : { [FIRST_ORIGIN]: first }),
      ce_origin: origin,
      [ONLY_FOR]: assignment.job,
    },
    // Kafka uses -1 for no timestamp; a new record cannot have it.
    timestamp: record.timestamp >= 0 ? record.timestamp : now,
  };
}

/** An event of the runtime itself for a row: a timer that fired, or the answer of a channel. */
export interface RowEvent {
  readonly def: EventDef;
  readonly data: Readonly<Record<string, unknown>>;
  readonly tenant: string;
  /** The key of the records that touch the row. */
  readonly recordKey: string;
  readonly id: string;
  /** In ms since 1970 UTC. */
  readonly time: number;
}

/** The record of such an event, with the topic and key of the row. */
export function toRow(
  codec: Codec,
  event: RowEvent,
  sending: Pick<Sending, 'assignment' | 'partitions' | 'now'> & Caused,
): NewRecord {
  const { def, data, tenant, recordKey, id, time } = event;
  const { assignment, partitions, now, trace } = sending;
  const key = text.encode(recordKey);
  const envelope = { id, source: sourceOf(assignment.job), time: validTime(time), tenant };
  return {
    topic: assignment.topic,
    partition: partitionOf(key, partitions(assignment.topic)),
    key,
    value: codec.encode(assignment.topic, def, data),
    headers: withTrace(avroHeaders(def.type, envelope), trace),
    timestamp: now,
  };
}
