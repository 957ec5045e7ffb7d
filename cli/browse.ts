/** Reading topics as they lie, for people: belongs to no consumer group and moves nothing. */
import { DEAD_LETTER } from '../jobs/runtime/dead-letter.ts';
import type { Codec } from '../topics/codec/codec.ts';
import { modeOf } from '../topics/codec/envelope.ts';
import type { Topic } from '../topics/define.ts';
import type { LogRecord, Transport } from '../topics/log/transport.ts';
import { DISMISSED, REPLAYED } from './letters.ts';
import { eventsOf } from './names.ts';

/** A stretch of one partition: from `next` up to but not including `end`. */
export interface Stretch {
  readonly partition: number;
  readonly next: number;
  readonly end: number;
}

const RECORDS_AT_ONCE = 256;

/** The records of several partitions as one stream: in the order of each partition, and among them by time. */
export async function* merged(
  transport: Transport,
  topic: string,
  stretches: readonly Stretch[],
): AsyncGenerator<LogRecord> {
  const heads = stretches.map(({ partition, end }) => ({ partition, end, records: [] as LogRecord[], at: 0 }));
  const nexts = stretches.map(({ next }) => next);
  for (;;) {
    for (const [i, head] of heads.entries()) {
      const next = nexts[i] as number;
      if (head.at < head.records.length || next >= head.end) continue;
      const read = await transport.read(topic, head.partition, next, RECORDS_AT_ONCE);
      head.records = read.filter(({ offset }) => offset < head.end);
      head.at = 0;
      nexts[i] = (head.records.at(-1)?.offset ?? head.end) + 1;
    }
    const waiting = heads.filter(({ at, records }) => at < records.length);
    if (waiting.length === 0) return;
    const timeOf = (head: (typeof heads)[number]): number => head.records[head.at]?.timestamp ?? 0;
    const first = waiting.reduce((a, b) => (timeOf(b) < timeOf(a) ? b : a));
    yield first.records[first.at++] as LogRecord;
  }
}

/** A record as people can read it. */
export interface Shown {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** ISO 8601; of the record, and of the event. */
  readonly timestamp: string;
  readonly time?: string;
  readonly key: string | null;
  readonly type: string | null;
  readonly id?: string;
  readonly source?: string;
  readonly tenant?: string;
  readonly origin?: string;
  /** The further attributes of the CloudEvent, by name. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly data?: unknown;
  /** Why there is no data. */
  readonly problem?: { readonly code: string; readonly message: string };
}

/** Decodes a record of the topic, or of the topic of its dead letters. */
export async function shown(codec: Codec, topic: Topic, name: string, record: LogRecord): Promise<Shown> {
  const { partition, offset, timestamp, key, headers } = record;
  const header = (of: string): string | undefined => (typeof headers[of] === 'string' ? headers[of] : undefined);
  const type = header('ce_type') ?? null;
  const base = {
    topic: name,
    partition,
    offset,
    timestamp: isoOf(timestamp),
    key: key === null ? null : Buffer.from(key).toString(),
    type,
  };
  const [replayed, dismissed] = [header(REPLAYED), header(DISMISSED)];
  if (replayed !== undefined)
    return { ...base, problem: { code: 'REPLAYED', message: `${replayed} was sent once more` } };
  if (dismissed !== undefined)
    return { ...base, problem: { code: 'DISMISSED', message: `nothing is to be done about ${dismissed}` } };
  const code = header(DEAD_LETTER.code);
  if (code !== undefined) return { ...base, problem: { code, message: header(DEAD_LETTER.message) ?? '' } };
  await codec.learn([record]);
  const decoded = codec.decode(topic, record, eventsOf(topic));
  if (decoded.kind === 'rejected') return { ...base, problem: { code: decoded.code, message: decoded.message } };
  if (decoded.kind === 'ignored') {
    return {
      ...base,
      type: decoded.type,
      problem: { code: 'UNKNOWN_TYPE', message: `${topic.name} has no event of this type` },
    };
  }
  const { id, source, time, tenant, data } = decoded.event;
  const origin = header('ce_origin');
  const attributes = furtherOf(record);
  return {
    ...base,
    type: decoded.event.type,
    id,
    source,
    time: isoOf(time),
    tenant,
    ...(origin === undefined ? {} : { origin }),
    ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
    data,
  };
}

const KNOWN = ['specversion', 'type', 'id', 'source', 'time', 'tenant', 'origin', 'data', 'datacontenttype'];

/** The attributes that we make nothing of, of a record that was decoded. */
function furtherOf({ headers, value }: LogRecord): Readonly<Record<string, unknown>> {
  const said =
    modeOf(headers) === 'structured'
      ? Object.entries(JSON.parse(Buffer.from(value ?? '').toString()) as object)
      : Object.entries(headers).flatMap(([name, each]) => (name.startsWith('ce_') ? [[name.slice(3), each]] : []));
  return Object.fromEntries(said.filter(([name, each]) => !KNOWN.includes(String(name)) && typeof each !== 'object'));
}

/** A time that no calendar has, as a broken producer may send it, is shown as the number it is. */
export function isoOf(time: number): string {
  return Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time);
}
