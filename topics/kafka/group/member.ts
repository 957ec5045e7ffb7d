/**
 * A member of a consumer group, in Kafka's classic protocol. It joins, gets its assignment, and
 * sends heartbeats independently of its workers. So even a long batch does not hold up the group.
 *
 * In a rebalance members keep their partitions (the cooperative protocol of KIP-429): only a
 * partition that moves is revoked, by its own member, and then assigned to another one. Only the
 * member that gets the partition waits for its batch. This protocol does not prevent two owners of
 * a partition; the fencing of claims does.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../../../core/errors.ts';
import type { AssignmentListener } from '../../log/transport.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Call } from '../wire/call.ts';
import {
  heartbeat,
  type Joined,
  joinGroup,
  leaveGroup,
  type MemberAssignment,
  syncGroup,
} from '../wire/calls/group.ts';
import { CODE } from '../wire/error-codes.ts';
import { check, hasCode, isPassing, translate } from '../wire/errors.ts';
import { assign, decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './assign.ts';
import { Assignment } from './assignment.ts';

const PROTOCOL = 'tributary';
const PAUSE_MS = 100;
const REFUSED_PAUSE_MS = 2000;
const NO_GENERATION = -1;

export interface MemberOptions {
  readonly group: string;
  readonly topic: string;
  readonly listener: AssignmentListener;
  /** The name of its separate connections: a broker answers a join only after the rebalance. */
  readonly connection: string;
}

export class Member {
  readonly #cluster: Cluster;
  readonly #group: string;
  readonly #topic: string;
  readonly #connection: string;
  readonly #assignment: Assignment;
  #id = '';
  #generation = NO_GENERATION;
  /** If this member is the leader: how many partitions the topic had when it last assigned them. */
  #counted: number | undefined;
  #lastAnswerAt = performance.now();
  #stage: 'in' | 'leaving' | 'out' = 'in';
  #rejoin = true;
  #wake = () => {};
  #warned = '';
  #hasEntered = false;
  readonly #entered = Promise.withResolvers<void>();
  readonly #ended: Promise<void>;

