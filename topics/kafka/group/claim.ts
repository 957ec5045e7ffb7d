/** One claim: it reads from the committed offset on, and commits with fencing. */
import { TributaryError } from '../../../core/errors.ts';
import type { Claim, TopicShape } from '../../log/transport.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { shapeOf } from '../cluster/shapes.ts';
import { Begins } from '../fetch/bounds.ts';
import { Fetcher } from '../fetch/fetcher.ts';
import { findLeaders, partitionsOf } from '../produce/append.ts';
import { Producers } from '../produce/producers.ts';
import type { TransactionalProducer } from '../produce/transaction.ts';
import { CODE } from '../wire/error-codes.ts';
import { guarded, KafkaError, translate } from '../wire/errors.ts';
import { type LastMetadata, MetadataTopic } from './metadata-topic.ts';
import { type GroupPartition, Offsets } from './offsets.ts';

/** How often an owner without work checks that it still is the owner. */
const CHECK_MS = 1000;
/** The transactions of all partitions share this many connections to a broker. */
const CONNECTIONS = 4;
/**
 * After this time the broker aborts a transaction that an owner left open, unless a new claim ends it
 * sooner. A transaction begins with `look`, before the views and calls of a batch, which may wait for
 * a store or a channel. Its records are appended only after those, so no reader waits meanwhile.
 */
const TRANSACTION_MS = 60_000;

/** State that all claims of a process share. */
export interface Shared {
  readonly cluster: Cluster;
  readonly fetcher: Fetcher;
  readonly begins: Begins;
  readonly offsets: Offsets;
  readonly producers: Producers;
  readonly metadata: MetadataTopic;
}

/** Connects when it is first used. */
export function sharedBy(cluster: Cluster): Shared {
  const offsets = new Offsets(cluster);
  const metadata = new MetadataTopic(cluster, offsets);
  return {
    cluster,
    fetcher: new Fetcher(cluster),
    begins: new Begins(cluster),
    offsets,
    producers: new Producers(cluster),
    metadata,
  };
}

/** Names of topics have no slash, so no two partitions share an id. */
const transactionalIdOf = ({ group, topic, partition }: GroupPartition): string =>
  `tributary/${group}/${topic}/${partition}`;

const describe = ({ group, topic, partition }: GroupPartition): string =>
  `partition ${partition} of ${topic} for ${group}`;

/** Fences every earlier owner. Afterwards everything that earlier owners committed can be read. */
export async function takeOver({ cluster, producers }: Shared, of: GroupPartition): Promise<TransactionalProducer> {
  await cluster.partition(of.topic, of.partition);
  const connection = `commit-${of.partition % CONNECTIONS}`;
  return producers.initialise(transactionalIdOf(of), { connection, timeoutMs: TRANSACTION_MS });
}

/** Commits with a producer that has taken over. */
export async function commitOffset(
  { metadata: topic }: Shared,
  producer: TransactionalProducer,
  of: GroupPartition,
  {
    records,
    offset,
    metadata,
    last,
  }: Pick<Parameters<Claim['commit']>[0], 'records' | 'offset' | 'metadata'> & {
    last?: LastMetadata | undefined;
  },
): Promise<LastMetadata> {
  let sealed: { last(): LastMetadata } | undefined;
  const seal = async () => {
    const made = await topic.seal(of, offset, metadata, last);
    sealed = made;
    return made;
  };
  await producer.transact(records, { ...of, offset, seal, refused: (metadata) => topic.refused(metadata) });
  return (sealed as { last(): LastMetadata }).last();
}

