/**
 * The world of the model on the real runtime. Owners crash, or are paused between any two effects and go on late beside their
 * successors; writes take effect much later or never; lookups change; offsets are rewound; topic one is expanded once it is drained.
 * A seed is one such history.
 */
import type { Job } from '../../jobs/define.ts';
import { ownerOfRows } from '../../jobs/runtime/rows/handler.ts';
import { ALL_RULES, type Rules } from '../../jobs/runtime/rows/rules.ts';
import { lookupsFor } from '../../jobs/runtime/rows/run.ts';
import { POSSESSION_RECORDS, type Stores } from '../../jobs/runtime/stores.ts';
import { upstreamsOf } from '../../jobs/runtime/upstreams.ts';
import { partitionsOf } from '../../testing/dump.ts';
import { type Point, type Reach, withPoints } from '../../testing/points.ts';
import type { Random } from '../../testing/random.ts';
import { ManualClock, testRuntime } from '../../testing/stores.ts';
import { pipelineEvents } from '../../topics/index.ts';
import type { LogRecord, Membership } from '../../topics/log/transport.ts';
import { Actor } from '../harness/actor.ts';
import { CommittedRecords } from '../harness/pipeline-totals.ts';
import { givenRecords, START } from './given-events.ts';
import { backup, expandOne, expandTwo, type Happening, randomHappening } from './happenings.ts';
import { jobA, jobB, one, two } from './jobs.ts';
import { Ledger } from './ledger.ts';
import { type ProtocolStores, protocolStores } from './stores.ts';
import { claimingInSteps, type Flight, shuffling, troubled } from './trouble.ts';

/** Alters the stores of one process. It is used to turn off rules that stores and logs keep. */
export type Distort = (stores: Stores, reach: Reach) => Stores;

export interface WorldOptions {
  readonly rules?: Rules;
  readonly distort?: Distort;
  /** Whether each partition has its own sequence of tokens. */
  readonly apart?: boolean;
  /** For how many records a claim takes possession. Undefined: as in production, which is more than any trial has. */
  readonly possessionRecords?: number | undefined;
}

/** The largest batch of any owner. */
export const MOST_RECORDS = 5;

const MOST_PARTITIONS = 4;
/** After this many steps nobody crashes. By `MOST_STEPS` every owner must be done. */
const ROUGH_STEPS = 3000;
const MOST_STEPS = 12_000;
/** The effects of a claim and of a batch: interrupting an owner between them is most likely to expose a fault. */
const BUSY: ReadonlySet<Point> = new Set([
  'claim',
  'fence',
  'write row',
  'look',
  'write view',
  'call channel',
  'before commit',
]);
/** For each step, the probability that an owner is taken for dead, and that a write is not answered. A seed picks one. */
const TROUBLES = [0.02, 0.05, 0.05, 0.001];

export class World {
  readonly stores: ProtocolStores;
  readonly ledger: Ledger;
  readonly committed = new CommittedRecords();
  readonly rewinds: boolean;
  /** The records of a deleted topic two. */
  readonly emittedBefore: LogRecord[] = [];
  readonly #clock = new ManualClock(START);
  readonly #random: Random;
  readonly #options: WorldOptions;
  readonly #live = new Map<string, Actor>();
  #late: Actor[] = [];
  readonly #flight: Flight = [];
  /** By partition of topic one: rewinds do not go below this offset. */
  #floors: number[] = [];
  #trouble: number;
  readonly scenario: Happening;
  #happening: Happening;
  #restore: (() => Promise<void>) | undefined;
  #memberships: { readonly job: Job; readonly membership: Membership }[] = [];
  #looked = 0;
  #produced = 0;

  private constructor(stores: ProtocolStores, random: Random, options: WorldOptions) {
    this.stores = stores;
    this.ledger = new Ledger(stores.tables);
    this.#random = random;
    this.#options = options;
    this.#trouble = random.pick(TROUBLES);
    this.rewinds = random.chance(0.3);
    this.scenario = randomHappening(random);
    this.#happening = this.scenario;
  }

  static async make(random: Random, options: WorldOptions): Promise<World> {
    const kind = options.apart ? random.pick(['tells', 'silent']) : random.pick(['real', 'tells', 'silent', 'silent']);
    const cells = kind === 'real' ? undefined : { tells: kind === 'tells', oneLine: options.apart !== true };
    const stores = await protocolStores({ partitions: 1 + random.below(2), cells });
    const world = new World(stores, random, options);
    for (const job of [jobA, jobB]) await world.#claimBefore(job, 0);
    return world;
  }

