/** Where `tributary tail` begins to read a topic: at its newest records, at an offset, or at a time. */
import type { LogRecord, PartitionInfo } from '../../../topics/log/transport.ts';
import type { Context } from '../../context.ts';
import { usage } from '../../errors.ts';
import { mergedBackwards, type Stretch } from './merged.ts';

export interface Where {
  readonly topic: string;
  readonly partition?: number | null;
  readonly fromBeginning: boolean;
  /** From this offset on, in one partition. */
  readonly offset?: number | null;
  /** From the first record of this time on, in ms since 1970 UTC. */
  readonly since?: number | null;
}

export const isNewest = ({ fromBeginning, offset, since }: Where): boolean =>
  !fromBeginning && (offset ?? null) === null && (since ?? null) === null;

/** The chosen partitions in their current state. */
export async function partitionsOf({ wired }: Context, { topic, partition }: Where): Promise<readonly PartitionInfo[]> {
  const [info] = await wired.stores.transport.describe([topic]);
  if (info === undefined) throw usage(`there is no topic ${topic} in the log; \`tributary up\` makes it`);
  if ((partition ?? null) === null) return info.partitions;
  const one = info.partitions.filter((each) => each.partition === partition);
  if (one.length > 0) return one;
  throw usage(`${topic} has the partitions 0 to ${info.partitions.length - 1}, and no ${partition}`);
}

export async function stretchesFrom(context: Context, where: Where): Promise<Stretch[]> {
  const { transport } = context.wired.stores;
  const { topic, offset, since } = where;
  const stretches: Stretch[] = [];
  for (const { partition, begin, end } of await partitionsOf(context, where)) {
    const at = (since ?? null) === null ? begin : await transport.offsetAt(topic, partition, since as number);
    stretches.push({ partition, next: Math.max(begin, offset ?? at), end });
  }
  return stretches;
}

export interface Newest {
  readonly limit: number;
  readonly passes: (record: LogRecord) => Promise<boolean>;
  /** Called for each record that is read. Returning false ends the search. */
  readonly looked: () => boolean;
}

/**
 * The newest records that pass, from all partitions together, so a partition may have none of them. The search goes backwards from the end.
 * Undefined if `looked` ended it.
 */
export async function newestStretches(
  context: Context,
  where: Where,
  { limit, passes, looked }: Newest,
): Promise<Stretch[] | undefined> {
  const partitions = await partitionsOf(context, where);
  const whole = partitions.map(({ partition, begin, end }) => ({ partition, next: begin, end }));
  const nexts = new Map<number, number>();
  let found = 0;
  for await (const record of mergedBackwards(context.wired.stores.transport, where.topic, whole)) {
    context.signal.throwIfAborted();
    if (!looked()) return undefined;
    if (!(await passes(record))) continue;
    nexts.set(record.partition, record.offset);
    found += 1;
    if (found === limit) break;
  }
  return partitions.map(({ partition, end }) => ({ partition, next: nexts.get(partition) ?? end, end }));
}
