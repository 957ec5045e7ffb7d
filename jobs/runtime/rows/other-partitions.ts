/**
 * What the group has committed in the topic's other partitions. It matters after an expansion, when rows bring outbox entries from their
 * old partition along. So it is read only when such a row is met, and once in a claim.
 */
import type { Progress } from '../../../topics/log/progress.ts';
import type { Transport } from '../../../topics/log/transport.ts';
import type { Assignment } from '../assignment.ts';
import type { GroupProgress } from '../offsets/group-progress.ts';
import { ANY_VIEW } from './outbox.ts';

export class OtherPartitions {
  readonly #assignment: Assignment;
  readonly #transport: Transport;
  readonly #group: Pick<GroupProgress, 'read'>;
  #committed: readonly { readonly offset: number; readonly behind: Progress['behind'] }[] | undefined;
  /** All records that were sent on from before those offsets lie before this offset of our own partition. */
  #seenFrom = Number.POSITIVE_INFINITY;

  constructor(assignment: Assignment, transport: Transport, group: Pick<GroupProgress, 'read'>) {
    this.#assignment = assignment;
    this.#transport = transport;
    this.#group = group;
  }

  /** Reads the commits, the first time only. */
  async look(): Promise<void> {
    if (this.#committed !== undefined) return;
    const { topic, partition } = this.#assignment;
    const committed = await this.#group.read();
    // In this order: a record that was sent on was committed together with the offset after it.
    const [info] = await this.#transport.describe([topic]);
    this.#seenFrom = info?.partitions[partition]?.end ?? Number.POSITIVE_INFINITY;
    this.#committed = committed.map(({ offset = 0, progress }) => ({ offset, behind: progress.behind }));
  }

  /** Whether the entries of a position in another partition have certainly left, once everything before `next` is committed here. */
  hasLeft(partition: number, offset: number, next: number, view: string | undefined): boolean {
    const there = this.#committed?.[partition];
    if (there === undefined || next < this.#seenFrom || offset >= there.offset) return false;
    if (view === undefined) return true;
    return [...there.behind].every(([name, from]) => offset < from || (view !== ANY_VIEW && name !== view));
  }
}
