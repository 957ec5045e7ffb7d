/** Makes an event a record of its topic: in binary mode with Avro data, in the partition of its key. */
import type { EventDef } from '../../core/event.ts';
import { keyOf, type Topic } from '../define.ts';
import { partitionOf } from '../log/partition.ts';
import type { NewRecord } from '../log/transport.ts';
import { avroHeaders, type Codec } from './codec.ts';

export interface NewEvent {
  readonly def: EventDef;
  readonly id: string;
  readonly source: string;
  readonly tenant: string;
  /** In ms since 1970 UTC. */
  readonly time: number;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Into {
  /** A topic that declares the event, but not as a broadcast. */
  readonly topic: Topic;
  readonly partitions: number;
  readonly codec: Codec;
  /** When the record is produced, in ms since 1970 UTC. */
  readonly now: number;
}

const text = new TextEncoder();

export function newRecord({ def, id, source, tenant, time, data }: NewEvent, into: Into): NewRecord {
  const { topic, partitions, codec, now } = into;
  const key = text.encode(keyOf(topic, { type: def.type, data }) ?? '');
  return {
    topic: topic.name,
    partition: partitionOf(key, partitions),
    key,
    value: codec.encode(topic.name, def, data),
    headers: avroHeaders(def.type, { id, source, time, tenant }),
    timestamp: now,
  };
}
