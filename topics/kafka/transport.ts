/**
 * The transport on Kafka (3.6 to 4.x). Any number of processes may open it: they share groups and claims.
 *
 * - A claim has a transactional id, made of group, topic and partition. Its commit is one transaction of records,
 *   offset and metadata. Metadata that are too long for an offset are a record that the offset refers to: see
 *   `group/commit-metadata.ts`.
 * - The only writer of a name (`exclusive`) has a transactional id made of that name.
 * - A claim notices within `metadataMs` that its topic was expanded. It reads nothing from a topic that was deleted
 *   and created again.
 * - The brokers apply the retention, by the timestamps of the records: `expire` drops nothing.
 * - `committed` may return a later offset than the one that was committed, if only transaction markers are in between.
 *
 * Rights needed on a secured cluster: topics, `tributary.marks` among them, Read, Write, Describe, Create; groups Read;
 * transactional ids `tributary` as a prefix Write, Describe; cluster IdempotentWrite.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../../core/errors.ts';
import type { Committed, Membership, TopicInfo, Transport } from '../log/transport.ts';
import { Cluster } from './cluster/cluster.ts';
import { type KafkaOptions, settingsOf } from './cluster/options.ts';
import { shapeOf } from './cluster/shapes.ts';
import { createMissing } from './cluster/topics.ts';
import { openExclusive } from './exclusive.ts';
import { boundsOf } from './fetch/bounds.ts';
import { browse } from './fetch/browse.ts';
import { offsetAt } from './fetch/offset-at.ts';
import { openClaim, sharedBy } from './group/claim.ts';
import { lagOf } from './group/lag.ts';
import { Member } from './group/member.ts';
import { METADATA_TOPIC } from './group/metadata-topic.ts';
import { seek } from './group/seek.ts';
import { Appender } from './produce/appender.ts';
import { guarded, Unreachable } from './wire/errors.ts';

/** Connects with the first call. Throws CONFIG_INVALID if the options are wrong. */
export function kafkaTransport(options: KafkaOptions): Transport {
  const cluster = new Cluster(settingsOf(options));
  const shared = sharedBy(cluster);
  const appender = new Appender(cluster, shared.producers);
  const members = new Set<Member>();
  let closed: Promise<void> | undefined;

  async function describe(names?: readonly string[]): Promise<TopicInfo[]> {
    if (names?.length === 0) return [];
    return cluster.persist(async () => {
      const found = await cluster.describe(names);
      const topics = found.filter(
        ({ name, error, internal }) =>
          error === 0 && (names !== undefined || (!internal && name !== METADATA_TOPIC.name)),
      );
      const all = topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partition }) => ({ topic: name, partition })).sort((a, b) => a.partition - b.partition),
      );
      const bounds = await boundsOf(cluster, all);
      const infos = Map.groupBy(
        all.map((each, i) => ({ ...each, begin: bounds[i]?.begin ?? 0, end: bounds[i]?.end ?? 0 })),
        ({ topic }) => topic,
      );
      const described = topics.map(({ name, id }) => ({
        name,
        id,
        partitions: (infos.get(name) ?? []).map(({ partition, begin, end }) => ({ partition, begin, end })),
      }));
      if (names === undefined) return described;
      return names.flatMap((name) => described.find((each) => each.name === name) ?? []);
    });
  }

  async function committedOf(group: string, topic: string): Promise<Committed[]> {
    const { partitions } = await cluster.persist(() => cluster.current(topic));
    const all = partitions.map(({ partition }) => ({ group, topic, partition }));
    return Promise.all(all.sort((a, b) => a.partition - b.partition).map((of) => shared.metadata.committed(of)));
  }

  function membershipOf(group: string, topic: string, member: Member): Membership {
    return {
      get partitions() {
        return member.partitions;
      },
      claim: (partition) =>
        guarded('claiming a partition', async () => {
          await cluster.persist(() => cluster.partition(topic, partition));
          member.assertMayClaim(partition);
          return openClaim(shared, { group, topic, partition });
        }),
      async leave() {
        await member.leave();
        members.delete(member);
      },
    };
  }

  async function close(): Promise<void> {
    const left = await Promise.allSettled([...members].map((member) => member.leave()));
    shared.fetcher.stop();
    cluster.close();
    for (const result of left) if (result.status === 'rejected') throw result.reason;
  }

  return {
    createTopics: (topics) =>
      guarded('creating topics', () => createMissing(cluster, topics.length > 0 ? [...topics, METADATA_TOPIC] : [])),
    describe: (names) => guarded('describing topics', () => describe(names)),
    shape: (names) =>
      guarded('describing topics', async () => {
        const found = await cluster.persist(() => cluster.recent(names));
        return found.map(shapeOf);
      }),
    produce: (records) => guarded('appending to the log', () => appender.append(records)),
    exclusive: (name, topics) =>
      guarded('beginning to append alone', () => openExclusive(cluster, shared.producers, name, topics)),
    join: (group, topic, listener) =>
      guarded('joining a group', async () => {
        if (closed !== undefined)
          throw new TributaryError('USAGE', `Kafka is closed; group ${group} takes no new members`);
        await cluster.persist(() => cluster.topic(topic));
        const member = new Member(cluster, { group, topic, listener, connection: `group-${randomUUID()}` });
        try {
          await Promise.race([member.entered(), noAnswer(cluster.settings.patienceMs, group)]);
        } catch (error) {
          void member.leave();
          throw error;
        }
        members.add(member);
        return membershipOf(group, topic, member);
      }),
    read: (topic, partition, offset, limit) =>
      guarded('reading the log', () => browse(cluster, { topic, partition }, offset, limit)),
    offsetAt: (topic, partition, time) =>
      guarded('asking for an offset', () => offsetAt(cluster, { topic, partition }, time)),
    lag: (group, topic) => guarded('reading offsets', () => lagOf(cluster, shared.offsets, group, topic)),
    committed: (group, topic) => guarded('reading offsets', () => committedOf(group, topic)),
    seek: (group, topic, { partition, offset, metadata }) =>
      guarded('moving an offset', () => seek(shared, { group, topic, partition }, offset, metadata)),
    expire: async () => 0,
    close() {
      closed ??= close();
      return closed;
    },
  };
}

async function noAnswer(ms: number, group: string): Promise<never> {
  await sleep(ms, undefined, { ref: false });
  throw new Unreachable(`the group ${group} did not answer`);
}
