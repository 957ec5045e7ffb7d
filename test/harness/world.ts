/**
 * Several jobs on the same stores. Each partition is owned by a worker as if in its own process, and a seeded scheduler drives
 * them step by step. Between any two effects a worker may stand still while others go on, crash, or be taken for dead. In the last
 * case a new owner begins while the old one still exists and wakes up at any later moment.
 *
 * The runtime and the stores are the real ones. Only the clock and the random choices belong to the test.
 */

import { TributaryError } from '../../core/errors.ts';
import type { Job } from '../../jobs/define.ts';
import { ownerOfRows } from '../../jobs/runtime/rows/handler.ts';
import { ALL_RULES, type Rules } from '../../jobs/runtime/rows/rules.ts';
import { lookupsFor } from '../../jobs/runtime/rows/run.ts';
import { POSSESSION_RECORDS, type Stores } from '../../jobs/runtime/stores.ts';
import { upstreamsOf } from '../../jobs/runtime/upstreams.ts';
import { withPoints } from '../../testing/points.ts';
import type { Random } from '../../testing/random.ts';
import { ManualClock, type TestStores, testRuntime } from '../../testing/stores.ts';
import { Actor } from './actor.ts';
import { CommittedRecords } from './pipeline-totals.ts';

/** Alters a process's stores before the points are added. The harness uses it to turn off rules that stores keep. */
export type Distort = (stores: Stores) => Stores;

interface Options {
  readonly random: Random;
  readonly rules?: Rules;
  readonly distort?: Distort;
  readonly partitions: number;
  readonly now: number;
  /** For how many records a claim takes possession of the rows that it touches; at least `MOST_RECORDS`. */
  readonly possessionRecords?: number | undefined;
  /** The topic to which batches report, if they do. */
  readonly pipelineTopic?: string;
  /** The job that a new owner runs; by default the declared one. */
  readonly working?: (job: Job) => Promise<Job>;
}

/** The largest batch of any owner. */
export const MOST_RECORDS = 6;

export class World {
  readonly clock: ManualClock;
  /** The codes of all dead letters. */
  readonly deadLetters: string[] = [];
  readonly committed = new CommittedRecords();
  readonly #stores: TestStores;
  readonly #jobs: readonly Job[];
  readonly #options: Options;
  readonly #live = new Map<string, Actor>();
  /** Owners that were taken for dead. Each stands still until step `until`, then goes on beside its successor. */
  #late: { readonly actor: Actor; readonly until: number }[] = [];
  #steps = 0;
  #replaced: string | undefined;

  private constructor(stores: TestStores, jobs: readonly Job[], options: Options) {
    this.#stores = stores;
    this.#jobs = jobs;
    this.#options = options;
    this.clock = new ManualClock(options.now);
  }

  static async start(stores: TestStores, jobs: readonly Job[], options: Options): Promise<World> {
    const world = new World(stores, jobs, options);
    for (const job of jobs) for (let p = 0; p < options.partitions; p++) await world.#begin(job, p);
    return world;
  }

