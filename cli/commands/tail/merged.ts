/** Reads several partitions as one stream of records. It belongs to no consumer group and commits nothing. */
import type { LogRecord, Transport } from '../../../topics/log/transport.ts';

/** A stretch of one partition: from `next` up to but not including `end`. */
export interface Stretch {
  readonly partition: number;
  readonly next: number;
  readonly end: number;
}

const RECORDS_AT_ONCE = 256;
/** A backward read takes more records at once, the further back it goes. */
const MOST_AT_ONCE = 2048;

/** The records of several partitions as one stream: in offset order within each partition, and by time between partitions. */
export async function* merged(
  transport: Transport,
  topic: string,
  stretches: readonly Stretch[],
): AsyncGenerator<LogRecord> {
  const heads = stretches.map(({ partition, end }) => ({ partition, end, records: [] as LogRecord[], at: 0 }));
  const nexts = stretches.map(({ next }) => next);
  for (;;) {
    for (const [i, head] of heads.entries()) {
      const next = nexts[i] as number;
      if (head.at < head.records.length || next >= head.end) continue;
      const read = await transport.read(topic, head.partition, next, RECORDS_AT_ONCE);
      head.records = read.filter(({ offset }) => offset < head.end);
      head.at = 0;
      nexts[i] = (head.records.at(-1)?.offset ?? head.end) + 1;
    }
    const waiting = heads.filter(({ at, records }) => at < records.length);
    if (waiting.length === 0) return;
    const timeOf = (head: (typeof heads)[number]): number => head.records[head.at]?.timestamp ?? 0;
    const first = waiting.reduce((a, b) => (timeOf(b) < timeOf(a) ? b : a));
    yield first.records[first.at++] as LogRecord;
  }
}

/** The same backwards, the newest record first. It reads hardly more than is consumed. */
export async function* mergedBackwards(
  transport: Transport,
  topic: string,
  stretches: readonly Stretch[],
): AsyncGenerator<LogRecord> {
  const tails = stretches.map(({ partition, next, end }) => {
    return { partition, begin: next, end, records: [] as LogRecord[], atOnce: RECORDS_AT_ONCE };
  });
  for (;;) {
    for (const tail of tails) {
      while (tail.records.length === 0 && tail.end > tail.begin) {
        const next = Math.max(tail.begin, tail.end - tail.atOnce);
        tail.records = await allOf(transport, topic, { partition: tail.partition, next, end: tail.end });
        tail.end = next;
        tail.atOnce = Math.min(2 * tail.atOnce, MOST_AT_ONCE);
      }
    }
    const waiting = tails.filter(({ records }) => records.length > 0);
    if (waiting.length === 0) return;
    const timeOf = ({ records }: (typeof tails)[number]): number => records.at(-1)?.timestamp ?? 0;
    const last = waiting.reduce((a, b) => (timeOf(b) >= timeOf(a) ? b : a));
    yield last.records.pop() as LogRecord;
  }
}

async function allOf(transport: Transport, topic: string, { partition, next, end }: Stretch): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for (let from = next; from < end; ) {
    const read = await transport.read(topic, partition, from, end - from);
    // What is left may be transaction markers, which cannot be read.
    from = (read.at(-1)?.offset ?? end) + 1;
    records.push(...read.filter(({ offset }) => offset < end));
  }
  return records;
}
