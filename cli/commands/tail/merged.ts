/** Several partitions as one stream of records. It belongs to no consumer group and moves nothing. */
import type { LogRecord, Transport } from '../../../topics/log/transport.ts';

/** A stretch of one partition: from `next` up to but not including `end`. */
export interface Stretch {
  readonly partition: number;
  readonly next: number;
  readonly end: number;
}

const RECORDS_AT_ONCE = 256;

/** The records of several partitions as one stream: in the order of each partition, and among them by time. */
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
