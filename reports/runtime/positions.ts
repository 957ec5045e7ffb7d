/**
 * The position of a job in its topic, as `txn` actions of its table. They are committed with the segments they belong to, so the two cannot
 * disagree.
 *
 * For each partition, the version of `job/topic@id/partition` is the next offset to read. For each upstream partition whose origins it has
 * seen, there are two more, with the suffixes `<line` (the offset) and `<line#` (the index within it); repeats of derived events are
 * recognised by them. `#partitions` is the number of partitions that the topic had. If the source takes the records of every job, `#whole`
 * is the offset from which it has them without a gap.
 *
 * The topic's id is part of the name. A topic that was deleted and created again starts from its beginning, and the counts of the old one
 * stay.
 */
import { once } from '../../core/once.ts';
import { type Snapshot, type Txn, txnOf } from '../../sinks/delta/index.ts';
import { DedupePositions } from '../../topics/log/dedupe-positions.ts';
import { lineOf } from '../../topics/log/origin.ts';
import type { Progress } from '../../topics/log/progress.ts';

export interface Partition {
  readonly job: string;
  readonly topic: string;
  /** As returned by `shortId`. */
  readonly topicId: string;
  readonly partition: number;
}

export interface Position {
  readonly next: number;
  readonly dedupe: DedupePositions;
  /** The number of partitions that the topic had. */
  readonly partitions: number;
  /** From this offset on nothing is missing, not even records for one job alone. Undefined if these are left out. */
  readonly whole: number | undefined;
}

export const appIdOf = ({ job, topic, topicId, partition }: Partition): string =>
  lineOf(job, topic, topicId, partition);

/** The offset from which nothing is missing, if the source takes the records of every job. */
export const wholeOf = (snapshot: Snapshot, of: Partition): number | undefined =>
  txnOf(snapshot, `${appIdOf(of)}#whole`);

/** The offset at which to continue; undefined if nothing of the partition was ever counted. */
export const nextOf = (snapshot: Snapshot, of: Partition): number | undefined => txnOf(snapshot, appIdOf(of));

export function positionOf(snapshot: Snapshot, of: Partition): Position | undefined {
  const appId = appIdOf(of);
  const next = txnOf(snapshot, appId);
  if (next === undefined) return undefined;
  const seen = linesOf(snapshot).get(appId) ?? [];
  const partitions = txnOf(snapshot, `${appId}#partitions`) ?? 0;
  return { next, dedupe: DedupePositions.of(seen), partitions, whole: wholeOf(snapshot, of) };
}

type Seen = readonly [line: string, offset: number, index: number];

/** The dedupe positions of each partition, computed once per snapshot: a process that claims many partitions asks for all of them. */
const linesOf: (snapshot: Snapshot) => ReadonlyMap<string, readonly Seen[]> = once((snapshot) => {
  const lines = new Map<string, Seen[]>();
  for (const [id, { version }] of snapshot.txns) {
    const at = id.indexOf('<');
    if (at < 0 || id.endsWith('#')) continue;
    const appId = id.slice(0, at);
    const known = lines.get(appId) ?? [];
    known.push([id.slice(at + 1), version, txnOf(snapshot, `${id}#`) ?? 0]);
    lines.set(appId, known);
  }
  return lines;
});

/**
 * The offset before which every record was counted. The group's offset may be beyond the position; then only transaction markers lie in
 * between, unless the group has ever been ahead of the table.
 */
export function reachOf(
  next: number,
  group: { readonly offset: number; readonly furthest: number } | undefined,
): number {
  return group !== undefined && group.furthest <= next ? Math.max(next, group.offset) : next;
}

/** The actions that move a partition from one position to another. Unchanged parts are left out. */
export function txnsOf(of: Partition, before: Position | undefined, after: Position, now: number): { txn: Txn }[] {
  const appId = appIdOf(of);
  const txns: { txn: Txn }[] = [];
  const note = (id: string, version: number): void => {
    txns.push({ txn: { appId: id, version, lastUpdated: now } });
  };
  note(appId, after.next);
  if (after.partitions !== before?.partitions) note(`${appId}#partitions`, after.partitions);
  if (after.whole !== undefined && after.whole !== before?.whole) note(`${appId}#whole`, after.whole);
  const known = new Map([...(before?.dedupe.positions() ?? [])].map(([line, ...position]) => [line, position]));
  for (const [line, offset, index] of after.dedupe.positions()) {
    const [knownOffset, knownIndex] = known.get(line) ?? [-1, 0];
    if (offset !== knownOffset) note(`${appId}<${line}`, offset);
    if (index !== knownIndex) note(`${appId}<${line}#`, index);
  }
  return txns;
}

/**
 * If the topic was expanded since, the dedupe positions of all partitions are with the group's offset: see `expandedProgress`. `group` is
 * undefined if it has ever been ahead of the table: some of what it has seen has yet to be counted.
 */
export function dedupeOf(
  position: Position | undefined,
  group: Progress | undefined,
  partitions: number,
): DedupePositions {
  const dedupe = position?.dedupe.copy() ?? DedupePositions.none();
  if (group !== undefined && position?.partitions !== partitions) dedupe.merge(group.dedupe);
  return dedupe;
}
