/**
 * Damaged records: a valid record of an event, in one of its forms, with one to three changes. Equal random numbers give
 * equal records.
 */
import type { EventDef } from '../../../core/event.ts';
import type { Random } from '../../../testing/random.ts';
import { type Codec, ONLY_FOR } from '../../../topics/codec/codec.ts';
import type { Topic } from '../../../topics/define.ts';
import { ONLY_ROWS, ONLY_VIEWS } from '../../../topics/log/only.ts';
import type { Headers, LogRecord } from '../../../topics/log/transport.ts';
import { avroRecord, bytes, jsonRecord, structuredRecord } from './records.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Mutation = (record: LogRecord, random: Random) => LogRecord;

export const HOSTILE_TEXTS = [
  '',
  ' ',
  '\0',
  'a\0b',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '\uFFFD',
  '../../etc/passwd',
  "'; DROP TABLE rows; --",
  '=1+1',
  'x'.repeat(10_240),
  '\u{1F30A}'.repeat(300),
  '\u202E',
  'null',
  '-1',
];

const WRONG: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 31,
  -(2 ** 53),
  1e300,
  'text',
  '9'.repeat(400),
  [],
  [[[[]]]],
  {},
  { a: { b: 1 } },
  [null],
];

/** Read as a count, a length or an index: zero, little, too much, far too much, negative, or unterminated. */
const COUNTS: readonly number[][] = [
  [0],
  [2],
  [0x7e],
  [0xfe, 0xff, 0xff, 0xff, 0x0f],
  [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x01],
  [0x01, 0x03],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
];

const NO_UTF8: readonly number[][] = [
  [0xff],
  [0xc3, 0x28],
  [0xed, 0xa0, 0x80],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
  [0xc0, 0x80],
];
const TOO_LARGE = new Uint8Array(8 * 1024 * 1024 + 1);

// ---- bytes ----

const ofBytes =
  (change: (value: Uint8Array, random: Random) => Uint8Array | null): Mutation =>
  (record, random) => ({ ...record, value: change(record.value ?? new Uint8Array(), random) });

function splice(value: Uint8Array, at: number, remove: number, insert: readonly number[]): Uint8Array {
  return Uint8Array.from([...value.subarray(0, at), ...insert, ...value.subarray(at + remove)]);
}
const somewhere = (value: Uint8Array, random: Random) => random.below(value.length + 1);

const byteMutations: readonly Mutation[] = [
  ofBytes((value, random) => value.subarray(0, somewhere(value, random))),
  ofBytes((value, random) => splice(value, somewhere(value, random), 0, [random.below(256)])),
  ofBytes((value, random) => splice(value, value.length, 0, Array(random.below(9)).fill(random.below(256)))),
  ofBytes((value, random) => {
    const flipped = Uint8Array.from(value);
    for (let i = 0; i <= random.below(8); i++) flipped[random.below(value.length)] = random.below(256);
    return flipped;
  }),
  ofBytes((value, random) => splice(value, 0, 1, [1 + random.below(255)])),
  ofBytes((value, random) =>
    splice(value, 1, 4, [random.below(256), random.below(256), random.below(256), random.below(256)]),
  ),
  ofBytes((value, random) => splice(value, 1, 4, [0, 0, 0, random.below(64)])),
  ofBytes((value, random) => splice(value, somewhere(value, random), random.below(3), random.pick(COUNTS))),
  ofBytes((value, random) => splice(value, somewhere(value, random), random.below(3), random.pick(NO_UTF8))),
  ofBytes((_, random) => Uint8Array.from({ length: random.below(200) }, () => random.below(256))),
  ofBytes((_, random) => (random.chance(0.5) ? null : new Uint8Array())),
];

// ---- JSON ----

/** For each position in the value, a function that puts another value there, or removes it. */
function settersOf(value: Json, put: (value: Json | undefined) => void): ((value: Json | undefined) => void)[] {
  if (typeof value !== 'object' || value === null) return [put];
  const within = Object.entries(value).flatMap(([key, each]) =>
    settersOf(each, (other) => {
      if (Array.isArray(value)) value.splice(Number(key), 1, ...(other === undefined ? [] : [other]));
      else if (other === undefined) delete value[key];
      else value[key] = other;
    }),
  );
  return [put, ...within];
}

const ofJson =
  (change: (random: Random, text: string) => { value: Json | undefined } | { text: string }): Mutation =>
  (record, random) => {
    let root: Json | undefined;
    let text: string;
    try {
      root = JSON.parse(new TextDecoder().decode(record.value ?? undefined));
      text = JSON.stringify(root);
    } catch {
      // The value is no longer JSON, or is too deep to be serialized again.
      return random.pick(byteMutations)(record, random);
    }
    const changed = change(random, text);
    if ('text' in changed) return { ...record, value: bytes(changed.text) };
    const put = random.pick(
      settersOf(root as Json, (other) => {
        root = other;
      }),
    );
    put(changed.value);
    return { ...record, value: bytes(JSON.stringify(root) ?? '') };
  };

/** The text with an insertion before a random value. */
function before(text: string, random: Random, insert: (rest: string) => string): { text: string } {
  const colons = [...text.matchAll(/:/g)].map(({ index }) => index + 1);
  const at = colons.length === 0 ? 0 : random.pick(colons);
  return { text: text.slice(0, at) + insert(text.slice(at)) };
}

