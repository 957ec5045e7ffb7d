/**
 * The requests of the classic group protocol, in the versions before the flexible ones. Members are dynamic: none has an instance
 * id (KIP-345).
 */
import type { Call } from '../call.ts';

/** A broker may take this much longer than the rebalance to answer a join. */
const NETWORK_MS = 5000;
const NO_INSTANCE = null;

export interface JoinGroup {
  readonly group: string;
  /** Empty until the coordinator has assigned one. */
  readonly member: string;
  readonly sessionMs: number;
  readonly rebalanceMs: number;
  readonly protocol: string;
  readonly metadata: Buffer;
}

export interface Joined {
  readonly error: number;
  readonly generation: number;
  readonly leader: string;
  readonly member: string;
  /** Empty unless this member is the leader. */
  readonly members: readonly { readonly member: string; readonly metadata: Buffer }[];
}

/**
 * JoinGroup 5: ids of members are given before they join (KIP-394). https://kafka.apache.org/protocol.html#The_Messages_JoinGroup
 *
 *   request:  group string, session i32, rebalance i32, member string, instance string?, protocol type string,
 *             [name string, metadata bytes]
 *   response: throttle i32, error i16, generation i32, protocol string?, leader string, member string,
 *             [member string, instance string?, metadata bytes]
 */
export function joinGroup({ group, member, sessionMs, rebalanceMs, protocol, metadata }: JoinGroup): Call<Joined> {
  return {
    name: 'JoinGroup',
    key: 11,
    version: 5,
    flexible: false,
    timeoutMs: rebalanceMs + NETWORK_MS,
    write(writer) {
      writer.string(group).i32(sessionMs).i32(rebalanceMs).string(member).string(NO_INSTANCE).string('consumer');
      writer.array([protocol], (name) => writer.string(name).sizedBytes(metadata));
    },
    read(reader) {
      reader.throttle();
      const error = reader.i16();
      const generation = reader.i32();
      reader.nullableString();
      const leader = reader.string();
      const id = reader.string();
      const members = reader.array(() => {
        const each = reader.string();
        reader.nullableString();
        return { member: each, metadata: reader.sizedBytes() };
      });
      return { error, generation, leader, member: id, members };
    },
  };
}

export interface GroupMember {
  readonly group: string;
  readonly member: string;
  readonly generation: number;
}

export interface MemberAssignment {
  readonly member: string;
  readonly assignment: Buffer;
}

/**
 * SyncGroup 3. https://kafka.apache.org/protocol.html#The_Messages_SyncGroup
 *
 *   request:  group string, generation i32, member string, instance string?, [member string, assignment bytes]
 *   response: throttle i32, error i16, assignment bytes
 *
 * Only the leader sends `assignments`; for other members they are empty.
 */
export function syncGroup(
  { group, member, generation }: GroupMember,
  assignments: readonly MemberAssignment[],
): Call<{ readonly error: number; readonly assignment: Buffer }> {
  return {
    name: 'SyncGroup',
    key: 14,
    version: 3,
    flexible: false,
    write(writer) {
      writer.string(group).i32(generation).string(member).string(NO_INSTANCE);
      writer.array(assignments, (each) => writer.string(each.member).sizedBytes(each.assignment));
    },
    read(reader) {
      reader.throttle();
      return { error: reader.i16(), assignment: reader.sizedBytes() };
    },
  };
}

/**
 * Heartbeat 3; returns the error. https://kafka.apache.org/protocol.html#The_Messages_Heartbeat
 *
 *   request:  group string, generation i32, member string, instance string?
 *   response: throttle i32, error i16
 */
export function heartbeat({ group, member, generation }: GroupMember): Call<number> {
  return {
    name: 'Heartbeat',
    key: 12,
    version: 3,
    flexible: false,
    write: (writer) => void writer.string(group).i32(generation).string(member).string(NO_INSTANCE),
    read(reader) {
      reader.throttle();
      return reader.i16();
    },
  };
}

/**
 * LeaveGroup 3; returns the error. https://kafka.apache.org/protocol.html#The_Messages_LeaveGroup
 *
 *   request:  group string, [member string, instance string?]
 *   response: throttle i32, error i16, [member string, instance string?, error i16]
 */
export function leaveGroup(group: string, member: string): Call<number> {
  return {
    name: 'LeaveGroup',
    key: 13,
    version: 3,
    flexible: false,
    write: (writer) => void writer.string(group).array([member], (id) => writer.string(id).string(NO_INSTANCE)),
    read(reader) {
      reader.throttle();
      return reader.i16();
    },
  };
}

export interface DescribedGroup {
  readonly error: number;
  readonly group: string;
  readonly members: number;
}

/**
 * DescribeGroups 2. https://kafka.apache.org/protocol.html#The_Messages_DescribeGroups
 *
 *   request:  [group string]
 *   response: throttle i32, [error i16, group string, state string, protocol type string, protocol string,
 *             [member string, client string, host string, metadata bytes, assignment bytes]]
 */
export function describeGroups(groups: readonly string[]): Call<DescribedGroup[]> {
  return {
    name: 'DescribeGroups',
    key: 15,
    version: 2,
    flexible: false,
    write: (writer) => void writer.array(groups, (group) => writer.string(group)),
    read(reader) {
      reader.throttle();
      return reader.array(() => {
        const error = reader.i16();
        const group = reader.string();
        for (let text = 0; text < 3; text++) reader.nullableString();
        const members = reader.array(() => {
          for (let text = 0; text < 3; text++) reader.nullableString();
          reader.sizedBytes();
          reader.sizedBytes();
        });
        return { error, group, members: members.length };
      });
    },
  };
}
