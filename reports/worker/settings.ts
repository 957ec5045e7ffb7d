/** Settings of a report worker. All times are in ms. */
export interface WorkerSettings {
  /** The number of reports that run at once in this process. */
  readonly atOnce: number;
  /** The largest number of reports that run at once for one tenant, over all workers. */
  readonly tenantLimit: number;
  /** How long a lease holds without renewal. After that, another worker starts again. */
  readonly leaseMs: number;
  /** How often leases are renewed. It also bounds how soon a cancelled report ends. */
  readonly renewMs: number;
  /** How often an idle worker looks for requests. */
  readonly lookMs: number;
  /** How long files are kept. */
  readonly keepMs: number;
  /** How long requests are remembered after they have ended. */
  readonly rememberMs: number;
  /** How often workers look for due schedules, expired files and unannounced requests. */
  readonly tendMs: number;
  /** How often workers sweep objects of attempts that ended without a file. */
  readonly sweepMs: number;
  /** The first pause before another attempt, and the longest. */
  readonly backOffMs: readonly [first: number, longest: number];
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

export const WORKER_DEFAULTS: WorkerSettings = {
  atOnce: 2,
  tenantLimit: 4,
  leaseMs: 15_000,
  renewMs: 500,
  lookMs: 500,
  keepMs: 7 * DAY,
  rememberMs: 30 * DAY,
  tendMs: 1000,
  sweepMs: 10 * MINUTE,
  backOffMs: [1000, 5 * MINUTE],
};
