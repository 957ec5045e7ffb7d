/**
 * The attributes of a CloudEvent, and how records carry them: in binary mode as headers named `ce_…`, in structured mode as
 * members of the value. The rules for attributes are the same in both modes.
 */
import { DEFAULT_TENANT } from '../../core/event.ts';
import { isKeyPart, LONGEST_ATTRIBUTE, LONGEST_KEY_PART } from '../../core/key-part.ts';
import { FIRST_TIME, LAST_TIME } from '../../core/moment.ts';
import { LARGEST_VALUE } from '../log/limits.ts';
import { type Origin, parseOrigin } from '../log/origin.ts';
import type { Headers, LogRecord } from '../log/transport.ts';
import { parseJson } from './json-value.ts';
import { CLOCK_TOLERANCE, LOGGED_AT } from './own-headers.ts';
import { formatTime, parseTime } from './time.ts';
import { type Rejected, rejected } from './wire.ts';

const TOO_EARLY = 'times begin with 1971; were seconds taken for milliseconds, or was a clock never set?';

/** The attributes that an event needs besides its type and data to become a record. */
export interface Envelope {
  readonly id: string;
  readonly source: string;
  readonly time: number;
  readonly tenant: string;
  readonly origin?: string;
}

/** The attributes of an event as in the record, unchecked. */
export interface Attributes {
  readonly specversion: unknown;
  readonly id: unknown;
  readonly source: unknown;
  readonly time: unknown;
  readonly tenant: unknown;
  readonly origin: unknown;
}

/** The headers of an event in binary mode, with Avro data. */
export function avroHeaders(type: string, envelope: Envelope): Headers {
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_id: envelope.id,
    ce_source: envelope.source,
    ce_type: type,
    ce_time: formatTime(envelope.time),
    'content-type': 'application/avro',
  };
  if (envelope.tenant !== DEFAULT_TENANT) headers['ce_tenant'] = envelope.tenant;
  if (envelope.origin !== undefined) headers['ce_origin'] = envelope.origin;
  return headers;
}

/** The attributes after the checks. */
export interface ReadEnvelope extends Omit<Envelope, 'origin'> {
  readonly origin: Origin | undefined;
  readonly loggedAt: number;
  /** Whether the sender's time was too far ahead of the record's and was replaced. */
  readonly isAhead: boolean;
}

export function readEnvelope(attributes: Attributes, record: LogRecord): ReadEnvelope | Rejected {
  const { id, source } = attributes;
  if (attributes.specversion !== '1.0') {
    return rejected('ENVELOPE_INVALID', 'the attribute specversion must be "1.0"');
  }
  if (id === undefined || id === '') return missing('id');
  if (!isKeyPart(id, LONGEST_ATTRIBUTE)) return noText('id', LONGEST_ATTRIBUTE);
  if (source === undefined || source === '') return missing('source');
  if (!isKeyPart(source, LONGEST_ATTRIBUTE)) return noText('source', LONGEST_ATTRIBUTE);
  const latest = firstLogged(record);
  const statedTime = timeOf(attributes.time, latest);
  if (statedTime === undefined) {
    return rejected(
      'ENVELOPE_INVALID',
      'the attribute time must be an RFC 3339 timestamp such as 2026-02-01T10:00:00Z',
    );
  }
  const tenant = attributes.tenant ?? DEFAULT_TENANT;
  if (!isKeyPart(tenant)) return noText('tenant', LONGEST_KEY_PART);
  const origin = typeof attributes.origin === 'string' ? parseOrigin(attributes.origin) : undefined;
  if (attributes.origin !== undefined && origin === undefined) {
    return rejected('ENVELOPE_INVALID', 'the attribute origin is not one that a job wrote; leave it out');
  }
  if (statedTime < FIRST_TIME)
    return rejected('ENVELOPE_INVALID', `the attribute time is ${attributes.time}: ${TOO_EARLY}`);
  const time = boundedBy(latest, statedTime);
  const loggedAt = latest === undefined ? time : record.timestamp;
  return { id, source, time, tenant, origin, loggedAt, isAhead: time < statedTime };
}

/** The time of the attribute; the record's time if there is none. */
function timeOf(attribute: unknown, logged: number | undefined): number | undefined {
  if (attribute === undefined) return logged;
  return typeof attribute === 'string' ? parseTime(attribute) : undefined;
}

/**
 * When the record was first appended to the log. A header can only make this earlier. Undefined if unknown: Kafka uses -1 for no
 * timestamp. Seconds mistaken for milliseconds give 1970, and microseconds give a year of five digits.
 */
function firstLogged({ headers, timestamp }: LogRecord): number | undefined {
  if (timestamp < FIRST_TIME || timestamp > LAST_TIME) return undefined;
  const before = headers[LOGGED_AT];
  const first = typeof before === 'string' && /^\d{1,15}$/.test(before) ? Number(before) : timestamp;
  return first < FIRST_TIME ? timestamp : Math.min(first, timestamp);
}

const boundedBy = (logged: number | undefined, time: number): number =>
  logged === undefined ? time : Math.min(time, logged + CLOCK_TOLERANCE);

/** The time of a record's event, even if the record is invalid; the time of the record if the event has none. */
export function eventTimeOf(record: LogRecord): number {
  const attribute = attributeOf(record, 'time');
  const time = typeof attribute === 'string' ? parseTime(attribute) : undefined;
  const logged = firstLogged(record);
  return time === undefined ? (logged ?? record.timestamp) : boundedBy(logged, time);
}

/** The value of one attribute of a record, in any mode, even if the record is invalid. */
export function attributeOf({ headers, value }: LogRecord, name: string): unknown {
  if (modeOf(headers) !== 'structured') return headers[`ce_${name}`];
  const parsed = value === null || value.length > LARGEST_VALUE ? undefined : parseJson(value);
  return parsed?.kind === 'value' ? (parsed.value as Readonly<Record<string, unknown>> | null)?.[name] : undefined;
}

/** The JSON data of a record, whether or not they fit a schema. Undefined if they are Avro, or cannot be read. */
export function jsonDataOf(record: LogRecord): unknown {
  const mode = modeOf(record.headers);
  if (mode === 'structured') return attributeOf(record, 'data');
  const parsed = mode === 'avro' || record.value === null ? undefined : parseJson(record.value);
  return parsed?.kind === 'value' ? parsed.value : undefined;
}

export const missing = (attribute: string) =>
  rejected(
    'ENVELOPE_INVALID',
    `the CloudEvents attribute ${attribute} is missing (in binary mode: the header ce_${attribute})`,
  );

const noText = (attribute: string, longest: number) =>
  rejected('ENVELOPE_INVALID', `the attribute ${attribute} must be a text of 1 to ${longest} characters`);

const JSON_TYPE = /^application\/(?:[a-z0-9.+-]+\+)?json *(?:;|$)/i;
const STRUCTURED_TYPE = /^application\/cloudevents\+json *(?:;|$)/i;

/** `unknown` if there is no content type. Then the first byte of the value decides: Avro begins with zero, and JSON never does. */
export function modeOf(headers: Headers): 'avro' | 'json' | 'structured' | 'unknown' {
  const type = headers['content-type'];
  if (type === 'application/avro') return 'avro';
  if (typeof type !== 'string') return 'unknown';
  return STRUCTURED_TYPE.test(type) ? 'structured' : JSON_TYPE.test(type) ? 'json' : 'avro';
}
