/** The only writer of a name: a transactional producer that fences earlier ones of the name. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../../core/errors.ts';
import type { Exclusive } from '../log/transport.ts';
import type { Cluster } from './cluster/cluster.ts';
import { keyOf, type TopicPartition } from './cluster/topic-partition.ts';
import { offsetsAt } from './fetch/bounds.ts';
import { findLeaders, partitionsOf } from './produce/append.ts';
import type { Producers } from './produce/producers.ts';
import { READ_COMMITTED, READ_UNCOMMITTED } from './wire/calls/fetch.ts';
import { LATEST } from './wire/calls/offsets.ts';
import { guarded } from './wire/errors.ts';

/** How long the open transaction of a dead writer holds up readers, unless the next writer of the name ends it sooner. */
const TRANSACTION_MS = 20_000;
const PAUSE_MS = 20;

export async function openExclusive(
  cluster: Cluster,
  producers: Producers,
  name: string,
  topics: readonly string[],
): Promise<Exclusive> {
  const producer = await producers.initialise(`tributary/${name}`, { connection: 'append', timeoutMs: TRANSACTION_MS });
  await readable(cluster, topics);
  let isOver = false;
  return {
    produce: (records) =>
      guarded('appending to the log', async () => {
        if (isOver) throw new TributaryError('FENCED', `this writer of ${name} ended with an error; begin again`);
        if (records.length === 0) return [];
        try {
          await findLeaders(cluster, partitionsOf(records));
          return await producer.transact(records);
        } catch (error) {
          isOver = true;
          throw error;
        }
      }),
  };
}

/** Waits until all records that the topics have now can be read. Any open transaction, of whatever producer, holds up later records. */
async function readable(cluster: Cluster, topics: readonly string[]): Promise<void> {
  const found = await cluster.persist(() => cluster.describe(topics));
  const partitions = found.flatMap(({ name, partitions, error }) =>
    error === 0 ? partitions.map(({ partition }): TopicPartition => ({ topic: name, partition })) : [],
  );
  const endsOf = (isolation: number) => cluster.persist(() => offsetsAt(cluster, partitions, LATEST, isolation));
  const ends = await endsOf(READ_UNCOMMITTED);
  const { patienceMs } = cluster.settings;
  for (const began = performance.now(); ; await sleep(PAUSE_MS)) {
    const stable = await endsOf(READ_COMMITTED);
    const open = partitions.find((_, i) => (stable[i] as number) < (ends[i] as number));
    if (open === undefined) return;
    if (performance.now() - began > patienceMs)
      throw new TributaryError(
        'LOG_AWAY',
        `a transaction is open in ${keyOf(open)}, so its end cannot be read yet; try again in a minute`,
      );
  }
}
