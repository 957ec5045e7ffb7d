import type { AssignmentListener } from '../../log/transport.ts';

/** The partitions of one member, and the calls of its listener: one at a time, and once for each change. */
export class Assignment {
  readonly #listener: AssignmentListener;
  readonly #assigned = new Set<number>();
  readonly #revoking = new Set<number>();
  /** The partitions that the listener was called for. */
  readonly #notified = new Set<number>();
  #turn: Promise<void> = Promise.resolve();

  constructor(listener: AssignmentListener) {
    this.#listener = listener;
  }

  /** Including those that are being revoked. */
  get partitions(): number[] {
    return [...this.#assigned].sort((a, b) => a - b);
  }

  /** Whether the partition is assigned, and is not being revoked. */
  has(partition: number): boolean {
    return this.#assigned.has(partition) && !this.#revoking.has(partition);
  }

  isRevoking(partition: number): boolean {
    return this.#revoking.has(partition);
  }

  /** Ignores partitions that are assigned already. */
  add(partitions: readonly number[]): void {
    const added = partitions.filter((partition) => !this.#assigned.has(partition));
    if (added.length === 0) return;
    for (const partition of added) this.#assigned.add(partition);
    void this.#next(async () => {
      // Some may have been revoked before this call.
      const still = added.filter((partition) => this.has(partition));
      for (const partition of still) this.#notified.add(partition);
      if (still.length > 0) this.#listener.assigned(still);
    });
  }

  /** Settles when the listener has released these partitions and all that were revoked before. */
  revoke(partitions: readonly number[]): Promise<void> {
    const revoked = partitions.filter((partition) => this.has(partition));
    for (const partition of revoked) this.#revoking.add(partition);
    return this.#next(async () => {
      try {
        const notified = revoked.filter((partition) => this.#notified.delete(partition));
        if (notified.length > 0) await this.#listener.revoked(notified);
      } finally {
        for (const partition of revoked) {
          this.#assigned.delete(partition);
          this.#revoking.delete(partition);
        }
      }
    });
  }

  /** An error that a listener throws is not handled: it ends the process, as a bug should. */
  #next(call: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(call);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}
