/**
 * Lines of NDJSON as records of a topic. A line is a structured CloudEvent, or an object with `type` and `data` and perhaps
 * `time`, `id`, `tenant` and `source`. Its record is in binary mode with Avro data, and passes the decoder that jobs use.
 */
import { randomUUID } from 'node:crypto';
import { messageOf } from '../schemas/errors.ts';
import { DEFAULT_TENANT, type EventDef } from '../schemas/event.ts';
import { avroHeaders, type Codec } from '../topics/codec.ts';
import { keyOf, type Topic } from '../topics/define.ts';
import { partitionOf } from '../topics/partition.ts';
import type { Headers, NewRecord } from '../topics/transport.ts';
import { hint } from './config.ts';

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly bytes: Uint8Array;
}

const LONGEST_LINE = 32 * 1024 * 1024;
const NEWLINE = 10;

/** The lines of a stream, without their ends; empty ones are left out. */
export async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
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
}

/** The records of one line, several for a broadcast; or what is wrong with it. */
export function recordsOf(line: Uint8Array, target: Target): NewRecord[] | string {
  const { topic, partitions, codec } = target;
  const wanted = wantedOf(topic);
  const said = parse(line);
  if (typeof said === 'string') return said;
  const def = wanted.get(said.type);
  if (def === undefined) return `type: ${said.type} is no event of ${topic.name}${hint(said.type, [...wanted.keys()])}`;
  const checked = codec.check(def, said.data);
  if (!checked.ok) return checked.problem;
  const data = checked.value as Readonly<Record<string, unknown>>;
  const now = target.now();
  const { id = randomUUID(), source = '/tributary/produce', tenant = DEFAULT_TENANT, time } = said;
  const headers = {
    ...avroHeaders(def.type, { id, source, time: now, tenant }),
    ...(time === undefined ? {} : { ce_time: time }),
    ...said.others,
  };
  const key = keyOf(topic, { type: def.type, data });
  const bytes = key === null ? null : Buffer.from(key);
  const base = { topic: topic.name, key: bytes, value: codec.encode(topic.name, def, data), headers, timestamp: now };
  const decoded = codec.decode(topic, { ...base, partition: 0, offset: 0 }, wanted);
  if (decoded.kind === 'rejected') return decoded.message;
  if (bytes !== null) return [{ ...base, partition: partitionOf(bytes, partitions) }];
  return Array.from({ length: partitions }, (_, partition) => ({ ...base, partition }));
}

interface Said {
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
const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(line: Uint8Array): Said | string {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(line));
  } catch (error) {
    return `it is no JSON in UTF-8: ${messageOf(error)}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is no JSON object';
  const said = new Map(Object.entries(value).filter(([, each]) => each !== null));
  const structured = said.has('specversion');
  if (structured && said.get('specversion') !== '1.0') return 'specversion: it must be "1.0"';
  for (const name of structured ? ['type', 'id', 'source'] : ['type']) {
    if (!said.has(name)) return `${name}: a string is missing`;
  }
  for (const name of ['type', 'id', 'source', 'time', 'tenant']) {
    if (said.has(name) && typeof said.get(name) !== 'string') return `${name}: a string is expected`;
  }
  const others: Record<string, string> = {};
  for (const [name, each] of said) {
    if (name === 'origin') return 'origin: only jobs say it; leave it out';
    if (name === 'data_base64') return 'data_base64: give the data as JSON in data';
    if (NAMED.includes(name)) continue;
    if (!structured) return `${name}: there is no such attribute; there are ${SHORT.join(', ')}`;
    if (!/^[a-z0-9]+$/.test(name)) return `${name}: an attribute is named with small letters and digits`;
    if (typeof each === 'object') return `${name}: an attribute is a text, a number, true or false`;
    others[`ce_${name}`] = String(each);
  }
  const text = (name: string): string | undefined => said.get(name) as string | undefined;
  return {
    type: text('type') ?? '',
    data: said.get('data'),
    id: text('id'),
    source: text('source'),
    time: text('time'),
    tenant: text('tenant'),
    others,
  };
}

const wantedByTopic = new WeakMap<Topic, ReadonlyMap<string, EventDef>>();

function wantedOf(topic: Topic): ReadonlyMap<string, EventDef> {
  const wanted =
    wantedByTopic.get(topic) ?? new Map([...topic.events, ...topic.broadcasts].map((def) => [def.type, def]));
  wantedByTopic.set(topic, wanted);
  return wanted;
}
