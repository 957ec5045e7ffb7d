/** Emits events about this installation, all or none. */

import { partitionCountOf } from '../../jobs/runtime/partition-counts.ts';
import type { OwnEvent } from '../../reports/worker/announcing.ts';
import { newRecord } from '../../topics/codec/new-record.ts';
import type { NewRecord } from '../../topics/log/transport.ts';
import type { Wired } from '../stores/wiring.ts';

const SOURCE = '/tributary/reports';

type Stores = Pick<Wired, 'platform' | 'stores'>;

export async function emitEvents(wired: Stores, events: readonly OwnEvent[], now: number): Promise<void> {
  const records = await recordsOf(wired, events, now);
  if (records.length > 0) await wired.stores.transport.produce(records);
}

/** An event that belongs to no topic of the platform is left out: a platform with other modules may not need it. */
export async function recordsOf(
  { platform, stores }: Stores,
  events: readonly OwnEvent[],
  now: number,
): Promise<NewRecord[]> {
  const { transport, codec } = stores;
  const records: NewRecord[] = [];
  for (const event of events) {
    const topic = platform.topics.find(({ events: defs }) => defs.includes(event.def));
    if (topic === undefined) continue;
    const partitions = await partitionCountOf(transport, topic.name);
    const record = newRecord({ ...event, source: SOURCE }, { topic, partitions, codec, now });
    records.push({ ...record, headers: { ...record.headers, ...event.trace } });
  }
  return records;
}
