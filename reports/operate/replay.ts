/** Sends archived events to a topic again, unchanged and with the same identity, in the order of partition and offset. */
import { messageOf } from '../../core/errors.ts';
import type { EventDef } from '../../core/event.ts';
import { avroHeaders, type Codec } from '../../topics/codec/codec.ts';
import type { Topic } from '../../topics/define.ts';
import { partitionOfText } from '../../topics/log/partition.ts';
import type { NewRecord, Transport } from '../../topics/log/transport.ts';
import { defsOf, isBroadcast } from '../archive/columns.ts';
import type { Archived, ArchiveReader } from './archive-reader.ts';

const BATCH = 1000;
const MOST_PROBLEMS = 20;

/** The position of a replay: everything up to and including it was sent. */
export interface ReplayPosition {
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
}

export interface ReplayOptions {
  readonly reader: ArchiveReader;
  readonly into: Topic;
  readonly codec: Codec;
  readonly transport: Transport;
  /** The timestamp of the records, in ms since 1970 UTC. */
  readonly now: () => number;
  /** An earlier replay sent everything up to and including this. */
  readonly after: ReplayPosition | undefined;
  readonly signal: AbortSignal;
  readonly progress: (events: number, at: ReplayPosition) => void;
}

export interface Replayed {
  readonly events: number;
  readonly records: number;
  /** The number of events that could not be sent, and examples of reasons. */
  readonly leftOut: number;
  readonly problems: readonly string[];
}

export async function replayArchive(options: ReplayOptions): Promise<Replayed> {
  const { reader, into, codec, transport, now, signal, progress } = options;
  const [shape] = await transport.shape([into.name]);
  const partitions = shape?.partitions ?? into.partitions;
  const defs = new Map(defsOf(into).map((def) => [def.type, def]));
  let [events, records, leftOut] = [0, 0, 0];
  const problems: string[] = [];
  let batch: NewRecord[] = [];

  async function flush(at: ReplayPosition): Promise<void> {
    if (batch.length > 0) await transport.produce(batch);
    records += batch.length;
    batch = [];
    progress(events, at);
  }

  for (const { topicId, partition, first, last } of await reader.extents(signal)) {
    const { after } = options;
    let from = first;
    if (after !== undefined && after.topicId === topicId) {
      if (partition < after.partition) continue;
      if (partition === after.partition) from = after.offset + 1;
    }
    for await (const some of reader.read({ topicId, partition, from, to: last + 1 }, signal)) {
      for (const archived of some) {
        signal.throwIfAborted();
        // Every partition has a copy of a broadcast. The copy of partition 0 is sent to all.
        if (archived.broadcast && archived.partition !== 0) continue;
        const made = recordsFor(archived, { into, defs, codec, partitions, timestamp: now() });
        if (typeof made === 'string') {
          leftOut += 1;
          if (problems.length < MOST_PROBLEMS) problems.push(`${partition}/${archived.offset}: ${made}`);
          continue;
        }
        events += 1;
        batch.push(...made);
        if (batch.length >= BATCH) await flush(archived);
      }
    }
    await flush({ topicId, partition, offset: last });
  }
  return { events, records, leftOut, problems };
}

interface Into {
  readonly into: Topic;
  readonly defs: ReadonlyMap<string, EventDef>;
  readonly codec: Codec;
  readonly partitions: number;
  readonly timestamp: number;
}

/** The records of an event, or the reason why there are none. */
function recordsFor(
  { type, id, source, time, tenant, origin, subject, key, data }: Archived,
  { into, defs, codec, partitions, timestamp }: Into,
): NewRecord[] | string {
  const def = defs.get(type);
  if (def === undefined) return `${into.name} has no event ${type}`;
  const checked = codec.check(def, data);
  if (!checked.ok) return checked.problem;
  let value: Uint8Array;
  try {
    value = codec.encode(into.name, def, checked.value as Readonly<Record<string, unknown>>);
  } catch (error) {
    return messageOf(error);
  }
  const envelope = { id, source, time, tenant, ...(origin !== undefined && { origin }) };
  const headers = { ...avroHeaders(type, envelope), ...(subject !== undefined && { ce_subject: subject }) };
  const base = { topic: into.name, value, headers, timestamp };
  if (isBroadcast(into, type) || key === null) {
    return Array.from({ length: partitions }, (_, partition) => ({ ...base, partition, key: null }));
  }
  return [{ ...base, partition: partitionOfText(key, partitions), key: Buffer.from(key) }];
}
