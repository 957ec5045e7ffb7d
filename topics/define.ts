/**
 * A topic is declared once, as a typed value. Jobs, transports, the command line and the deployment take
 * its name, key and partitions from here.
 */

import { TributaryError } from '../core/errors.ts';
import type { EventDef, EventOf } from '../core/event.ts';

export interface Topic<Name extends string = string, E extends EventDef = EventDef, B extends EventDef = EventDef> {
  readonly name: Name;
  readonly doc: string;
  /** The field of every event's data that is the key of its record. */
  readonly key: string;
  readonly events: readonly E[];
  /** Events without a key. Every partition gets a copy. */
  readonly broadcasts: readonly B[];
  readonly partitions: number;
  /** How long records are kept, in ms. Dead letters are kept for the same time. */
  readonly retentionMs: number;
  /** Set if only the runtime emits its events. */
  readonly ofRuntime?: true;
}

/** The events of a topic, as declarations. */
export type DefsOf<T extends Topic> = T extends Topic<string, infer E, infer B> ? E | B : never;

/** Keeps the events that have the key as a string field. Others do not compile as events of the topic. */
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

/** The topic that holds the dead letters of a topic, with the original bytes of the records. */
export function deadLetterTopic(topic: string): string {
  return `${topic}.dead-letter`;
}

/** The key of an event's record: the value of the topic's key field, or null for a broadcast. */
export function keyOf(topic: Topic, event: Pick<EventOf<EventDef>, 'type' | 'data'>): string | null {
  if (topic.broadcasts.some((broadcast) => broadcast.type === event.type)) return null;
  return event.data[topic.key] as string;
}
