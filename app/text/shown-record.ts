/** One record of a topic, decoded for people and scripts. */
import { DEAD_LETTER } from '../../jobs/runtime/dead-letter.ts';
import type { Codec } from '../../topics/codec/codec.ts';
import { modeOf } from '../../topics/codec/envelope.ts';
import type { Topic } from '../../topics/define.ts';
import type { LogRecord } from '../../topics/log/transport.ts';
import { markedBy } from '../dead-letters/resolution.ts';
import { eventsOf } from '../platform/names.ts';
import { isoOf } from './time-text.ts';

/** A record in readable form. */
export interface Shown {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** In ISO 8601, of the record and of the event. */
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
  /** Why the record has no data. */
  readonly problem?: { readonly code: string; readonly message: string };
}

const MARKED = {
  replayed: (id: string) => `${id} was sent once more`,
  edited: (id: string) => `${id} was sent once more, corrected`,
  discarded: (id: string) => `nothing is to be done about ${id}`,
} as const;

/** Decodes a record of the topic or of its dead letter topic. */
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
  const marked = markedBy(record);
  if (marked !== undefined) {
    const { id, resolution } = marked;
    return { ...base, problem: { code: resolution.how.toUpperCase(), message: MARKED[resolution.how](id) } };
  }
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

/** The attributes of a decoded record that Tributary itself does not use. */
function furtherOf({ headers, value }: LogRecord): Readonly<Record<string, unknown>> {
  const attributes =
    modeOf(headers) === 'structured'
      ? Object.entries(JSON.parse(Buffer.from(value ?? '').toString()) as object)
      : Object.entries(headers).flatMap(([name, each]) => (name.startsWith('ce_') ? [[name.slice(3), each]] : []));
  return Object.fromEntries(
    attributes.filter(([name, each]) => !KNOWN.includes(String(name)) && typeof each !== 'object'),
  );
}
