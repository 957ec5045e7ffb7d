/**
 * Moves a group to another offset, in one of two ways.
 *
 * *Rewind*: the rows stay as the group left them. Dedupe positions and the furthest offset stay, so nothing is counted or judged twice.
 * Only the views of the rows that the records touch are written again.
 *
 * *Restore*: the rows are those of an earlier moment, or there are none. Commits after that moment no longer count: the dedupe positions
 * become those of the new offset, which is now the furthest one. Tokens continue above all that may have been used.
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
  /** The metadata that was committed with that offset, if it was saved. */
  readonly saved?: string | undefined;
}

export interface Move {
  readonly partition: number;
  /** Undefined if the group never committed. */
  readonly from: number | undefined;
  readonly to: number;
  /** The first offset that the log still has. */
  readonly begin: number;
  /** Where the dedupe positions come from. */
  readonly dedupe: 'kept' | 'saved' | 'from the log';
  /** How many lines the dedupe positions have. */
  readonly lines: number;
  /** The metadata to commit with the offset; undefined leaves it as it is. */
  readonly progress: string | undefined;
}

/**
 * Tokens continue this far above the largest committed one. Claims that committed nothing may have written views with larger tokens, and a
 * restored table of claims does not know them.
 */
const TOKENS_LEFT_OUT = 1000;

/** Changes nothing. Throws USAGE if the log does not have the offset, or if the saved metadata is of another topic. */
export async function planMoves(
  job: Job,
  runtime: Runtime,
  targets: readonly Target[],
  restored: boolean,
): Promise<Move[]> {
  const standings = await standingsOf(job, runtime.stores.transport);
  const moves: Move[] = [];
  for (const target of targets) moves.push(await planMove(job, runtime, { ...standings, restored }, target));
  return moves;
}

async function planMove(
  job: Job,
  runtime: Runtime,
  { topicId, partitions, restored }: Standings & { readonly restored: boolean },
  { partition, offset: to, saved }: Target,
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
    kept?.dedupe ??
    (await dedupeFromLog(runtime.stores.transport, runtime.upstreams(topic), { topic, partition, offset: to }));
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

/** The largest token of all partitions, which share one line of tokens: the largest of the committed ones and those in the tables. */
async function largestToken(
  { name, from }: Job,
  { stores }: Runtime,
  partitions: readonly Standing[],
): Promise<number> {
  const claimed = await Promise.all(partitions.map((_, i) => stores.tables.token(name, from.name, i)));
  return Math.max(0, ...claimed, ...partitions.map(({ progress }) => progress.token));
}

/** Whether the committed metadata is the group's own and of this topic. */
const isKnown = ({ committed, isOfAnother }: Standing): boolean =>
  committed.offset !== undefined && !committed.foreign && !isOfAnother;

function savedProgress(text: string, offset: number, topicId: string, partition: string): Progress {
  const progress = parseProgress(text, offset);
  if (progress.topicId === '' || progress.topicId === topicId) return progress;
  const what = `the position saved for ${partition} is of a topic that was deleted since, or of another cluster`;
  throw new TributaryError('USAGE', `${what}: its offsets mean nothing here`);
}

/** Fences every owner. A worker that still has the partition claims it again. */
export async function applyMoves({ name, from }: Job, { stores }: Runtime, moves: readonly Move[]): Promise<void> {
  for (const { partition, to, progress } of moves) {
    await stores.transport.seek(name, from.name, { partition, offset: to, metadata: progress });
  }
}
