/** The checks of `tributary doctor` on a Kafka cluster: its version, its settings and our rights. */
import { type Finding, looked, ok, problem, warning } from '../../../core/finding.ts';
import type { WantedTopic } from '../../log/admin.ts';
import { LARGEST_RECORD } from '../../log/limits.ts';
import { Cluster } from '../cluster/cluster.ts';
import { type KafkaOptions, settingsOf } from '../cluster/options.ts';
import { METADATA_TOPIC } from '../group/metadata-topic.ts';
import { REQUEST_BYTES } from '../produce/append.ts';
import { apiVersions, type OfferedApi } from '../wire/calls/api-versions.ts';
import { fetch } from '../wire/calls/fetch.ts';
import { heartbeat } from '../wire/calls/group.ts';
import { metadata, type TopicMetadata } from '../wire/calls/metadata.ts';
import { stableOffsets } from '../wire/calls/offsets.ts';
import { BROKER, describeConfigs } from '../wire/calls/topics.ts';
import { addPartitionsToTxn, initProducerId } from '../wire/calls/transactions.ts';
import { CODE } from '../wire/error-codes.ts';
import { check, guarded, KafkaError } from '../wire/errors.ts';

/** No topic has this many partitions, so a transaction that names this one never begins. */
const NO_PARTITION = 1_000_000_000;
const TRANSACTIONAL_ID = 'tributary/doctor';
const TRANSACTION_MS = 10_000;
const TOPIC_REFUSED = CODE.TOPIC_AUTHORIZATION_FAILED;
const GROUP_REFUSED = CODE.GROUP_AUTHORIZATION_FAILED;
const CLUSTER_REFUSED = CODE.CLUSTER_AUTHORIZATION_FAILED;
const TRANSACTION_REFUSED = CODE.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
const SETTINGS = [
  'offset.metadata.max.bytes',
  'offsets.topic.replication.factor',
  'transaction.state.log.replication.factor',
  'socket.request.max.bytes',
] as const;

type Rights = Readonly<Record<'read' | 'write' | 'join' | 'transact', readonly string[]>>;

/** Throws if no broker answers or accepts the login. */
export async function diagnoseKafka(options: KafkaOptions, wanted: readonly WantedTopic[]): Promise<Finding[]> {
  const cluster = new Cluster(settingsOf(options));
  try {
    const ours = await guarded('describing topics', () =>
      cluster.persist(() => cluster.describe(wanted.map(({ name }) => name))),
    );
    const metadata = await guarded('describing topics', () =>
      unlessRefused(TOPIC_REFUSED, () => cluster.persist(() => cluster.describe([METADATA_TOPIC.name]))),
    );
    const topics = [...ours, ...(metadata ?? [])];
    const node = await guarded('asking for the controller', () => cluster.persist(() => cluster.controller()));
    const readers = wanted.filter(({ name }) => topics.some((topic) => topic.name === name));
    const parts = await Promise.all([
      looked('transport', async () => [await version(cluster, node)]),
      looked('transport: settings', () => settings(cluster, node, readers, topics)),
      looked('transport: rights', async () => {
        const rights = await rightsOf(cluster, topics, readers);
        return [rightsFinding(metadata === undefined ? withoutMetadata(rights) : rights)];
      }),
    ]);
    return parts.flat();
  } finally {
    cluster.close();
  }
}

async function version(cluster: Cluster, node: number): Promise<Finding> {
  const connection = cluster.connection(node, 'main');
  const [{ nodes }, apis] = await guarded('asking for versions', () =>
    Promise.all([connection.send(metadata([])), connection.send(apiVersions())]),
  );
  return versionFound(apis, nodes.length);
}

const FETCH = 1;
/**
 * From the highest version of Fetch that a broker offers, because brokers do not report their release. 4.0
 * dropped the lowest versions.
 */
const RELEASES: readonly (readonly [fetch: number, release: string])[] = [
  [18, '4.1 or newer'],
  [17, '3.8, 3.9 or 4.0'],
  [16, '3.7'],
  [15, '3.5 or 3.6'],
];

