/** Produces events as a platform service would: in binary mode, as Avro, to the partition of the key. */
import type { Input } from '../core/avro.ts';
import type { EventDef } from '../core/event.ts';
import { avroHeaders, type Codec } from '../topics/codec/codec.ts';
import { keyOf, type Topic } from '../topics/define.ts';
import { partitionOf } from '../topics/log/partition.ts';
import type { NewRecord } from '../topics/log/transport.ts';

const text = new TextEncoder();

export interface GivenEvent<D extends EventDef = EventDef> {
  readonly topic: Topic;
  readonly def: D;
  readonly data: Readonly<Record<string, unknown>>;
  readonly id: string;
  readonly time: number;
  readonly tenant?: string;
  readonly source?: string;
  /** When the record comes into the log; by default, the time of the event. */
  readonly loggedAt?: number;
  /** As JSON, of any content, instead of Avro. */
  readonly json?: true;
}

export function given<D extends EventDef>(
  topic: Topic,
  def: D,
  data: Input<D['schema']>,
  rest: { id: string; time: number; tenant?: string },
): GivenEvent<D> {
  return { topic, def, data: data as GivenEvent['data'], ...rest };
}

export function recordsOf(
  codec: Codec,
  { topic, def, data, id, time, tenant, source = '/test', loggedAt, json }: GivenEvent,
  partitions: number,
): NewRecord[] {
  const key = keyOf(topic, { type: def.type, data });
  const value = json ? text.encode(JSON.stringify(data)) : codec.encode(topic.name, def, data);
  const headers = {
    ...avroHeaders(def.type, { id, source, time, tenant: tenant ?? 'default' }),
    ...(json && { 'content-type': 'application/json' }),
  };
  const base = { topic: topic.name, value, headers, timestamp: loggedAt ?? time };
  if (key === null) return Array.from({ length: partitions }, (_, partition) => ({ ...base, partition, key: null }));
  const bytes = text.encode(key);
  return [{ ...base, key: bytes, partition: partitionOf(bytes, partitions) }];
}
