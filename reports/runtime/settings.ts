export interface RollupSettings {
  /** Counts are published at most this long after the first of them. */
  readonly publishMs: number;
  /** They are also published when nothing more was counted for this long; by default `publishMs`. */
  readonly idleMs?: number;
  /** Counts of a process for one source are published when they take this much memory, in bytes. */
  readonly publishBytes: number;
}

export const ROLLUP_DEFAULTS: RollupSettings = { publishMs: 1000, publishBytes: 48 * 1_000_000 };

/** An alternative for many writing processes and an object store that charges by the request. */
export const REMOTE_PUBLISH_MS = 15_000;