const jsonMutations: readonly Mutation[] = [
  ofJson(() => ({ value: undefined })),
  ofJson((random) => ({ value: structuredClone(random.pick(WRONG)) })),
  ofJson((random) => ({ value: random.pick(HOSTILE_TEXTS) })),
  ofJson((random) => ({ value: JSON.parse(`{"${random.pick(['__proto__', 'constructor', 'length'])}": {"a": 1}}`) })),
  ofJson((random) => ({ value: Array.from({ length: random.below(300) }, () => random.pick(WRONG)) })),
  ofJson((random, text) =>
    before(
      text,
      random,
      (rest) => `${random.pick(['1e400', '-0', 'NaN', '01', '9'.repeat(400)])}${rest.replace(/^[^,}]*/, '')}`,
    ),
  ),
  ofJson((random, text) =>
    before(
      text,
      random,
      (rest) => `"${random.pick(['\\ud800', '\\udc00x', '\\u0000'])}"${rest.replace(/^[^,}]*/, '')}`,
    ),
  ),
  ofJson((random, text) =>
    before(text, random, (rest) => {
      const depth = random.pick([3, 900, 40_000]);
      return `${'['.repeat(depth)}${random.chance(0.5) ? ']'.repeat(depth) : ''}${rest.replace(/^[^,}]*/, '')}`;
    }),
  ),
  ofJson((_, text) => ({ text: text.replace('{', '{"__proto__":{"specversion":"1.0"},') })),
  ofJson((random, text) => ({
    text: random.pick([text + text, `\uFEFF${text}`, `[${text}]`, `${text} `, text.slice(1)]),
  })),
];

// ---- headers ----

const ofHeaders =
  (change: (headers: Headers, random: Random) => Headers): Mutation =>
  (record, random) => ({ ...record, headers: change(record.headers, random) });
const withHeader = (headers: Headers, name: string, value: string | Uint8Array): Headers =>
  Object.fromEntries([...Object.entries(headers).filter(([each]) => each !== name), [name, value]]);

const NAMES = [
  'ce_specversion',
  'ce_id',
  'ce_source',
  'ce_type',
  'ce_time',
  'ce_tenant',
  'ce_origin',
  'content-type',
  ONLY_FOR,
  ONLY_ROWS,
  ONLY_VIEWS,
];
const CONTENT_TYPES = [
  'application/json',
  'application/avro',
  'application/cloudevents+json',
  'text/plain',
  'application/xml',
];
const ORIGINS = [
  'a/b/0/1/2',
  'a/b/0/1',
  '////',
  '__proto__/a/0/0/0',
  `${'x'.repeat(500)}/b/0/0/0`,
  'a/b/0/999999999999999/0',
];
const TIMES = ['2026-02-30T00:00:00Z', '0000-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59', 'now', '1e9'];

const headerMutations: readonly Mutation[] = [
  ofHeaders((headers, random) => {
    const gone = random.pick(NAMES);
    return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== gone));
  }),
  ofHeaders((headers, random) => withHeader(headers, random.pick(NAMES), random.pick(HOSTILE_TEXTS))),
  ofHeaders((headers, random) => withHeader(headers, random.pick(NAMES), Uint8Array.from(random.pick(NO_UTF8)))),
  ofHeaders((headers, random) => withHeader(headers, 'content-type', random.pick(CONTENT_TYPES))),
  ofHeaders((headers, random) => withHeader(headers, 'ce_origin', random.pick(ORIGINS))),
  ofHeaders((headers, random) => withHeader(headers, 'ce_time', random.pick(TIMES))),
  ofHeaders((headers) => withHeader(headers, '__proto__', 'x')),
  ofHeaders(() => ({})),
  (record) => ({ ...record, timestamp: -1 }),
];

// ---- one record ----

/** Data with a hostile text or an absurd number in one field, as a producer with a correct encoder could send it. */
function hostileData(def: EventDef, random: Random): object {
  const data: Record<string, unknown> = structuredClone(def.example) as Record<string, unknown>;
  const name = random.pick(Object.keys(data));
  if (typeof data[name] === 'string') data[name] = random.pick(HOSTILE_TEXTS);
  if (typeof data[name] === 'number') data[name] = random.pick([0, -1, 2 ** 31 - 1, -(2 ** 31)]);
  if (Array.isArray(data[name])) data[name] = Array(random.below(2000)).fill((data[name] as unknown[])[0]);
  return data;
}

function valid(codec: Codec, topic: Topic, def: EventDef, form: number, data: object): LogRecord {
  if (form === 0) return avroRecord(codec, topic, def, data);
  return form === 1 ? jsonRecord(def, data) : structuredRecord(def, { data });
}

export function mutated(codec: Codec, topic: Topic, def: EventDef, random: Random): LogRecord {
  const form = random.below(3);
  const kinds =
    form === 0
      ? [byteMutations, byteMutations, headerMutations]
      : [byteMutations, jsonMutations, jsonMutations, headerMutations];
  let record: LogRecord;
  try {
    record = valid(codec, topic, def, form, random.chance(0.3) ? hostileData(def, random) : def.example);
  } catch {
    // A hostile text in place of an enum symbol. No encoder would accept it.
    record = valid(codec, topic, def, form, def.example);
  }
  if (random.chance(0.002)) return { ...record, value: TOO_LARGE };
  for (let i = random.below(3); i >= 0; i--) record = random.pick(random.pick(kinds))(record, random);
  return record;
}
