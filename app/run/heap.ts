/** How much garbage a process that runs jobs lets gather. */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

/** Of a heap that may become larger than this, V8 lets as much gather as is good. */
const SMALL_BYTES = 1024 ** 3;
const GROWTH_PERCENT = 50;

/**
 * With a small limit V8 goes through the whole heap each time it has grown by 30 %. What a batch holds outlives the young
 * generation, so that this was twice a second and a quarter of a worker's time. It may grow by half, within the limit.
 */
export function letHeapGrow(): void {
  if (getHeapStatistics().heap_size_limit < SMALL_BYTES) setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}

/** Of a process that only makes reports. */
const REPORTS_GROWTH_PERCENT = 100;

/**
 * Each row of a report is some texts that are garbage soon. Beside 40 MB that are in use, V8 would let 110 MB of them gather. The heap may double
 * instead: less would take much more CPU for reports that are read by key.
 */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${REPORTS_GROWTH_PERCENT}`);
}
