/** How much garbage a process that runs jobs may accumulate. */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

/** V8 needs no help with a heap that may become larger than this. */
const SMALL_BYTES = 1024 ** 3;
const GROWTH_PERCENT = 50;

/**
 * With a small limit, V8 collects the whole heap each time it has grown by 30 %. The data of a batch outlive the young generation, so that
 * happened twice a second and took a quarter of a worker's time. The heap may grow by half, within the limit.
 */
export function letHeapGrow(): void {
  if (getHeapStatistics().heap_size_limit < SMALL_BYTES) setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}

/** For a process that only makes reports. */
const REPORTS_GROWTH_PERCENT = 100;

/**
 * Each row of a report is a few texts that soon become garbage. With 40 MB in use, V8 would accumulate 110 MB of them. The heap may double
 * instead: a smaller limit would cost much more CPU for reports that are read by key.
 */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${REPORTS_GROWTH_PERCENT}`);
}