  async #begin(job: Job, partition: number): Promise<void> {
    const { random, rules, distort, possessionRecords = POSSESSION_RECORDS, working, pipelineTopic } = this.#options;
    const actor = new Actor(job, partition);
    const distorted = distort?.(this.#stores) ?? this.#stores;
    const stores = withPoints(this.committed.watching(distorted, job), actor.reach);
    const runtime = testRuntime(stores, {
      clock: this.clock,
      telemetry: {
        tell: (event) => event.kind === 'dead-letter' && this.deadLetters.push(`${event.code}: ${event.message}`),
      },
      upstreams: upstreamsOf(this.#jobs),
      pipelineTopic,
      settings: {
        maxRecords: 1 + random.below(MOST_RECORDS),
        maxKeys: 1 + random.below(6),
        rowCacheMb: random.below(4) * 0.004,
        lookupMs: random.below(2) * 1000,
        possessionRecords,
      },
    });
    const listener = { assigned: () => {}, revoked: async () => {} };
    const membership = await stores.transport.join(`${job.name}`, job.from.name, listener);
    const now = (await working?.(job)) ?? job;
    actor.start(
      ownerOfRows({
        job: now,
        partition,
        membership,
        runtime,
        lookups: lookupsFor(runtime),
        rules: rules ?? ALL_RULES,
      }),
    );
    this.#live.set(`${job.name}/${partition}`, actor);
  }

  /** Runs one effect of a random owner, possibly a late one. */
  async step(): Promise<void> {
    this.#steps += 1;
    const awake = this.#late.filter(({ until }) => until <= this.#steps).map(({ actor }) => actor);
    await this.#stepOf(this.#options.random.pick([...this.#live.values(), ...awake]));
  }

  /** An owner whose generation is no longer current ends. If it was a live one, a successor begins. */
  async #stepOf(actor: Actor): Promise<void> {
    try {
      await actor.step();
    } catch (error) {
      if (!(error instanceof TributaryError && error.code === 'GENERATION_MOVED')) throw error;
      this.#late = this.#late.filter((each) => each.actor !== actor);
      const { job, partition } = actor;
      if (this.#live.get(`${job.name}/${partition}`) === actor) await this.#begin(job, partition);
    }
  }

  /** Replaces an owner, which dies or, if `late`, is only taken for dead and goes on beside its successor. */
  async replaceOne(late: boolean): Promise<void> {
    const { random } = this.#options;
    const live = [...this.#live.values()];
    // Trouble often hits the same partition again, when its new owner has hardly begun. A late owner does
    // most harm if it paused with something to write.
    const again = random.chance(0.3) ? this.#live.get(this.#replaced ?? '') : undefined;
    const busy = live.filter(({ point }) => point === 'write row' || point === 'before commit');
    const actor = again ?? random.pick(busy.length > 0 && random.chance(0.6) ? busy : live);
    this.#replaced = `${actor.job.name}/${actor.partition}`;
    if (late) this.#late.push({ actor, until: this.#steps + random.below(500) });
    await this.#begin(actor.job, actor.partition);
  }

  /** Ends late owners for good, each with this probability. */
  loseLateOnes(probability: number): void {
    this.#late = this.#late.filter(() => this.#options.random.chance(1 - probability));
  }

  /** Rewinds a job, as an operator does. */
  async rewindOne(jobs = this.#jobs): Promise<void> {
    const { random, partitions } = this.#options;
    const job = random.pick(jobs);
    const partition = random.below(partitions);
    const lag = await this.#stores.transport.lag(job.name, job.from.name);
    const committed = lag[partition]?.committed ?? 0;
    await this.#stores.transport.seek(job.name, job.from.name, { partition, offset: random.below(committed + 1) });
  }

  /** Runs until no owner has anything left to do and no timer is due before `until`. */
  async settle(until: number): Promise<void> {
    this.#late = [];
    this.clock.set(until);
    for (let quiet = false; !quiet; ) {
      const before = this.#worked();
      for (const actor of this.#live.values()) {
        // The first idle turn may have begun before the clock was set.
        actor.idleTurns = 0;
        for (let steps = 0; actor.idleTurns < 2 && actor.failure === undefined; steps++) {
          if (steps > 100_000) throw new Error(`${actor.job.name}/${actor.partition} never comes to rest`);
          await this.#stepOf(actor);
        }
      }
      const areAlive = [...this.#live.values()].every(({ failure }) => failure === undefined);
      quiet = areAlive && this.#worked() === before && (await this.#lag()) === 0;
    }
  }

  #worked(): number {
    return [...this.#live.values()].reduce((sum, actor) => sum + actor.worked, 0);
  }

  async #lag(): Promise<number> {
    let lag = 0;
    for (const job of this.#jobs) {
      for (const partition of await this.#stores.transport.lag(job.name, job.from.name)) lag += partition.lag;
    }
    return lag;
  }
}
