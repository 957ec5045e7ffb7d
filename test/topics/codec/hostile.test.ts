/**
 * Bad input through the codec alone. Every record has its own seed: `HOSTILE_SEED=4711 node --test
 * test/topics/codec/hostile.test.ts` makes only that record, and prints its outcome.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERROR_CODES } from '../../../core/errors.ts';
import type { EventDef } from '../../../core/event.ts';
import { isKeyPart } from '../../../core/key-part.ts';
import { Random } from '../../../testing/random.ts';
import { Codec, type Decoded } from '../../../topics/codec/codec.ts';
import type { Topic } from '../../../topics/define.ts';
import { topics } from '../../../topics/index.ts';
import type { LogRecord } from '../../../topics/log/transport.ts';
import { MemoryRegistry } from './memory-registry.ts';
import { mutated } from './mutations.ts';
import { wantedOf } from './records.ts';

const RECORDS = 30_000;
const LONGEST_MESSAGE = 1000;

const alone = process.env['HOSTILE_SEED'];
const seeds = alone === undefined ? Array.from({ length: RECORDS }, (_, seed) => seed) : [Number(alone)];

const events = topics.flatMap((topic) => [...wantedOf(topic).values()].map((def): [Topic, EventDef] => [topic, def]));
const wanted = new Map(topics.map((topic) => [topic, wantedOf(topic)]));

const registry = new MemoryRegistry();
const codec = new Codec(registry);
await codec.prepare(topics);
// Foreign schemas, which a record with a changed id may refer to.
for (const schema of ['"null"', '{"type":"array","items":"null"}', 'no schema', '{"type":"map","values":"bytes"}']) {
  await registry.register('theirs', schema);
}

/** Fails unless the runtime can handle the result. */
function checkAnswer(topic: Topic, decoded: Decoded): string {
  if (decoded.kind === 'rejected') {
    assert.equal(ERROR_CODES[decoded.code], 'reject');
    assert.ok(decoded.message.length > 0 && decoded.message.length <= LONGEST_MESSAGE, decoded.message);
    return decoded.code;
  }
  if (decoded.kind === 'ignored') return decoded.kind;
  const { event } = decoded;
  const def = wanted.get(topic)?.get(event.type) as EventDef;
  assert.ok(event.id !== '' && event.source !== '' && Number.isSafeInteger(event.time) && isKeyPart(event.tenant));
  for (const name of Object.keys(event.data).filter((name) => name.endsWith('Id'))) {
    assert.ok(event.data[name] === null || isKeyPart(event.data[name]), name);
  }
  assert.deepEqual(codec.check(def, event.data), { ok: true, value: structuredClone(event.data) });
  codec.encode(topic.name, def, event.data);
  return decoded.kind;
}

async function answer(topic: Topic, record: LogRecord): Promise<string> {
  await codec.learn([record]);
  const before = record.value === null ? null : Uint8Array.from(record.value);
  const decoded = codec.decode(topic, record, wanted.get(topic) ?? new Map());
  if (before !== null && before.length < 10_000) assert.deepEqual(Uint8Array.from(record.value ?? []), before);
  return checkAnswer(topic, decoded);
}

test(`${seeds.length} damaged records each get an answer from the closed list`, async (t) => {
  const outcomes = new Map<string, number>();
  for (const seed of seeds) {
    const [topic, def] = events[seed % events.length] as [Topic, EventDef];
    const record = mutated(codec, topic, def, new Random(seed));
    let outcome: string;
    try {
      outcome = await answer(topic, record);
    } catch (error) {
      const again = `run it alone: HOSTILE_SEED=${seed} node --test test/topics/codec/hostile.test.ts`;
      throw new Error(`seed ${seed}, ${def.type}: ${String(error)}; ${again}`, { cause: error });
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (alone !== undefined) t.diagnostic(`seed ${seed}, ${def.type}: ${outcome}`);
  }
  t.diagnostic(JSON.stringify(Object.fromEntries(outcomes)));
  if (alone !== undefined) return;
  for (const expected of [
    'event',
    'ignored',
    'ENVELOPE_INVALID',
    'VALUE_UNREADABLE',
    'SCHEMA_UNKNOWN',
    'SCHEMA_MISMATCH',
    'DATA_INVALID',
    'KEY_INVALID',
    'RECORD_TOO_LARGE',
  ]) {
    assert.ok((outcomes.get(expected) ?? 0) >= 10, `${expected} hardly ever happened: the mutations are too tame`);
  }
});
