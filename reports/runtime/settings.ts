export interface RollupSettings {
  /** Counts are published at the latest so long after the first of them. */
  readonly publishMs: number;
  /** Or when nothing more was counted for so long; without it, for `publishMs`. */
  readonly idleMs?: number;
  /** The counts of a process for one source are published when they take so much memory. */
  readonly publishBytes: number;
}

export const ROLLUP_DEFAULTS: RollupSettings = { publishMs: 1000, publishBytes: 48 * 1_000_000 };

/** An alternative for objects in a store that charges by the request, with many writing processes. */
export const REMOTE_PUBLISH_MS = 15_000;