export function versionFound(apis: readonly OfferedApi[], brokers: number): Finding {
  const { highest = 0, lowest = 0 } = apis.find(({ key }) => key === FETCH) ?? {};
  const [, release] = RELEASES.find(([fetch]) => highest >= fetch) ?? [];
  const many = brokers === 1 ? '1 broker' : `${brokers} brokers`;
  if (release === undefined) return problem('transport', `Kafka, older than 3.5, ${many}`, 'use Kafka 3.6 to 4.x');
  return ok('transport', `Kafka ${highest === 17 && lowest >= 4 ? '4.0' : release}, ${many}`);
}

async function settings(
  cluster: Cluster,
  node: number,
  wanted: readonly WantedTopic[],
  topics: readonly TopicMetadata[],
): Promise<Finding[]> {
  const connection = cluster.connection(node, 'main');
  const [resource] = await connection.send(describeConfigs(BROKER, [String(node)], SETTINGS));
  if (resource?.error === CLUSTER_REFUSED) {
    const message = 'they cannot be read without the right DescribeConfigs on the cluster';
    return [warning('transport: settings', message, 'grant it, or check them yourself: docs/operate.md lists them')];
  }
  check(resource?.error ?? CODE.UNKNOWN_SERVER_ERROR, 'reading the settings of a broker');
  const found = new Map([...(resource?.settings ?? [])].map(([name, value]) => [name, Number(value)]));
  const { nodes } = await connection.send(metadata([]));
  const copies = Math.min(...topics.flatMap(({ partitions }) => partitions.map(({ replicas }) => replicas.length)));
  return [
    ...copiesFound(found, nodes.length, copies),
    ...requestsFound(found.get('socket.request.max.bytes')),
    metadataFound(
      await longestMetadata(cluster, wanted, topics),
      found.get('offset.metadata.max.bytes') ?? 4096,
      topics.some(({ name }) => name === METADATA_TOPIC.name),
    ),
  ];
}

/** `copies` is the fewest replicas of a topic, or Infinity if there is no topic yet. */
export function copiesFound(settings: ReadonlyMap<string, number>, brokers: number, copies: number): Finding[] {
  const checked = 'transport: copies';
  const todo =
    'have three brokers, and three copies of every topic and of these two: with one, the loss of a disk loses records';
  const few = SETTINGS.slice(1, 3).flatMap((name) => {
    const count = settings.get(name);
    return count === undefined || count > 1 ? [] : [`${name} is ${count}`];
  });
  if (copies === 1) few.unshift('the topics have 1 copy');
  if (few.length > 0)
    return [warning(checked, [...few, ...(brokers === 1 ? ['there is 1 broker'] : [])].join(', '), todo)];
  return Number.isFinite(copies) ? [ok(checked, `every topic has ${copies} or more`)] : [];
}

/**
 * `most` is the largest request that brokers accept, in bytes; undefined if it is not known.
 * `replica.fetch.max.bytes` and similar settings are no limit: a larger batch is fetched alone.
 */
export function requestsFound(most: number | undefined): Finding[] {
  if (most === undefined || most >= REQUEST_BYTES + LARGEST_RECORD) return [];
  const message = `brokers accept requests of up to ${most} bytes, and a write may have ${REQUEST_BYTES + LARGEST_RECORD}`;
  return [
    problem('transport: calls', message, 'raise socket.request.max.bytes of the brokers: by default it is 104857600'),
  ];
}

/** The length of the longest committed metadata, in characters, as the broker counts it. */
async function longestMetadata(
  cluster: Cluster,
  wanted: readonly WantedTopic[],
  topics: readonly TopicMetadata[],
): Promise<number> {
  let longest = 0;
  for (const { name, groups } of wanted) {
    const partitions = topics.find((topic) => topic.name === name)?.partitions.map(({ partition }) => partition) ?? [];
    for (const group of groups) {
      const answer = await unlessRefused(GROUP_REFUSED, async () => {
        const node = await cluster.coordinator('group', group);
        return cluster.connection(node, 'main').send(stableOffsets(group, name, partitions));
      });
      for (const { metadata } of answer?.partitions ?? []) longest = Math.max(longest, metadata.length);
    }
  }
  return longest;
}

const MUCH = 0.6;
/** A reference to a record with metadata is shorter. */
const LEAST_METADATA = 128;

