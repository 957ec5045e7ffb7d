/** `topics verify` and `topics apply` on Kafka: compares the declared topics with those that exist. */
import {
  type Difference,
  differences,
  type FoundGroup,
  type FoundTopic,
  type TopicsAdmin,
  type WantedTopic,
} from '../../log/admin.ts';
import { Cluster } from '../cluster/cluster.ts';
import { type KafkaOptions, settingsOf } from '../cluster/options.ts';
import { createMissing, expand, settingsOfTopics } from '../cluster/topics.ts';
import { sharedBy } from '../group/claim.ts';
import { lagOf } from '../group/lag.ts';
import { METADATA_TOPIC } from '../group/metadata-topic.ts';
import type { Offsets } from '../group/offsets.ts';
import { guarded } from '../wire/errors.ts';
import { carryDedupeOver } from './expansion.ts';
import { membersOf } from './members.ts';

const RETENTION = 'retention.ms';
const LIMIT = 'max.message.bytes';
const [WHOSE_TIME, AHEAD] = ['message.timestamp.type', 'message.timestamp.after.max.ms'];

export function kafkaTopics(options: KafkaOptions): TopicsAdmin {
  const cluster = new Cluster(settingsOf(options));
  const shared = sharedBy(cluster);

  async function verify(wanted: readonly WantedTopic[]): Promise<Difference[]> {
    const found = await cluster.persist(() => find(cluster, shared.offsets, wanted));
    return differences(wanted, found, cluster.settings.replication);
  }

  return {
    verify: (wanted) => guarded('verifying topics', () => verify(wanted)),
    apply: (wanted) =>
      guarded('applying topics', async () => {
        const found = await verify(wanted);
        const topicsTo = (action: Difference['action']) =>
          wanted.filter(({ name }) => found.some((each) => each.topic === name && each.action === action));
        // Creates the metadata topic, too: jobs may not have the right to create it when they need it.
        await createMissing(cluster, [...topicsTo('create'), ...(wanted.length > 0 ? [METADATA_TOPIC] : [])]);
        for (const { name, partitions } of topicsTo('expand')) await expand(cluster, name, partitions);
        for (const { name, groups } of wanted) for (const group of groups) await carryDedupeOver(shared, group, name);
        return found;
      }),
    async close() {
      cluster.close();
    },
  };
}

async function find(cluster: Cluster, offsets: Offsets, wanted: readonly WantedTopic[]): Promise<FoundTopic[]> {
  const topics = wanted.length === 0 ? [] : await cluster.describe(wanted.map(({ name }) => name));
  const settings = await settingsOfTopics(
    cluster,
    topics.map(({ name }) => name),
    [RETENTION, LIMIT, WHOSE_TIME, AHEAD],
  );
  const found = [];
  for (const { name, partitions } of topics) {
    const groups = wanted.find((topic) => topic.name === name)?.groups ?? [];
    found.push({
      name,
      partitions: partitions.length,
      replication: Math.min(...partitions.map(({ replicas }) => replicas.length)),
      retentionMs: Number(settings.get(name)?.get(RETENTION)),
      largestRecord: Number(settings.get(name)?.get(LIMIT)),
      mostAheadMs: aheadOf(settings.get(name)),
      groups: await Promise.all(groups.map((group) => groupOf(cluster, offsets, group, name))),
    });
  }
  return found;
}

/** Brokers before Kafka 3.6 have no such setting. */
function aheadOf(settings: ReadonlyMap<string, string | null> | undefined): number | undefined {
  const ahead = settings?.get(AHEAD);
  return ahead == null || settings?.get(WHOSE_TIME) === 'LogAppendTime' ? undefined : Number(ahead);
}

async function groupOf(cluster: Cluster, offsets: Offsets, group: string, topic: string): Promise<FoundGroup> {
  const [members, lags] = await Promise.all([membersOf(cluster, group), lagOf(cluster, offsets, group, topic)]);
  return { name: group, members, lag: lags.reduce((sum, { lag }) => sum + lag, 0) };
}
