/**
 * The members of one consumer group for one topic, in this process, and which partition is whose.
 *
 * Every change of members gives each partition a target; each member then lets go of what is meant for others and
 * takes what is meant for it and free, one call of its listener at a time. So a member that is slow to let go delays
 * only the partitions that move away from it.
 */
import type { AssignmentListener } from '../log/transport.ts';

export interface Member {
  /** What it holds, including what it is about to let go of. */
  partitions(): number[];
  isMember(): boolean;
  /** Settles when the listener has let go of everything. */
  leave(): Promise<void>;
}

export interface ConsumerGroup {
  /** The first call of the listener comes after this one has returned. */
  join(listener: AssignmentListener): Member;
  /** How many members it has. */
  members(): number;
  /** Lets every member leave, and gives nothing to anybody. */
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
  let due = false;

  function vacant(count: number): (State | undefined)[] {
    return Array(count).fill(undefined);
  }

  function where(holds: (partition: number) => boolean): number[] {
    return [...owners.keys()].filter(holds);
  }

  function rebalance(): void {
    targets = assign(targets, members);
    settleAll();
  }

  /** An error that a listener throws here is nobody's to handle: it ends the process, as a bug shall. */
  function settleAll(): void {
    for (const member of members) void settle(member);
  }

  function settle(member: State): Promise<void> {
    const turn = member.turn.then(() => move(member));
    member.turn = turn.catch(() => {});
    return turn;
  }

  async function move(member: State): Promise<void> {
    const going = where((partition) => owners[partition] === member && targets[partition] !== member);
    if (going.length > 0) {
      try {
        await member.listener.revoked(going);
      } finally {
        for (const partition of going) owners[partition] = undefined;
        settleAll();
      }
    }
    const coming = where((partition) => owners[partition] === undefined && targets[partition] === member);
    if (coming.length > 0) {
      for (const partition of coming) owners[partition] = member;
      member.listener.assigned(coming);
    }
  }

  return {
    join(listener) {
      const member: State = { listener, turn: Promise.resolve() };
      members.push(member);
      // Members that join together are one change; and each has its membership before it hears of partitions.
      if (!due) {
        due = true;
        setImmediate(() => {
          due = false;
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
 * The member for each partition, undefined where there is none: no member has two more than another, and a partition
 * stays with its member (by `current`) unless that one would have too many.
 */
export function assign<M>(current: readonly (M | undefined)[], members: readonly M[]): (M | undefined)[] {
  const target: (M | undefined)[] = Array(current.length).fill(undefined);
  if (members.length === 0) return target;
  const held = (member: M) => [...current.keys()].filter((partition) => current[partition] === member);
  const fullestFirst = [...members].sort((a, b) => held(b).length - held(a).length);
  const share = Math.floor(current.length / members.length);
  const larger = current.length % members.length;
  const missing: M[] = [];
  fullestFirst.forEach((member, i) => {
    const count = share + (i < larger ? 1 : 0);
    const kept = held(member).slice(0, count);
    for (const partition of kept) target[partition] = member;
    for (let more = kept.length; more < count; more++) missing.push(member);
  });
  return target.map((member) => member ?? missing.shift());
}
