/** Where the reading of a topic begins, for `tributary tail`: at its newest records, or from somewhere on. */
import type { LogRecord, PartitionInfo } from '../../../topics/log/transport.ts';
import type { Context } from '../../context.ts';
import { usage } from '../../errors.ts';
import { merged, type Stretch } from './merged.ts';

export interface Where {
  readonly topic: string;
  readonly partition?: number | null;
  readonly fromBeginning: boolean;
  /** From this one on; of one partition. */
  readonly offset?: number | null;
  /** From the first record of that time on, in ms since 1970 UTC. */
  readonly since?: number | null;
}

export const isNewest = ({ fromBeginning, offset, since }: Where): boolean =>
  !fromBeginning && (offset ?? null) === null && (since ?? null) === null;

/** The partitions that were asked for, as they are now. */
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

/** The newest records that pass: those of all partitions together, so that one may have none of them. */
export async function newestStretches(
  context: Context,
  where: Where,
  limit: number,
  passes: ((record: LogRecord) => Promise<boolean>) | undefined,
): Promise<Stretch[]> {
  const partitions = await partitionsOf(context, where);
  const reads = partitions.map(({ partition, begin, end }) => {
    return { partition, next: passes === undefined ? Math.max(begin, end - limit) : begin, end };
  });
  let newest: { readonly partition: number; readonly offset: number }[] = [];
  for await (const record of merged(context.wired.stores.transport, where.topic, reads)) {
    context.signal.throwIfAborted();
    if (passes !== undefined && !(await passes(record))) continue;
    newest.push({ partition: record.partition, offset: record.offset });
    if (newest.length >= 2 * limit) newest = newest.slice(-limit);
  }
  newest = newest.slice(-limit);
  return partitions.map(({ partition, end }) => {
    return { partition, next: newest.find((each) => each.partition === partition)?.offset ?? end, end };
  });
}
