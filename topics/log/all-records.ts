/** Every record of a topic, for counting or searching: one partition after the other, up to the ends at the time of the call. */
import type { LogRecord, Transport } from './transport.ts';

const RECORDS_AT_ONCE = 500;

/** No records if there is no such topic. `signal` is checked between reads. */
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
