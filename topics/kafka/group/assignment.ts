/** What a member of a group has, and the calls of its listener: one after the other, and none twice. */
import type { AssignmentListener } from '../../log/transport.ts';

export class Holding {
  readonly #listener: AssignmentListener;
  readonly #held = new Set<number>();
  readonly #going = new Set<number>();
  /** What the listener knows of. */
  readonly #told = new Set<number>();
  #turn: Promise<void> = Promise.resolve();

  constructor(listener: AssignmentListener) {
    this.#listener = listener;
  }

  /** With what the listener is about to let go of. */
  get partitions(): number[] {
    return [...this.#held].sort((a, b) => a - b);
  }

  /** Whether it has the partition and is not letting go of it. */
  has(partition: number): boolean {
    return this.#held.has(partition) && !this.#going.has(partition);
  }

  isGoing(partition: number): boolean {
    return this.#going.has(partition);
  }

  /** What is had already is left as it is. */
  take(partitions: readonly number[]): void {
    const coming = partitions.filter((partition) => !this.#held.has(partition));
    if (coming.length === 0) return;
    for (const partition of coming) this.#held.add(partition);
    void this.#next(async () => {
      // It may have been taken away before its turn came.
      const still = coming.filter((partition) => this.has(partition));
      for (const partition of still) this.#told.add(partition);
      if (still.length > 0) this.#listener.assigned(still);
    });
  }

  /** Settles when the listener has let go of them, and of whatever it was letting go of before. */
  drop(partitions: readonly number[]): Promise<void> {
    const going = partitions.filter((partition) => this.has(partition));
    for (const partition of going) this.#going.add(partition);
    return this.#next(async () => {
      try {
        const told = going.filter((partition) => this.#told.delete(partition));
        if (told.length > 0) await this.#listener.revoked(told);
      } finally {
        for (const partition of going) {
          this.#held.delete(partition);
          this.#going.delete(partition);
        }
      }
    });
  }

  /** An error that a listener throws is nobody's to handle: it ends the process, as a bug shall. */
  #next(call: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(call);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}
