/** The records that a batch sends: derived events, records sent on to their partition, timers, answers. Dead letters: `dead-letter.ts`. */
import type { EventDef } from '../../../core/event.ts';
import { FIRST_TIME } from '../../../core/moment.ts';
import { avroHeaders, type Codec, ONLY_FOR } from '../../../topics/codec/codec.ts';
import { CLOCK_TOLERANCE, LOGGED_AT } from '../../../topics/codec/envelope.ts';
import { FIRST_ORIGIN, formatOrigin, lineOf, ROUTED } from '../../../topics/log/origin.ts';
import { partitionOf } from '../../../topics/log/partition.ts';
import type { LogRecord, NewRecord } from '../../../topics/log/transport.ts';
import type { Assignment, PartitionCount } from '../assignment.ts';
import type { Limit } from '../limits.ts';
import type { OutboxEvent } from './outbox.ts';
import { whyTooLarge } from './too-large.ts';

const text = new TextEncoder();

/** The source of what a job says. */
export const sourceOf = (job: string): string => `/tributary/${job}`;

/** Where something was said, as text. `topicId` as `shortId` makes it. */
export function originOf(
  { offset }: Pick<OutboxEvent, 'offset'>,
  index: number,
  place: Assignment,
  topicId: string,
): string {
  return formatOrigin(lineOf(place.job, place.topic, topicId, place.partition), offset, index);
}

/** An earlier release took times that no reader takes any more; what it stored is still to be said. */
const sayable = (time: number): number => Math.max(time, FIRST_TIME);

/** What every record that a partition sends is made with. */
export interface Sending {
  readonly place: Assignment;
  /** Of the job's topic, as `shortId` makes it. */
  readonly topicId: string;
  readonly partitions: PartitionCount;
  readonly limit: Limit;
  /** In ms since 1970 UTC. */
  readonly now: number;
}

/** One record; or, for a broadcast, one for every partition. None if the topic does not take it: see `noteRejections`. */
export function derived(said: OutboxEvent, index: number, sending: Sending): NewRecord[] {
  const { place, topicId, partitions, limit, now } = sending;
  if (whyTooLarge(said, limit) !== undefined) return [];
  const origin = originOf(said, index, place, topicId);
  const headers = avroHeaders(said.type, {
    id: origin,
    source: sourceOf(place.job),
    time: sayable(said.time),
    tenant: said.tenant,
    origin,
  });
  const count = partitions(said.topic);
  // Its time was bounded where it came from: a clock of ours that is behind must not bound it again. Nor must it be refused as ahead of
  // its log, where the record it follows from was not.
  const timestamp = Math.max(now, said.time - CLOCK_TOLERANCE);
  const base = { topic: said.topic, value: said.value, headers, timestamp };
  if (said.key === null) {
    return Array.from({ length: count }, (_, partition) => ({ ...base, partition, key: null }));
  }
  const key = text.encode(said.key);
  return [{ ...base, partition: partitionOf(key, count), key }];
}

/**
 * The record as it is, in the partition of its key. It is for this job only: each job that reads the topic sends on what it
 * wants itself, and the dedupe positions of one job's line would not fit the order of another's.
 */
export function routed(record: LogRecord, key: string, sending: Omit<Sending, 'limit'>): NewRecord {
  const { place, topicId, partitions, now } = sending;
  const bytes = text.encode(key);
  const origin = originOf(record, 0, { ...place, job: ROUTED }, topicId);
  const { ce_origin: before, ...headers } = record.headers;
  const first = headers[FIRST_ORIGIN] ?? before;
  return {
    topic: place.topic,
    partition: partitionOf(bytes, partitions(place.topic)),
    key: bytes,
    value: record.value,
    headers: {
      ...headers,
      // A topic may be set to give every record the time of its arrival.
      ...(record.timestamp >= 0 && { [LOGGED_AT]: headers[LOGGED_AT] ?? String(record.timestamp) }),
      ...(first === undefined ? {} : { [FIRST_ORIGIN]: first }),
      ce_origin: origin,
      [ONLY_FOR]: place.job,
    },
    // -1 is Kafka's way of saying nothing, and no time of a new record.
    timestamp: record.timestamp >= 0 ? record.timestamp : now,
  };
}

/** What the runtime itself has to say to a row. */
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

/** An event of the runtime itself, for the row's own topic and key. */
export function toRow(
  codec: Codec,
  event: RowEvent,
  sending: Pick<Sending, 'place' | 'partitions' | 'now'>,
): NewRecord {
  const { def, data, tenant, recordKey, id, time } = event;
  const { place, partitions, now } = sending;
  const key = text.encode(recordKey);
  return {
    topic: place.topic,
    partition: partitionOf(key, partitions(place.topic)),
    key,
    value: codec.encode(place.topic, def, data),
    headers: avroHeaders(def.type, { id, source: sourceOf(place.job), time: sayable(time), tenant }),
    timestamp: now,
  };
}
