/** One process that counts: owners of partitions that share a publisher, and wait before each of their effects until they are released. */
import { setImmediate as turnOfOthers } from 'node:timers/promises';
import { kindOf, TributaryError } from '../../../core/errors.ts';
import { ownerOfRollup, type RollupParts, rollupShared } from '../../../reports/runtime/run.ts';
import type { Objects } from '../../../sinks/objects/port.ts';
import { withPoints } from '../../../testing/points.ts';
import type { Random } from '../../../testing/random.ts';

/** How many turns of the loop follow at most from one effect, where nothing is waited for but memory. */
const TURNS = 4;
const NOBODY = { assigned: () => {}, revoked: async () => {} };

export class Process {
  /** Effects that wait. */
  readonly #waiting: (() => void)[] = [];
  #failure: unknown;
  /** By partition: turns in a row that had nothing to do. */
  readonly #idle = new Map<number, number>();
  worked = 0;

  /** Called before an effect: settles when it may happen. */
  readonly reach = (): Promise<void> => new Promise<void>((resolve) => this.#waiting.push(resolve));

  /** With an effect before and one after each write, so that an answer can be lost. */
  objects(objects: Objects): Objects {
    const around =
      <A extends unknown[], R>(write: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        await this.reach();
        const answer = await write(...args);
        await this.reach();
        return answer;
      };
    return { ...objects, create: around(objects.create), put: around(objects.put) };
  }

  /** It owns every partition from now on; another process may think the same. */
  async start(parts: RollupParts, partitions: number): Promise<void> {
    const runtime = { ...parts.runtime, stores: withPoints(parts.runtime.stores, this.reach) };
    const mine = { ...parts, runtime };
    const shared = rollupShared(mine);
    const { transport } = runtime.stores;
    const membership = await transport.join(parts.source.name, parts.source.from.name, NOBODY);
    for (let partition = 0; partition < partitions; partition++) {
      this.#idle.set(partition, 0);
      const owner = ownerOfRollup(mine, shared, partition, membership);
      this.#turns(partition, () => owner.turn(0)).catch((error: unknown) => {
        this.#failure = error;
      });
    }
  }

  async #turns(partition: number, turn: () => Promise<string>): Promise<void> {
    for (;;) {
      await this.reach();
      const did = await turn().catch((error) => {
        // Another table is current now. A process that notices ends without an error.
        if (error instanceof TributaryError && error.code === 'GENERATION_MOVED') return 'ended';
        if (kindOf(error) !== 'retry') throw error;
        return 'fenced';
      });
      if (did === 'ended') {
        this.#idle.delete(partition);
        return;
      }
      if (did !== 'idle') this.worked += 1;
      this.#idle.set(partition, did === 'idle' ? (this.#idle.get(partition) ?? 0) + 1 : 0);
    }
  }

  get isIdle(): boolean {
    return [...this.#idle.values()].every((turns) => turns >= 2);
  }

  stir(): void {
    for (const partition of this.#idle.keys()) this.#idle.set(partition, 0);
  }

  /** Does something once, beside what it owns; it may fail, as whatever others do meanwhile. */
  begin(work: () => Promise<unknown>): void {
    work().catch((error: unknown) => {
      if (kindOf(error) === 'fatal') this.#failure = error;
    });
  }

  /** Lets one of its effects happen, and waits for what follows. */
  async step(random: Random): Promise<void> {
    const [go] = this.#waiting.splice(random.below(this.#waiting.length), 1);
    go?.();
    for (let turns = 0; turns < TURNS; turns++) await turnOfOthers();
    if (this.#failure !== undefined) throw this.#failure;
  }
}
