/** Who gets which partition, and the bytes by which members of a group say what they have and are told what they get. */
import { ByteReader, ByteWriter } from '../wire/bytes.ts';

export interface MemberState {
  readonly id: string;
  /** What it has; it keeps that while the group is divided anew. */
  readonly held: readonly number[];
  /** Of the division by which it got what it has: of two that claim a partition, the one that was told last has it. */
  readonly generation: number;
  /** It is about to go and takes nothing more. */
  readonly leaving: boolean;
}

/**
 * What each member gets, by its id. No member is to have two more than another, and a partition stays with its member unless that
 * one has too many. A partition that moves is given to nobody as long as somebody has it: its member lets go of it, says so,
 * and the group is divided once more.
 */
export function divide(partitions: readonly number[], members: readonly MemberState[]): Map<string, number[]> {
  const holders = holdersOf(members);
  const staying = members.filter(({ leaving }) => !leaving).sort((a, b) => (a.id < b.id ? -1 : 1));
  const targets = targetsOf(partitions, holders, staying);
  const given = new Map(members.map(({ id }) => [id, [] as number[]]));
  for (const partition of partitions) {
    const target = targets.get(partition);
    const holder = holders.get(partition);
    if (target !== undefined && (holder === undefined || holder === target)) given.get(target)?.push(partition);
  }
  return given;
}

function holdersOf(members: readonly MemberState[]): Map<number, string> {
  const holders = new Map<number, string>();
  for (const { id, held } of [...members].sort((a, b) => a.generation - b.generation)) {
    for (const partition of held) holders.set(partition, id);
  }
  return holders;
}

function targetsOf(
  partitions: readonly number[],
  holders: ReadonlyMap<number, string>,
  staying: readonly MemberState[],
): Map<number, string> {
  const targets = new Map<number, string>();
  if (staying.length === 0) return targets;
  const heldBy = (id: string) => partitions.filter((partition) => holders.get(partition) === id);
  const fullestFirst = staying
    .map(({ id }) => ({ id, held: heldBy(id) }))
    .sort((a, b) => b.held.length - a.held.length);
  const share = Math.floor(partitions.length / staying.length);
  const larger = partitions.length % staying.length;
  const missing: string[] = [];
  fullestFirst.forEach(({ id, held }, i) => {
    const count = share + (i < larger ? 1 : 0);
    const kept = held.slice(0, count);
    for (const partition of kept) targets.set(partition, id);
    for (let more = kept.length; more < count; more++) missing.push(id);
  });
  for (const partition of partitions) {
    if (!targets.has(partition)) targets.set(partition, missing.shift() as string);
  }
  return targets;
}

/** Of Kafka's own format for consumers: its tools show what they read in it. https://kafka.apache.org/protocol.html */
const FORMAT = 0;

export interface Subscription {
  readonly topic: string;
  readonly held: readonly number[];
  readonly generation: number;
  readonly leaving: boolean;
}

export function encodeSubscription({ topic, held, generation, leaving }: Subscription): Buffer {
  const own = new ByteWriter()
    .i32(generation)
    .bool(leaving)
    .array(held, () => {});
  for (const partition of held) own.i32(partition);
  const writer = new ByteWriter().i16(FORMAT);
  writer.array([topic], (name) => writer.string(name));
  return writer.i32(own.length).raw(own.written).written;
}

export function decodeSubscription(bytes: Buffer): Subscription {
  const reader = new ByteReader(bytes);
  reader.i16();
  const [topic = ''] = reader.array(() => reader.string());
  reader.i32();
  const generation = reader.i32();
  const leaving = reader.bool();
  return { topic, generation, leaving, held: reader.array(() => reader.i32()) };
}

export function encodeAssignment(topic: string, partitions: readonly number[]): Buffer {
  const writer = new ByteWriter().i16(FORMAT);
  writer.array([topic], (name) => {
    writer.string(name).array(partitions, (partition) => writer.i32(partition));
  });
  return writer.i32(0).written;
}

/** What is assigned of the topic. */
export function decodeAssignment(bytes: Buffer, topic: string): number[] {
  if (bytes.length === 0) return [];
  const reader = new ByteReader(bytes);
  reader.i16();
  const topics = reader.array(() => ({ name: reader.string(), partitions: reader.array(() => reader.i32()) }));
  return topics.flatMap(({ name, partitions }) => (name === topic ? partitions : []));
}
