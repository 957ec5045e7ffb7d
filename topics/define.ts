/**
 * A topic is declared once, as a typed value: jobs, transports, the command line and the deployment take
 * name, key and partitions from here.
 */

import { TributaryError } from '../core/errors.ts';
import type { EventDef, EventOf } from '../core/event.ts';

export interface Topic<Name extends string = string, E extends EventDef = EventDef, B extends EventDef = EventDef> {
  readonly name: Name;
  readonly doc: string;
  /** The field of every event's data that is the key of its record. */
  readonly key: string;
  readonly events: readonly E[];
  /** Events without a key, of which every partition gets a copy. */
  readonly broadcasts: readonly B[];
  readonly partitions: number;
  /** How long records are kept, in ms; dead letters are kept as long. */
  readonly retentionMs: number;
  /** Set if the runtime emits its events, and nobody else. */
  readonly ofRuntime?: true;
}

/** The events of a topic, as declarations. */
export type DefsOf<T extends Topic> = T extends Topic<string, infer E, infer B> ? E | B : never;

/** Those of the events that have the key as a string field: the others do not compile as events of the topic. */
type Keyed<E extends EventDef, K extends string> = E extends EventDef
  ? Extract<E['schema']['fields'][number], { readonly name: K; readonly type: 'string' }> extends never
    ? never
    : E
  : never;

const DAY = 24 * 60 * 60 * 1000;
const DEFAULT_PARTITIONS = 6;

export function defineTopic<
  const Name extends string,
  const K extends string,
  const E extends EventDef,
  const B extends EventDef = never,
>(topic: {
  name: Name;
  doc: string;
  key: K;
  events: readonly E[] & readonly Keyed<E, K>[];
  broadcasts?: readonly B[];
  partitions?: number;
  retentionMs?: number;
  ofRuntime?: true;
}): Topic<Name, E, B> {
  for (const event of topic.events) {
    const key = event.schema.fields.find((field) => field.name === topic.key);
    if (key === undefined || (key as { type?: unknown }).type !== 'string') {
      throw new TributaryError(
        'DECLARATION_INVALID',
        `topic ${topic.name}: event ${event.type} has no string field ${topic.key}, which is the topic's key; add the field or declare the event as a broadcast`,
      );
    }
  }
  return {
    broadcasts: [],
    partitions: DEFAULT_PARTITIONS,
    retentionMs: 30 * DAY,
    ...topic,
  };
}

/** Where records of a topic go that no fold could apply, with the original bytes. */
export function deadLetterTopic(topic: string): string {
  return `${topic}.dead-letter`;
}

/** The key of an event's record: the value of the topic's key field, or null for a broadcast. */
export function keyOf(topic: Topic, event: Pick<EventOf<EventDef>, 'type' | 'data'>): string | null {
  if (topic.broadcasts.some((broadcast) => broadcast.type === event.type)) return null;
  return event.data[topic.key] as string;
}
