/**
 * The lag of the jobs, read from the log from time to time: before they begin to work, and while they wait for a store, when no batch
 * reports it. If the log does not answer, the last known values stay and grow older.
 */
import type { Clock } from '../../jobs/runtime/stores.ts';
import type { Work } from '../../jobs/runtime/work.ts';
import type { GroupLag, Transport } from '../../topics/log/transport.ts';
import type { Metrics } from './metrics.ts';

const [EVERY_MS, AFTER_FAILURE_MS] = [15_000, 2_000];

interface Watched {
  readonly jobs: readonly Work[];
  readonly transport: Pick<Transport, 'lag' | 'read'>;
  readonly metrics: Pick<Metrics, 'batches' | 'wantsAge' | 'isBehind'>;
  readonly clock: Pick<Clock, 'sleep'>;
}

/** Watches until the signal is aborted. */
export async function watchLag(watched: Watched, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let isKnown = true;
    for (const job of watched.jobs) if (!signal.aborted) isKnown = (await look(watched, job)) && isKnown;
    await watched.clock.sleep(isKnown ? EVERY_MS : AFTER_FAILURE_MS, signal);
  }
}

/** Returns whether a value was reported. */
async function look({ transport, metrics }: Watched, { name, from }: Work): Promise<boolean> {
  const lookedAt = metrics.batches();
  try {
    for (const one of await transport.lag(name, from.name)) {
      const assignment = { job: name, topic: from.name, partition: one.partition };
      const oldest =
        one.lag > 0 && metrics.wantsAge(assignment) ? await firstTime(transport, from.name, one) : undefined;
      metrics.isBehind(assignment, one.lag, oldest, lookedAt);
    }
    return true;
  } catch {
    // The last known values stay. The jobs report what is wrong with the log.
    return false;
  }
}

/** When the first unread record was produced. */
async function firstTime(
  transport: Pick<Transport, 'read'>,
  topic: string,
  { partition, committed, begin }: GroupLag,
): Promise<number | undefined> {
  const [first] = await transport.read(topic, partition, Math.max(committed ?? 0, begin), 1);
  return first?.timestamp;
}
