/**
 * Moving a group to another offset, in one of two ways.
 *
 * *Rewind*: the rows are as the group left them. Dedupe positions and the furthest offset stay, so that nothing counts twice and nothing is
 * judged again: the views of the rows that are met are written anew, and that is all.
 *
 * *Restore*: the rows are those of an earlier moment, or none. What was committed after it counts for nothing: the dedupe positions become
 * those of the new offset, which is now the furthest one, and tokens go on above all that anybody may have written with.
 */
import { TributaryError } from '../../../core/errors.ts';
import type { DedupePositions } from '../../../topics/log/dedupe-positions.ts';
import { formatProgress, type Progress, parseProgress } from '../../../topics/log/progress.ts';
import type { Job } from '../../define.ts';
import type { Runtime } from '../stores.ts';
import { dedupeFromLog } from './dedupe-from-log.ts';
import { type Standing, type Standings, standingsOf } from './standing.ts';

export interface Target {
  readonly partition: number;
  readonly offset: number;
  /** What was committed beside that offset, if somebody kept it. */
  readonly saved?: string | undefined;
}

export interface Move {
  readonly partition: number;
  /** Undefined if the group never committed. */
  readonly from: number | undefined;
  readonly to: number;
  /** The first offset that the log still has. */
  readonly begin: number;
  /** What becomes of the dedupe positions. */
  readonly dedupe: 'kept' | 'saved' | 'from the log';
  /** Of how many lines they are. */
  readonly lines: number;
  /** What is committed beside the offset; undefined: what was. */
  readonly progress: string | undefined;
}

/**
 * Claims that committed nothing may have written views, and a table of claims that was restored does not know them: tokens go on
 * so far above the largest that was committed.
 */
const TOKENS_LEFT_OUT = 1000;

/** Changes nothing. Throws USAGE for an offset that the log does not have, or what was saved of another topic. */
export async function planMoves(
  job: Job,
  runtime: Runtime,
  targets: readonly Target[],
  restored: boolean,
): Promise<Move[]> {
  const standings = await standingsOf(job, runtime.stores.transport);
  const moves: Move[] = [];
  for (const target of targets) moves.push(await planMove(job, runtime, standings, target, restored));
  return moves;
}

async function planMove(
  job: Job,
  runtime: Runtime,
  { topicId, partitions }: Standings,
  { partition, offset: to, saved }: Target,
  restored: boolean,
): Promise<Move> {
  const topic = job.from.name;
  const standing = partitions[partition];
  if (standing === undefined) {
    const last = partitions.length - 1;
    throw new TributaryError('USAGE', `${topic} has no partition ${partition}; give one from 0 to ${last}`);
  }
  const { info, committed, progress: before } = standing;
  const { begin, end } = info;
  if (to < begin || to > end) {
    const what = `partition ${partition} of ${topic} has no offset ${to}`;
    throw new TributaryError('USAGE', `${what}: it begins at ${begin} and ends at ${end}`);
  }
  const move = { partition, from: committed.offset, to, begin };
  if (!restored && isKnown(standing))
    return { ...move, dedupe: 'kept', lines: before.dedupe.size, progress: undefined };
  const kept = restored && saved !== undefined ? savedProgress(saved, to, topicId, `${topic}/${partition}`) : undefined;
  const dedupe: DedupePositions =
    kept?.dedupe ?? (await dedupeFromLog(runtime.stores.transport, runtime.upstreams(topic), topic, partition, to));
  const after: Progress = {
    topicId,
    furthest: kept?.furthest ?? (restored ? to : Math.max(to, standing.isOfAnother ? 0 : (committed.offset ?? 0))),
    token: restored ? (await largestToken(job, runtime, partitions)) + TOKENS_LEFT_OUT : before.token,
    partitions: before.partitions,
    base: before.base,
    dedupe,
    behind: kept?.behind ?? (standing.isOfAnother ? new Map() : before.behind),
    within: kept?.within,
  };
  const progress = formatProgress(after, to);
  return { ...move, dedupe: kept === undefined ? 'from the log' : 'saved', lines: dedupe.size, progress };
}

/** Of all partitions, since they form one line: as committed, and as the tables know it. */
async function largestToken(
  { name, from }: Job,
  { stores }: Runtime,
  partitions: readonly Standing[],
): Promise<number> {
  const claimed = await Promise.all(partitions.map((_, i) => stores.tables.token(name, from.name, i)));
  return Math.max(0, ...claimed, ...partitions.map(({ progress }) => progress.token));
}

/** Whether what is committed says what the group knows of this very topic. */
const isKnown = ({ committed, isOfAnother }: Standing): boolean =>
  committed.offset !== undefined && !committed.foreign && !isOfAnother;

function savedProgress(text: string, offset: number, topicId: string, place: string): Progress {
  const progress = parseProgress(text, offset);
  if (progress.topicId === '' || progress.topicId === topicId) return progress;
  const what = `what was saved of ${place} is of a topic that was deleted since, or of another cluster`;
  throw new TributaryError('USAGE', `${what}: its offsets mean nothing here`);
}

/** Fences every owner; a worker that goes on claims anew. */
export async function applyMoves({ name, from }: Job, { stores }: Runtime, moves: readonly Move[]): Promise<void> {
  for (const { partition, to, progress } of moves) {
    await stores.transport.seek(name, from.name, partition, to, progress);
  }
}
