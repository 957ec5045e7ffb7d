/** Records that no fold can apply, as broken, outdated or hostile producers send them. */

import type { EventDef } from '../../core/event.ts';
import { batchCreated } from '../../schemas/batch.ts';
import { coursePublished } from '../../schemas/content.ts';
import { contentProgressed } from '../../schemas/enrollment.ts';
import { memberAdded } from '../../schemas/group.ts';
import { notificationRequested } from '../../schemas/notification.ts';
import type { Random } from '../../testing/random.ts';
import { avroHeaders, type Codec } from '../../topics/codec/codec.ts';
import type { Topic } from '../../topics/define.ts';
import { batchEvents, contentEvents, enrollmentEvents, groupEvents, notificationEvents } from '../../topics/index.ts';
import { partitionOf } from '../../topics/log/partition.ts';
import type { NewRecord } from '../../topics/log/transport.ts';

/** The header that marks a poisoned record, in its topic and among the dead letters. */
export const POISON = 'poison';

export interface Poison {
  /** Unique in the run. */
  readonly name: string;
  recordOf(codec: Codec, partitions: number): NewRecord;
}

interface Bottle {
  readonly topic: Topic;
  readonly def: EventDef;
  readonly id: string;
  readonly lot: number;
}
type Content = Partial<Pick<NewRecord, 'key' | 'value' | 'partition'>> & { headers?: Readonly<Record<string, string>> };
type Kind = (bottle: Bottle, codec: Codec, partitions: number) => Content;

const text = new TextEncoder();
const JSON_DATA = { 'content-type': 'application/json' };
const STRUCTURED = { 'content-type': 'application/cloudevents+json' };
/** Larger than any accepted value, smaller than what the topics accept. */
const HUGE = Buffer.alloc(8 * 1024 * 1024 + 1, 'x');

const CARRIERS: readonly (readonly [Topic, EventDef])[] = [
  [enrollmentEvents, contentProgressed],
  [contentEvents, coursePublished],
  [batchEvents, batchCreated],
  [groupEvents, memberAdded],
  [notificationEvents, notificationRequested],
];

const encoded = ({ topic, def }: Bottle, codec: Codec): Uint8Array => codec.encode(topic.name, def, def.example);
const json = (value: unknown): Uint8Array => text.encode(JSON.stringify(value));

const KINDS: Readonly<Record<string, Kind>> = {
  'Avro that ends too early': (bottle, codec) => ({ value: encoded(bottle, codec).slice(0, -3) }),
  'Avro of a schema that nobody registered': () => ({ value: Uint8Array.of(0, 0x7f, 0xff, 0xff, 0xf0, 2, 4, 6) }),
  'an array of more items than a record can have': (_bottle, codec) => {
    const bottle = { ..._bottle, topic: contentEvents, def: coursePublished };
    return {
      value: Buffer.concat([encoded(bottle, codec).slice(0, 5), Uint8Array.of(2, 97, 2, 98, 0xfe, 0xff, 0x7f)]),
    };
  },
  'bytes of anything': ({ lot }) => ({ value: Uint8Array.from({ length: 40 }, (_, i) => (i * i * 31 + lot) % 256) }),
  'JSON that ends too early': () => ({ value: text.encode('{"userId": "u1", "cour'), headers: JSON_DATA }),
  'JSON with fields of another type': () => ({ value: json({ userId: 5, courseId: [] }), headers: JSON_DATA }),
  'a structured event without a type': () => ({ value: json({ specversion: '1.0', id: 'x' }), headers: STRUCTURED }),
  'no value': () => ({ value: null }),
  'no envelope': (bottle, codec) => ({ value: encoded(bottle, codec), headers: { ce_specversion: '', ce_id: '' } }),
  'a time that is none': (bottle, codec) => ({ value: encoded(bottle, codec), headers: { ce_time: 'yesterday' } }),
  'a key that is too long': ({ topic, def }) => {
    const key = 'k'.repeat(600);
    return { key: text.encode(key), value: json({ ...def.example, [topic.key]: key }), headers: JSON_DATA };
  },
  'a fact that cannot be': ({ lot }, codec, partitions) => {
    const batchId = `impossible-${lot}`;
    const data = {
      batchId,
      courseId: 'course-1',
      name: 'Never',
      startsAt: Date.UTC(2026, 0, 5),
      endsAt: Date.UTC(2026, 0, 4),
    };
    const key = text.encode(batchId);
    return {
      key,
      partition: partitionOf(key, partitions),
      value: codec.encode(batchEvents.name, batchCreated, data),
      headers: { ce_type: batchCreated.type },
    };
  },
};
const NAMES = Object.keys(KINDS);
const IN_CONTENT = 'an array of more items than a record can have';
const IN_BATCHES = 'a fact that cannot be';
/** One record in this many is huge. Each takes as long as thousands of others. */
const HUGE_EVERY = 60;

/** Returns a function that makes one poisoned record after another, of all kinds and for all topics that a job reads. */
export function poisons(random: Random): () => Poison {
  let lot = 0;
  return () => {
    lot += 1;
    const name = random.pick(NAMES);
    const [topic, def] = random.pick(CARRIERS);
    const place = random.below(1000);
    if (lot % HUGE_EVERY === 1)
      return poison('a huge value', { topic, def, id: `poison-${lot}`, lot }, place, () => ({ value: HUGE }));
    const carrier =
      name === IN_CONTENT
        ? { topic: contentEvents, def: coursePublished }
        : name === IN_BATCHES
          ? { topic: batchEvents, def: batchCreated }
          : { topic, def };
    return poison(name, { ...carrier, id: `poison-${lot}`, lot }, place, KINDS[name] as Kind);
  };
}

function poison(kind: string, bottle: Bottle, place: number, contentOf: Kind): Poison {
  const name = `${bottle.lot}: ${kind}`;
  return {
    name,
    recordOf(codec, partitions) {
      const envelope = { id: bottle.id, source: '/broken', time: Date.UTC(2026, 0, 5), tenant: 'default' };
      const { headers, ...content } = contentOf(bottle, codec, partitions);
      return {
        topic: bottle.topic.name,
        partition: place % partitions,
        key: place % 3 === 0 ? null : text.encode(bottle.id),
        value: null,
        timestamp: Date.now(),
        ...content,
        headers: { ...avroHeaders(bottle.def.type, envelope), ...headers, [POISON]: name },
      };
    },
  };
}
