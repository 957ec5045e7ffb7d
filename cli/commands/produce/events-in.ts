/**
 * Lines of NDJSON as records of a topic. A line is a structured CloudEvent, or an object with `type` and `data` and perhaps
 * `time`, `id`, `tenant` and `source`, or a record as `tail --json` shows it. Its record is in binary mode with Avro data, and passes
 * the decoder that jobs use.
 */
import { randomUUID } from 'node:crypto';
import { hint } from '../../../app/hint.ts';
import { messageOf } from '../../../core/errors.ts';
import { callAnswered, DEFAULT_TENANT, type EventDef, timerFired } from '../../../core/event.ts';
import { unknownFields } from '../../../core/unknown-fields.ts';
import { avroHeaders, type Codec } from '../../../topics/codec/codec.ts';
import { keyOf, type Topic } from '../../../topics/define.ts';
import { partitionOf } from '../../../topics/log/partition.ts';
import type { Headers, NewRecord } from '../../../topics/log/transport.ts';

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly bytes: Uint8Array;
}

const LONGEST_LINE = 32 * 1024 * 1024;
const NEWLINE = 10;

/** The lines of a stream, without their ends; empty ones are left out. */
export async function* linesOf(input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Line> {
  let number = 0;
  let pieces: Uint8Array[] = [];
  let length = 0;
  const take = (): Line => {
    const bytes = Buffer.concat(pieces);
    pieces = [];
    length = 0;
    number += 1;
    return { number, bytes };
  };
  for await (const chunk of input) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      pieces.push(chunk.subarray(from, at));
      from = at + 1;
      const line = take();
      if (!isBlank(line.bytes)) yield line;
    }
    pieces.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > LONGEST_LINE)
      throw new Error(`line ${number + 1} has more than ${LONGEST_LINE} bytes: is this NDJSON?`);
  }
  const line = take();
  if (!isBlank(line.bytes)) yield line;
}

const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 32 || byte === 9 || byte === 13);

export interface Target {
  readonly topic: Topic;
  readonly partitions: number;
  readonly codec: Codec;
  readonly now: () => number;
  /** The broadcasts that were read so far: a topic that is shown has each of them once a partition. */
  readonly broadcasts?: Set<string>;
}

export type Read =
  | {
      readonly kind: 'records';
      /** Several for a broadcast. */
      readonly records: readonly NewRecord[];
      /** Messages about fields that the event's schema does not have: they are not sent. */
      readonly unknown: readonly string[];
    }
  | { readonly kind: 'wrong'; readonly problem: string }
  /** It is in the log already, or will be: events of the runtime, and copies of a broadcast. */
  | { readonly kind: 'left-out' };

const wrong = (problem: string): Read => ({ kind: 'wrong', problem });
const LEFT_OUT: Read = { kind: 'left-out' };
const OF_THE_RUNTIME: ReadonlySet<string> = new Set([timerFired.type, callAnswered.type]);

export function readLine(line: Uint8Array, target: Target): Read {
  const { topic, partitions, codec, broadcasts } = target;
  const wanted = wantedOf(topic);
  const parsed = parse(line);
  if (typeof parsed === 'string') return wrong(parsed);
  if (parsed.isShown && OF_THE_RUNTIME.has(parsed.type)) return LEFT_OUT;
  const def = wanted.get(parsed.type);
  if (def === undefined)
    return wrong(`type: ${parsed.type} is no event of ${topic.name}${hint(parsed.type, [...wanted.keys()])}`);
  const checked = codec.check(def, parsed.data);
  if (!checked.ok) return wrong(checked.problem);
  const data = checked.value as Readonly<Record<string, unknown>>;
  const now = target.now();
  const { id = randomUUID(), source = '/tributary/produce', tenant = DEFAULT_TENANT, time } = parsed;
  const headers = {
    ...avroHeaders(def.type, { id, source, time: now, tenant }),
    ...(time === undefined ? {} : { ce_time: time }),
    ...parsed.others,
  };
  const key = keyOf(topic, { type: def.type, data });
  const bytes = key === null ? null : Buffer.from(key);
  const base = { topic: topic.name, key: bytes, value: codec.encode(topic.name, def, data), headers, timestamp: now };
  const decoded = codec.decode(topic, { ...base, partition: 0, offset: 0 }, wanted);
  if (decoded.kind === 'rejected') return wrong(decoded.message);
  const unknown = unknownFields(def, parsed.data).map((path) => unknownText(def, path));
  if (bytes !== null)
    return { kind: 'records', records: [{ ...base, partition: partitionOf(bytes, partitions) }], unknown };
  const name = JSON.stringify([source, id]);
  if (parsed.isShown && broadcasts?.has(name)) return LEFT_OUT;
  broadcasts?.add(name);
  const records = Array.from({ length: partitions }, (_, partition) => ({ ...base, partition }));
  return { kind: 'records', records, unknown };
}

