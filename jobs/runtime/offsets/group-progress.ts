/**
 * What the group of a job has committed in all partitions of its topic, read once for all who ask before it is read. So a thousand
 * partitions that are claimed at one time do not each read and parse what a thousand have committed.
 *
 * Whoever asks while a reading is under way waits for the next one: no answer is older than its question. A claim asks after it has
 * fenced, and must not miss what its predecessor, or the owner of another partition, had committed by then: an answer of some
 * seconds ago could know nothing of a group that began meanwhile with fewer partitions than there are now.
 */
import { nothing, type Progress, parseProgress } from '../../../topics/log/progress.ts';
import type { Transport } from '../../../topics/log/transport.ts';

export interface CommittedProgress {
  /** Undefined if nobody ever committed there. */
  readonly offset: number | undefined;
  readonly progress: Progress;
}

export class GroupProgress {
  readonly #group: string;
  readonly #topic: string;
  readonly #transport: Transport;
  /** The last reading that was begun. */
  #current: Promise<unknown> = Promise.resolve();
  /** The one after it, if somebody waits for it. */
  #next: Promise<readonly CommittedProgress[]> | undefined;

  constructor(group: string, topic: string, transport: Transport) {
    this.#group = group;
    this.#topic = topic;
    this.#transport = transport;
  }

  /** By partition, as of a moment after the call. It is shared: not to be changed. */
  read(): Promise<readonly CommittedProgress[]> {
    this.#next ??= this.#readAfter(this.#current);
    return this.#next;
  }

  async #readAfter(current: Promise<unknown>): Promise<readonly CommittedProgress[]> {
    await Promise.allSettled([current]);
    // From here on it may miss what happens.
    this.#current = this.#next as Promise<unknown>;
    this.#next = undefined;
    const committed = await this.#transport.committed(this.#group, this.#topic);
    return committed.map(({ offset, metadata }) => {
      return { offset, progress: offset === undefined ? nothing() : parseProgress(metadata, offset) };
    });
  }
}
