/** Counts reads that memory answered, and reads that went to a store. */
import type { CacheReads } from './telemetry.ts';

export class ReadCount implements CacheReads {
  hits = 0;
  misses = 0;

  add(hits: number, misses: number): void {
    this.hits += hits;
    this.misses += misses;
  }

  /** Returns the counts since the last call. */
  take(): CacheReads {
    const { hits, misses } = this;
    this.hits = 0;
    this.misses = 0;
    return { hits, misses };
  }
}
