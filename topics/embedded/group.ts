/**
 * The members of one consumer group for one topic, in this process, and the assignment of its partitions.
 *
 * Every change of members sets a target member for each partition. Each member then revokes the partitions that are meant for others,
 * and gets those that are meant for it and free, one call of its listener at a time. So a member that is slow to release its partitions
 * delays only the partitions that move away from it.
 */
import type { AssignmentListener } from '../log/transport.ts';

export interface Member {
  /** Including those that are being revoked. */
  partitions(): number[];
  isMember(): boolean;
  /** Settles when the listener has released all partitions. */
  leave(): Promise<void>;
}

export interface ConsumerGroup {
  /** Returns before the first call of the listener. */
  join(listener: AssignmentListener): Member;
  /** How many members it has. */
  members(): number;
  /** Removes all members, and settles when their listeners have released all partitions. */
  close(): Promise<void>;
}

interface State {
  readonly listener: AssignmentListener;
  /** The calls of the listener, one after the other. */
  turn: Promise<void>;
}

export function consumerGroup(partitions: number): ConsumerGroup {
  let members: State[] = [];
  let targets = vacant(partitions);
  const owners = vacant(partitions);
  let scheduled = false;

  function vacant(count: number): (State | undefined)[] {
    return Array(count).fill(undefined);
  }

  function where(test: (partition: number) => boolean): number[] {
    return [...owners.keys()].filter(test);
  }

  function rebalance(): void {
    targets = assign(targets, members);
    settleAll();
  }

  /** An error that a listener throws here is not handled: it ends the process, as a bug should. */
  function settleAll(): void {
    for (const member of members) void settle(member);
  }

  function settle(member: State): Promise<void> {
    const turn = member.turn.then(() => move(member));
    member.turn = turn.catch(() => {});
    return turn;
  }

  async function move(member: State): Promise<void> {
    const revoked = where((partition) => owners[partition] === member && targets[partition] !== member);
    if (revoked.length > 0) {
      try {
        await member.listener.revoked(revoked);
      } finally {
        for (const partition of revoked) owners[partition] = undefined;
        settleAll();
      }
    }
    const assigned = where((partition) => owners[partition] === undefined && targets[partition] === member);
    if (assigned.length > 0) {
      for (const partition of assigned) owners[partition] = member;
      member.listener.assigned(assigned);
    }
  }

  return {
    join(listener) {
      const member: State = { listener, turn: Promise.resolve() };
      members.push(member);
      // Members that join together cause one rebalance. Each has its membership before it is assigned anything.
      if (!scheduled) {
        scheduled = true;
        setImmediate(() => {
          scheduled = false;
          rebalance();
        });
      }
      return {
        partitions: () => where((partition) => owners[partition] === member),
        isMember: () => members.includes(member),
        leave() {
          members = members.filter((other) => other !== member);
          rebalance();
          return settle(member);
        },
      };
    },

    members: () => members.length,

    async close() {
      const leaving = members;
      members = [];
      targets = assign(targets, members);
      await Promise.all(leaving.map(settle));
    },
  };
}

/**
 * The member of each partition; undefined if the group has no members. The counts of members differ by at most one, and a partition
 * stays with its `current` member unless that one has too many.
 */
export function assign<M>(current: readonly (M | undefined)[], members: readonly M[]): (M | undefined)[] {
  const target: (M | undefined)[] = Array(current.length).fill(undefined);
  if (members.length === 0) return target;
  const ownedBy = (member: M) => [...current.keys()].filter((partition) => current[partition] === member);
  const fullestFirst = [...members].sort((a, b) => ownedBy(b).length - ownedBy(a).length);
  const share = Math.floor(current.length / members.length);
  const larger = current.length % members.length;
  const missing: M[] = [];
  fullestFirst.forEach((member, i) => {
    const count = share + (i < larger ? 1 : 0);
    const kept = ownedBy(member).slice(0, count);
    for (const partition of kept) target[partition] = member;
    for (let more = kept.length; more < count; more++) missing.push(member);
  });
  return target.map((member) => member ?? missing.shift());
}
