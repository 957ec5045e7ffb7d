/**
 * A member of a consumer group, in Kafka's classic protocol. It joins, is told what it gets, and says at every heartbeat that it
 * lives, whatever its workers are doing: no batch, however long, holds up the group.
 *
 * When the group is divided anew, members keep what they have (as in KIP-429): only what moves is let go of, by its own
 * member, and given away once that has said so. Nobody waits for anybody's batch but those who are to get its partition.
 * What keeps two owners of a partition apart is not this, but the fencing of claims.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../../../core/errors.ts';
import type { AssignmentListener } from '../../log/transport.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { CODE, check, hasCode, isPassing, translate } from '../wire/errors.ts';
import { decodeAssignment, decodeSubscription, divide, encodeAssignment, encodeSubscription } from './assign.ts';
import { Holding } from './assignment.ts';

const PROTOCOL = 'tributary';
const PAUSE_MS = 100;
const REFUSED_PAUSE_MS = 2000;
const NO_GENERATION = -1;

interface Joined {
  readonly errorCode: number;
  readonly generationId: number;
  readonly leaderId: string;
  readonly memberId: string;
  /** The leader alone is told who is in the group. */
  readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
}

export class Member {
  readonly #cluster: Cluster;
  readonly #group: string;
  readonly #topic: string;
  readonly #lane: string;
  readonly #holding: Holding;
  #id = '';
  #generation = NO_GENERATION;
  /** Partitions of the topic when this member last divided the group, if it is the leader. */
  #counted: number | undefined;
  #heardAt = performance.now();
  #stage: 'in' | 'leaving' | 'out' = 'in';
  #rejoin = true;
  #wake = () => {};
  #warned = '';
  #hasEntered = false;
  readonly #entered = Promise.withResolvers<void>();
  readonly #ended: Promise<void>;

