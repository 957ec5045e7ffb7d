/** The number of dead letters in each topic, by job and code, whether or not they were resolved. */
import { DEAD_LETTER } from '../../jobs/runtime/dead-letter.ts';
import type { DeadLetterCount } from '../../reports/define-report.ts';
import { deadLetterTopic, type Topic } from '../../topics/define.ts';
import { allRecords } from '../../topics/log/all-records.ts';
import type { LogRecord, Transport } from '../../topics/log/transport.ts';

export async function deadLetterCounts(
  transport: Pick<Transport, 'describe' | 'read'>,
  topics: readonly Topic[],
): Promise<DeadLetterCount[]> {
  const counts = new Map<string, DeadLetterCount>();
  for (const { name: topic } of topics) {
    for await (const record of allRecords(transport, deadLetterTopic(topic))) add(counts, topic, record);
  }
  return [...counts.values()];
}

/** Records without a code are markers of resolutions. */
function add(counts: Map<string, DeadLetterCount>, topic: string, { headers, timestamp }: LogRecord): void {
  const [job, code] = [headers[DEAD_LETTER.job], headers[DEAD_LETTER.code]];
  if (typeof job !== 'string' || typeof code !== 'string') return;
  const key = JSON.stringify([topic, job, code]);
  const before = counts.get(key);
  counts.set(key, {
    topic,
    job,
    code,
    count: (before?.count ?? 0) + 1,
    oldestAt: Math.min(before?.oldestAt ?? timestamp, timestamp),
    newestAt: Math.max(before?.newestAt ?? timestamp, timestamp),
  });
}
