/** The shapes of topics as the brokers last reported them. Brokers learn of a change one after the other. */
import type { TopicShape } from '../../log/transport.ts';
import type { TopicMetadata } from '../wire/calls/metadata.ts';

export function shapeOf({ name, id, partitions }: Pick<TopicMetadata, 'name' | 'id' | 'partitions'>): TopicShape {
  return { name, id, partitions: partitions.length };
}

export class Shapes {
  readonly #known = new Map<string, TopicShape>();
  /** Ids of topics that were deleted and created again. */
  readonly #former = new Set<string>();

  /** Returns false, and ignores the answer, if the broker does not know of the last change. */
  update(topic: TopicMetadata): boolean {
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

  /** Undefined if no broker has ever described the topic. */
  of(topic: string): TopicShape | undefined {
    return this.#known.get(topic);
  }

  /** How the topic has changed; undefined if it has not, as far as known. */
  change(was: TopicShape): string | undefined {
    const now = this.#known.get(was.name);
    if (now === undefined) return undefined;
    if (now.id !== was.id) return 'its topic was deleted and made again';
    if (now.partitions === was.partitions) return undefined;
    return `its topic has ${now.partitions} partitions now, and had ${was.partitions}`;
  }
}
