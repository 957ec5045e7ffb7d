/** What topics look like, as heard from whichever broker answered last. Brokers hear of changes one after the other. */
import type { TopicShape } from '../../log/transport.ts';
import type { TopicMetadata } from '../wire/calls.ts';

export function shapeOf({ name, id, partitions }: Pick<TopicMetadata, 'name' | 'id' | 'partitions'>): TopicShape {
  return { name, id, partitions: partitions.length };
}

export class Shapes {
  readonly #known = new Map<string, TopicShape>();
  /** Ids of topics that were deleted and made again. */
  readonly #former = new Set<string>();

  /** Answers whether it is news, and not what a broker says that has not heard of the last change. */
  hear(topic: TopicMetadata): boolean {
    const shape = shapeOf(topic);
    const known = this.#known.get(shape.name);
    if (known !== undefined) {
      if (shape.id !== undefined && this.#former.has(shape.id)) return false;
      // A topic never gets fewer partitions.
      if (shape.id === known.id && shape.partitions < known.partitions) return false;
      if (known.id !== undefined && shape.id !== known.id) this.#former.add(known.id);
    }
    this.#known.set(shape.name, shape);
    return true;
  }

  /** Undefined if the topic was never heard of. */
  of(topic: string): TopicShape | undefined {
    return this.#known.get(topic);
  }

  /** How a topic differs from what it was; undefined if it does not, as far as heard. */
  change(was: TopicShape): string | undefined {
    const now = this.#known.get(was.name);
    if (now === undefined) return undefined;
    if (now.id !== was.id) return 'its topic was deleted and made again';
    if (now.partitions === was.partitions) return undefined;
    return `its topic has ${now.partitions} partitions now, and had ${was.partitions}`;
  }
}
