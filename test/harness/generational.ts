/** A campus whose jobs follow the generations of their rows, and on which these are made, compared and swapped. */
import type { TestContext } from 'node:test';
import type { Job } from '../../jobs/define.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import { type Comparison, compareGenerations } from '../../jobs/runtime/generations/compare.ts';
import { currentTables } from '../../jobs/runtime/generations/current-tables.ts';
import { openGeneration, rebuildGeneration } from '../../jobs/runtime/generations/rebuild.ts';
import { atGeneration, generationsOf } from '../../jobs/runtime/generations/state.ts';
import { swapGeneration } from '../../jobs/runtime/generations/swap.ts';
import { lookupsFor } from '../../jobs/runtime/run.ts';
import { type Runtime, speakersOf } from '../../jobs/runtime/stores.ts';
import { PartitionWorker } from '../../jobs/runtime/worker.ts';
import { dump, partitionsOf } from '../../testing/dump.ts';
import { memoryStores, type TestStores, testRuntime } from '../../testing/stores.ts';
import { topics } from '../../topics/index.ts';
import type { Membership } from '../../topics/log/transport.ts';
import { CAMPUS_JOBS, Campus, PARTITIONS } from './campus.ts';

const IGNORE = { assigned: () => {}, revoked: async () => {} };

export class Generational extends Campus {
  readonly #memberships = new Map<string, Membership>();

  static override async open(t?: unknown): Promise<Generational> {
    const stores = await memoryStores(CAMPUS_JOBS, { topics, partitions: PARTITIONS });
    (t as TestContext).after(() => stores.close());
    return new Generational({ ...stores, tables: currentTables(stores.tables, CAMPUS_JOBS) });
  }

  /** As whoever makes a generation has it: with a clock that goes. */
  operator(stores: TestStores = this.stores): Runtime {
    return testRuntime(stores, {
      clock: systemClock,
      speakers: speakersOf(CAMPUS_JOBS),
      settings: { waitMs: 2, backOffMs: [1, 5] },
    });
  }

  /** An owner of one partition of the generation that is current now. */
  async owner(job: Job, partition: number): Promise<PartitionWorker> {
    const { current } = await generationsOf(this.stores.tables, job.name);
    const runtime = this.runtime();
    const member =
      this.#memberships.get(job.name) ?? (await runtime.stores.transport.join(job.name, job.from.name, IGNORE));
    this.#memberships.set(job.name, member);
    return new PartitionWorker(atGeneration(job, current), partition, member, runtime, lookupsFor(runtime));
  }

  override async run(): Promise<void> {
    const workers: PartitionWorker[] = [];
    for (const job of CAMPUS_JOBS) for (let p = 0; p < PARTITIONS; p++) workers.push(await this.owner(job, p));
    for (let worked = true; worked; ) {
      worked = false;
      for (const worker of workers) while ((await worker.turn(0)) !== 'idle') worked = true;
    }
  }

  async rebuild(job: Job, runtime = this.operator()): Promise<number> {
    const generation = await openGeneration(job, runtime);
    await rebuildGeneration(job, generation, runtime, { signal: new AbortController().signal, lookMs: 2 });
    return generation;
  }

  compare(job: Job, other: number): Promise<Comparison> {
    return compareGenerations(job, other, this.operator(), {
      signal: new AbortController().signal,
      waiting: () => {},
      progress: () => {},
    });
  }

  async swap(job: Job, to: number, runtime = this.operator(), step: (what: string) => void = () => {}): Promise<void> {
    await swapGeneration(job, to, runtime, {
      signal: new AbortController().signal,
      step,
      failed: (view, key, why) => {
        throw new Error(`${view} ${key}: ${why}`);
      },
      waiting: () => {},
    });
  }

  /** Rows and views as readers see them, and every record that was ever said. */
  async everything(): Promise<unknown> {
    const said = await Promise.all(
      topics.map(async ({ name }) => (await partitionsOf(this.stores.transport, name)).map((all) => all.length)),
    );
    return { ...(await dump(this.stores, CAMPUS_JOBS)), said };
  }
}
