/** Finds the things that operators name. For a name that does not exist, suggests similar ones. */

import { TributaryError } from '../../core/errors.ts';
import type { EventDef } from '../../core/event.ts';
import { callAnswered, timerFired } from '../../core/event.ts';
import { hint } from '../../core/hint.ts';
import type { Job } from '../../jobs/define.ts';
import type { Work } from '../../jobs/runtime/work.ts';
import { deadLetterTopic, type Topic } from '../../topics/define.ts';

export function topicNamed(name: string, topics: readonly Topic[]): Topic {
  return found('topic', name, topics);
}

export function jobNamed(name: string, jobs: readonly Job[]): Job {
  return found('job', name, jobs);
}

/** A job, a rollup, or the group that takes report requests. */
export function workNamed<W extends Work>(name: string, works: readonly W[]): W {
  return found('job', name, works);
}

export function found<T extends { readonly name: string }>(what: string, name: string, things: readonly T[]): T {
  const thing = things.find((each) => each.name === name);
  if (thing !== undefined) return thing;
  const near = hint(
    name,
    things.map((each) => each.name),
  );
  throw new TributaryError('USAGE', `there is no ${what} ${name}${near}`);
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
