/**
 * The transport on Kafka (3.6 to 4.x). Every process may open it; groups and claims hold among all of them.
 *
 * - A claim is a transactional id, made of group, topic and partition; its commit is one transaction of records, offset and
 *   marks. The marks are the offset's metadata, compressed when long: see `marks.ts` for what brokers take.
 * - Retention is the brokers' own work: `expire` drops nothing. They go by the records' timestamps.
 * - `committed` may be an offset after the one that was committed, when nothing but marks of transactions lies between.
 *
 * Rights needed on a secured cluster: topics Read, Write, Describe, Create; groups Read; transactional ids `tributary` as a
 * prefix Write, Describe; cluster IdempotentWrite.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../../schemas/errors.ts';
import type { Membership, TopicInfo, Transport } from '../transport.ts';
import { createMissing } from './admin.ts';
import { Appender } from './appender.ts';
import { browse } from './browse.ts';
import { openClaim, shapeOf, takeOver } from './claim.ts';
import { Cluster } from './cluster.ts';
import { guarded, isFencing, Unreachable } from './errors.ts';
import { Fetcher } from './fetcher.ts';
import { lagOf } from './lag.ts';
import { encodeMarks } from './marks.ts';
import { Member } from './member.ts';
import { offsetAt } from './offset-at.ts';
import { boundsOf, committedOf } from './offsets.ts';
import { type KafkaOptions, settingsOf } from './options.ts';

const SEEK_TRIES = 5;

/** Connects with the first call. Throws CONFIG_INVALID if the options are none. */
export function kafkaTransport(options: KafkaOptions): Transport {
  const cluster = new Cluster(settingsOf(options));
  const fetcher = new Fetcher(cluster);
  const appender = new Appender(cluster);
  const members = new Set<Member>();
  let closed: Promise<void> | undefined;

  async function describe(names?: readonly string[]): Promise<TopicInfo[]> {
    if (names?.length === 0) return [];
    return cluster.persist(async () => {
      const found = await cluster.describe(names);
      const topics = found.filter(({ error, internal }) => error === 0 && (names !== undefined || !internal));
      const places = topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partition }) => ({ topic: name, partition })).sort((a, b) => a.partition - b.partition),
      );
      const bounds = await boundsOf(cluster, places);
      const infos = Map.groupBy(
        places.map((place, i) => ({ ...place, begin: bounds[i]?.begin ?? 0, end: bounds[i]?.end ?? 0 })),
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

  async function seek(group: string, topic: string, partition: number, offset: number, marks?: string): Promise<void> {
    if (!Number.isSafeInteger(offset) || offset < 0) {
      throw new TributaryError('USAGE', `${offset} is not an offset; give a whole number from 0 on`);
    }
    for (let tries = 1; ; tries++) {
      const { producer, committed } = await takeOver(cluster, { group, topic, partition });
      try {
        const metadata = encodeMarks(marks ?? committed.marks);
        await producer.transact([], { group, topic, partition, offset, metadata });
        return;
      } catch (error) {
        // The owner that was fenced has claimed again meanwhile.
        if (!isFencing(error) || tries === SEEK_TRIES) throw error;
      }
    }
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
          return openClaim(cluster, fetcher, { group, topic, partition });
        }),
      async leave() {
        await member.leave();
        members.delete(member);
      },
    };
  }

  async function close(): Promise<void> {
    const left = await Promise.allSettled([...members].map((member) => member.leave()));
    fetcher.stop();
    cluster.close();
    for (const result of left) if (result.status === 'rejected') throw result.reason;
  }

  return {
    createTopics: (topics) => guarded('creating topics', () => createMissing(cluster, topics)),
    describe: (names) => guarded('describing topics', () => describe(names)),
    shape: (names) =>
      guarded('describing topics', async () => {
        const found = await cluster.persist(() => cluster.describe(names));
        return found.filter(({ error }) => error === 0).map(shapeOf);
      }),
    produce: (records) => guarded('appending to the log', () => appender.append(records)),
    join: (group, topic, listener) =>
      guarded('joining a group', async () => {
        if (closed !== undefined)
          throw new TributaryError('USAGE', `Kafka is closed; group ${group} takes no new members`);
        await cluster.persist(() => cluster.topic(topic));
        const member = new Member(cluster, group, topic, listener, `group-${randomUUID()}`);
        try {
          await Promise.race([member.entered(), silence(cluster.settings.patienceMs, group)]);
        } catch (error) {
          void member.leave();
          throw error;
        }
        members.add(member);
        return membershipOf(group, topic, member);
      }),
    read: (topic, partition, offset, limit) =>
      guarded('reading the log', () => browse(cluster, topic, partition, offset, limit)),
    offsetAt: (topic, partition, time) =>
      guarded('asking for an offset', () => offsetAt(cluster, { topic, partition }, time)),
    lag: (group, topic) => guarded('reading offsets', () => lagOf(cluster, group, topic)),
    committed: (group, topic) =>
      guarded('reading offsets', async () => {
        const { partitions } = await cluster.persist(() => cluster.topic(topic));
        return committedOf(cluster, group, topic, [...partitions.keys()]);
      }),
    seek: (group, topic, partition, offset, marks) =>
      guarded('moving an offset', () => seek(group, topic, partition, offset, marks)),
    expire: async () => 0,
    close() {
      closed ??= close();
      return closed;
    },
  };
}

async function silence(ms: number, group: string): Promise<never> {
  await sleep(ms, undefined, { ref: false });
  throw new Unreachable(`the group ${group} did not answer`);
}