  constructor(cluster: Cluster, group: string, topic: string, listener: AssignmentListener, lane: string) {
    this.#cluster = cluster;
    this.#group = group;
    this.#topic = topic;
    this.#lane = lane;
    this.#holding = new Holding(listener);
    this.#entered.promise.catch(() => {});
    const watch = setInterval(() => this.#watch(), Math.min(1000, cluster.settings.sessionMs / 4));
    const unwatch = cluster.watch(topic);
    this.#ended = this.#run().finally(() => {
      clearInterval(watch);
      unwatch();
    });
  }

  get partitions(): number[] {
    return this.#holding.partitions;
  }

  /**
   * Throws FENCED if this member is to let go of the partition, or may have lost it without knowing. One that was never
   * assigned may be claimed, as with any transport: what counts is who claims last.
   */
  assertMayClaim(partition: number): void {
    const gone = this.#stage !== 'in' ? 'has left' : this.#isSilent() ? 'has not heard from' : undefined;
    if (gone === undefined && !this.#holding.isGoing(partition)) return;
    const why = gone === undefined ? 'lets go of it for' : gone;
    throw new TributaryError(
      'FENCED',
      `partition ${partition} of ${this.#topic}: this member ${why} the group ${this.#group}`,
    );
  }

  /** Settles when the group has answered for the first time; throws when it refuses this member. */
  entered(): Promise<void> {
    return this.#entered.promise;
  }

  /** Settles when the listener has let go of everything and the group knows. */
  async leave(): Promise<void> {
    if (this.#stage === 'in') {
      this.#stage = 'leaving';
      // Heartbeats go on meanwhile, so that nobody gets what is still in work here.
      await this.#holding.drop(this.partitions).finally(() => {
        this.#stage = 'out';
        this.#wake();
      });
    }
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (this.#stage !== 'out') {
      try {
        if (this.#rejoin) await this.#joinAnew();
        else await this.#heartbeat();
        if (!this.#rejoin) await this.#pause(this.#cluster.settings.heartbeatMs);
      } catch (error) {
        await this.#recover(error);
      }
    }
    await this.#sayGoodbye();
  }

  async #joinAnew(): Promise<void> {
    this.#rejoin = false;
    try {
      await this.#join();
    } catch (error) {
      this.#rejoin = true;
      throw error;
    }
  }

  async #join(): Promise<void> {
    const { sessionMs } = this.#cluster.settings;
    const held = this.partitions;
    const subscription = { topic: this.#topic, held, generation: this.#generation, leaving: this.#stage !== 'in' };
    const joined = await this.#ask<Joined>('JoinGroup', {
      sessionTimeout: sessionMs,
      // Less than a session: members join again at their next heartbeat, and one that does not is away.
      rebalanceTimeout: Math.round(sessionMs * 0.6),
      protocolType: 'consumer',
      groupProtocols: [{ name: PROTOCOL, metadata: encodeSubscription(subscription) }],
    });
    if (joined.errorCode === CODE.MEMBER_ID_REQUIRED) {
      this.#enter();
      this.#id = joined.memberId;
      this.#rejoin = true;
      return;
    }
    check(joined.errorCode, `joining the group ${this.#group}`);
    this.#enter();
    this.#id = joined.memberId;
    this.#heard();
    const isLeader = joined.leaderId === joined.memberId;
    const { errorCode, memberAssignment } = await this.#ask<{ errorCode: number; memberAssignment: Buffer }>(
      'SyncGroup',
      {
        generationId: joined.generationId,
        groupAssignment: isLeader ? await this.#divide(joined.members) : [],
      },
    );
    check(errorCode, `joining the group ${this.#group}`);
    this.#heard();
    this.#generation = joined.generationId;
    if (!isLeader) this.#counted = undefined;
    this.#apply(decodeAssignment(memberAssignment, this.#topic));
  }

  #enter(): void {
    this.#hasEntered = true;
    this.#entered.resolve();
  }

  #apply(assigned: readonly number[]): void {
    if (this.#stage !== 'in') return;
    const going = this.partitions.filter((partition) => !assigned.includes(partition));
    if (going.length > 0) {
      // Only then they can be given to others.
      void this.#holding.drop(going).then(() => this.#joinAgain());
    }
    this.#holding.take(assigned);
  }

  #joinAgain(): void {
    this.#rejoin = true;
    this.#wake();
  }

  /** By the leader, for everybody. Members of the group that read another topic are divided among themselves. */
  async #divide(members: Joined['members']): Promise<{ memberId: string; memberAssignment: Buffer }[]> {
    const subscribed = members.map(({ memberId, memberMetadata }) => ({
      id: memberId,
      ...decodeSubscription(memberMetadata),
    }));
    const assignments = [];
    for (const [topic, here] of Map.groupBy(subscribed, ({ topic }) => topic)) {
      const [described] = await this.#cluster.describe([topic]);
      const partitions = (described?.partitions ?? []).map(({ partition }) => partition).sort((a, b) => a - b);
      if (topic === this.#topic) this.#counted = partitions.length;
      for (const [memberId, given] of divide(partitions, here)) {
        assignments.push({ memberId, memberAssignment: encodeAssignment(topic, given) });
      }
    }
    return assignments;
  }

  async #heartbeat(): Promise<void> {
    const { errorCode } = await this.#ask<{ errorCode: number }>('Heartbeat', { groupGenerationId: this.#generation });
    check(errorCode, `staying in the group ${this.#group}`);
    this.#heard();
    const shape = this.#cluster.shapes.of(this.#topic);
    if (this.#counted !== undefined && shape !== undefined && shape.partitions !== this.#counted) this.#joinAgain();
  }

  async #recover(error: unknown): Promise<void> {
    if (hasCode(error, CODE.REBALANCE_IN_PROGRESS)) {
      this.#heard();
      this.#rejoin = true;
      return;
    }
    if (hasCode(error, CODE.UNKNOWN_MEMBER_ID, CODE.ILLEGAL_GENERATION)) {
      // The group went on without us: others may have everything by now.
      if (hasCode(error, CODE.UNKNOWN_MEMBER_ID)) this.#id = '';
      await this.#lose();
      this.#rejoin = true;
      return;
    }
    if (this.#cluster.closed) {
      this.#stage = 'out';
      return;
    }
    if (isPassing(error)) {
      this.#cluster.forgetPlaces();
      await this.#pause(PAUSE_MS);
      return;
    }
    // A right that was taken away, say: it may be given back, and until then somebody has to hear of it.
    this.#refused(error);
    await this.#pause(REFUSED_PAUSE_MS);
  }

  #refused(error: unknown): void {
    const translated = translate(error, `staying in the group ${this.#group}`);
    if (!(translated instanceof TributaryError)) throw translated;
    this.#entered.reject(translated);
    if (!this.#hasEntered || this.#warned === translated.message) return;
    this.#warned = translated.message;
    process.emitWarning(this.#warned, { code: 'TRIBUTARY_GROUP' });
  }

  /** Lets go of everything at once: by itself when the group was not heard of for a session, for then others have it. */
  #watch(): void {
    if (!this.#isSilent() || !this.partitions.some((partition) => this.#holding.has(partition))) return;
    // The group may have given back meanwhile what was not let go of yet: that is taken with the next joining only.
    void this.#lose().then(() => this.#joinAgain());
  }

  async #lose(): Promise<void> {
    this.#generation = NO_GENERATION;
    this.#rejoin = true;
    await this.#holding.drop(this.partitions);
  }

  #isSilent(): boolean {
    return performance.now() - this.#heardAt > this.#cluster.settings.sessionMs;
  }

  #heard(): void {
    this.#heardAt = performance.now();
  }

  async #sayGoodbye(): Promise<void> {
    if (this.#id === '' || this.#cluster.closed) return;
    // If it does not arrive, the group notices by the silence.
    await this.#ask('LeaveGroup', {}).catch(() => {});
    this.#cluster.release(this.#lane);
  }

  async #ask<T>(api: string, parameters: object): Promise<T> {
    const node = await this.#cluster.coordinator('group', this.#group);
    const lane = this.#cluster.lane(node, this.#lane);
    return await lane.ask<T>(api, { groupId: this.#group, memberId: this.#id, ...parameters });
  }

  async #pause(ms: number): Promise<void> {
    const stop = new AbortController();
    this.#wake = () => stop.abort();
    await sleep(ms, undefined, { signal: stop.signal }).catch(() => {});
    this.#wake = () => {};
  }
}
