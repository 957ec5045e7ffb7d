/**
 * Whether channels may have been called for records that are not committed yet. Only the rows of the generation that made the calls know of
 * them and prevent a second call.
 */
import { callAnswered, DEFAULT_TENANT } from '../../../../core/event.ts';
import { shortId } from '../../../../topics/log/origin.ts';
import type { LogRecord } from '../../../../topics/log/transport.ts';
import type { Job } from '../../../define.ts';
import type { Runtime } from '../../stores.ts';
import { parseOutbox } from '../outbox.ts';
import { wantedOf } from '../plan.ts';
import { idOf } from '../rows.ts';
import { readableOf } from './readable.ts';
import { tableOf } from './state.ts';

const NONE_LEFT = () => false;

/** `next`: the offset at which the partition continues. Called while the partition has no owner. */
export async function isCallUnderWay(
  job: Job,
  generation: number,
  { stores, settings }: Runtime,
  { partition, next }: { partition: number; next: number },
): Promise<boolean> {
  if (!job.on.includes(callAnswered)) return false;
  const { transport, tables, codec } = stores;
  const table = await readableOf(tables, tableOf(job.row, generation));
  if (table === undefined) return false;
  const [shape] = await transport.shape([job.from.name]);
  const records = await transport.read(job.from.name, partition, next, settings.maxRecords);
  await codec.learn(records, wantedOf(job));
  const prefixes = new Map(records.map((record) => prefixOf(record)).map((prefix) => [idOf(prefix), prefix]));
  for (const prefix of prefixes.values()) {
    for (const { outbox } of await tables.under(table, prefix)) {
      const entries = parseOutbox(outbox, shortId(shape?.id), prefix[0], NONE_LEFT);
      if (entries.some((entry) => entry.kind === 'call' && entry.partition === partition && entry.offset >= next))
        return true;
    }
  }
  return false;

  /** The key prefix of the rows that the record may touch: tenant and key of the record. */
  function prefixOf(record: LogRecord): readonly [tenant: string, key: string] {
    const decoded = codec.decode(job.from, record, wantedOf(job));
    const tenant = decoded.kind === 'event' ? decoded.event.tenant : DEFAULT_TENANT;
    return [tenant, Buffer.from(record.key ?? '').toString()];
  }
}