/** `hasTopic` is whether the topic for longer metadata exists. */
export function metadataFound(longest: number, limit: number, hasTopic: boolean): Finding {
  const message = `the longest metadata of an offset have ${longest} of ${limit} characters`;
  if (limit < LEAST_METADATA) {
    const todo = `set offset.metadata.max.bytes of the brokers to ${LEAST_METADATA} or more: every committed offset has metadata`;
    return problem('transport: metadata', message, todo);
  }
  if (hasTopic || longest < limit * MUCH) return ok('transport: metadata', message);
  const todo = `run \`tributary topics apply\`: it creates the topic ${METADATA_TOPIC.name} for longer metadata`;
  return warning('transport: metadata', message, todo);
}

/** The rights that are refused, tested by requests that change nothing. */
async function rightsOf(
  cluster: Cluster,
  topics: readonly TopicMetadata[],
  wanted: readonly WantedTopic[],
): Promise<Rights> {
  const names = topics.map(({ name }) => name);
  const groups = [...new Set(wanted.flatMap((topic) => topic.groups))];
  const transact = await unlessRefused(TRANSACTION_REFUSED, () => transactional(cluster, names));
  return {
    read: await unreadable(cluster, names),
    write: transact ?? [],
    join: (await Promise.all(groups.map((group) => joinable(cluster, group)))).flat(),
    transact: transact === undefined ? [TRANSACTIONAL_ID] : [],
  };
}

/** The metadata topic cannot even be described. */
function withoutMetadata({ read, write, ...rights }: Rights): Rights {
  const { name } = METADATA_TOPIC;
  return { ...rights, read: [...read, name], write: [...write, name] };
}

async function unlessRefused<T>(code: number, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof KafkaError && error.code === code) return undefined;
    throw error;
  }
}

/**
 * The topics that cannot be written. No transaction begins: each request names a partition that its topic
 * does not have.
 */
async function transactional(cluster: Cluster, names: readonly string[]): Promise<string[]> {
  return cluster.persist(async () => {
    const connection = cluster.connection(await cluster.coordinator('transaction', TRANSACTIONAL_ID), 'main');
    const { error, ...producer } = await connection.send(initProducerId(TRANSACTIONAL_ID, TRANSACTION_MS));
    check(error, 'beginning to write');
    if (names.length === 0) return [];
    const topics = names.map((topic) => ({ topic, partitions: [NO_PARTITION] }));
    const errors = await connection.send(
      addPartitionsToTxn({ transactionalId: TRANSACTIONAL_ID, ...producer }, topics),
    );
    return errors.filter((each) => each.error === TOPIC_REFUSED).map(({ topic }) => topic);
  });
}

async function unreadable(cluster: Cluster, names: readonly string[]): Promise<string[]> {
  const refused = await Promise.all(
    names.map((topic) =>
      cluster.persist(async () => {
        const connection = cluster.connection(await cluster.leader(topic, 0), 'main');
        const { partitions } = await connection.send(
          fetch([{ topic, id: undefined, partition: 0, offset: 0 }], { waitMs: 0, bytes: 1, partitionBytes: 1 }),
        );
        return partitions.some(({ error }) => error === TOPIC_REFUSED) ? [topic] : [];
      }),
    ),
  );
  return refused.flat();
}

/** Tests with the heartbeat of a member that does not exist: the broker checks the right before it looks for the member. */
async function joinable(cluster: Cluster, group: string): Promise<string[]> {
  const code = await unlessRefused(GROUP_REFUSED, () =>
    cluster.persist(async () => {
      const connection = cluster.connection(await cluster.coordinator('group', group), 'main');
      return connection.send(heartbeat({ group, member: 'tributary-doctor', generation: 0 }));
    }),
  );
  return code === undefined || code === GROUP_REFUSED ? [group] : [];
}

export function rightsFinding({ read, write, join, transact }: Rights): Finding {
  const missing = [
    ...(read.length > 0 ? [`Read on the topics ${read.join(', ')}`] : []),
    ...(write.length > 0 ? [`Write on the topics ${write.join(', ')}`] : []),
    ...(join.length > 0 ? [`Read on the groups ${join.join(', ')}`] : []),
    ...(transact.length > 0 ? ['Write on transactional ids with the prefix tributary'] : []),
  ];
  if (missing.length === 0)
    return ok('transport: rights', 'to read and write the topics, to join the groups, to use transactions');
  return problem('transport: rights', `missing: ${missing.join('; ')}`, 'grant them (kafka-acls --add)');
}
