/** Records of an event in each possible form, as an independent producer makes them. */
import type { EventDef } from '../../../core/event.ts';
import { avroHeaders, type Codec, type Decoded } from '../../../topics/codec/codec.ts';
import type { Topic } from '../../../topics/define.ts';
import type { Headers, LogRecord } from '../../../topics/log/transport.ts';

export const TIME = Date.UTC(2026, 1, 1, 10);
/** When the records were logged. */
export const LOGGED = TIME + 5000;

const ENVELOPE = { id: 'e-1', source: '/platform', time: TIME, tenant: 'default' };

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export function record(value: Uint8Array | null, headers: Headers): LogRecord {
  return { partition: 0, offset: 7, timestamp: LOGGED, key: null, value, headers };
}

export function avroRecord(codec: Codec, topic: Topic, def: EventDef, data: object = def.example): LogRecord {
  return record(codec.encode(topic.name, def, { ...data }), avroHeaders(def.type, ENVELOPE));
}

export function jsonRecord(def: EventDef, data: unknown = def.example): LogRecord {
  return record(bytes(JSON.stringify(data)), {
    ...avroHeaders(def.type, ENVELOPE),
    'content-type': 'application/json',
  });
}

export function structuredRecord(def: EventDef, attributes: object = {}): LogRecord {
  const { time, ...envelope } = ENVELOPE;
  const event = {
    specversion: '1.0',
    ...envelope,
    type: def.type,
    time: new Date(time).toISOString(),
    data: def.example,
    ...attributes,
  };
  return record(bytes(JSON.stringify(event)), { 'content-type': 'application/cloudevents+json' });
}

export const wantedOf = (topic: Topic): ReadonlyMap<string, EventDef> =>
  new Map([...topic.events, ...topic.broadcasts].map((def) => [def.type, def]));

/** The whole result as plain data, since decoders may build records with prototypes of their own. */
export const plain = (decoded: Decoded): unknown => JSON.parse(JSON.stringify(decoded));

/** Sets headers. A header that is undefined is removed. */
export const withHeaders = (each: LogRecord, headers: object): LogRecord => {
  const all = Object.entries({ ...each.headers, ...headers }).filter(([, value]) => value !== undefined);
  return { ...each, headers: Object.fromEntries(all) };
};

/** The decoded form of `enrolled`, however it was encoded. */
export const enrolledEvent = {
  kind: 'event',
  isAhead: false,
  unknown: false,
  event: {
    type: 'enrollment.enrolled',
    id: 'e-1',
    source: '/platform',
    time: TIME,
    loggedAt: LOGGED,
    tenant: 'default',
    data: { userId: 'learner-1', courseId: 'AAA-2013J', batchId: 'AAA-2013J', method: 'self' },
  },
};
