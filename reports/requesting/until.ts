/** Reads that end with a signal. If a report's caller is gone or has waited too long, it reads no further page. */
import type { Reads } from '../define-report.ts';

export function readsUntil(signal: AbortSignal | undefined, reads: Reads): Reads {
  if (signal === undefined) return reads;
  return {
    ...reads,
    rows(table, keys) {
      signal.throwIfAborted();
      return reads.rows(table, keys);
    },
    async *pages(table, key) {
      for await (const page of reads.pages(table, key)) {
        signal.throwIfAborted();
        yield page;
      }
    },
  };
}
