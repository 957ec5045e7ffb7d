/**
 * Anomalies: records that are strange but not refused. Their type is one that the topic does not declare, such as a misspelt one; their
 * time is in the future; or they have fields that the schema lacks, or optional fields that do not fit it. All are counted, so that an
 * operator can ask the sender.
 */
import { callAnswered, type Event, timerFired, userForgotten } from '../../core/event.ts';
import { once } from '../../core/once.ts';
import type { Topic } from '../../topics/define.ts';

/** What may be strange about an event that is nevertheless applied. */
export const ANOMALIES = ['time-ahead', 'unknown-fields', 'unfit-fields'] as const;
export type Anomaly = (typeof ANOMALIES)[number];

/** At most this many types are counted separately, because a sender may give every record a different type. */
const MOST_TYPES = 20;
const OTHERS = 'and others';
const LONGEST_TYPE = 100;

/** Every type that a record of the topic may have. */
const declaredOf: (topic: Topic) => ReadonlySet<string> = once(
  ({ events, broadcasts }) =>
    new Set([...events, ...broadcasts, timerFired, callAnswered, userForgotten].map(({ type }) => type)),
);

export const isDeclared = (topic: Topic, type: string): boolean => declaredOf(topic).has(type);

export class Anomalies {
  readonly events: Record<Anomaly, number> = { 'time-ahead': 0, 'unknown-fields': 0, 'unfit-fields': 0 };
  /** The number of records of each undeclared type. */
  readonly undeclared = new Map<string, number>();

  addType(type: string): void {
    const shown = type.slice(0, LONGEST_TYPE).toWellFormed();
    const name = this.undeclared.has(shown) || this.undeclared.size < MOST_TYPES ? shown : OTHERS;
    this.undeclared.set(name, (this.undeclared.get(name) ?? 0) + 1);
  }

  addEvent({
    isAhead,
    unknown,
    event,
  }: {
    readonly isAhead: boolean;
    readonly unknown: boolean;
    readonly event: Event;
  }): void {
    if (isAhead) this.events['time-ahead'] += 1;
    if (unknown) this.events['unknown-fields'] += 1;
    if (event.unfit !== undefined) this.events['unfit-fields'] += 1;
  }
}

export const undeclaredMessage = (topic: Topic, type: string): string =>
  `${topic.name} declares no type ${JSON.stringify(type.slice(0, LONGEST_TYPE).toWellFormed())}: correct the producer, or replay this once the type is declared`;
