/**
 * How a process becomes the owner of a partition. It takes a token above all others and fences the old owner. Only then does it read the
 * current generation of the rows and the offset at which to continue.
 */
import type { DedupePositions } from '../../../topics/log/dedupe-positions.ts';
import { shortId } from '../../../topics/log/origin.ts';
import { formatProgress, nothing, type Progress, parseProgress, type Within } from '../../../topics/log/progress.ts';
import type { Claim, Membership } from '../../../topics/log/transport.ts';
import type { Job } from '../../define.ts';
import type { Assignment, PartitionCount } from '../assignment.ts';
import { dedupeFromLog } from '../offsets/dedupe-from-log.ts';
import type { GroupProgress } from '../offsets/group-progress.ts';
import type { PartitionCounts } from '../partition-counts.ts';
import type { Runtime } from '../stores.ts';
import { isUpstream } from '../upstreams.ts';
import { checkGeneration } from './generations/state.ts';
import { OtherPartitions } from './other-partitions.ts';
import type { Rules } from './rules.ts';

/** What an owner knows about its partition at the start of a claim. */
export interface Claimed {
  readonly claim: Claim;
  readonly token: number;
  /** Of the job's topic, as made by `shortId`. */
  readonly topicId: string;
  readonly partitions: PartitionCount;
  readonly otherPartitions: OtherPartitions;
  /** The offset at which to continue. */
  readonly next: number;
  /** The largest offset that was committed before. */
  readonly furthest: number;
  readonly dedupe: DedupePositions;
  /** How far the record at `next` was applied, if it finds more rows than fit into one batch. */
  readonly within: Within | undefined;
  /** The partitions under which rows of this partition may be stored. */
  readonly stored: readonly number[];
  /** The metadata to commit with an offset. */
  readonly progress: (
    offset: number,
    dedupe: DedupePositions,
    within: Within | undefined,
    behind: ReadonlyMap<string, number>,
  ) => string;
  /** The views that were behind at the last commit: see `Progress`. */
  readonly behind: ReadonlyMap<string, number>;
}

export interface Claimer {
  readonly job: Job;
  readonly assignment: Assignment;
  readonly membership: Membership;
  readonly runtime: Runtime;
  readonly rules: Rules;
  readonly counts: PartitionCounts;
  readonly group: Pick<GroupProgress, 'read'>;
}

/** `above`: the token of the row that stopped an earlier claim; 0 if none did. */
export async function claimPartition(claimer: Claimer, above: number): Promise<Claimed> {
  const { membership, runtime, assignment, rules, counts, group } = claimer;
  const { tables, transport } = runtime.stores;
  const { job, topic, partition } = assignment;
  const counted = await counts.read(transport);
  // Throws if the topic is missing.
  counted(topic);
  for (let floor = above; ; ) {
    const token = await tables.claim(job, topic, partition, floor);
    const claim = await membership.claim(partition);
    try {
      // An owner with a larger token may have fenced before us, and we have just fenced it. Its rows are newer than ours would be.
      const newest = await tables.token(job, topic, partition);
      const before = progressOf(claim);
      const isNewest = newest === token || !rules.tokenAgain;
      if (isNewest && before.token < token) {
        await checkGeneration(tables, claimer.job);
        const partitions = (name: string) => (name === topic ? claim.shape.partitions : counted(name));
        return { ...(await begin(claimer, claim, token, before)), partitions };
      }
      // The tables have lost their claims or were restored, and rows may have been written with larger tokens since.
      if (before.token >= token) floor = Math.max(...(await group.read()).map(({ progress }) => progress.token));
    } catch (error) {
      await claim.close();
      throw error;
    }
    await claim.close();
  }
}

/** What earlier owners have committed; empty if the group never committed. */
function progressOf({ committed }: Claim): Progress {
  const { offset, metadata } = committed;
  return offset === undefined ? nothing() : parseProgress(metadata, offset);
}

