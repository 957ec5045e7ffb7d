/** The stores of production for the crash property: separate names on shared servers, and a tenant for each run. */

import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { callAnswered, timerFired } from '../../../core/event.ts';
import type { IndexDef, TableDef } from '../../../core/target.ts';
import { IN_MEMORY, openDatabase } from '../../../embedded/database.ts';
import type { Job } from '../../../jobs/define.ts';
import { redisCache } from '../../../sinks/cache/redis/cache.ts';
import { elasticsearchSearch } from '../../../sinks/search/elasticsearch/search.ts';
import { cassandraTables } from '../../../sinks/tables/cassandra/tables.ts';
import type { StoresOptions, TestStores } from '../../../testing/stores.ts';
import { Codec } from '../../../topics/codec/codec.ts';
import { deadLetterTopic } from '../../../topics/define.ts';
import { embeddedRegistry } from '../../../topics/embedded/registry.ts';
import { kafkaTransport } from '../../../topics/kafka/transport.ts';
import type { Claim, Membership, NewRecord, Transport } from '../../../topics/log/transport.ts';
import { FOR_EVER } from '../../harness/retention.ts';

export interface Urls {
  readonly kafka: string;
  readonly cassandra: string;
  readonly redis: string;
  readonly elasticsearch: string;
}

/** Creates tables and indexes once. Each run has its own topics and groups. `close` closes what all runs share. */
export async function openStores(urls: Urls, jobs: readonly Job[]) {
  const id = randomUUID().replaceAll('-', '').slice(0, 12);
  // Each actor stands for a process and must not rely on what another one knows of timers, so this clock leaps an hour at each look.
  let looks = 0;
  const tables = cassandraTables({ url: `${urls.cassandra}/crash_${id}` }, () => (looks += 3_600_000));
  const search = elasticsearchSearch({ url: urls.elasticsearch, prefix: `crash-${id}-` });
  const prefix = `crash-${id}:`;
  const cache = redisCache({ url: urls.redis, prefix });
  const redis = new Redis(urls.redis);
  const targets = [...new Set(jobs.flatMap((job) => [job.row, ...job.views.map((view) => view.into)]))];
  await tables.prepare(targets.filter((target): target is TableDef => target.kind === 'table'));
  await search.prepare(targets.filter((target): target is IndexDef => target.kind === 'index'));

  async function cached(name: string, tenant: string): Promise<Readonly<Record<string, unknown>>[]> {
    const pattern = `${prefix}${name}:{${tenant}:*}`;
    const records: Record<string, unknown>[] = [];
    for (let cursor = '0', more = true; more; more = cursor !== '0') {
      const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', 1000);
      cursor = next;
      for (const key of keys) {
        if (key.endsWith('}')) records.push(...Object.values(await redis.hgetall(key)).map((text) => JSON.parse(text)));
      }
    }
    return records;
  }

  return {
    /** The stores of one run. */
    async life(
      lived: readonly Job[],
      { partitions = 2, channels = {}, topics: others = [] }: StoresOptions,
    ): Promise<TestStores> {
      const life = randomUUID().slice(0, 8);
      const kafka = kafkaTransport({ url: urls.kafka, sessionMs: 30_000, heartbeatMs: 300 });
      const transport = named(kafka, `crash-${id}-${life}.`);
      const database = openDatabase(IN_MEMORY);
      const codec = new Codec(embeddedRegistry(database));
      const ofRuntime = others.filter((topic) => topic.ofRuntime);
      const topics = [...new Set([...lived.flatMap((job) => [job.from, ...job.to]), ...ofRuntime])];
      const both = topics.flatMap(({ name }) => [name, deadLetterTopic(name)]);
      await transport.createTopics(both.map((name) => ({ name, partitions, retentionMs: FOR_EVER })));
      await codec.prepare(topics);
      for (const { name } of topics) {
        for (const event of [timerFired, callAnswered]) await codec.prepareEvent(name, event);
      }
      return {
        transport,
        codec,
        // Each run has its own tokens.
        tables: {
          ...tables,
          claim: (job, ...place) => tables.claim(`${life}.${job}`, ...place),
          token: (job, ...place) => tables.token(`${life}.${job}`, ...place),
        },
        search,
        cache,
        channels,
        database,
        cached: ({ name }, tenant) => cached(name, tenant),
        async close() {
          await kafka.close();
          database.close();
        },
      };
    },
    async close() {
      redis.disconnect();
      await Promise.all([tables.close(), search.close(), cache.close()]);
    },
  };
}

/** The same log with a prefix on the names of topics and groups. */
export function named(kafka: Transport, prefix: string): Transport {
  const out = (records: readonly NewRecord[]) => records.map((one) => ({ ...one, topic: prefix + one.topic }));
  const claimOf = (claim: Claim): Claim => ({
    ...claim,
    commit: ({ records, ...rest }) => claim.commit({ records: out(records), ...rest }),
  });
  const memberOf = (membership: Membership): Membership => ({
    get partitions() {
      return membership.partitions;
    },
    claim: async (partition) => claimOf(await membership.claim(partition)),
    leave: () => membership.leave(),
  });
  return {
    createTopics: (topics) => kafka.createTopics(topics.map((one) => ({ ...one, name: prefix + one.name }))),
    async describe(names) {
      const found = await kafka.describe(names?.map((name) => prefix + name));
      const ours = found.filter(({ name }) => name.startsWith(prefix));
      return ours.map((topic) => ({ ...topic, name: topic.name.slice(prefix.length) }));
    },
    async shape(names) {
      const found = await kafka.shape(names.map((name) => prefix + name));
      return found.map((topic) => ({ ...topic, name: topic.name.slice(prefix.length) }));
    },
    produce: (records) => kafka.produce(out(records)),
    async exclusive(name, topics) {
      const one = await kafka.exclusive(
        prefix + name,
        topics.map((topic) => prefix + topic),
      );
      return { produce: (records) => one.produce(out(records)) };
    },
    join: async (group, topic, listener) => memberOf(await kafka.join(prefix + group, prefix + topic, listener)),
    read: (topic, ...rest) => kafka.read(prefix + topic, ...rest),
    offsetAt: (topic, ...rest) => kafka.offsetAt(prefix + topic, ...rest),
    lag: (group, topic) => kafka.lag(prefix + group, prefix + topic),
    committed: (group, topic) => kafka.committed(prefix + group, prefix + topic),
    seek: (group, topic, ...rest) => kafka.seek(prefix + group, prefix + topic, ...rest),
    expire: (now) => kafka.expire(now),
    close: () => kafka.close(),
  };
}