  /** Simulates earlier claims of the partitions of the job's topic, from `first` on. */
  async #claimBefore(job: Job, first: number): Promise<void> {
    for (const partition of (await this.#partitions(job)).slice(first)) {
      const token = this.#random.pick([0, 1, 4, 900]);
      const { cells, tables } = this.stores;
      if (cells !== undefined) cells.setToken(job.name, job.from.name, partition, token);
      else if (token > 0) await tables.claim(job.name, job.from.name, partition, token - 1);
    }
  }

  async #partitions(job: Job): Promise<number[]> {
    const [topic] = await this.stores.transport.describe([job.from.name]);
    return (topic?.partitions ?? []).map(({ partition }) => partition);
  }

  /** Resolves to whether everything was applied in the end. */
  async run(): Promise<boolean> {
    const random = this.#random;
    await this.#beginAll(jobA);
    await this.#beginAll(jobB);
    let phases = 3;
    await this.#produce(12);
    for (let steps = 0; steps < MOST_STEPS; steps++) {
      await this.#step(random.pick([...this.#live.values(), ...this.#late]));
      // After a restore, a record must get the same verdict again.
      if (random.chance(0.04) && this.scenario !== 'restored') await this.stores.look(++this.#looked);
      if (random.chance(0.02)) this.#clock.set(START + random.below(1000) * 1000);
      if (random.chance(0.002) && steps > 200) await this.#happen();
      if (random.chance(0.02)) await this.#land();
      if (steps < ROUGH_STEPS && random.chance(this.#trouble)) await this.#replace(this.#victim());
      if (random.chance(0.005 * this.#late.length)) this.#late.splice(random.below(this.#late.length), 1);
      if (!(await this.#isDrained())) continue;
      if (phases > 0) {
        phases -= 1;
        await this.#nextPhase();
      } else if (this.#late.length === 0 && this.#flight.length === 0) {
        return true;
      } else {
        this.#trouble = 0;
        this.#late = this.#late.filter(({ idleTurns }) => idleTurns === 0);
        if (this.#late.length === 0) await this.#land();
      }
    }
    return false;
  }

  /** Prefers owners that have something to do: they do most harm when they are late. */
  #victim(): Actor {
    const live = [...this.#live.values()];
    const busy = live.filter(({ point }) => BUSY.has(point));
    return this.#random.pick(busy.length > 0 && this.#random.chance(0.5) ? busy : live);
  }

  async #step(actor: Actor): Promise<void> {
    await actor.step();
    if (actor.hasEnded) this.#late = this.#late.filter((other) => other !== actor);
  }

  /** Lets an unanswered write take effect, whatever became of its sender. */
  async #land(): Promise<void> {
    const [write] = this.#flight.splice(this.#random.below(this.#flight.length), 1);
    await write?.();
  }

  /** An owner dies, or is only taken for dead. Sometimes its job is rewound, too. */
  async #replace(actor: Actor): Promise<void> {
    const random = this.#random;
    const { job, partition } = actor;
    if (random.chance(0.7)) {
      actor.endsFenced = true;
      this.#late.push(actor);
    }
    await this.#begin(job, partition);
    if (!this.rewinds || job !== jobA || !random.chance(0.3)) return;
    const committed = (await this.stores.transport.lag(job.name, job.from.name))[partition]?.committed;
    const floor = this.scenario === 'gone astray' ? 0 : (this.#floors[partition] ?? 0);
    if (committed === undefined || committed < floor) return;
    await this.stores.transport.seek(job.name, job.from.name, {
      partition,
      offset: floor + random.below(committed - floor + 1),
    });
  }

  async #begin(job: Job, partition: number): Promise<void> {
    const random = this.#random;
    const actor = new Actor(job, partition);
    const luck = { random, trouble: () => this.#trouble, flight: this.#flight };
    const own = claimingInSteps(this.stores, actor.reach);
    const distorted = this.#options.distort?.(own, actor.reach) ?? own;
    const stores = shuffling(
      withPoints(this.committed.watching(this.ledger.watching(troubled(distorted, luck), job), job), actor.reach),
      random,
    );
    const runtime = testRuntime(stores, {
      clock: this.#clock,
      upstreams: upstreamsOf([jobA, jobB]),
      pipelineTopic: pipelineEvents.name,
      settings: {
        maxRecords: 1 + random.below(MOST_RECORDS),
        maxKeys: 1 + random.below(5),
        rowCacheMb: random.pick([0, 0.004, 1]),
        lookupMs: 0,
        possessionRecords: this.#options.possessionRecords ?? POSSESSION_RECORDS,
      },
    });
    const listener = { assigned: () => {}, revoked: async () => {} };
    const membership = await stores.transport.join(job.name, job.from.name, listener);
    this.#memberships.push({ job, membership });
    const rules = this.#options.rules ?? ALL_RULES;
    actor.start(
      ownerOfRows({
        job: this.ledger.judging(job),
        partition,
        membership,
        runtime,
        lookups: lookupsFor(runtime),
        rules,
      }),
    );
    this.#live.set(`${job.name}/${partition}`, actor);
  }

  async #produce(count: number): Promise<void> {
    const { codec, transport } = this.stores;
    const partitions = (await this.#partitions(jobA)).length;
    const astray = this.scenario === 'gone astray';
    for (; count > 0; count--) {
      await transport.produce(givenRecords(codec, this.#random, this.#produced++, partitions, astray));
    }
  }

  async #isDrained(): Promise<boolean> {
    for (const job of [jobA, jobB]) {
      const lags = await this.stores.transport.lag(job.name, job.from.name);
      if (lags.some(({ lag }) => lag > 0)) return false;
    }
    return true;
  }

  /** Stops everything, does something to the stores, and starts again. */
  async #happen(): Promise<void> {
    const { cells } = this.stores;
    if (this.#happening === 'claims lost' && cells !== undefined) {
      await this.#stopAll();
      cells.forgetClaims();
      await this.#startAgain();
    } else if (this.#happening === 'restored' && cells !== undefined) {
      if (this.#restore === undefined) {
        this.#restore = await backup(this.stores);
        return;
      }
      await this.#stopAll();
      await this.#restore();
      await this.#startAgain();
    }
  }

  async #stop(job: Job): Promise<void> {
    for (const [name, actor] of this.#live) if (actor.job === job) this.#live.delete(name);
    const left = this.#memberships.filter((one) => one.job === job);
    this.#memberships = this.#memberships.filter((one) => one.job !== job);
    for (const { membership } of left) await membership.leave();
  }

  /** Stops for good: no late owner goes on, and writes in flight take effect now. */
  async #stopAll(): Promise<void> {
    await this.#stop(jobA);
    await this.#stop(jobB);
    this.#late = [];
    while (this.#flight.length > 0) await this.#land();
  }

  async #startAgain(): Promise<void> {
    this.#happening = undefined;
    await this.#beginAll(jobA);
    await this.#beginAll(jobB);
  }

  async #beginAll(job: Job): Promise<void> {
    for (const partition of await this.#partitions(job)) await this.#begin(job, partition);
  }

  async #nextPhase(): Promise<void> {
    const random = this.#random;
    if (this.#happening === 'made again' && random.chance(0.4)) {
      await this.#stopAll();
      await this.stores.remake(one, (await this.#partitions(jobA)).length);
      this.#floors = [];
      await this.#startAgain();
    } else if (this.#happening === 'downstream made again' && !this.rewinds && random.chance(0.4)) {
      // The dedupe positions are deleted with the topic, so no event may be emitted twice after this.
      await this.#stopAll();
      this.emittedBefore.push(...(await partitionsOf(this.stores.transport, two.name)).flat());
      await this.stores.remake(two, (await this.#partitions(jobB)).length);
      await this.#startAgain();
    } else if (this.#happening === 'downstream expanded' && random.chance(0.4)) {
      // The upstream owner may go on and emit to the partitions that it knows.
      await this.#stop(jobB);
      await expandTwo(this.stores);
      await this.#beginAll(jobB);
      this.#happening = undefined;
      // After a restore, records that are read again would reach the new partitions in another order.
    } else if (random.chance(0.4) && this.scenario !== 'restored') await this.#expand();
    await this.#produce(8);
  }

  /** Expands topic one. In some runs the owners notice it while they run; in the others they are stopped first, as they should be. */
  async #expand(): Promise<void> {
    const random = this.#random;
    const before = (await this.#partitions(jobA)).length;
    if (before === MOST_PARTITIONS) return;
    const livesOn = random.chance(0.3);
    if (!livesOn) await this.#stop(jobA);
    const partitions = before + 1 + random.below(MOST_PARTITIONS - before);
    await expandOne(this.stores, partitions, livesOn ? [] : [jobA.name]);
    const committed = await this.stores.transport.lag(jobA.name, one.name);
    // Records that were moved earlier must not be read again.
    this.#floors = committed.map((each) => each.committed ?? 0);
    await this.#claimBefore(jobA, before);
    for (const partition of await this.#partitions(jobA)) {
      if (partition >= before || !livesOn) await this.#begin(jobA, partition);
    }
  }
}
