/** An event of a load before it has an id and a time. */
import type { Input } from '../../core/avro.ts';
import type { EventDef } from '../../core/event.ts';
import type { Topic } from '../../topics/define.ts';

export interface Said {
  readonly topic: Topic;
  readonly type: string;
  readonly data: unknown;
}

export function said<D extends EventDef>(topic: Topic, { type }: D, data: Input<D['schema']>): Said {
  return { topic, type, data };
}
