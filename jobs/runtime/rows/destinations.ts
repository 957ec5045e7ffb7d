/** The topic, among a job's, to which an event type belongs. */
import type { EventDef } from '../../../core/event.ts';
import type { Topic } from '../../../topics/define.ts';
import type { Job } from '../../define.ts';

export interface Destination {
  readonly topic: Topic;
  readonly def: EventDef;
}

export class Destinations {
  readonly #byType = new Map<string, Destination>();
  readonly #job: string;

  constructor(job: Job) {
    this.#job = job.name;
    for (const topic of job.to) {
      for (const def of [...topic.events, ...topic.broadcasts]) this.#byType.set(def.type, { topic, def });
    }
  }

  of(type: string): Destination {
    const destination = this.#byType.get(type);
    if (destination === undefined)
      throw new Error(`${this.#job} emitted ${type}, which belongs to none of the topics that it may emit to`);
    return destination;
  }
}
