/**
 * The transport in one process and one SQLite file: for development, demonstrations, tests, and installations that
 * one machine can carry. Everything is there again after `kill -9`; consumer groups have their members in this
 * process only. One transport is made for a database: a second one would not see what the first one appends.
 */
import { type Database, guarded } from '../../embedded/database.ts';
import { TributaryError } from '../../schemas/errors.ts';
import type { GroupLag, Membership, PartitionInfo, TopicInfo, Transport } from '../transport.ts';
import { openClaim } from './claim.ts';
import { type ConsumerGroup, consumerGroup, type Member } from './group.ts';
import { openLog, type Partition, type StoredTopic, wake } from './log.ts';
import { fenced, openOffsets } from './offsets.ts';

/** The database stays open when the transport is closed. */
export function embeddedTransport(database: Database): Transport {
  const log = openLog(database);
  const offsets = openOffsets(database);
  const groups = new Map<string, ConsumerGroup>();
  let closed: Promise<void> | undefined;

  function groupOf(group: string, topic: StoredTopic): ConsumerGroup {
    const key = JSON.stringify([group, topic.name]);
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

    produce: (records) => guarded('LOG_AWAY', 'appending to the log', () => log.append(records)),

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

    lag: (group, topic) =>
      guarded('LOG_AWAY', 'reading offsets', () =>
        log.topic(topic).partitions.map((partition) => lagOf(group, partition)),
      ),

    seek: (group, topic, partition, offset) =>
      guarded('LOG_AWAY', 'moving an offset', () => {
        const moved = log.partition(topic, partition);
        offsets.seek(group, moved, offset);
        wake(moved);
      }),

    expire: (now) => guarded('LOG_AWAY', 'dropping old records', () => log.expire(now)),

    close() {
      closed ??= close();
      return closed;
    },
  };
}

function describe(topic: StoredTopic): TopicInfo {
  return { name: topic.name, id: topic.uuid, partitions: topic.partitions.map(infoOf) };
}

function infoOf({ partition, begin, end }: Partition): PartitionInfo {
  return { partition, begin, end };
}
