/** When the tables of rollups were last maintained, as a metric. If a store does not answer, the last known values stay. */
import type { Registry } from 'prom-client';
import type { Clock } from '../../jobs/runtime/stores.ts';
import { upkeepTimes } from '../../reports/operate/upkeep-times.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import { instrumentsIn } from './instruments.ts';

const EVERY_MS = 60_000;

export type UpkeepMetrics = Awaited<ReturnType<typeof createUpkeepMetrics>>;

export async function createUpkeepMetrics(registry: Registry) {
  const { gauge } = await instrumentsIn(registry);
  const help =
    'When this upkeep last processed the tables of all rollups, or was first missed, in seconds since 1970 UTC.';
  return { done: gauge('upkeep_time_seconds', help, ['upkeep']) };
}

interface Watched {
  readonly objects: Pick<Objects, 'head' | 'put'>;
  readonly metrics: UpkeepMetrics;
  readonly clock: Pick<Clock, 'sleep'>;
}

/** Watches until the signal is aborted. */
export async function watchUpkeep({ objects, metrics, clock }: Watched, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const [upkeep, time] of await upkeepTimes(objects)) metrics.done.set({ upkeep }, time / 1000);
    } catch {
      // Rollups report what is wrong with the store.
    }
    await clock.sleep(EVERY_MS, signal);
  }
}
