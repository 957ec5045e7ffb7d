/** The numbers of partitions of the topics that a job writes to. Other topics are not looked at. */
import { TributaryError } from '../../core/errors.ts';
import { deadLetterTopic } from '../../topics/define.ts';
import type { Transport } from '../../topics/log/transport.ts';
import type { Job } from '../define.ts';
import type { PartitionCount } from './assignment.ts';

export class PartitionCounts {
  readonly #job: string;
  readonly #topics: Set<string>;

  /** `others`: topics that the runtime writes to, whatever the job. */
  constructor({ name, from, to }: Job, others: readonly string[] = []) {
    this.#job = name;
    this.#topics = new Set([from.name, deadLetterTopic(from.name), ...to.map((topic) => topic.name), ...others]);
  }

  /** Reads the current numbers. The returned function throws TOPIC_MISSING. */
  async read(transport: Transport): Promise<PartitionCount> {
    const topics = await transport.shape([...this.#topics]);
    const counts = new Map(topics.map(({ name, partitions }) => [name, partitions]));
    return (topic) => {
      const count = counts.get(topic);
      if (count !== undefined) return count;
      if (this.#topics.has(topic)) {
        throw new TributaryError(
          'TOPIC_MISSING',
          `${this.#job} needs the topic ${topic}, which does not exist; run \`tributary doctor\``,
        );
      }
      // An outbox may hold events for a topic that only an earlier declaration of the job had.
      this.#topics.add(topic);
      throw new TributaryError(
        'LOG_AWAY',
        `${this.#job} has yet to find the topic ${topic}, for which its rows still have events to send`,
      );
    };
  }
}

/** The number of partitions of one topic. Throws TOPIC_MISSING. */
export async function partitionCountOf(transport: Pick<Transport, 'shape'>, topic: string): Promise<number> {
  const [shape] = await transport.shape([topic]);
  if (shape !== undefined) return shape.partitions;
  throw new TributaryError('TOPIC_MISSING', `there is no topic ${topic}; run \`tributary topics apply\``);
}
