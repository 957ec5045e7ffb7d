/** Creating, expanding and describing of topics. */
import { TributaryError } from '../../../core/errors.ts';
import type { TopicSpec } from '../../log/transport.ts';
import { CODE, check, KafkaError } from '../wire/errors.ts';
import type { Cluster } from './cluster.ts';

const TOPIC = 2;
/** The largest number of 64 bits. */
const ANY_TIME = '9223372036854775807';

export interface TopicToMake extends TopicSpec {
  /** Of each key only the newest record is kept, for ever. */
  readonly compacted?: boolean;
}

/** So that what was written over does not wait for a day before it is dropped. */
const COMPACTED = [
  { name: 'cleanup.policy', value: 'compact' },
  { name: 'segment.bytes', value: String(16 * 1024 * 1024) },
];

/** Creates what is missing, and waits until it can be written to and read. */
export async function createMissing(cluster: Cluster, topics: readonly TopicToMake[]): Promise<void> {
  if (topics.length === 0) return;
  const { replication, largestRecord, patienceMs } = cluster.settings;
  const names = topics.map(({ name }) => name);
  await cluster.persist(async () => {
    const existing = new Set((await cluster.describe(names)).map(({ name }) => name));
    const missing = topics.filter(({ name }) => !existing.has(name));
    if (missing.length === 0) return;
    const lane = cluster.lane(await cluster.controller(), 'main');
    const { topicErrors } = await lane.ask<{
      topicErrors: { topic: string; errorCode: number; errorMessage: string | null }[];
    }>('CreateTopics', {
      topics: missing.map(({ name, partitions, retentionMs, compacted }) => ({
        topic: name,
        numPartitions: partitions,
        replicationFactor: replication,
        configEntries: [
          ...(compacted ? COMPACTED : [{ name: 'retention.ms', value: String(retentionMs) }]),
          { name: 'max.message.bytes', value: String(largestRecord) },
          // By default a record from more than an hour ahead is refused: one wrong clock would hold a partition up.
          { name: 'message.timestamp.after.max.ms', value: ANY_TIME },
        ],
      })),
      timeout: patienceMs,
    });
    for (const { topic, errorCode, errorMessage } of topicErrors) {
      if (errorCode !== CODE.TOPIC_ALREADY_EXISTS)
        check(errorCode, `creating the topic ${topic}: ${errorMessage ?? ''}`);
    }
  });
  await untilKnown(
    cluster,
    names.map((name) => ({ name, partitions: 1 })),
  );
}

/** A broker answers before all of them know of a change. `partitions`: how many there are at least. */
async function untilKnown(
  cluster: Cluster,
  topics: readonly { readonly name: string; readonly partitions: number }[],
): Promise<void> {
  await cluster.persist(async () => {
    const known = new Map((await cluster.describe(topics.map(({ name }) => name))).map((topic) => [topic.name, topic]));
    for (const { name, partitions } of topics) {
      const found = known.get(name)?.partitions ?? [];
      if (found.length < partitions || found.some(({ leader }) => leader < 0))
        throw new KafkaError(5, `waiting for the topic ${name}`);
    }
  });
}

/** The settings of a topic that were asked for. */
export async function settingsOfTopics(
  cluster: Cluster,
  topics: readonly string[],
  names: readonly string[],
): Promise<Map<string, Map<string, string>>> {
  if (topics.length === 0) return new Map();
  const lane = cluster.lane(await cluster.controller(), 'main');
  const { resources } = await lane.ask<{
    resources: {
      errorCode: number;
      resourceName: string;
      configEntries: { configName: string; configValue: string }[];
    }[];
  }>('DescribeConfigs', {
    resources: topics.map((name) => ({ type: TOPIC, name, configNames: names })),
    includeSynonyms: false,
  });
  return new Map(
    resources.map(({ errorCode, resourceName, configEntries }) => {
      check(errorCode, `reading the settings of the topic ${resourceName}`);
      return [resourceName, new Map(configEntries.map(({ configName, configValue }) => [configName, configValue]))];
    }),
  );
}

/** How many members a group has now. */
export async function membersOf(cluster: Cluster, group: string): Promise<number> {
  const lane = cluster.lane(await cluster.coordinator('group', group), 'main');
  const { groups } = await lane.ask<{ groups: { errorCode: number; members: unknown[] }[] }>('DescribeGroups', {
    groupIds: [group],
  });
  const [found] = groups;
  if (found === undefined) throw new TributaryError('LOG_AWAY', `Kafka did not say who is in the group ${group}`);
  if (found.errorCode === CODE.GROUP_ID_NOT_FOUND) return 0;
  check(found.errorCode, `asking who is in the group ${group}`);
  return found.members.length;
}

/** Waits until the new partitions can be written to and read. */
export async function expand(cluster: Cluster, topic: string, partitions: number): Promise<void> {
  const lane = cluster.lane(await cluster.controller(), 'main');
  const { topicErrors } = await lane.ask<{ topicErrors: { errorCode: number; errorMessage: string | null }[] }>(
    'CreatePartitions',
    { topicPartitions: [{ topic, count: partitions }], timeout: cluster.settings.patienceMs },
  );
  for (const { errorCode, errorMessage } of topicErrors) check(errorCode, `expanding ${topic}: ${errorMessage ?? ''}`);
  cluster.forgetPlaces();
  await untilKnown(cluster, [{ name: topic, partitions }]);
}
