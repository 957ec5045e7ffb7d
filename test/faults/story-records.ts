/** The events of a story as records. */

import { recordsOf } from '../../testing/produce.ts';
import type { Random } from '../../testing/random.ts';
import type { Codec } from '../../topics/codec/codec.ts';
import { formatTime } from '../../topics/codec/time.ts';
import { keyOf } from '../../topics/define.ts';
import type { NewRecord } from '../../topics/log/transport.ts';
import type { StoryEvent } from './story.ts';

const text = new TextEncoder();

/** The correct records of an event: each once, and in the right partition. */
export function correctRecords(event: StoryEvent, codec: Codec, partitions: number): NewRecord[] {
  if ('poison' in event) return [event.poison.recordOf(codec, partitions)];
  // The log uses the time at which a record was produced, and jobs use the time at which the event happened.
  return recordsOf(codec, event.event, partitions).map((record) => ({ ...record, timestamp: Date.now() }));
}

/** The form of a faulty producer. */
export function faultyRecords(event: StoryEvent, codec: Codec, partitions: number, random: Random): NewRecord[] {
  const records = correctRecords(event, codec, partitions);
  if ('poison' in event) return records;
  switch (event.how) {
    case 'well':
      return records;
    case 'twice':
      return [...records, ...records];
    case 'astray':
      return records.map((record) => ({ ...record, key: null, partition: random.below(partitions) }));
    case 'json':
      return records.map((record, i) => ({ ...record, ...asJson(event.event, i % 2 === 0) }));
  }
}

function asJson({ def, data, id, time, topic }: Extract<StoryEvent, { event: unknown }>['event'], structured: boolean) {
  const attributes = { specversion: '1.0', id, source: '/test', type: def.type, time: formatTime(time) };
  if (structured) {
    const value = { ...attributes, subject: keyOf(topic, { type: def.type, data }) ?? undefined, data };
    return { value: text.encode(JSON.stringify(value)), headers: { 'content-type': 'application/cloudevents+json' } };
  }
  const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce_${name}`, value]));
  return { value: text.encode(JSON.stringify(data)), headers: { ...headers, 'content-type': 'application/json' } };
}
