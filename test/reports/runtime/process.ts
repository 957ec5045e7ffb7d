/** One counting process. Its partition owners share a publisher, and wait before each of their effects until a test releases them. */
import { setImmediate as turnOfOthers } from 'node:timers/promises';
import { kindOf, TributaryError } from '../../../core/errors.ts';
import { ownerOfRollup, type RollupParts, rollupShared } from '../../../reports/runtime/run.ts';
import type { Objects } from '../../../sinks/objects/port.ts';
import { withPoints } from '../../../testing/points.ts';
import type { Random } from '../../../testing/random.ts';

/** The most turns of the event loop that one effect takes, since everything else is in memory. */
const TURNS = 4;
const NOBODY = { assigned: () => {}, revoked: async () => {} };

export class Process {
  /** Effects that wait to be released. */
  readonly #waiting: (() => void)[] = [];
  #failure: unknown;
  /** By partition: how many turns in a row had nothing to do. */
  readonly #idle = new Map<number, number>();
  worked = 0;

  /** Called before an effect. Settles when the effect may happen. */
  readonly reach = (): Promise<void> => new Promise<void>((resolve) => this.#waiting.push(resolve));

  /** The same objects with a wait before and after each write, so that an answer can be lost. */
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

  /** From now on, it owns every partition. Another process may believe the same. */
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
        // Another table is current. A process that notices this ends without an error.
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

  /** Runs `work` once, beside the owners. It may fail because of what others do; only a fatal error counts. */
  begin(work: () => Promise<unknown>): void {
    work().catch((error: unknown) => {
      if (kindOf(error) === 'fatal') this.#failure = error;
    });
  }

  /** Releases one effect, and waits for what follows from it. */
  async step(random: Random): Promise<void> {
    const [go] = this.#waiting.splice(random.below(this.#waiting.length), 1);
    go?.();
    for (let turns = 0; turns < TURNS; turns++) await turnOfOthers();
    if (this.#failure !== undefined) throw this.#failure;
  }
}
