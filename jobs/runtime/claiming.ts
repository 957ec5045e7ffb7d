/** How a worker becomes the owner of a partition: a token above all others, a fence, and only then where to go on. */
import { Marks } from '../../topics/marks.ts';
import { ROUTED, shortId } from '../../topics/origin.ts';
import { formatProgress, type Progress, parseProgress } from '../../topics/progress.ts';
import type { Claim, Membership } from '../../topics/transport.ts';
import type { Job } from '../define.ts';
import { Elsewhere } from './elsewhere.ts';
import { marksFromLog } from './marks-from-log.ts';
import type { PartitionCounts } from './partition-counts.ts';
import type { PartitionCount, Place } from './records.ts';
import type { Rules } from './rules.ts';
import type { Runtime } from './stores.ts';

/** What an owner knows of its partition when it begins. */
export interface Claimed {
  readonly claim: Claim;
  readonly token: number;
  /** Of the job's topic, as `shortId` makes it. */
  readonly topicId: string;
  readonly partitions: PartitionCount;
  readonly elsewhere: Elsewhere;
  /** The offset to go on at. */
  readonly next: number;
  /** The largest offset that was committed before. */
  readonly furthest: number;
  readonly marks: Marks;
  /** What is committed beside an offset. */
  readonly progress: (offset: number, marks: Marks) => string;
}

export interface Claimer {
  readonly job: Job;
  readonly place: Place;
  readonly membership: Membership;
  readonly runtime: Runtime;
  readonly rules: Rules;
  readonly counts: PartitionCounts;
}

/** `above`: the token of a row that stopped an earlier claim; 0 if none did. */
export async function claimPartition(claimer: Claimer, above: number): Promise<Claimed> {
  const { membership, runtime, place, rules, counts } = claimer;
  const { tables, transport } = runtime.stores;
  const { job, topic, partition } = place;
  const counted = await counts.read(transport);
  // Throws if the topic is missing.
  counted(topic);
  for (let floor = above; ; ) {
    const token = await tables.claim(job, topic, partition, floor);
    const claim = await membership.claim(partition);
    try {
      // Somebody with a larger token may have fenced before us and be fenced by us now: its rows are newer than ours would be.
      const newest = await tables.token(job, topic, partition);
      const before = progressOf(claim);
      const isNewest = newest === token || !rules.tokenAgain;
      if (isNewest && before.token < token) {
        const partitions = (name: string) => (name === topic ? claim.shape.partitions : counted(name));
        return { ...(await begin(claimer, claim, token, before)), partitions };
      }
      // The tables have lost their claims, or were restored: what was written since is of larger tokens than those.
      if (before.token >= token) floor = await largestToken(runtime, place);
    } catch (error) {
      await claim.close();
      throw error;
    }
    await claim.close();
  }
}

/** What whoever came before has committed; nothing yet for a group that never did. */
function progressOf({ committed }: Claim): Progress {
  const { offset, marks } = committed;
  if (offset === undefined) return { topicId: '', furthest: 0, token: 0, partitions: 0, marks: Marks.none() };
  return parseProgress(marks, offset);
}

async function largestToken({ stores }: Runtime, { job, topic }: Place): Promise<number> {
  const committed = await stores.transport.committed(job, topic);
  const tokens = committed.map(({ offset, marks }) => (offset === undefined ? 0 : parseProgress(marks, offset).token));
  return Math.max(...tokens);
}

async function begin(
  claimer: Claimer,
  claim: Claim,
  token: number,
  before: Progress,
): Promise<Omit<Claimed, 'partitions'>> {
  const { runtime, place } = claimer;
  const { telemetry, stores } = runtime;
  const { begin: first, committed, shape } = claim;
  const topicId = shortId(shape.id);
  const isOfAnother = before.topicId !== '' && topicId !== '' && before.topicId !== topicId;
  const offset = isOfAnother ? undefined : committed.offset;
  if (isOfAnother) telemetry.tell({ ...place, kind: 'topic-remade', offset: first });
  if (offset !== undefined && offset < first) {
    telemetry.tell({ ...place, kind: 'records-lost', from: offset, to: first });
  }
  if (before.partitions !== 0 && before.partitions !== shape.partitions) {
    telemetry.tell({ ...place, kind: 'expanded', from: before.partitions, to: shape.partitions });
  }
  const next = Math.max(offset ?? first, first);
  const marks = await marksOf(claimer, claim, before, next);
  telemetry.tell({ ...place, kind: 'claimed', token, offset: next });
  const furthest = isOfAnother ? 0 : before.furthest;
  const partitions = before.partitions === 0 ? shape.partitions : before.partitions;
  return {
    claim,
    token,
    topicId,
    elsewhere: new Elsewhere(place, stores.transport),
    next,
    furthest,
    marks,
    progress: (to, seen) =>
      formatProgress({ topicId, furthest: Math.max(furthest, to), token, partitions, marks: seen }),
  };
}

/** Those of whoever came before, without the lines that nobody will say anything of any more. */
async function marksOf({ job, runtime, place }: Claimer, claim: Claim, before: Progress, next: number): Promise<Marks> {
  const { stores, telemetry } = runtime;
  const speakers = runtime.speakers(job.from.name);
  if (claim.committed.foreign) {
    telemetry.tell({ ...place, kind: 'offset-foreign', offset: next });
    return marksFromLog(stores.transport, speakers, place.topic, place.partition, next);
  }
  const marks = before.marks.copy();
  if (marks.size === 0) return marks;
  const topics = [...new Set(marks.lines().map(({ topic }) => topic))];
  const ids = new Map((await stores.transport.shape(topics)).map(({ name, id }) => [name, shortId(id)]));
  marks.prune(({ speaker, topic, topicId }) => {
    const isKnown = speakers.has(speaker) || speaker === `${ROUTED}/${place.topic}`;
    const id = ids.get(topic) ?? '';
    return isKnown && (topicId === '' || id === '' || topicId === id);
  });
  return marks;
}
