/** Which records of each partition only the archive of a topic has, and whether any are missing there. */
import { TributaryError } from '../../core/errors.ts';
import type { Snapshot } from '../../sinks/delta/index.ts';
import type { Topic } from '../../topics/define.ts';
import { shortId } from '../../topics/log/origin.ts';
import { parseProgress } from '../../topics/log/progress.ts';
import type { Transport } from '../../topics/log/transport.ts';
import { archiveOf } from '../runtime/archive-source.ts';
import { nextOf, reachOf, wholeOf } from '../runtime/positions.ts';
import type { SegmentSource } from '../runtime/source.ts';
import type { ArchiveReader } from './archive-reader.ts';

export interface ArchivedPart {
  readonly partition: number;
  /** The first offset that can still be read in the topic. */
  readonly begin: number;
  /** The first offset that is in the archive but not in the topic; undefined if there is none. */
  readonly first: number | undefined;
  /** The archive has every record before this offset, as far as it reaches back. Undefined if nothing was ever archived. */
  readonly reach: number | undefined;
  /** From this offset on the archive has no gaps and also has records for one job alone. Undefined if no such offset is known. */
  readonly whole: number | undefined;
}

type Source = Pick<SegmentSource, 'name' | 'from'>;

interface Of {
  readonly transport: Transport;
  readonly topic: Topic;
  readonly snapshot: Snapshot;
  readonly reader: ArchiveReader;
  readonly signal: AbortSignal;
}

export interface ArchivedParts {
  /** The id of the current topic. Records of an earlier topic with the same name do not count. */
  readonly topicId: string;
  /** By partition. */
  readonly parts: readonly ArchivedPart[];
}

export async function archivedParts({ transport, topic, snapshot, reader, signal }: Of): Promise<ArchivedParts> {
  const { name: job } = archiveOf(topic);
  const [[info], committed] = await Promise.all([
    transport.describe([topic.name]),
    transport.committed(job, topic.name),
  ]);
  const topicId = shortId(info?.id);
  const extents = (await reader.extents(signal)).filter((each) => each.topicId === topicId);
  const parts = (info?.partitions ?? []).map(({ partition, begin }): ArchivedPart => {
    const of = { job, topic: topic.name, topicId, partition };
    const first = extents.find((each) => each.partition === partition)?.first;
    const next = nextOf(snapshot, of);
    const { offset, metadata, foreign } = committed[partition] ?? { offset: undefined, metadata: '', foreign: false };
    const group = offset === undefined || foreign ? undefined : { offset, ...parseProgress(metadata, offset) };
    return {
      partition,
      begin,
      first: first !== undefined && first < begin ? first : undefined,
      reach: next === undefined ? undefined : reachOf(next, group?.topicId === topicId ? group : undefined),
      whole: wholeOf(snapshot, of),
    };
  });
  return { topicId, parts };
}

/** Throws USAGE if rows of a job made from the archive and the topic would silently lack events. */
export async function checkWhole(
  { topicId, parts }: ArchivedParts,
  { topic, reader, signal }: Pick<Of, 'topic' | 'reader' | 'signal'>,
): Promise<void> {
  const archive = archiveOf(topic);
  for (const part of parts) {
    checkJoined(archive, part, part.begin);
    const { partition, begin, first, whole = begin } = part;
    if (first === undefined || first >= whole) continue;
    const day = await reader.lastDay({ topicId, partition, to: whole }, signal);
    throw new TributaryError(
      'USAGE',
      `${archive.name} is incomplete before offset ${whole} of partition ${partition}, up to ${day}: an earlier release left out records for one job alone, or the topic had lost records before they were archived. Rows made from it would silently lack them. Remove that part, with \`tributary rollup expire ${archive.name} --before ${dayAfter(day)} --yes\`, or make the rows from the topic alone`,
    );
  }
}

/** Throws USAGE if neither the archive nor the topic, which begins at `begin`, has some records. */
export function checkJoined({ name, from }: Source, { partition, reach }: ArchivedPart, begin: number): void {
  if (reach === undefined || reach >= begin) return;
  throw new TributaryError(
    'USAGE',
    `the records from offset ${reach} to ${begin - 1} of partition ${partition} are neither in ${from.name} nor in ${name}, which was behind: rows made from the two would silently lack them; let ${name} catch up and give the command again, or make the rows from the topic alone`,
  );
}

const DAY_MS = 86_400_000;

const dayAfter = (day: string | undefined): string =>
  day === undefined ? '<day>' : new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10);
