/**
 * What the group of a job has committed in all partitions of its topic. Callers that ask before a read begins share that read. So a
 * thousand partitions that are claimed at once do not each read and parse a thousand commits.
 *
 * A caller that asks during a read waits for the next one, so no answer is older than its question. That matters because a claim asks after
 * it has fenced: it must see everything that its predecessor, or the owner of another partition, had committed by then. An answer some
 * seconds old might not know a group that began in the meantime, when the topic had fewer partitions than now.
 */
import { nothing, type Progress, parseProgress } from '../../../topics/log/progress.ts';
import type { Transport } from '../../../topics/log/transport.ts';

export interface CommittedProgress {
  /** Undefined if the group never committed there. */
  readonly offset: number | undefined;
  readonly progress: Progress;
}

export class GroupProgress {
  readonly #group: string;
  readonly #topic: string;
  readonly #transport: Transport;
  /** The last read that has begun. */
  #current: Promise<unknown> = Promise.resolve();
  /** The next read, if a caller waits for it. */
  #next: Promise<readonly CommittedProgress[]> | undefined;

  constructor(group: string, topic: string, transport: Transport) {
    this.#group = group;
    this.#topic = topic;
    this.#transport = transport;
  }

  /** By partition, as committed at some moment after the call. The result is shared: callers must not change it. */
  read(): Promise<readonly CommittedProgress[]> {
    this.#next ??= this.#readAfter(this.#current);
    return this.#next;
  }

  async #readAfter(current: Promise<unknown>): Promise<readonly CommittedProgress[]> {
    await Promise.allSettled([current]);
    // From here on this read may miss new commits.
    this.#current = this.#next as Promise<unknown>;
    this.#next = undefined;
    const committed = await this.#transport.committed(this.#group, this.#topic);
    return committed.map(({ offset, metadata }) => {
      return { offset, progress: offset === undefined ? nothing() : parseProgress(metadata, offset) };
    });
  }
}
