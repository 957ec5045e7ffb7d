/** Decides which member gets which partition, and encodes subscriptions and assignments. */
import { ByteReader, ByteWriter } from '../wire/bytes.ts';

export interface MemberState {
  readonly id: string;
  /** The partitions that the member owns; it keeps them during the rebalance. */
  readonly owned: readonly number[];
  /**
   * The generation in which the member got them. If two members name a partition, the one with the later
   * generation owns it.
   */
  readonly generation: number;
  /** The member is leaving, and is assigned nothing more. */
  readonly leaving: boolean;
}

/**
 * The partitions of each member, by its id. In the end the members' counts differ by at most one,
 * and a partition stays with its member unless that member has too many. A partition that has to
 * move is assigned to nobody while it has an owner: its member revokes it and joins again, and the
 * next rebalance assigns it (the cooperative protocol of KIP-429).
 */
export function assign(partitions: readonly number[], members: readonly MemberState[]): Map<string, number[]> {
  const owners = ownersOf(members);
  const staying = members.filter(({ leaving }) => !leaving).sort((a, b) => (a.id < b.id ? -1 : 1));
  const targets = targetsOf(partitions, owners, staying);
  const assigned = new Map(members.map(({ id }) => [id, [] as number[]]));
  for (const partition of partitions) {
    const target = targets.get(partition);
    const owner = owners.get(partition);
    if (target !== undefined && (owner === undefined || owner === target)) assigned.get(target)?.push(partition);
  }
  return assigned;
}

function ownersOf(members: readonly MemberState[]): Map<number, string> {
  const owners = new Map<number, string>();
  for (const { id, owned } of [...members].sort((a, b) => a.generation - b.generation)) {
    for (const partition of owned) owners.set(partition, id);
  }
  return owners;
}

function targetsOf(
  partitions: readonly number[],
  owners: ReadonlyMap<number, string>,
  staying: readonly MemberState[],
): Map<number, string> {
  const targets = new Map<number, string>();
  if (staying.length === 0) return targets;
  const ownedBy = (id: string) => partitions.filter((partition) => owners.get(partition) === id);
  const fullestFirst = staying
    .map(({ id }) => ({ id, owned: ownedBy(id) }))
    .sort((a, b) => b.owned.length - a.owned.length);
  const share = Math.floor(partitions.length / staying.length);
  const larger = partitions.length % staying.length;
  const missing: string[] = [];
  fullestFirst.forEach(({ id, owned }, i) => {
    const count = share + (i < larger ? 1 : 0);
    const kept = owned.slice(0, count);
    for (const partition of kept) targets.set(partition, id);
    for (let more = kept.length; more < count; more++) missing.push(id);
  });
  for (const partition of partitions) {
    if (!targets.has(partition)) targets.set(partition, missing.shift() as string);
  }
  return targets;
}

/**
 * The version of both formats. They are the formats of Kafka's own consumers, so that its tools can show
 * them.
 */
const FORMAT = 0;

/**
 * ConsumerProtocolSubscription 0: version i16, topics [string], user data bytes. Our user data: generation i32, leaving bool,
 * owned [i32]. https://github.com/apache/kafka/blob/trunk/clients/src/main/resources/common/message/ConsumerProtocolSubscription.json
 */
export interface Subscription {
  readonly topic: string;
  readonly owned: readonly number[];
  readonly generation: number;
  readonly leaving: boolean;
}

export function encodeSubscription({ topic, owned, generation, leaving }: Subscription): Buffer {
  const userData = new ByteWriter().i32(generation).bool(leaving);
  userData.array(owned, (partition) => userData.i32(partition));
  const writer = new ByteWriter().i16(FORMAT);
  writer.array([topic], (name) => writer.string(name));
  return writer.sizedBytes(userData.written).written;
}

export function decodeSubscription(bytes: Buffer): Subscription {
  const reader = new ByteReader(bytes);
  reader.i16();
  const [topic = ''] = reader.array(() => reader.string());
  reader.i32();
  const generation = reader.i32();
  const leaving = reader.bool();
  return { topic, generation, leaving, owned: reader.array(() => reader.i32()) };
}

/**
 * ConsumerProtocolAssignment 0: version i16, [topic string, partitions [i32]], user data bytes.
 * https://github.com/apache/kafka/blob/trunk/clients/src/main/resources/common/message/ConsumerProtocolAssignment.json
 */
export function encodeAssignment(topic: string, partitions: readonly number[]): Buffer {
  const writer = new ByteWriter().i16(FORMAT);
  writer.array([topic], (name) => {
    writer.string(name).array(partitions, (partition) => writer.i32(partition));
  });
  return writer.i32(0).written;
}

/** The partitions of the topic. */
export function decodeAssignment(bytes: Buffer, topic: string): number[] {
  if (bytes.length === 0) return [];
  const reader = new ByteReader(bytes);
  reader.i16();
  const topics = reader.array(() => ({ name: reader.string(), partitions: reader.array(() => reader.i32()) }));
  return topics.flatMap(({ name, partitions }) => (name === topic ? partitions : []));
}
