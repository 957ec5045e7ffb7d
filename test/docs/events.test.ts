/** The examples of `docs/events.md`, as a reader would copy them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readLine } from '../../cli/commands/produce/events-in.ts';
import type { EventDef } from '../../core/event.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { Codec } from '../../topics/codec/codec.ts';
import type { Topic } from '../../topics/define.ts';
import { MemoryRegistry } from '../topics/codec/memory-registry.ts';
import { bytes, record, wantedOf } from '../topics/codec/records.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/events.md'), 'utf8');
const examples = new Map(
  [...page.matchAll(/^### (\S+)\n[\s\S]*?\n```json\n(.+)\n```$/gm)].map(([, type, line]) => [type, line as string]),
);

const codec = new Codec(new MemoryRegistry());
const { topics } = learningPlatform;
await codec.prepare(topics);

const events = topics.flatMap((topic) => [...wantedOf(topic).values()].map((def): [Topic, EventDef] => [topic, def]));

/** The declared example, with defaults for missing fields. */
function declared(def: EventDef): unknown {
  const checked = codec.check(def, def.example);
  return checked.ok ? checked.value : assert.fail(checked.problem);
}

test('every event has an example, and there is no other', () => {
  assert.deepEqual([...examples.keys()].sort(), events.map(([, { type }]) => type).sort());
});

for (const [topic, def] of events) {
  const line = examples.get(def.type) ?? '';

  test(`the example of ${def.type} is an event with the declared data`, () => {
    const value = record(bytes(line), { 'content-type': 'application/cloudevents+json' });
    const decoded = codec.decode(topic, value, wantedOf(topic));
    assert.ok(decoded.kind === 'event', JSON.stringify(decoded));
    assert.equal(decoded.event.type, def.type);
    assert.deepEqual(decoded.event.data, declared(def));
  });

  test(`the example of ${def.type} is a line for tributary produce ${topic.name}`, () => {
    const read = readLine(bytes(line), { topic, partitions: 6, codec, now: () => 0 });
    assert.ok(read.kind === 'records', JSON.stringify(read));
    const sent = read.records;
    assert.deepEqual(read.unknown, []);
    assert.ok(!line.includes("'"), 'it can be quoted for a shell');
    assert.equal(sent.length, topic.broadcasts.includes(def) ? 6 : 1);
    for (const each of sent) {
      const decoded = codec.decode(topic, { ...each, offset: 0 }, wantedOf(topic));
      assert.ok(decoded.kind === 'event', JSON.stringify(decoded));
      assert.equal(JSON.stringify(decoded.event.data), JSON.stringify(declared(def)));
    }
  });
}
