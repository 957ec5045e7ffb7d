/** Every record of a topic, for who counts or searches: partition by partition, up to the end as it was at the beginning. */
import type { LogRecord, Transport } from './transport.ts';

const RECORDS_AT_ONCE = 500;

/** None if there is no such topic. Aborted between two reads. */
export async function* allRecords(
  transport: Pick<Transport, 'describe' | 'read'>,
  topic: string,
  signal?: AbortSignal,
): AsyncGenerator<LogRecord> {
  const [info] = await transport.describe([topic]);
  for (const { partition, begin, end } of info?.partitions ?? []) {
    for (let next = begin; next < end; ) {
      signal?.throwIfAborted();
      const records = await transport.read(topic, partition, next, RECORDS_AT_ONCE);
      next = (records.at(-1)?.offset ?? end) + 1;
      yield* records;
    }
  }
}