  constructor(cluster: Cluster, { group, topic, listener, connection }: MemberOptions) {
    this.#cluster = cluster;
    this.#group = group;
    this.#topic = topic;
    this.#connection = connection;
    this.#assignment = new Assignment(listener);
    this.#entered.promise.catch(() => {});
    const watch = setInterval(() => this.#watch(), Math.min(1000, cluster.settings.sessionMs / 4));
    const unwatch = cluster.watch(topic);
    this.#ended = this.#run().finally(() => {
      clearInterval(watch);
      unwatch();
    });
  }

  get partitions(): number[] {
    return this.#assignment.partitions;
  }

  /**
   * Throws FENCED if this member is revoking the partition, or may have lost it without knowing. A
   * partition that was never assigned may be claimed, as with any transport: the last claim wins.
   */
  assertMayClaim(partition: number): void {
    const gone = this.#stage !== 'in' ? 'has left' : this.#isSilent() ? 'has not heard from' : undefined;
    if (gone === undefined && !this.#assignment.isRevoking(partition)) return;
    const why = gone === undefined ? 'lets go of it for' : gone;
    throw new TributaryError(
      'FENCED',
      `partition ${partition} of ${this.#topic}: this member ${why} the group ${this.#group}`,
    );
  }

  /** Settles when the group has answered for the first time; throws if it refuses this member. */
  entered(): Promise<void> {
    return this.#entered.promise;
  }

  /** Settles when the listener has released everything and the member has left the group. */
  async leave(): Promise<void> {
    if (this.#stage === 'in') {
      this.#stage = 'leaving';
      // Heartbeats continue meanwhile, so that nobody else is assigned partitions that are still in
      // use here.
      await this.#assignment.revoke(this.partitions).finally(() => {
        this.#stage = 'out';
        this.#wake();
      });
    }
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (this.#stage !== 'out') {
      try {
        if (this.#rejoin) await this.#tryJoin();
        else await this.#heartbeat();
        if (!this.#rejoin) await this.#pause(this.#cluster.settings.heartbeatMs);
      } catch (error) {
        await this.#recover(error);
      }
    }
    await this.#leaveGroup();
  }

  async #tryJoin(): Promise<void> {
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
    const [group, topic, owned] = [this.#group, this.#topic, this.partitions];
    const subscription = { topic, owned, generation: this.#generation, leaving: this.#stage !== 'in' };
    const joined = await this.#send((member) =>
      joinGroup({
        group,
        member,
        sessionMs,
        // Less than a session: members join again at their next heartbeat, and a member that does
        // not is gone.
        rebalanceMs: Math.round(sessionMs * 0.6),
        protocol: PROTOCOL,
        metadata: encodeSubscription(subscription),
      }),
    );
    if (joined.error === CODE.MEMBER_ID_REQUIRED) {
      this.#enter();
      this.#id = joined.member;
      this.#rejoin = true;
      return;
    }
    check(joined.error, `joining the group ${group}`);
    this.#enter();
    this.#id = joined.member;
    this.#noteAnswer();
    const { generation } = joined;
    const isLeader = joined.leader === joined.member;
    const assignments = isLeader ? await this.#assign(joined.members) : [];
    const { error, assignment } = await this.#send((member) => syncGroup({ group, member, generation }, assignments));
    check(error, `joining the group ${group}`);
    this.#noteAnswer();
    this.#generation = generation;
    if (!isLeader) this.#counted = undefined;
    this.#apply(decodeAssignment(assignment, topic));
  }

  #enter(): void {
    this.#hasEntered = true;
    this.#entered.resolve();
  }

  #apply(assigned: readonly number[]): void {
    if (this.#stage !== 'in') return;
    const revoked = this.partitions.filter((partition) => !assigned.includes(partition));
    if (revoked.length > 0) {
      // Joins again after the release, because only then can others be assigned the partitions.
      void this.#assignment.revoke(revoked).then(() => this.#joinAgain());
    }
    this.#assignment.add(assigned);
  }

  #joinAgain(): void {
    this.#rejoin = true;
    this.#wake();
  }

  /**
   * The leader assigns for all members. It divides each topic among the members of the group that read it.
   */
  async #assign(members: Joined['members']): Promise<MemberAssignment[]> {
    const subscribed = members.map(({ member, metadata }) => ({ id: member, ...decodeSubscription(metadata) }));
    const assignments = [];
    for (const [topic, here] of Map.groupBy(subscribed, ({ topic }) => topic)) {
      const [described] = await this.#cluster.describe([topic]);
      const partitions = (described?.partitions ?? []).map(({ partition }) => partition).sort((a, b) => a - b);
      if (topic === this.#topic) this.#counted = partitions.length;
      for (const [member, assigned] of assign(partitions, here)) {
        assignments.push({ member, assignment: encodeAssignment(topic, assigned) });
      }
    }
    return assignments;
  }

  async #heartbeat(): Promise<void> {
    const [group, generation] = [this.#group, this.#generation];
    check(
      await this.#send((member) => heartbeat({ group, member, generation })),
      `staying in the group ${this.#group}`,
    );
    this.#noteAnswer();
    const shape = this.#cluster.shapes.of(this.#topic);
    if (this.#counted !== undefined && shape !== undefined && shape.partitions !== this.#counted) this.#joinAgain();
  }

  async #recover(error: unknown): Promise<void> {
    if (hasCode(error, CODE.REBALANCE_IN_PROGRESS)) {
      this.#noteAnswer();
      this.#rejoin = true;
      return;
    }
    if (hasCode(error, CODE.UNKNOWN_MEMBER_ID, CODE.ILLEGAL_GENERATION)) {
      // The group went on without us: others may own everything by now.
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
      this.#cluster.invalidate();
      await this.#pause(PAUSE_MS);
      return;
    }
    // For example, a right was revoked. It may be granted again, so this retries and warns the
    // operator.
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

  /** Releases everything if the group has not answered for a session: then others own it. */
  #watch(): void {
    if (!this.#isSilent() || !this.partitions.some((partition) => this.#assignment.has(partition))) return;
    // The group may have assigned the same partitions again meanwhile: the member takes them only
    // with the next join.
    void this.#lose().then(() => this.#joinAgain());
  }

  async #lose(): Promise<void> {
    this.#generation = NO_GENERATION;
    this.#rejoin = true;
    await this.#assignment.revoke(this.partitions);
  }

  #isSilent(): boolean {
    return performance.now() - this.#lastAnswerAt > this.#cluster.settings.sessionMs;
  }

  #noteAnswer(): void {
    this.#lastAnswerAt = performance.now();
  }

  async #leaveGroup(): Promise<void> {
    if (this.#id === '' || this.#cluster.closed) return;
    // If the request does not arrive, the session times out.
    await this.#send((member) => leaveGroup(this.#group, member)).catch(() => {});
    this.#cluster.release(this.#connection);
  }

  /** Sends the call to the coordinator of the group. */
  async #send<T>(call: (member: string) => Call<T>): Promise<T> {
    const node = await this.#cluster.coordinator('group', this.#group);
    return await this.#cluster.connection(node, this.#connection).send(call(this.#id));
  }

  async #pause(ms: number): Promise<void> {
    const stop = new AbortController();
    this.#wake = () => stop.abort();
    await sleep(ms, undefined, { signal: stop.signal }).catch(() => {});
    this.#wake = () => {};
  }
}