function unknownText(def: EventDef, path: string): string {
  const name = path.replaceAll(/\[\d+\]/g, '[]');
  const isOutermost = /^data\.[^.[]+$/.test(name);
  const fields = def.schema.fields.map((field) => field.name);
  return `${name} was left out, since ${def.type} has no such field${isOutermost ? hint(name.slice(5), fields) : ''}`;
}

interface EventLine {
  /** Whether it is a record as `tail --json` shows it. */
  readonly isShown: boolean;
  readonly type: string;
  readonly data: unknown;
  readonly id: string | undefined;
  readonly source: string | undefined;
  readonly time: string | undefined;
  readonly tenant: string | undefined;
  /** Further attributes, as headers. */
  readonly others: Headers;
}

const SHORT = ['type', 'data', 'time', 'id', 'tenant', 'source'];
const NAMED = [...SHORT, 'specversion', 'datacontenttype'];
/** What a record that is shown has besides, which follows from where it goes; the further attributes are in `attributes`. */
const OF_A_RECORD = ['topic', 'partition', 'offset', 'timestamp', 'key', 'origin', 'attributes'];
const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(line: Uint8Array): EventLine | string {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(line));
  } catch (error) {
    return `it is no JSON in UTF-8: ${messageOf(error)}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is no JSON object';
  const members = new Map(Object.entries(value).filter(([, each]) => each !== null));
  const isShown =
    ['partition', 'offset'].every((name) => typeof members.get(name) === 'number') && members.has('topic');
  if (isShown) {
    const problem = takeShown(members);
    if (problem !== undefined) return problem;
  }
  const structured = members.has('specversion');
  if (structured && members.get('specversion') !== '1.0') return 'specversion: it must be "1.0"';
  for (const name of structured ? ['type', 'id', 'source'] : ['type']) {
    if (!members.has(name)) return `${name}: a string is missing`;
  }
  for (const name of ['type', 'id', 'source', 'time', 'tenant']) {
    if (members.has(name) && typeof members.get(name) !== 'string') return `${name}: a string is expected`;
  }
  const others: Record<string, string> = {};
  for (const [name, each] of members) {
    if (name === 'origin') return 'origin: only jobs say it; leave it out';
    if (name === 'data_base64') return 'data_base64: give the data as JSON in data';
    if (NAMED.includes(name)) continue;
    if (!structured && !isShown) return `${name}: there is no such attribute; there are ${SHORT.join(', ')}`;
    if (!/^[a-z0-9]+$/.test(name)) return `${name}: an attribute is named with small letters and digits`;
    if (typeof each === 'object') return `${name}: an attribute is a text, a number, true or false`;
    others[`ce_${name}`] = String(each);
  }
  const text = (name: string): string | undefined => members.get(name) as string | undefined;
  return {
    isShown,
    type: text('type') ?? '',
    data: members.get('data'),
    id: text('id'),
    source: text('source'),
    time: text('time'),
    tenant: text('tenant'),
    others,
  };
}

/** Leaves of a record that is shown what its event says. Answers why there is none. */
function takeShown(members: Map<string, unknown>): string | undefined {
  const { code, message } = (members.get('problem') ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (code !== undefined) return `it shows a record that could not be read (${code}: ${message}); leave it out`;
  const attributes = Object.entries(members.get('attributes') ?? {});
  for (const name of OF_A_RECORD) members.delete(name);
  for (const [name, each] of attributes) if (!members.has(name)) members.set(name, each);
  return undefined;
}

const wantedByTopic = new WeakMap<Topic, ReadonlyMap<string, EventDef>>();

function wantedOf(topic: Topic): ReadonlyMap<string, EventDef> {
  const wanted =
    wantedByTopic.get(topic) ?? new Map([...topic.events, ...topic.broadcasts].map((def) => [def.type, def]));
  wantedByTopic.set(topic, wanted);
  return wanted;
}
