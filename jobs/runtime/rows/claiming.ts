/** How a worker becomes the owner of a partition: a token above all others, a fence, and only then which rows, and where to go on. */
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

/** What an owner knows of its partition when it begins. */
export interface Claimed {
  readonly claim: Claim;
  readonly token: number;
  /** Of the job's topic, as `shortId` makes it. */
  readonly topicId: string;
  readonly partitions: PartitionCount;
  readonly otherPartitions: OtherPartitions;
  /** The offset to go on at. */
  readonly next: number;
  /** The largest offset that was committed before. */
  readonly furthest: number;
  readonly dedupe: DedupePositions;
  /** How far the record at `next` was applied, if it finds too many rows for one batch. */
  readonly within: Within | undefined;
  /** Under which partitions the rows of this one may be stored. */
  readonly stored: readonly number[];
  /** What is committed beside an offset. */
  readonly progress: (
    offset: number,
    dedupe: DedupePositions,
    within: Within | undefined,
    behind: ReadonlyMap<string, number>,
  ) => string;
  /** The views that were behind when it was committed: see `Progress`. */
  readonly behind: ReadonlyMap<string, number>;
}

export interface Claimer {
  readonly job: Job;
  readonly place: Assignment;
  readonly membership: Membership;
  readonly runtime: Runtime;
  readonly rules: Rules;
  readonly counts: PartitionCounts;
  readonly group: Pick<GroupProgress, 'read'>;
}

/** `above`: the token of a row that stopped an earlier claim; 0 if none did. */
export async function claimPartition(claimer: Claimer, above: number): Promise<Claimed> {
  const { membership, runtime, place, rules, counts, group } = claimer;
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
        await checkGeneration(tables, claimer.job);
        const partitions = (name: string) => (name === topic ? claim.shape.partitions : counted(name));
        return { ...(await begin(claimer, claim, token, before)), partitions };
      }
      // The tables have lost their claims, or were restored: what was written since is of larger tokens than those.
      if (before.token >= token) floor = Math.max(...(await group.read()).map(({ progress }) => progress.token));
    } catch (error) {
      await claim.close();
      throw error;
    }
    await claim.close();
  }
}

/** What whoever came before has committed; nothing yet for a group that never did. */
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
  const { runtime, place, group } = claimer;
  const { telemetry, stores } = runtime;
  const { begin: first, committed, shape } = claim;
  const topicId = shortId(shape.id);
  const isOfAnother = before.topicId !== '' && topicId !== '' && before.topicId !== topicId;
  const offset = isOfAnother ? undefined : committed.offset;
  if (isOfAnother) {
    telemetry.tell({ ...place, kind: 'topic-remade', offset: first });
    for (const [view, from] of before.behind) telemetry.tell({ ...place, kind: 'view-missed', view, from, to: first });
  }
  if (offset !== undefined && offset < first) {
    telemetry.tell({ ...place, kind: 'records-lost', from: offset, to: first });
  }
  if (before.partitions !== 0 && before.partitions !== shape.partitions) {
    telemetry.tell({ ...place, kind: 'expanded', from: before.partitions, to: shape.partitions });
  }
  const next = Math.max(offset ?? first, first);
  if (isOfAnother) claim.seek(next);
  const dedupe = await dedupeOf(claimer, claim, before, next);
  telemetry.tell({ ...place, kind: 'claimed', token, offset: next });
  const furthest = isOfAnother ? 0 : before.furthest;
  const partitions = before.partitions === 0 ? shape.partitions : before.partitions;
  const base = await baseOf(claimer, claim, before);
  const behind: Claimed['behind'] = isOfAnother ? new Map() : before.behind;
  const progress: Claimed['progress'] = (offset, seen, within, views) => {
    const largest = Math.max(furthest, offset);
    const now = { topicId, furthest: largest, token, partitions, base, dedupe: seen, behind: views, within };
    return formatProgress(now, offset);
  };
  // At once, also where there is nothing to read: the log may forget what the dedupe positions were made of.
  if (committed.foreign) {
    await claim.commit({ records: [], offset: next, metadata: progress(next, dedupe, undefined, behind) });
  }
  return {
    claim,
    token,
    topicId,
    otherPartitions: new OtherPartitions(place, stores.transport, group),
    next,
    furthest,
    dedupe,
    within: next === committed.offset && !isOfAnother ? before.within : undefined,
    stored: base === shape.partitions ? [place.partition] : [...Array(shape.partitions).keys()],
    behind,
    progress,
  };
}

/**
 * How many partitions the topic had when the group began: rows may still be stored under a partition of then. A partition that nobody
 * ever committed has what the others say. Where another tool has expanded the topic, rows may have moved to any partition.
 */
async function baseOf({ group }: Claimer, { committed, shape }: Claim, before: Progress): Promise<number> {
  if (committed.offset !== undefined) return before.base;
  const others = (await group.read()).filter(({ offset }) => offset !== undefined);
  return Math.min(shape.partitions, ...others.map(({ progress }) => progress.base));
}

/** Those of whoever came before, without the lines that nobody will say anything of any more. */
async function dedupeOf(
  { job, runtime, place }: Claimer,
  claim: Claim,
  before: Progress,
  next: number,
): Promise<DedupePositions> {
  const { stores, telemetry } = runtime;
  const upstreams = runtime.upstreams(job.from.name);
  if (claim.committed.foreign) {
    telemetry.tell({ ...place, kind: 'offset-foreign', offset: next });
    return dedupeFromLog(stores.transport, upstreams, place.topic, place.partition, next);
  }
  const dedupe = before.dedupe.copy();
  if (dedupe.size === 0) return dedupe;
  const topics = [...new Set(dedupe.lines().map(({ topic }) => topic))];
  const ids = new Map((await stores.transport.shape(topics)).map(({ name, id }) => [name, shortId(id)]));
  dedupe.prune(({ upstream, topic, topicId }) => {
    const isKnown = isUpstream(upstreams, place.topic, upstream);
    const id = ids.get(topic) ?? '';
    return isKnown && (topicId === '' || id === '' || topicId === id);
  });
  return dedupe;
}
