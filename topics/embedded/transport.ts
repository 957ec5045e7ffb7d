/**
 * The transport in one process and one SQLite file: for development, demonstrations, tests, and installations that fit one machine.
 * `kill -9` loses nothing. All members of a consumer group are in this process. Open only one transport on a database: a second one
 * would not see records that the first one appends.
 */

import { TributaryError } from '../../core/errors.ts';
import { type Database, guarded } from '../../embedded/database.ts';
import { type Difference, differences, type FoundTopic, type TopicsAdmin, type WantedTopic } from '../log/admin.ts';
import { expandedProgress } from '../log/progress.ts';
import type { Exclusive, GroupLag, Membership, PartitionInfo, TopicInfo, Transport } from '../log/transport.ts';
import { openClaim } from './claim.ts';
import { type ConsumerGroup, consumerGroup, type Member } from './group.ts';
import { openLog, type StoredTopic, shapeOf, wake } from './log.ts';
import { fenced, openOffsets } from './offsets.ts';
import type { Partition } from './records.ts';

export interface EmbeddedTransport extends Transport {
  /** Need not be closed. */
  readonly topics: TopicsAdmin;
}

/** The database stays open when the transport is closed. */
export function embeddedTransport(database: Database): EmbeddedTransport {
  const log = openLog(database);
  const offsets = openOffsets(database);
  const groups = new Map<string, ConsumerGroup>();
  /** The newest writer of each name. Memory is enough, because only this process opens the database. */
  const newest = new Map<string, Exclusive>();
  let closed: Promise<void> | undefined;

  function groupOf(group: string, topic: StoredTopic): ConsumerGroup {
    const key = keyOf(group, topic.name);
    const found = groups.get(key) ?? consumerGroup(topic.partitions.length);
    groups.set(key, found);
    return found;
  }

  function membershipOf(group: string, topic: string, member: Member): Membership {
    return {
      get partitions() {
        return member.partitions();
      },
      claim: (number) =>
        guarded('LOG_AWAY', 'claiming a partition', () => {
          const partition = log.partition(topic, number);
          if (!member.isMember()) throw fenced(group, partition, 'this member has left the group');
          return openClaim(log, offsets, group, partition);
        }),
      leave: () => member.leave(),
    };
  }

  function lagOf(group: string, partition: Partition): GroupLag {
    const { offset } = offsets.committed(group, partition);
    const from = Math.max(offset ?? 0, partition.begin);
    return { ...infoOf(partition), committed: offset, lag: Math.max(0, partition.end - from) };
  }

  function verify(wanted: readonly WantedTopic[]): Difference[] {
    const topics = log.topics();
    const found = wanted.flatMap((each) => {
      const topic = topics.get(each.name);
      return topic === undefined ? [] : [foundTopic(topic, each.groups)];
    });
    return differences(wanted, found, -1, 'it stays as it was created');
  }

  function foundTopic(topic: StoredTopic, names: readonly string[]): FoundTopic {
    const { name, partitions, retentionMs } = topic;
    const groupsOfIt = names.map((group) => ({
      name: group,
      members: groups.get(keyOf(group, name))?.members() ?? 0,
      lag: partitions.reduce((sum, partition) => sum + lagOf(group, partition).lag, 0),
    }));
    return { name, partitions: partitions.length, replication: 1, retentionMs, groups: groupsOfIt };
  }

  function apply(wanted: readonly WantedTopic[]): Difference[] {
    const found = verify(wanted);
    const actionOf = (name: string) => found.filter(({ topic }) => topic === name).map(({ action }) => action);
    log.create(wanted.filter(({ name }) => actionOf(name).includes('create')));
    for (const { name, partitions, groups: readers } of wanted) {
      if (actionOf(name).includes('expand')) database.transaction(() => expand(name, partitions, readers));
    }
    return found;
  }

  /** The groups have no members and have read everything. Dropped from memory, because each object has the old number of partitions. */
  function expand(name: string, partitions: number, readers: readonly string[]): void {
    const { partitions: old } = log.topic(name);
    log.expand(name, partitions);
    for (const group of readers) {
      groups.delete(keyOf(group, name));
      const before = old.map((partition) => offsets.committed(group, partition));
      const texts = expandedProgress(
        before.map(({ offset, metadata }) => ({ offset, text: metadata })),
        partitions,
      );
      texts.forEach((text, i) => {
        const partition = log.partition(name, i);
        offsets.seek(group, partition, before[i]?.offset ?? partition.begin, text);
      });
    }
  }

  function openExclusive(name: string): Exclusive {
    const exclusive: Exclusive = {
      produce: (records) =>
        guarded('LOG_AWAY', 'appending to the log', () => {
          if (newest.get(name) !== exclusive) throw new TributaryError('FENCED', `there is a newer writer of ${name}`);
          return log.append(records);
        }),
    };
    newest.set(name, exclusive);
    return exclusive;
  }

  async function close(): Promise<void> {
    log.stop();
    const left = await Promise.allSettled([...groups.values()].map((group) => group.close()));
    log.close();
    for (const result of left) if (result.status === 'rejected') throw result.reason;
  }

  return {
    createTopics: (topics) => guarded('LOG_AWAY', 'creating topics', () => log.create(topics)),

    describe: (names) =>
      guarded('LOG_AWAY', 'describing topics', () => {
        const topics = log.topics();
        return [...(names ?? topics.keys())].flatMap((name) => {
          const topic = topics.get(name);
          return topic === undefined ? [] : [describe(topic)];
        });
      }),

    shape: (names) =>
      guarded('LOG_AWAY', 'describing topics', () => {
        const topics = log.topics();
        return names.flatMap((name) => {
          const topic = topics.get(name);
          return topic === undefined ? [] : [shapeOf(topic)];
        });
      }),

    produce: (records) => guarded('LOG_AWAY', 'appending to the log', () => log.append(records)),

    exclusive: (name) => guarded('LOG_AWAY', 'beginning to append alone', () => openExclusive(name)),

    join: (group, name, listener) =>
      guarded('LOG_AWAY', 'joining a group', () => {
        const topic = log.topic(name);
        if (log.stopping())
          throw new TributaryError('USAGE', `the log is closing; group ${group} takes no new members`);
        return membershipOf(group, name, groupOf(group, topic).join(listener));
      }),

    read: (topic, partition, offset, limit) =>
      guarded('LOG_AWAY', 'reading the log', () =>
        log.read(log.partition(topic, partition), offset, limit, Number.POSITIVE_INFINITY),
      ),

    offsetAt: (topic, partition, time) =>
      guarded('LOG_AWAY', 'reading the log', () => log.at(log.partition(topic, partition), time)),

    lag: (group, topic) =>
      guarded('LOG_AWAY', 'reading offsets', () =>
        log.topic(topic).partitions.map((partition) => lagOf(group, partition)),
      ),

    committed: (group, topic) =>
      guarded('LOG_AWAY', 'reading offsets', () =>
        log.topic(topic).partitions.map((partition) => offsets.committed(group, partition)),
      ),

    seek: (group, topic, { partition, offset, metadata }) =>
      guarded('LOG_AWAY', 'moving an offset', () => {
        const moved = log.partition(topic, partition);
        offsets.seek(group, moved, offset, metadata);
        wake(moved);
      }),

    expire: (now) => guarded('LOG_AWAY', 'dropping old records', () => log.expire(now)),

    topics: {
      verify: (wanted) => guarded('LOG_AWAY', 'verifying topics', () => verify(wanted)),
      apply: (wanted) => guarded('LOG_AWAY', 'applying topics', () => apply(wanted)),
      close: async () => {},
    },

    close() {
      closed ??= close();
      return closed;
    },
  };
}

const keyOf = (group: string, topic: string): string => JSON.stringify([group, topic]);

function describe(topic: StoredTopic): TopicInfo {
  return { name: topic.name, id: topic.uuid, partitions: topic.partitions.map(infoOf) };
}

function infoOf({ partition, begin, end }: Partition): PartitionInfo {
  return { partition, begin, end };
}
