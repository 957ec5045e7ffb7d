/** Rebuilds the dedupe positions of a partition at an offset from the earlier records that the log still has. */
import { DedupePositions } from '../../../topics/log/dedupe-positions.ts';
import { FIRST_ORIGIN, parseLine, parseOrigin } from '../../../topics/log/origin.ts';
import type { Transport } from '../../../topics/log/transport.ts';
import { isUpstream } from '../upstreams.ts';

const RECORDS_AT_ONCE = 1000;

/**
 * For a group whose dedupe positions were lost or belong to another offset. The result is right for every line that has emitted something
 * within the topic's retention.
 */
export async function dedupeFromLog(
  transport: Transport,
  upstreams: ReadonlySet<string>,
  { topic, partition, offset }: { topic: string; partition: number; offset: number },
): Promise<DedupePositions> {
  const dedupe = DedupePositions.none();
  const [info] = await transport.describe([topic]);
  const end = Math.min(offset, info?.partitions[partition]?.end ?? 0);
  for (let next = info?.partitions[partition]?.begin ?? 0; next < end; ) {
    const records = await transport.read(topic, partition, next, RECORDS_AT_ONCE);
    next = (records.at(-1)?.offset ?? end) + 1;
    for (const record of records) {
      if (record.offset >= end) break;
      for (const header of [record.headers['ce_origin'], record.headers[FIRST_ORIGIN]]) {
        const origin = typeof header === 'string' ? parseOrigin(header) : undefined;
        if (origin === undefined) continue;
        if (isUpstream(upstreams, topic, parseLine(origin.line).upstream)) dedupe.pass(origin);
      }
    }
  }
  return dedupe;
}
