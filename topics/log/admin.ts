/**
 * Compares the topics that an installation wants with those that exist: the port of `topics verify` and `topics apply`.
 *
 * Every implementation guarantees the following, and `test/contracts/topics.ts` checks it. No setting is ever reduced. A topic gets more
 * partitions only while no consumer group has members or lag, because more partitions move keys to other partitions.
 */
import { deadLetterTopic } from '../define.ts';
import { LARGEST_RECORD, MOST_AHEAD_MS } from './limits.ts';
import type { TopicSpec } from './transport.ts';

export interface WantedTopic extends TopicSpec {
  /** The consumer groups that read the topic. */
  readonly groups: readonly string[];
}

export interface FoundTopic {
  readonly name: string;
  readonly partitions: number;
  /** The smallest number of replicas among its partitions. */
  readonly replication: number;
  /** -1 keeps records for ever. */
  readonly retentionMs: number;
  /** The largest record that it accepts, in bytes; undefined if there is no limit, or it is not known. */
  readonly largestRecord?: number | undefined;
  /** How far ahead of the log's clock a record's time may be, in ms; undefined if the log sets the time, or the limit is not known. */
  readonly mostAheadMs?: number | undefined;
  readonly groups: readonly FoundGroup[];
}

export interface FoundGroup {
  readonly name: string;
  readonly members: number;
  readonly lag: number;
}

export interface Difference {
  readonly topic: string;
  readonly kind: 'missing' | 'partitions' | 'retention' | 'replication' | 'limit' | 'ahead';
  /** What `apply` does about it. A difference that is only `reported` is left to an operator. */
  readonly action: 'create' | 'expand' | 'reported';
  readonly message: string;
}

export interface TopicsAdmin {
  /** Returns the differences, and changes nothing. */
  verify(wanted: readonly WantedTopic[]): Promise<Difference[]>;
  /** Creates and expands topics where that is safe. Returns the differences before; those that are `reported` remain. */
  apply(wanted: readonly WantedTopic[]): Promise<Difference[]>;
  close(): Promise<void>;
}

/**
 * `replication` is -1 for the brokers' default; the replication of topics is not compared then. A topic with too many partitions keeps
 * them. `ofRetention` is the advice about a retention that differs.
 */
export function differences(
  wanted: readonly WantedTopic[],
  found: readonly FoundTopic[],
  replication: number,
  ofRetention = 'set its retention.ms',
): Difference[] {
  return wanted.flatMap((topic) => {
    const there = found.find(({ name }) => name === topic.name);
    if (there === undefined) {
      const message = `${topic.name} does not exist; it should have ${topic.partitions} partitions`;
      return [{ topic: topic.name, kind: 'missing', action: 'create', message } as const];
    }
    return [
      ...partitionsOf(topic, there),
      ...retentionOf(topic, there, ofRetention),
      ...replicationOf(there, replication),
      ...limitOf(there, found),
      ...aheadOf(there),
    ];
  });
}

function partitionsOf(wanted: WantedTopic, found: FoundTopic): Difference[] {
  if (found.partitions === wanted.partitions) return [];
  const topic = wanted.name;
  const message = `${topic} has ${found.partitions} partitions, and should have ${wanted.partitions}`;
  const kind = 'partitions';
  if (found.partitions > wanted.partitions) {
    return [{ topic, kind, action: 'reported', message: `${message}; a topic cannot get fewer` }];
  }
  const busy = found.groups.find(({ members, lag }) => members > 0 || lag > 0);
  if (busy === undefined) return [{ topic, kind, action: 'expand', message }];
  const why = `the group ${busy.name} has ${busy.members} members and a lag of ${busy.lag}`;
  return [
    {
      topic,
      kind,
      action: 'reported',
      message: `${message}; stop its producers, and then its jobs once they have read all: ${why}`,
    },
  ];
}

function retentionOf(wanted: WantedTopic, found: FoundTopic, todo: string): Difference[] {
  if (found.retentionMs === wanted.retentionMs) return [];
  const message = `${found.name} keeps records ${time(found.retentionMs)}, and should keep them ${time(wanted.retentionMs)}; ${todo}`;
  return [{ topic: found.name, kind: 'retention', action: 'reported', message }];
}

const HOUR = 3_600_000;

function time(ms: number): string {
  if (ms < 0) return 'for ever';
  if (ms % (24 * HOUR) === 0) return `for ${ms / (24 * HOUR)} days`;
  return ms % HOUR === 0 ? `for ${ms / HOUR} hours` : `for ${ms} ms`;
}

/** The wanted limit is the declared one, or that of the topic whose dead letters these are, because a dead letter holds a whole record. */
function limitOf({ name, largestRecord }: FoundTopic, found: readonly FoundTopic[]): Difference[] {
  if (largestRecord === undefined) return [];
  const of = found.find((other) => deadLetterTopic(other.name) === name)?.largestRecord ?? 0;
  const wanted = Math.max(LARGEST_RECORD, of);
  if (largestRecord >= wanted) return [];
  const what = of > LARGEST_RECORD ? 'as much as the topic of its records' : 'as is declared';
  const message = `${name} takes records of ${largestRecord} bytes, and should take ${wanted}, ${what}; raise its max.message.bytes: larger records are cut, or become dead letters`;
  return [{ topic: name, kind: 'limit', action: 'reported', message }];
}

function aheadOf({ name, mostAheadMs }: FoundTopic): Difference[] {
  if (mostAheadMs === undefined || mostAheadMs <= MOST_AHEAD_MS) return [];
  const message = `${name} takes records with times of more than an hour ahead, so the time of a wrong clock would hold until then; set its message.timestamp.after.max.ms to ${MOST_AHEAD_MS}`;
  return [{ topic: name, kind: 'ahead', action: 'reported', message }];
}

function replicationOf(found: FoundTopic, replication: number): Difference[] {
  if (replication < 0 || found.replication === replication) return [];
  const message = `${found.name} has ${found.replication} replicas, and should have ${replication}; reassign its partitions`;
  return [{ topic: found.name, kind: 'replication', action: 'reported', message }];
}
