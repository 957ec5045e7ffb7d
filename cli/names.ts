/** Finds what a command line names; a name that does not exist is answered with those that do. */

import { hint } from '../app/hint.ts';
import type { AnyWork } from '../app/works.ts';
import type { EventDef } from '../core/event.ts';
import { callAnswered, timerFired } from '../core/event.ts';
import type { Job } from '../jobs/define.ts';
import { deadLetterTopic, type Topic } from '../topics/define.ts';
import { usage } from './errors.ts';

export function topicNamed(name: string, topics: readonly Topic[]): Topic {
  return found('topic', name, topics);
}

export function jobNamed(name: string, jobs: readonly Job[]): Job {
  return found('job', name, jobs);
}

/** A job, or a rollup. */
export function workNamed(name: string, works: readonly AnyWork[]): AnyWork {
  return found('job', name, works);
}

export function found<T extends { readonly name: string }>(what: string, name: string, things: readonly T[]): T {
  const thing = things.find((each) => each.name === name);
  if (thing !== undefined) return thing;
  throw usage(
    `there is no ${what} ${name}${hint(
      name,
      things.map((each) => each.name),
    )}`,
  );
}

/** A topic of the log: a declared one, or its dead letter topic. */
export function logNamed(name: string, topics: readonly Topic[]): { readonly topic: Topic; readonly name: string } {
  const logs = topics.flatMap((topic) => [
    { topic, name: topic.name },
    { topic, name: deadLetterTopic(topic.name) },
  ]);
  const log = logs.find((each) => each.name === name);
  return log ?? { topic: topicNamed(name, topics), name };
}

/** All events that a topic may have, by type. */
export function eventsOf(topic: Topic): ReadonlyMap<string, EventDef> {
  return new Map([...topic.events, ...topic.broadcasts, timerFired, callAnswered].map((def) => [def.type, def]));
}
