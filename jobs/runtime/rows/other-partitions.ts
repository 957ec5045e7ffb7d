/**
 * What is known of the topic's other partitions, since some moment of this claim. It matters after an expansion, where a row
 * brings along what it said in its old partition; so nobody is asked before such a row is met.
 */
import type { Progress } from '../../../topics/log/progress.ts';
import type { Transport } from '../../../topics/log/transport.ts';
import type { Assignment } from '../assignment.ts';
import type { GroupProgress } from '../offsets/group-progress.ts';
import { ANY_VIEW } from './outbox.ts';

export class OtherPartitions {
  readonly #place: Assignment;
  readonly #transport: Transport;
  readonly #group: Pick<GroupProgress, 'read'>;
  #committed: readonly { readonly offset: number; readonly behind: Progress['behind'] }[] | undefined;
  /** From this offset of our own partition on, all that was sent on from before those offsets has come. */
  #seenFrom = Number.POSITIVE_INFINITY;

  constructor(place: Assignment, transport: Transport, group: Pick<GroupProgress, 'read'>) {
    this.#place = place;
    this.#transport = transport;
    this.#group = group;
  }

  /** Asks, once. */
  async look(): Promise<void> {
    if (this.#committed !== undefined) return;
    const { topic, partition } = this.#place;
    const committed = await this.#group.read();
    // In this order: a record that was sent on was committed together with the offset behind it.
    const [info] = await this.#transport.describe([topic]);
    this.#seenFrom = info?.partitions[partition]?.end ?? Number.POSITIVE_INFINITY;
    this.#committed = committed.map(({ offset = 0, progress }) => ({ offset, behind: progress.behind }));
  }

  /** Whether what was said at a position of another partition has surely left, once everything before `next` is committed here. */
  hasLeft(partition: number, offset: number, next: number, view: string | undefined): boolean {
    const there = this.#committed?.[partition];
    if (there === undefined || next < this.#seenFrom || offset >= there.offset) return false;
    if (view === undefined) return true;
    return [...there.behind].every(([name, from]) => offset < from || (view !== ANY_VIEW && name !== view));
  }
}
