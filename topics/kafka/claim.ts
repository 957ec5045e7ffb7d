/** One claim: reading from where the group is, and the fenced commit. */
import { TributaryError } from '../../schemas/errors.ts';
import type { Claim, Committed, TopicShape } from '../transport.ts';
import { placesOf } from './append.ts';
import type { TopicMetadata } from './calls.ts';
import type { Cluster } from './cluster.ts';
import { guarded, translate } from './errors.ts';
import type { Fetcher } from './fetcher.ts';
import { encodeMarks } from './marks.ts';
import { boundsOf, committedOf } from './offsets.ts';
import { TransactionalProducer } from './transaction.ts';

/** How often an owner without work asks whether it still is the owner. */
const CHECK_MS = 1000;
/** So many connections to a broker carry the transactions of all partitions. */
const LANES = 4;

export interface ClaimOf {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

/** A partition's owner, of a group and topic. Slashes stand in no name of a topic, so no two share an id. */
const transactionalIdOf = ({ group, topic, partition }: ClaimOf): string => `tributary/${group}/${topic}/${partition}`;

const describe = ({ group, topic, partition }: ClaimOf): string => `partition ${partition} of ${topic} for ${group}`;

/** Fences every earlier owner; what any of them committed is in what is answered. */
export async function takeOver(
  cluster: Cluster,
  of: ClaimOf,
): Promise<{ producer: TransactionalProducer; committed: Committed; begin: number }> {
  await cluster.partition(of.topic, of.partition);
  const lane = `commit-${of.partition % LANES}`;
  const producer = await TransactionalProducer.initialise(cluster, transactionalIdOf(of), lane);
  // Only now: an offset read before could be changed by the owner that was just fenced.
  const [[committed], [bounds]] = await Promise.all([
    committedOf(cluster, of.group, of.topic, [of.partition]),
    cluster.persist(() => boundsOf(cluster, [of])),
  ]);
  return { producer, committed: committed as Committed, begin: bounds?.begin ?? 0 };
}

export function shapeOf({ name, id, partitions }: Pick<TopicMetadata, 'name' | 'id' | 'partitions'>): TopicShape {
  return { name, id, partitions: partitions.length };
}

export async function openClaim(cluster: Cluster, fetcher: Fetcher, of: ClaimOf): Promise<Claim> {
  const shape = shapeOf(await cluster.persist(() => cluster.topic(of.topic)));
  const { producer, committed, begin } = await takeOver(cluster, of);
  const reader = fetcher.open(of.topic, of.partition, Math.max(committed.offset ?? begin, begin));
  /** Why nothing more can be committed. */
  let over: TributaryError | undefined;
  let checkedAt = performance.now();
  const { patienceMs } = cluster.settings;

  const fenced = (why: string) => new TributaryError('FENCED', `${describe(of)}: ${why}; claim it again`);

  async function checkOwner(): Promise<void> {
    if (performance.now() - checkedAt < CHECK_MS) return;
    if (!(await producer.isNewest())) throw fenced('a newer owner has claimed it');
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
      if (over !== undefined) throw over;
      const isNewest = await guarded(`looking at the claim of ${describe(of)}`, () => producer.isNewest());
      if (!isNewest) throw fenced('a newer owner has claimed it');
    },

    async commit({ records, offset, marks }) {
      if (over !== undefined) throw over;
      const doing = `committing ${describe(of)}`;
      // Before anything begins: what cannot be sent leaves the claim as it is.
      await guarded(doing, () =>
        cluster.persist(async () => {
          for (const { topic, partition } of placesOf(records)) await cluster.partition(topic, partition);
        }),
      );
      try {
        await producer.transact(records, { ...of, offset: reader.past(offset), metadata: encodeMarks(marks) });
        checkedAt = performance.now();
      } catch (error) {
        const translated = translate(error, doing);
        over =
          translated instanceof TributaryError && translated.kind === 'fenced'
            ? translated
            : new TributaryError(
                'LOG_AWAY',
                `${doing}: the last commit failed, with an outcome that is not known; claim again`,
              );
        throw translated;
      }
    },

    async close() {
      over ??= fenced('this claim was closed');
      fetcher.close(reader);
    },
  };
}