export async function openClaim(shared: Shared, of: GroupPartition): Promise<Claim> {
  const { cluster, fetcher, begins, producers } = shared;
  const shape = await recentShape(cluster, of.topic);
  const producer = await takeOver(shared, of);
  // Not before the fencing: the previous owner could still have committed after the read.
  const [committed, begin] = await Promise.all([shared.metadata.committed(of), begins.of(of)]);
  const unwatch = cluster.watch(of.topic);
  const from = Math.max(committed.offset ?? begin, begin);
  const reader = fetcher.open(of.topic, of.partition, from, shape.id);
  let last: LastMetadata | undefined;
  /** Why nothing more can be committed. */
  let over: TributaryError | undefined;
  let checkedAt = performance.now();
  const { patienceMs } = cluster.settings;

  const fenced = (why: string) => new TributaryError('FENCED', `${describe(of)}: ${why}; claim it again`);

  /** Throws if this claim is known to have ended. Sends no request. */
  function checkClaim(): void {
    const change = cluster.shapes.change(shape);
    if (change !== undefined) over ??= fenced(change);
    if (over !== undefined) throw over;
  }

  async function checkOwner(): Promise<void> {
    if (performance.now() - checkedAt < CHECK_MS) return;
    if (!(await producers.isNewest(producer.identity))) throw fenced('a newer owner has claimed it');
    checkedAt = performance.now();
  }

  /** Throws if no broker has answered for too long. */
  function checkBroker(waitingSince: number): void {
    if (reader.failure !== undefined) throw reader.failure;
    const { failing } = reader;
    if (failing !== undefined && performance.now() - failing.since > patienceMs) throw failing.error;
    if (!reader.known && performance.now() - waitingSince > patienceMs) {
      throw new TributaryError('LOG_AWAY', `${describe(of)}: no broker has answered; is Kafka running and reachable?`);
    }
  }

  /** A step of the transaction. After an error its outcome is unknown, and the claim is over. */
  async function step<T>(doing: string, body: () => Promise<T>): Promise<T> {
    try {
      const done = await body();
      checkedAt = performance.now();
      return done;
    } catch (error) {
      const translated = translate(error, doing);
      over =
        translated instanceof TributaryError && translated.kind === 'fenced'
          ? translated
          : new TributaryError('LOG_AWAY', `${doing}: it failed, and its outcome is unknown; claim again`);
      throw translated;
    }
  }

  return {
    partition: of.partition,
    shape,
    committed,
    begin,

    fetch: ({ maxRecords, maxKeys = maxRecords, waitMs, signal }) =>
      guarded(`reading ${describe(of)}`, async () => {
        const began = performance.now();
        for (;;) {
          const idle = reader.closed || signal?.aborted === true;
          if (idle) return { records: [], end: reader.end };
          checkClaim();
          const records = reader.take(maxRecords, maxKeys);
          if (records.length > 0) {
            fetcher.wake();
            return { records, end: reader.end };
          }
          checkBroker(began);
          // Waits longer for records that are known to exist, because an empty result means that
          // everything was read.
          const left = reader.isBehind || !reader.known ? patienceMs : began + waitMs - performance.now();
          if (left <= 0) {
            await checkOwner();
            return { records: [], end: reader.end };
          }
          await reader.change(Math.min(left, CHECK_MS), signal);
          if (!reader.isBehind) await checkOwner();
        }
      }),

    seek(offset) {
      reader.seek(offset);
      fetcher.wake();
    },

    async look() {
      checkClaim();
      await step(`looking at the claim of ${describe(of)}`, () => producer.begin(of.group));
    },

    async commit({ records, offset, metadata }) {
      checkClaim();
      const doing = `committing ${describe(of)}`;
      // Before the transaction begins, so that records for a topic that does not exist do not end the
      // claim.
      await guarded(doing, () => findLeaders(cluster, partitionsOf(records)));
      last = await step(doing, () =>
        commitOffset(shared, producer, of, { records, offset: reader.past(offset), metadata, last }),
      );
    },

    async close() {
      if (over === undefined) producer.abandon();
      over ??= fenced('this claim was closed');
      unwatch();
      fetcher.close(reader);
    },
  };
}

async function recentShape(cluster: Cluster, topic: string): Promise<TopicShape> {
  return cluster.persist(async () => {
    await cluster.topic(topic);
    const [found] = await cluster.recent([topic]);
    if (found === undefined) throw new KafkaError(CODE.LEADER_NOT_AVAILABLE, `the topic ${topic} is changing`);
    return shapeOf(found);
  });
}
