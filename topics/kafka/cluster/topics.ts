/** Creating and expanding topics, and reading their settings. */
import { MOST_AHEAD_MS } from '../../log/limits.ts';
import type { TopicSpec } from '../../log/transport.ts';
import { createPartitions, createTopics, describeConfigs, TOPIC } from '../wire/calls/topics.ts';
import { CODE } from '../wire/error-codes.ts';
import { check, KafkaError } from '../wire/errors.ts';
import type { Cluster } from './cluster.ts';

export interface TopicToCreate extends TopicSpec {
  /** Only the newest record of each key is kept, and that for ever. */
  readonly compacted?: boolean;
}

/** Small segments: records that were replaced are dropped within hours, not days. */
const COMPACTED = [
  { name: 'cleanup.policy', value: 'compact' },
  { name: 'segment.bytes', value: String(16 * 1024 * 1024) },
];

/** Creates missing topics, and waits until they can be written and read. */
export async function createMissing(cluster: Cluster, topics: readonly TopicToCreate[]): Promise<void> {
  if (topics.length === 0) return;
  const { replication, largestRecord, patienceMs } = cluster.settings;
  const names = topics.map(({ name }) => name);
  await cluster.persist(async () => {
    const existing = new Set((await cluster.describe(names)).map(({ name }) => name));
    const missing = topics.filter(({ name }) => !existing.has(name));
    if (missing.length === 0) return;
    const connection = cluster.connection(await cluster.controller(), 'main');
    const created = missing.map(({ name, partitions, retentionMs, compacted }) => ({
      name,
      partitions,
      replication,
      settings: [
        ...(compacted ? COMPACTED : [{ name: 'retention.ms', value: String(retentionMs) }]),
        { name: 'max.message.bytes', value: String(largestRecord) },
        // Before Kafka 4.0 any time is accepted by default.
        { name: 'message.timestamp.after.max.ms', value: String(MOST_AHEAD_MS) },
      ],
    }));
    for (const { topic, error, message } of await connection.send(createTopics(created, patienceMs))) {
      if (error !== CODE.TOPIC_ALREADY_EXISTS) check(error, `creating the topic ${topic}: ${message ?? ''}`);
    }
  });
  await untilKnown(
    cluster,
    names.map((name) => ({ name, partitions: 1 })),
  );
}

/** One broker answers before all of them know of a change. `partitions`: at least this many. */
async function untilKnown(
  cluster: Cluster,
  topics: readonly { readonly name: string; readonly partitions: number }[],
): Promise<void> {
  await cluster.persist(async () => {
    const known = new Map((await cluster.describe(topics.map(({ name }) => name))).map((topic) => [topic.name, topic]));
    for (const { name, partitions } of topics) {
      const found = known.get(name)?.partitions ?? [];
      if (found.length < partitions || found.some(({ leader }) => leader < 0))
        throw new KafkaError(CODE.LEADER_NOT_AVAILABLE, `waiting for the topic ${name}`);
    }
  });
}

/** The named settings of each topic. */
export async function settingsOfTopics(
  cluster: Cluster,
  topics: readonly string[],
  names: readonly string[],
): Promise<Map<string, ReadonlyMap<string, string | null>>> {
  if (topics.length === 0) return new Map();
  const connection = cluster.connection(await cluster.controller(), 'main');
  const resources = await connection.send(describeConfigs(TOPIC, topics, names));
  return new Map(
    resources.map(({ error, name, settings }) => {
      check(error, `reading the settings of the topic ${name}`);
      return [name, settings];
    }),
  );
}

/** Waits until the new partitions can be written and read. */
export async function expand(cluster: Cluster, topic: string, partitions: number): Promise<void> {
  const connection = cluster.connection(await cluster.controller(), 'main');
  const errors = await connection.send(createPartitions(topic, partitions, cluster.settings.patienceMs));
  for (const { error, message } of errors) check(error, `expanding ${topic}: ${message ?? ''}`);
  cluster.invalidate();
  await untilKnown(cluster, [{ name: topic, partitions }]);
}
