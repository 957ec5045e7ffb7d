export interface RollupSettings {
  /** What is counted is published so long after the first of it, at the latest. */
  readonly publishMs: number;
  /** What a process has counted of one source is published when it takes so much memory. */
  readonly publishBytes: number;
}

export const ROLLUP_DEFAULTS: RollupSettings = { publishMs: 1000, publishBytes: 48 * 1_000_000 };

/** Instead, where objects are in a store that is paid for by the request, and many processes write there. */
export const REMOTE_PUBLISH_MS = 15_000;