async function begin(
  claimer: Claimer,
  claim: Claim,
  token: number,
  before: Progress,
): Promise<Omit<Claimed, 'partitions'>> {
  const { runtime, assignment, group } = claimer;
  const { telemetry, stores } = runtime;
  const { begin: first, committed, shape } = claim;
  const topicId = shortId(shape.id);
  const isOfAnother = before.topicId !== '' && topicId !== '' && before.topicId !== topicId;
  const offset = isOfAnother ? undefined : committed.offset;
  if (isOfAnother) {
    telemetry.tell({ ...assignment, kind: 'topic-remade', offset: first });
    for (const [view, from] of before.behind)
      telemetry.tell({ ...assignment, kind: 'view-missed', view, from, to: first });
  }
  if (offset !== undefined && offset < first) {
    telemetry.tell({ ...assignment, kind: 'records-lost', from: offset, to: first });
  }
  if (before.partitions !== 0 && before.partitions !== shape.partitions) {
    telemetry.tell({ ...assignment, kind: 'expanded', from: before.partitions, to: shape.partitions });
  }
  const next = Math.max(offset ?? first, first);
  if (isOfAnother) claim.seek(next);
  const dedupe = await dedupeOf(claimer, claim, before, next);
  telemetry.tell({ ...assignment, kind: 'claimed', token, offset: next });
  const furthest = isOfAnother ? 0 : before.furthest;
  const partitions = before.partitions === 0 ? shape.partitions : before.partitions;
  const base = await baseOf(claimer, claim, before);
  const behind: Claimed['behind'] = isOfAnother ? new Map() : before.behind;
  const progress: Claimed['progress'] = (offset, seen, within, views) => {
    const largest = Math.max(furthest, offset);
    const now = { topicId, furthest: largest, token, partitions, base, dedupe: seen, behind: views, within };
    return formatProgress(now, offset);
  };
  // Committed at once, even without records to read: the log may delete the records that the dedupe positions were made from.
  if (committed.foreign) {
    await claim.commit({ records: [], offset: next, metadata: progress(next, dedupe, undefined, behind) });
  }
  return {
    claim,
    token,
    topicId,
    otherPartitions: new OtherPartitions(assignment, stores.transport, group),
    next,
    furthest,
    dedupe,
    within: next === committed.offset && !isOfAnother ? before.within : undefined,
    stored: base === shape.partitions ? [assignment.partition] : [...Array(shape.partitions).keys()],
    behind,
    progress,
  };
}

/**
 * How many partitions the topic had when the group began. Rows may still be stored under the partition that they had then. A partition
 * without a commit takes the number from the others. If another tool has expanded the topic, rows may have moved to any partition.
 */
async function baseOf({ group }: Claimer, { committed, shape }: Claim, before: Progress): Promise<number> {
  if (committed.offset !== undefined) return before.base;
  const others = (await group.read()).filter(({ offset }) => offset !== undefined);
  return Math.min(shape.partitions, ...others.map(({ progress }) => progress.base));
}

/** The dedupe positions of earlier owners, without lines on which no job emits any more. */
async function dedupeOf(
  { job, runtime, assignment }: Claimer,
  claim: Claim,
  before: Progress,
  next: number,
): Promise<DedupePositions> {
  const { stores, telemetry } = runtime;
  const upstreams = runtime.upstreams(job.from.name);
  if (claim.committed.foreign) {
    telemetry.tell({ ...assignment, kind: 'offset-foreign', offset: next });
    return dedupeFromLog(stores.transport, upstreams, { ...assignment, offset: next });
  }
  const dedupe = before.dedupe.copy();
  if (dedupe.size === 0) return dedupe;
  const topics = [...new Set(dedupe.lines().map(({ topic }) => topic))];
  const ids = new Map((await stores.transport.shape(topics)).map(({ name, id }) => [name, shortId(id)]));
  dedupe.prune(({ upstream, topic, topicId }) => {
    const isKnown = isUpstream(upstreams, assignment.topic, upstream);
    const id = ids.get(topic) ?? '';
    return isKnown && (topicId === '' || id === '' || topicId === id);
  });
  return dedupe;
}
