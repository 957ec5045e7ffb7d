/** Counts what was found in memory, and what had to be read from a store. */
import type { CacheReads } from './telemetry.ts';

export class ReadCount implements CacheReads {
  hits = 0;
  misses = 0;

  add(hits: number, misses: number): void {
    this.hits += hits;
    this.misses += misses;
  }

  /** What was counted since it was taken last. */
  take(): CacheReads {
    const { hits, misses } = this;
    this.hits = 0;
    this.misses = 0;
    return { hits, misses };
  }
}
