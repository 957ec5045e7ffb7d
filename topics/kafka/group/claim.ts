/** One claim: reading from where the group is, and the fenced commit. */
import { TributaryError } from '../../../core/errors.ts';
import type { Claim, TopicShape } from '../../log/transport.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { shapeOf } from '../cluster/shapes.ts';
import { Fetcher } from '../fetch/fetcher.ts';
import { placesOf } from '../produce/append.ts';
import { Producers } from '../produce/producers.ts';
import type { TransactionalProducer } from '../produce/transaction.ts';
import { guarded, KafkaError, translate } from '../wire/errors.ts';
import { type LastMarks, MarksTopic, type PlaceOfGroup } from './marks-topic.ts';
import { Offsets } from './offsets.ts';

/** How often an owner without work asks whether it still is the owner. */
const CHECK_MS = 1000;
/** So many connections to a broker carry the transactions of all partitions. */
const LANES = 4;
/**
 * After so long the broker aborts what an owner left open, if nobody claims before. A transaction begins with the look, before the
 * views and the calls of a batch, which may wait for a store or a channel; its records are appended only after them, so no
 * reader waits for those.
 */
const TRANSACTION_MS = 60_000;

/** What all claims of a process share. */
export interface Parts {
  readonly cluster: Cluster;
  readonly fetcher: Fetcher;
  readonly offsets: Offsets;
  readonly producers: Producers;
  readonly marks: MarksTopic;
}

/** Connects with their first use. */
export function partsOf(cluster: Cluster): Parts {
  const offsets = new Offsets(cluster);
  const marks = new MarksTopic(cluster, offsets);
  return { cluster, fetcher: new Fetcher(cluster), offsets, producers: new Producers(cluster), marks };
}

/** A partition's owner, of a group and topic. Slashes stand in no name of a topic, so no two share an id. */
const transactionalIdOf = ({ group, topic, partition }: PlaceOfGroup): string =>
  `tributary/${group}/${topic}/${partition}`;

const describe = ({ group, topic, partition }: PlaceOfGroup): string =>
  `partition ${partition} of ${topic} for ${group}`;

/** Fences every earlier owner; what any of them committed is in what is read afterwards. */
export async function takeOver({ cluster, producers }: Parts, of: PlaceOfGroup): Promise<TransactionalProducer> {
  await cluster.partition(of.topic, of.partition);
  const lane = `commit-${of.partition % LANES}`;
  return producers.initialise(transactionalIdOf(of), { lane, timeoutMs: TRANSACTION_MS });
}

/** Of a producer that has taken over. */
export async function commitOffset(
  { marks: topic }: Parts,
  producer: TransactionalProducer,
  of: PlaceOfGroup,
  {
    records,
    offset,
    marks,
    last,
  }: Pick<Parameters<Claim['commit']>[0], 'records' | 'offset' | 'marks'> & {
    last?: LastMarks | undefined;
  },
): Promise<LastMarks> {
  let sealed: { last(): LastMarks } | undefined;
  const seal = async () => {
    const made = await topic.seal(of, offset, marks, last);
    sealed = made;
    return made;
  };
  await producer.transact(records, { ...of, offset, seal, refused: (metadata) => topic.refused(metadata) });
  return (sealed as { last(): LastMarks }).last();
}

export async function openClaim(parts: Parts, of: PlaceOfGroup): Promise<Claim> {
  const { cluster, fetcher, offsets, producers } = parts;
  const shape = await recentShape(cluster, of.topic);
  const producer = await takeOver(parts, of);
  // Only now: an offset read before could be changed by the owner that was just fenced.
  const [committed, begin] = await Promise.all([parts.marks.committed(of), offsets.begin(of)]);
  const unwatch = cluster.watch(of.topic);
  const from = Math.max(committed.offset ?? begin, begin);
  const reader = fetcher.open(of.topic, of.partition, from, shape.id);
  let last: LastMarks | undefined;
  /** Why nothing more can be committed. */
  let over: TributaryError | undefined;
  let checkedAt = performance.now();
  const { patienceMs } = cluster.settings;

  const fenced = (why: string) => new TributaryError('FENCED', `${describe(of)}: ${why}; claim it again`);

  /** Throws when this claim has ended, as far as is known without asking. */
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

  /** Throws when a broker has not answered for too long. */
  function checkBroker(waitingSince: number): void {
    if (reader.failure !== undefined) throw reader.failure;
    const { trouble } = reader;
    if (trouble !== undefined && performance.now() - trouble.since > patienceMs) throw trouble.error;
    if (!reader.known && performance.now() - waitingSince > patienceMs) {
      throw new TributaryError('LOG_AWAY', `${describe(of)}: no broker has answered; is Kafka running and reachable?`);
    }
  }

  /** A step of the transaction: after an error nobody knows how far it came, and the claim is over. */
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
          : new TributaryError('LOG_AWAY', `${doing}: it failed, with an outcome that is not known; claim again`);
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
          const idle = reader.paused || reader.closed || signal?.aborted === true;
          if (idle) return { records: [], end: reader.end };
          checkClaim();
          const records = reader.take(maxRecords, maxKeys);
          if (records.length > 0) {
            fetcher.look();
            return { records, end: reader.end };
          }
          checkBroker(began);
          // What is known to be there is waited for: an empty answer means that everything was read.
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
      fetcher.look();
    },
    pause() {
      reader.paused = true;
      reader.wake();
    },
    resume() {
      reader.paused = false;
      fetcher.look();
    },

    async look() {
      checkClaim();
      await step(`looking at the claim of ${describe(of)}`, () => producer.begin(of.group));
    },

    async commit({ records, offset, marks }) {
      checkClaim();
      const doing = `committing ${describe(of)}`;
      // Before anything begins: what cannot be sent leaves the claim as it is.
      await guarded(doing, () =>
        cluster.persist(async () => {
          for (const { topic, partition } of placesOf(records)) await cluster.partition(topic, partition);
        }),
      );
      last = await step(doing, () =>
        commitOffset(parts, producer, of, { records, offset: reader.past(offset), marks, last }),
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
    if (found === undefined) throw new KafkaError(5, `the topic ${topic} is changing`);
    return shapeOf(found);
  });
}
