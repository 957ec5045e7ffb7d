/** The offset and commit of a job's group in each partition of its topic. */
import { shortId } from '../../../topics/log/origin.ts';
import { nothing, type Progress, parseProgress } from '../../../topics/log/progress.ts';
import type { Committed, PartitionInfo, Transport } from '../../../topics/log/transport.ts';
import type { Work } from '../work.ts';

export interface Standing {
  readonly info: PartitionInfo;
  readonly committed: Committed;
  readonly progress: Progress;
  /** Whether the offset belongs to a topic of the same name that has since been deleted. */
  readonly isOfAnother: boolean;
}

export interface Standings {
  /** As `shortId` makes it. */
  readonly topicId: string;
  readonly partitions: readonly Standing[];
}

/** Throws FORMAT_NEWER and TOPIC_MISSING. */
export async function standingsOf({ name, from }: Work, transport: Transport): Promise<Standings> {
  const committed = await transport.committed(name, from.name);
  const [topic] = await transport.describe([from.name]);
  const topicId = shortId(topic?.id);
  const partitions = (topic?.partitions ?? []).map((info, i): Standing => {
    const one = committed[i] ?? { offset: undefined, metadata: '', foreign: false };
    const progress = one.offset === undefined ? nothing() : parseProgress(one.metadata, one.offset);
    const isOfAnother = progress.topicId !== '' && topicId !== '' && progress.topicId !== topicId;
    return { info, committed: one, progress, isOfAnother };
  });
  return { topicId, partitions };
}
